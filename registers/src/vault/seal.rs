//! The cryptography, all of it a library's: AES-256-GCM seals, HKDF derives, HMAC-SHA-256 hashes. A sealed text is one byte of
//! version, a random nonce of 96 bits, ciphertext and tag. Each row has a data key of its own, so that a nonce is used among
//! a handful of texts; the wrapping key seals one data key a row, far below the 2^32 texts that random nonces allow.
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key, wiped when dropped.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// How a sealed text is laid out.
const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;

/// A random key.
pub(super) fn fresh_key() -> Key {
    let mut key = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut key[..]);
    key
}

/// Seals a text to a place: opened with another `place` it is not opened at all.
pub(super) fn seal(key: &Key, place: &str, text: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LENGTH];
    rand::rng().fill_bytes(&mut nonce);
    let sealed =
        Aes256Gcm::new(&(**key).into()).encrypt(&Nonce::from(nonce), Payload { msg: text, aad: place.as_bytes() });
    let sealed = sealed.expect("AES-GCM seals whatever is shorter than 64 GiB");
    [&[VERSION][..], &nonce, &sealed].concat()
}

/// Opens what [`seal`] sealed to the same place; `None` if the key, the place or a single bit is another.
pub(super) fn unseal(key: &Key, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.strip_prefix(&[VERSION])?.split_at_checked(NONCE_LENGTH)?;
    let nonce: [u8; NONCE_LENGTH] = nonce.try_into().ok()?;
    let payload = Payload { msg: sealed, aad: place.as_bytes() };
    cipher(key).decrypt(&Nonce::from(nonce), payload).ok().map(Zeroizing::new)
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(&key[..]).expect("a key of AES-256 has 32 bytes")
}

/// Another key from a master key, for one purpose.
pub(super) fn derive(master: &Key, purpose: &str) -> Key {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, &master[..]).expand(purpose.as_bytes(), &mut key[..]).expect("32 bytes can be derived");
    key
}

/// A keyed hash over parts, each preceded by its length so that none runs into the next.
pub(super) fn keyed_hash(key: &Key, parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_with_its_key_at_its_place_and_unchanged_only() {
        let (key, other) = (fresh_key(), fresh_key());
        let sealed = seal(&key, "here", "张三".as_bytes());
        assert_eq!(unseal(&key, "here", &sealed).as_deref().map(Vec::as_slice), Some("张三".as_bytes()));
        assert!(unseal(&other, "here", &sealed).is_none());
        assert!(unseal(&key, "there", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(unseal(&key, "here", &changed).is_none(), "byte {at}");
            assert!(unseal(&key, "here", &sealed[..at]).is_none(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same() {
        let key = fresh_key();
        assert_ne!(seal(&key, "here", b"x"), seal(&key, "here", b"x"));
    }

    #[test]
    fn a_hash_depends_on_key_and_parts_and_where_they_part() {
        let (key, other) = (fresh_key(), fresh_key());
        let hash = keyed_hash(&key, &["phone", "1"]);
        assert_eq!(hash, keyed_hash(&key, &["phone", "1"]));
        assert_ne!(hash, keyed_hash(&other, &["phone", "1"]));
        assert_ne!(hash, keyed_hash(&key, &["phon", "e1"]));
        assert_ne!(derive(&key, "a"), derive(&key, "b"));
    }
}

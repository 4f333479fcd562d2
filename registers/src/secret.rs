//! Secrets that a program hands out once: sessions, credentials, one-time codes. Each is random text; only its SHA-256 is
//! kept, so whoever reads the database holds none.
use rand::rngs::StdRng;
use rand::{CryptoRng, SeedableRng};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Random characters of a long secret: 43 of 6 bits, 258 bits.
pub(crate) const LENGTH: usize = 43;
/// Characters of a code that people type: of 5 bits each, 60 bits. Valid for minutes or days, and asking is limited.
const TYPED_LENGTH: usize = 12;

/// Random numbers for secrets that may be held while a database answers, which the thread's own may not.
#[must_use]
pub fn rng() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

/// A new secret of [`LENGTH`] characters.
#[must_use]
pub fn draw(rng: &mut impl CryptoRng) -> String {
    (0..LENGTH).map(|_| char::from(ALPHABET[(rng.next_u32() & 63) as usize])).collect()
}

/// A new code for people to type: Crockford's base 32 in groups of four.
#[must_use]
pub fn draw_typed(rng: &mut impl CryptoRng) -> String {
    let mut text = String::new();
    for at in 0..TYPED_LENGTH {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(domain::code::ALPHABET[(rng.next_u32() & 31) as usize]));
    }
    text
}

/// A typed code as it was drawn: case, blanks and hyphens do not matter, and letters that look like digits are those.
#[must_use]
pub fn normal_typed(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    let plain = letters.map(|c| match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let plain: Vec<char> = plain.collect();
    plain.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_typed_code_is_read_as_people_type_it() {
        let code = draw_typed(&mut rand::rngs::StdRng::seed_from_u64(1));
        assert_eq!(code.len(), 14);
        let typed = code.replace('-', " ").to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(normal_typed(&typed), code);
    }
}

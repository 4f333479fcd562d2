//! Hashing what people remember: Argon2id with OWASP's parameters. Slow on purpose; whoever calls it decides how many may
//! run at once.
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

/// Memory in KiB, passes, lanes: the second of OWASP's equal choices (Password Storage Cheat Sheet).
const PARAMS: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Longer is not remembered, and would only cost time (ASVS 5.0, 6.2.9 asks for at least 64).
pub const LENGTH_MAX: usize = 128;

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = PARAMS;
    let params = Params::new(memory, passes, lanes, None).expect("OWASP's parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The PHC string of a secret, with a random salt.
///
/// # Panics
/// If the system gives no random numbers.
#[must_use]
pub fn hash(secret: &str) -> String {
    argon2().hash_password(secret.as_bytes()).expect("the system gives random numbers").to_string()
}

/// Whether a secret is the one that was hashed. Without a hash it takes as long and is false, so that nobody learns by the
/// time it takes who has an account.
#[must_use]
pub fn verify(secret: &str, hashed: Option<&str>) -> bool {
    static NOBODY: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| hash("nobody"));
    let (text, somebody) = (hashed.unwrap_or(&NOBODY), hashed.is_some());
    let right = PasswordHash::new(text).is_ok_and(|it| argon2().verify_password(secret.as_bytes(), &it).is_ok());
    right && somebody
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let hashed = hash("seven wet dogs");
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify("seven wet dogs", Some(&hashed)));
        assert!(!verify("seven wet cats", Some(&hashed)));
        assert!(!verify("nobody", None));
        assert_ne!(hashed, hash("seven wet dogs"), "each has a salt of its own");
    }
}

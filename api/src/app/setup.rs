//! What is decided before anything is opened.
use super::AppError;
use crate::notices::Notices;
use crate::printers::Printers;
use registers::vault::{Keyring, VaultError};

/// What the configuration says.
#[derive(Debug)]
pub struct Setup {
    /// The host printed on labels, if one is configured.
    pub public_host: Option<String>,
    /// Where browsers find this server, such as `https://lz.example.gov.cn`.
    pub origin: String,
    /// What the vault is sealed with.
    pub keys: Keyring,
    /// Label printers.
    pub printers: Printers,
    /// Channels by which applicants are told, for who serves. Every other command leaves notices as they are.
    pub notices: Option<Notices>,
}

impl Setup {
    /// For a demonstration or a test: nothing is printed with a host, and the vault's key lives as long as the process.
    ///
    /// # Errors
    /// Never.
    pub fn passing(origin: &str) -> Result<Self, AppError> {
        let keys = Keyring::passing().map_err(VaultError::Key)?;
        Ok(Self { public_host: None, origin: origin.to_owned(), keys, printers: Printers::default(), notices: None })
    }
}

//! What can go wrong in the registers. Variants carry facts; who answers a request words them.
use domain::code::Code;
use domain::id::{DeviceId, ScanId};

/// Errors of every register but the import, which collects its own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A stored value that this program cannot read: a newer program wrote it, or a hand did.
    #[error("table {table} holds a value in column {column} that this program cannot read")]
    Stored { table: &'static str, column: &'static str },
    /// The same request id with other content.
    #[error("request {0} was made before with other content")]
    RequestReused(ScanId),
    #[error("label {0} is minted already")]
    AlreadyMinted(Code),
    #[error("act `{act}` cannot be written as JSON: {source}")]
    Record { act: &'static str, source: serde_json::Error },
    #[error("device {0} is not known")]
    UnknownDevice(DeviceId),
}

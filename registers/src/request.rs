//! Answers already given to writing requests of the registers, so that a repeat gets the first answer. Take the
//! revision ([`crate::Change::begin`]) before looking: then two repeats at once wait for each other.
use crate::Error;
use domain::id::{Region, ScanId};
use domain::time::Timestamp;
use eventstore::{Tx, sql};
use sha2::{Digest, Sha256};

/// A request as far as it is told from another with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: ScanId,
    hash: [u8; 32],
}

impl Request {
    /// A request and what it asks, in bytes that a repeat has too.
    #[must_use]
    pub fn new(id: ScanId, content: &[u8]) -> Self {
        Self { id, hash: Sha256::digest(content).into() }
    }
}

/// The answer (JSON) this request got before, if it came before.
///
/// # Errors
/// [`Error::RequestReused`] for the same id with other content.
pub async fn find(tx: &mut Tx, region: Region, request: &Request) -> Result<Option<String>, Error> {
    const FIND: &str = "select hash, answer from request where region = $1 and id = $2";
    let held: Option<(Vec<u8>, String)> = sql!(tx.conn(), c =>
        sqlx::query_as(FIND).bind(i64::from(region.0)).bind(request.id.0).fetch_optional(c).await?);
    match held {
        Some((hash, _)) if hash != request.hash => Err(Error::RequestReused(request.id)),
        held => Ok(held.map(|(_, answer)| answer)),
    }
}

/// Keeps the answer, in the transaction that did what was asked.
///
/// # Errors
/// The database's own.
pub async fn keep(tx: &mut Tx, region: Region, request: &Request, answer: &str, at: Timestamp) -> Result<(), Error> {
    const KEEP: &str = "insert into request (region, id, hash, answer, answered_at) values ($1, $2, $3, $4, $5)";
    sql!(tx.conn(), c => {
        let query = sqlx::query(KEEP).bind(i64::from(region.0)).bind(request.id.0).bind(&request.hash[..]);
        query.bind(answer).bind(at.0).execute(c).await?;
    });
    Ok(())
}

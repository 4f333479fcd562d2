//! Problems (RFC 9457): the one place where statuses and problem types are decided. What a user can mend is said; what
//! only the operator can is logged under a number that the user can quote.
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::bag::BagRefusal;
use domain::case::CaseRefusal;
use domain::dossier::DossierRefusal;
use eventstore::{AppendError, LoadError, Refusal};
use futures_util::StreamExt;
use registers::record::RecordError;
use registers::vault::VaultError;
use serde::Serialize;
use utoipa::ToSchema;

/// A problem, as `application/problem+json`. `type` is stable; the rest is for people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:liuzhuan:problem:…`
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Seconds to wait before trying again, when that helps.
    #[serde(skip)]
    pub retry_after: Option<u32>,
    /// It is there, but not for who asked: answered like what is not there, and recorded.
    #[serde(skip)]
    pub beyond: bool,
}

/// Marks an answer to who asked for what is not theirs, for the guard that records it.
#[derive(Clone, Copy, Debug)]
pub struct Beyond;

impl Problem {
    /// A problem of a type.
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, title: &str) -> Self {
        let kind = format!("urn:liuzhuan:problem:{kind}");
        Self { kind, title: title.to_owned(), status: status.as_u16(), detail: None, retry_after: None, beyond: false }
    }

    /// With words on this very case.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "texts and errors alike read best handed over")]
    pub fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// What was sent cannot be understood.
    #[must_use]
    pub fn malformed(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read").detail(detail)
    }

    /// What was sent can be read but makes no sense.
    #[must_use]
    pub fn invalid(detail: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value is not allowed here").detail(detail)
    }

    /// As [`Problem::invalid`], with a type of its own: pages have words for it.
    #[must_use]
    pub fn unfit(kind: &str, detail: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, "A value is not allowed here").detail(detail)
    }

    /// Nothing here, or nothing that may be seen.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here")
    }

    /// There, but not for who asks: the same answer as [`Problem::not_found`].
    #[must_use]
    pub fn beyond() -> Self {
        Self { beyond: true, ..Self::not_found() }
    }

    /// The operator's to mend.
    #[must_use]
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let number = uuid::Uuid::new_v4();
        tracing::error!(%error, %number, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here")
            .detail(format!("Quote this number to whoever runs the system: {number}"))
    }

    fn conflict(kind: &str, title: &str, detail: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title).detail(detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after, beyond) = (self.retry_after, self.beyond);
        let told = self.clone();
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(told);
        let json = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if beyond {
            response.extensions_mut().insert(Beyond);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refusal) => refused(&refusal),
            AppendError::IdReused => Self::conflict(
                "id-reused",
                "This id was used before for other content",
                "Make a new id for a new request",
            ),
            AppendError::Busy => {
                let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much is waiting to be written");
                Self { retry_after: Some(1), ..busy.detail("Nothing was written; try again") }
            }
            AppendError::Closed => {
                let closing = Self::new(StatusCode::SERVICE_UNAVAILABLE, "closing", "The server is going down");
                Self { retry_after: Some(5), ..closing.detail("Nothing was written; try again") }
            }
            AppendError::Failed(error) => Self::internal(&error),
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let kind = match refusal {
        Refusal::Dossier(refusal) => match refusal {
            DossierRefusal::AlreadyRegistered { .. } => "already-registered",
            DossierRefusal::NotRegistered => "not-registered",
            DossierRefusal::Annulled => "annulled",
            DossierRefusal::AlreadyHandedOut => "already-handed-out",
            DossierRefusal::NotHeldHere { .. } => "not-held-here",
            DossierRefusal::NotThePickupSite { .. } => "not-the-pickup-site",
            DossierRefusal::LabelInUse => "label-in-use",
            DossierRefusal::NoSuchScan => "no-such-scan",
            DossierRefusal::NotVoidable => "not-voidable",
            DossierRefusal::NotQuarantined => "not-quarantined",
        },
        Refusal::Bag(refusal) => match refusal {
            BagRefusal::AlreadyRegistered => "already-registered",
            BagRefusal::Annulled => "annulled",
            BagRefusal::LabelInUse => "label-in-use",
            BagRefusal::NoSuchScan => "no-such-scan",
            BagRefusal::NotVoidable => "not-voidable",
            BagRefusal::NotQuarantined => "not-quarantined",
        },
        Refusal::Case(refusal) => match refusal {
            CaseRefusal::AlreadyFiled => "already-filed",
            CaseRefusal::NotFiled => "not-filed",
            CaseRefusal::AlreadyAccepted => "already-accepted",
            CaseRefusal::NotAccepted => "not-accepted",
            CaseRefusal::AcceptanceRefused => "acceptance-refused",
            CaseRefusal::AlreadyDecided => "already-decided",
            CaseRefusal::Withdrawn => "withdrawn",
            CaseRefusal::Closed => "closed",
            CaseRefusal::NotPickedUp => "not-picked-up",
            CaseRefusal::AlreadyRated => "already-rated",
        },
        Refusal::VersionConflict { .. } => "version-conflict",
    };
    Problem::conflict(kind, "The decision was refused", refusal)
}

impl From<eventstore::db::SqlError> for Problem {
    fn from(error: eventstore::db::SqlError) -> Self {
        if eventstore::db::is_unstorable_text(&error) {
            return Self::invalid("A text holds the character U+0000");
        }
        Self::internal(&error)
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        Self::internal(&error)
    }
}

impl From<registers::Error> for Problem {
    fn from(error: registers::Error) -> Self {
        match error {
            registers::Error::RequestReused(_) => AppendError::IdReused.into(),
            registers::Error::AlreadyMinted(_) => {
                Self::conflict("already-minted", "A label with this code exists", "Use other codes")
            }
            registers::Error::UnknownDevice(_) => Self::not_found(),
            registers::Error::Sql(error) => error.into(),
            other @ (registers::Error::Stored { .. } | registers::Error::Record { .. }) => Self::internal(&other),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Busy | RecordError::Closed => {
                let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The record cannot be written now");
                Self { retry_after: Some(1), ..busy.detail("Nothing was done; try again") }
            }
            RecordError::Failed(error) => Self::internal(&error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Absent => Self::not_found(),
            VaultError::Erased(_) => Self::conflict("erased", "This was erased", "The law asked for it"),
            VaultError::Restricted(_) => {
                Self::conflict("restricted", "This may not be opened now", "The applicant asked for it")
            }
            VaultError::NoteReused(_) => AppendError::IdReused.into(),
            VaultError::Failed(error) => error.into(),
            other @ (VaultError::Key(_)
            | VaultError::NoKey(_)
            | VaultError::WrongKey(_)
            | VaultError::Retired(_)
            | VaultError::Broken { .. }) => Self::internal(&other),
        }
    }
}

impl From<crate::app::AppError> for Problem {
    fn from(error: crate::app::AppError) -> Self {
        Self::internal(&error)
    }
}

/// JSON of a type, or a problem that says where it cannot be read. Replaces axum's own, whose refusals are plain text.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> axum::extract::FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, _state: &S) -> Result<Self, Problem> {
        let bytes = whole(request.into_body(), BODY_MAX).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| if error.is_data() { Problem::invalid(error) } else { Problem::malformed(error) })
    }
}

/// A request body at most.
const BODY_MAX: usize = 2 * 1024 * 1024;
/// What is too large is still read up to here: a client that is cut off while it sends never sees the answer.
const DRAINED_MAX: usize = 32 * 1024 * 1024;

/// A body of at most so many bytes.
///
/// # Errors
/// More than that, or it was cut off.
pub async fn whole(body: axum::body::Body, max: usize) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let (mut bytes, mut size) = (Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::malformed("The body did not arrive whole"))?;
        size += chunk.len();
        if size <= max {
            bytes.extend_from_slice(&chunk);
        } else if size > DRAINED_MAX {
            break;
        }
    }
    if size > max { Err(too_large()) } else { Ok(bytes) }
}

/// More than a request may hold.
#[must_use]
pub fn too_large() -> Problem {
    let too_large = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large");
    too_large.detail("At most 500 scans and 2 MB in one request: send several")
}

/// Query parameters of a type, or a problem.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> axum::extract::FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(params)| Self(params)).map_err(|error| Problem::invalid(error.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_must_wait_is_told_how_long() {
        for (error, kind, seconds) in [(AppendError::Busy, "busy", "1"), (AppendError::Closed, "closing", "5")] {
            let problem = Problem::from(error);
            assert_eq!(problem.kind, format!("urn:liuzhuan:problem:{kind}"));
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }
}

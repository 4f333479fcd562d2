//! Applicants and proxies of cases: written, shown masked, opened with a reason, restricted and erased. What is answered in the
//! clear is never kept by a browser or proxy (`no-store`, as every answer here); what is searched for never stands in an address.
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::parties::{self, Right};
use crate::problem::{Body, Problem};
use crate::view::DossierView;
use axum::Json;
use axum::extract::{Path, State};
use domain::id::CaseId;
use registers::record::{Field, Party, SearchedBy};
use registers::vault::{Details, Given, IdentityKind, Masked, Secret, Shown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who applies. What is left out is not kept: the whole party is replaced.
#[derive(Deserialize, ToSchema)]
pub struct PartyRequest {
    /// As on the identity document, 1 to 80 characters.
    pub name: String,
    /// A mobile of 11 digits, or a landline.
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub identity: Option<IdentityRequest>,
    #[serde(default)]
    pub address: Option<String>,
}

/// An identity document.
#[derive(Deserialize, ToSchema)]
pub struct IdentityRequest {
    /// resident (GB 11643), company (GB 32100) or other; the check characters of the first two must fit.
    #[schema(value_type = String)]
    pub kind: IdentityKind,
    pub number: String,
}

impl PartyRequest {
    fn given(&self) -> Given<'_> {
        Given {
            name: &self.name,
            phone: self.phone.as_deref(),
            identity: self.identity.as_ref().map(|it| (it.kind, it.number.as_str())),
            address: self.address.as_deref(),
        }
    }
}

/// A party as whoever may see the case sees it.
#[derive(Serialize, ToSchema)]
pub struct PartyView {
    /// applicant or proxy.
    pub party: &'static str,
    /// Masked; nothing if restricted or erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<ApplicantView>,
    /// Since when nobody may open or find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restricted_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<i64>,
}

/// What is known of a person, masked or in the clear.
#[derive(Default, Serialize, ToSchema)]
pub struct ApplicantView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// resident, company or other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl From<Masked> for ApplicantView {
    fn from(it: Masked) -> Self {
        let (identity_kind, identity) = it.identity.map(|(kind, number)| (kind.as_str(), number)).unzip();
        Self { name: it.name, phone: it.phone, identity_kind, identity, address: it.address }
    }
}

impl From<Details> for ApplicantView {
    fn from(it: Details) -> Self {
        let text = |secret: Option<&Secret>| secret.map(|it| it.expose().to_owned());
        Self {
            name: text(it.name.as_ref()),
            phone: text(it.phone.as_ref()),
            identity_kind: it.identity.as_ref().map(|it| it.kind.as_str()),
            identity: text(it.identity.as_ref().map(|it| &it.number)),
            address: text(it.address.as_ref()),
        }
    }
}

impl From<Shown> for PartyView {
    fn from(it: Shown) -> Self {
        Self {
            party: it.party.as_str(),
            masked: it.masked.map(ApplicantView::from),
            restricted_at: it.restricted.map(|mark| mark.at.0),
            erased_at: it.erased.map(|mark| mark.at.0),
        }
    }
}

/// The parties of a case.
#[derive(Serialize, ToSchema)]
pub struct Parties {
    pub items: Vec<PartyView>,
}

async fn at(app: &App, permit: &Permit, (case, party): (&str, &str)) -> Result<(CaseId, Party), Problem> {
    let party = party.parse().map_err(|()| Problem::not_found())?;
    Ok((parties::named(app, permit, case).await?, party))
}

/// The parties of a case, masked: who applies, and who acts for them.
#[utoipa::path(get, path = "/cases/{name}/parties", tag = "applicants",
    params(("name" = String, Path, description = "number or id")), responses(
    (status = 200, body = Parties), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(State(app): State<App>, permit: Permit, Path(name): Path<String>) -> Result<Json<Parties>, Problem> {
    let case = parties::named(&app, &permit, &name).await?;
    let items = parties::of_case(&app, case).await?.into_iter().map(PartyView::from).collect();
    Ok(Json(Parties { items }))
}

/// Writes down who applies, in place of what was held. Answers what others will see of it.
#[utoipa::path(put, path = "/cases/{name}/parties/{party}", tag = "applicants", request_body = PartyRequest,
    params(("name" = String, Path, description = "number or id"), ("party" = String, Path, description = "applicant or proxy")),
    responses((status = 200, body = PartyView), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn put(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path((name, party)): Path<(String, String)>,
    Body(asked): Body<PartyRequest>,
) -> Result<Json<PartyView>, Problem> {
    let at = at(&app, &permit, (&name, &party)).await?;
    let details = parties::check(&app, asked.given()).map_err(|wrong| parties::invalid(&wrong))?;
    let masked = parties::write(&app, &permit, &visitor, at, &details).await?;
    let masked = Some(ApplicantView::from(masked));
    Ok(Json(PartyView { party: at.1.as_str(), masked, restricted_at: None, erased_at: None }))
}

/// What is to be opened, and why.
#[derive(Deserialize, ToSchema)]
pub struct OpenRequest {
    /// Of name, phone, identity and address, those that are needed.
    #[schema(value_type = Vec<String>)]
    pub fields: Vec<Field>,
    /// A code, such as `call-applicant`.
    pub reason: String,
}

/// Opens fields of a party. The opening stands in the record before it is answered.
#[utoipa::path(post, path = "/cases/{name}/parties/{party}/open", tag = "applicants", request_body = OpenRequest,
    params(("name" = String, Path, description = "number or id"), ("party" = String, Path, description = "applicant or proxy")),
    responses((status = 200, body = ApplicantView), (status = 400, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
    (status = 429, body = Problem)))]
pub async fn open(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Path((name, party)): Path<(String, String)>,
    Body(asked): Body<OpenRequest>,
) -> Result<Json<ApplicantView>, Problem> {
    let at = at(&app, &permit, (&name, &party)).await?;
    let mut fields = asked.fields;
    fields.sort();
    fields.dedup();
    if fields.is_empty() {
        return Err(Problem::invalid("`fields` names what is needed: name, phone, identity, address"));
    }
    let reason = parties::reason(&asked.reason)?;
    Ok(Json(parties::open(&app, &permit, &visitor, at, (fields, reason)).await?.into()))
}

/// Who is looked for. Parts of a name or number find nothing.
#[derive(Deserialize, ToSchema)]
pub struct ApplicantSearch {
    pub by: SearchKind,
    /// A phone number in any writing, or a whole name.
    pub text: String,
    /// A code, if the house wants one.
    #[serde(default)]
    pub reason: Option<String>,
}

/// By what.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    Phone,
    Name,
}

/// Cases of a person.
#[derive(Serialize, ToSchema)]
pub struct FoundApplicants {
    pub items: Vec<FoundCase>,
    /// There are more than are told.
    pub more: bool,
}

/// A case with its parties, masked, and its dossiers.
#[derive(Serialize, ToSchema)]
pub struct FoundCase {
    pub case: uuid::Uuid,
    /// Nothing, if only dossiers name the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_no: Option<String>,
    pub parties: Vec<PartyView>,
    pub dossiers: Vec<DossierView>,
}

/// Finds cases by the phone or whole name of who applies, within reach. Each search stands in the record.
#[utoipa::path(post, path = "/applicants/search", tag = "applicants", request_body = ApplicantSearch, responses(
    (status = 200, body = FoundApplicants), (status = 400, body = Problem), (status = 413, body = Problem),
    (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn search(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    Body(asked): Body<ApplicantSearch>,
) -> Result<Json<FoundApplicants>, Problem> {
    let kind = match asked.by {
        SearchKind::Phone => SearchedBy::Phone,
        SearchKind::Name => SearchedBy::Name,
    };
    let reason = asked.reason.as_deref().map(parties::reason).transpose()?;
    let (found, more) = parties::search(&app, &permit, &visitor, (kind, &asked.text), reason).await?;
    let view = |it: parties::Found| FoundCase {
        case: it.case.0,
        case_no: it.filed.map(|filed| filed.case_no),
        parties: it.parties.into_iter().map(PartyView::from).collect(),
        dossiers: it.dossiers.iter().map(DossierView::of).collect(),
    };
    Ok(Json(FoundApplicants { items: found.into_iter().map(view).collect(), more }))
}

/// Why.
#[derive(Deserialize, ToSchema)]
pub struct RightRequest {
    /// A code, such as `asked-by-person`.
    pub reason: String,
}

/// Whether anything was done.
#[derive(Serialize, ToSchema)]
pub struct RightDone {
    /// False: it was so before.
    pub done: bool,
}

/// Declares the door of one right.
macro_rules! right {
    ($(#[$doc:meta])* $name:ident, $path:literal, $right:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "applicants", request_body = RightRequest,
            params(("name" = String, Path, description = "number or id"),
            ("party" = String, Path, description = "applicant or proxy")),
            responses((status = 200, body = RightDone), (status = 400, body = Problem), (status = 404, body = Problem),
            (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
        pub async fn $name(
            State(app): State<App>,
            permit: Permit,
            visitor: Visitor,
            Path((name, party)): Path<(String, String)>,
            Body(asked): Body<RightRequest>,
        ) -> Result<Json<RightDone>, Problem> {
            let at = at(&app, &permit, (&name, &party)).await?;
            let reason = parties::reason(&asked.reason)?;
            let done = parties::act(&app, &permit, &visitor, at, ($right, &reason)).await?;
            Ok(Json(RightDone { done }))
        }
    };
}
right!(
    /// Keeps a party and lets nobody open, find or change it.
    restrict, "/cases/{name}/parties/{party}/restrict", Right::Restrict
);
right!(
    /// Lifts a restriction.
    lift, "/cases/{name}/parties/{party}/lift", Right::Lift
);
right!(
    /// Erases a party for good: it is gone from the database at once, and from its files after `liuzhuan vault sweep`.
    erase, "/cases/{name}/parties/{party}/erase", Right::Erase
);

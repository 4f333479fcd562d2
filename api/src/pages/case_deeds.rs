//! What a window does with the case of a dossier from the dossier's page: takes the case a step further, and registers the result
//! that goes home on its own.
use super::deeds::{Sent, Typed, deed};
use super::typed::filled;
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::v1::cases::{self, Step, StepRequest};
use crate::v1::decisions::{self, RegisterRequest};
use crate::v1::subject;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::case::{CloseCode, Outcome};
use domain::dossier::DossierKind;
use projections::custody::Row;
use projections::queues;

/// Each step by its name in the form, with what goes with it.
const STEPS: [(&str, Step, Option<Outcome>, Option<CloseCode>); 7] = [
    ("accepted", Step::Accepted, None, None),
    ("not_accepted", Step::NotAccepted, None, None),
    ("granted", Step::Decided, Some(Outcome::Granted), None),
    ("refused", Step::Decided, Some(Outcome::Refused), None),
    ("withdrawn", Step::Withdrawn, None, None),
    ("issued", Step::Closed, None, Some(CloseCode::Issued)),
    ("returned_to_applicant", Step::Closed, None, Some(CloseCode::ReturnedToApplicant)),
];

/// The steps to choose from: names.
pub(super) fn steps() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(name, ..)| *name)
}

async fn row(sent: &Sent) -> Result<Row, Problem> {
    let placed = queues::find(sent.app.db(), sent.app.region(), sent.id).await?;
    placed.map(|it| it.dossier).ok_or_else(Problem::not_found)
}

deed!(
    /// `POST /dossiers/{name}/step`: the case of the dossier, a step further.
    step, "step", |sent, who| {
        let known = STEPS.iter().find(|(name, ..)| *name == sent.typed.step);
        let &(_, step, outcome, close_code) = known.ok_or_else(|| Problem::unfit("no-step", "`step` is one of the steps"))?;
        let case = row(sent).await?.case.ok_or_else(|| Problem::unfit("no-case", "it belongs to no case"))?;
        let note = sent.note().await?;
        let asked = StepRequest { who, step, dept_ref: filled(&sent.typed.number), outcome, close_code, note };
        let (app, permit, _) = sent.door();
        cases::step(app, permit, Path(case.0.to_string()), Body(asked)).await
    }
);
deed!(
    /// `POST /dossiers/{name}/result`: the result of its case, under a label of its own.
    result, "result", |sent, who| {
        let row = row(sent).await?;
        let case = row.case.ok_or_else(|| Problem::unfit("no-case", "it belongs to no case"))?;
        let home = row.home.ok_or_else(Problem::not_found)?;
        let (app, permit, _) = sent.door();
        let asked = RegisterRequest {
            who,
            code: sent.typed.code.trim().to_owned(),
            dossier_no: sent.typed.number.trim().to_owned(),
            kind: DossierKind::Result,
            case: Some(case.0),
            item: row.item,
            destination: None,
            home,
            pieces: Vec::new(),
        };
        decisions::register(app, permit, Body(asked)).await
    }
);

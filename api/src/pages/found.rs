//! A label's own address, opened by anyone's phone: which office it belongs to and where to hand it in. The same for every
//! label, known or not; who is signed in is led to the thing instead.
use super::page;
use super::words::Words;
use crate::access::Action;
use crate::access::principal::identify;
use crate::app::App;
use crate::paper;
use crate::problem::Problem;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "found.html")]
struct FoundPage {
    words: Words,
    office: String,
    address: String,
    phone: String,
    hours: String,
}

/// `GET /{code}`
pub async fn get(State(app): State<App>, Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let code = labels::code::read(&code).map_err(|_| Problem::not_found())?;
    let moves = domain::stream::StreamId::of_code(code).is_some();
    let staff = identify(&app, &headers).await.is_ok_and(|who| who.scope(Action::ReadDossiers).is_some());
    if moves && staff {
        return Ok(Redirect::to(&format!("/dossiers/{}", labels::code::print(code))).into_response());
    }
    let known = app.known();
    let words = Words::of(&headers, known.clone());
    let office = paper::office(&known.sites);
    let or_empty = |text: Option<&String>| text.cloned().unwrap_or_default();
    Ok(page(&FoundPage {
        office: office.map_or_else(|| words.t("found.an_office"), |office| words.site(&office.id)),
        address: or_empty(office.and_then(|office| office.address.as_ref())),
        phone: or_empty(office.and_then(|office| office.phone.as_ref())),
        hours: office.map(|office| office.hours.clone()).unwrap_or_default(),
        words,
    }))
}

//! The record of who did what, newest first, for the audit administrator alone. Each look at it is recorded too.
use super::rows::{Sheets, address};
use super::typed::{self, filled};
use super::{Words, again, page};
use crate::access::Permit;
use crate::access::sign_in::Visitor;
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::sheet::Cell;
use crate::v1::record::{RecordQuery, read};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::time::Timestamp;
use registers::record::{Act, Recorded};
use serde::Deserialize;
use serde_json::Value;

/// Fields of a body that are times.
const TIMES: [&str; 5] = ["from", "to", "until", "expires_at", "before"];

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    words: Words,
    typed: Asked,
    /// Names of acts, with their words.
    acts: Vec<(String, String)>,
    lines: Vec<Line>,
    /// Something narrows what is shown.
    narrowed: bool,
    sheets: Option<Sheets>,
    older: Option<String>,
    newest: Option<String>,
    problem: Option<String>,
}

struct Line {
    when: String,
    act: String,
    actor: Named,
    about: Option<Named>,
    address: String,
    details: Vec<(String, String)>,
}

/// Somebody or something, and the address that shows no other.
struct Named {
    name: String,
    link: String,
}

/// What is asked.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    /// As the JSON door takes it; an account alone is a person's.
    fn query(&self) -> Result<RecordQuery, Problem> {
        let person = |text: String| {
            let bare = !text.contains(':') && !["system", "nobody"].contains(&text.as_str());
            if bare { format!("person:{text}") } else { text }
        };
        let cursor = |text: String| text.parse().map_err(|_| crate::v1::paging::bad_cursor());
        Ok(RecordQuery {
            actor: filled(&self.actor).map(person),
            name: filled(&self.name),
            about: filled(&self.about).map(person),
            from: typed::begin(&self.from)?.map(|at| at.0),
            to: typed::end(&self.to)?.map(|at| at.0),
            cursor: filled(&self.cursor).map(cursor).transpose()?,
            limit: None,
        })
    }

    /// The address of the same question from another place in the record.
    fn at(&self, cursor: &str) -> String {
        let (actor, name, about) = (self.actor.as_str(), self.name.as_str(), self.about.as_str());
        let (from, to) = (self.from.as_str(), self.to.as_str());
        let asked =
            [("actor", actor), ("name", name), ("about", about), ("from", from), ("to", to), ("cursor", cursor)];
        address("/record", &asked)
    }
}

/// `GET /record`
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    Params(typed): Params<Asked>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let asked = typed.query();
    let sheets = asked.as_ref().ok().map(sheets);
    let found = match asked {
        Ok(query) => read(&app, &permit, &visitor, &query).await,
        Err(problem) => Err(problem),
    };
    let (status, rows, next, problem) = match found {
        Ok((rows, next)) => (StatusCode::OK, rows, next, None),
        Err(problem) => (again(&problem)?, Vec::new(), None, Some(words.problem(&problem))),
    };
    let lines = rows.iter().map(|row| line(&words, row)).collect();
    let older = next.map(|next| typed.at(&next.to_string()));
    let newest = (!typed.cursor.is_empty()).then(|| typed.at(""));
    let narrowed = typed.at("") != "/record";
    let acts = acts(&words, &typed.name);
    Ok((status, page(&RecordPage { acts, lines, narrowed, sheets, older, newest, problem, typed, words }))
        .into_response())
}

/// Where the whole of what is asked is had as a sheet.
fn sheets(query: &RecordQuery) -> Sheets {
    let [from, to] = [query.from, query.to].map(|at| at.map(|at| at.to_string()).unwrap_or_default());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (actor, name, about) = (text(&query.actor), text(&query.name), text(&query.about));
    let asked = [("actor", actor), ("name", name), ("about", about), ("from", from), ("to", to)];
    Sheets::of("record", &asked.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// An entry as a row of a sheet.
pub(crate) fn cells(words: &Words, row: &Recorded) -> Vec<Cell> {
    let Line { act, actor, about, address, details, .. } = line(words, row);
    let details: Vec<String> = details.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    vec![
        Cell::Count(row.position),
        Cell::time(Some(row.recorded_at)),
        Cell::text(act),
        Cell::text(actor.name),
        Cell::text(address),
        Cell::text(about.map(|about| about.name).unwrap_or_default()),
        Cell::text(details.join("; ")),
    ]
}

/// Every act by its words; one that is not known stays as it was asked for.
fn acts(words: &Words, asked: &str) -> Vec<(String, String)> {
    let named = |(name, _): &(&str, i64)| ((*name).to_owned(), words.named("act", name));
    let mut acts: Vec<(String, String)> = Act::NAMES.iter().map(named).collect();
    if !asked.is_empty() && acts.iter().all(|(name, _)| name != asked) {
        acts.push((asked.to_owned(), asked.to_owned()));
    }
    acts
}

fn line(words: &Words, row: &Recorded) -> Line {
    let named =
        |text: &str, field: &str| Named { name: called(words, text), link: address("/record", &[(field, text)]) };
    Line {
        when: words.moment(Timestamp(row.recorded_at)),
        act: words.named("act", &row.name),
        actor: named(&row.actor, "actor"),
        about: row.about.as_deref().map(|about| named(about, "about")),
        address: row.address.clone().unwrap_or_default(),
        details: details(words, row),
    }
}

/// `person:li` as people call it.
fn called(words: &Words, text: &str) -> String {
    let (kind, id) = text.split_once(':').unwrap_or((text, ""));
    let name = match kind {
        "person" => id.parse().map(|person| words.name(&person)).unwrap_or_default(),
        "site" => id.parse().map(|site| words.site(&site)).unwrap_or_default(),
        _ => String::new(),
    };
    match (name.as_str(), id) {
        (_, "") => words.named("subject", kind),
        ("", id) => format!("{} {id}", words.named("subject", kind)),
        (name, id) if name == id => name.to_owned(),
        (name, id) => format!("{name} ({id})"),
    }
}

/// What else an entry says, but for what stands in its other columns.
fn details(words: &Words, row: &Recorded) -> Vec<(String, String)> {
    let about = row.about.as_deref().unwrap_or_default();
    let Ok(Value::Object(body)) = serde_json::from_str(&row.body) else {
        return vec![(words.t("record.body"), row.body.clone())];
    };
    let shown = body.iter().filter(|(key, value)| value.as_str().is_none_or(|text| about != format!("{key}:{text}")));
    shown.map(|(key, value)| (words.named("detail", key), said(words, key, value))).collect()
}

fn said(words: &Words, key: &str, value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_i64().filter(|_| TIMES.contains(&key)) {
            // The beginning of a post that was always held.
            Some(i64::MIN) => words.t("detail.always"),
            Some(at) => words.time(Timestamp(at)),
            None => number.to_string(),
        },
        Value::String(text) => match key {
            "role" => words.named("role", text),
            "site" => text.parse().map_or_else(|_| text.clone(), |site| words.site(&site)),
            "scopes" => words.named("scope", text),
            "name" => words.named("act", text),
            _ => words.named("detail", text),
        },
        Value::Bool(yes) => words.t(if *yes { "detail.yes" } else { "detail.no" }),
        Value::Array(values) => {
            let all: Vec<String> = values.iter().map(|value| said(words, key, value)).collect();
            all.join(&words.t("rows.comma"))
        }
        Value::Object(fields) => {
            let all =
                fields.iter().map(|(key, value)| format!("{} {}", words.named("detail", key), said(words, key, value)));
            all.collect::<Vec<_>>().join(&words.t("rows.comma"))
        }
        Value::Null => String::new(),
    }
}

//! Registering at the counter: an item from the catalogue, then one form that files the case and registers its dossier. Each has
//! a request id of its own, made from the form's, so that a form sent twice registers once. What is wrong comes back with what
//! was typed, and with the focus where it is to be mended.
use super::deeds::choice;
use super::dossier::Prints;
use super::items::Choice;
use super::today::own_sites;
use super::typed::{self, filled};
use super::words::Words;
use super::{again, page};
use crate::access::{Action, Permit, Scope};
use crate::app::App;
use crate::catalogue;
use crate::problem::{Body, Params, Problem};
use crate::v1::cases::{self, FileRequest};
use crate::v1::decisions::{self, PieceRequest, RegisterRequest, Who};
use crate::v1::labels::{MintRequest, mint_now};
use crate::v1::scan::read_label;
use crate::view;
use askama::Template;
use axum::Json;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use domain::code::{Code, CodeKind};
use domain::dossier::{DossierKind, PieceKind};
use domain::id::{SiteId, SubjectId};
use projections::story::Thing;
use projections::{custody, queues, search};
use registers::item::{ItemRow, Level};
use serde::Deserialize;
use uuid::Uuid;

/// Items in a list.
const LISTED: usize = 50;
/// Characters of a case's number at most: the dossier's has two more.
const NUMBER_MAX: usize = 48;
/// Sheets of one paper at most.
const COUNT_MAX: u16 = 999;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    words: Words,
    query: String,
    /// Items that were found, if any were looked for.
    found: Option<Vec<Choice>>,
    form: Option<Counter>,
    done: Option<Registered>,
}

/// The form of one item.
struct Counter {
    /// Made for this form: its requests have ids made from it.
    form: Uuid,
    item: Choice,
    /// Where the papers go, or that they stay.
    goes: String,
    /// The lowest place that takes it in.
    received_at: String,
    case_no: String,
    label: String,
    /// Whether a label may be left to us.
    mints: bool,
    at: String,
    sites: Vec<(String, String)>,
    home: String,
    /// Every site, for the field of the pickup place.
    homes: Vec<(String, String)>,
    papers: Vec<Paper>,
    extra: Extra,
    kinds: Vec<(&'static str, String)>,
    problem: Option<String>,
    /// The field that has the focus.
    focus: &'static str,
}

/// A paper that the item asks for.
struct Paper {
    name: String,
    kind: String,
    count: String,
    ticked: bool,
}

/// A paper that no item asks for.
#[derive(Default)]
struct Extra {
    name: String,
    kind: String,
    count: String,
}

/// What was registered.
struct Registered {
    to: String,
    number: String,
    label: String,
    case: Option<Uuid>,
    prints: Prints,
    writes: bool,
}

/// What is asked of the page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RegisterQuery {
    pub(super) q: String,
    item: String,
    /// The dossier that was registered just now.
    done: Option<Uuid>,
}

/// What is wrong, and the field where it is to be mended.
struct Wrong(&'static str, Problem);

/// What was typed, as pairs: a paper may come several times.
struct Typed(Vec<(String, String)>);

impl Typed {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    fn ticked(&self, paper: usize) -> bool {
        self.0.iter().any(|(key, value)| key == "piece" && value.parse() == Ok(paper))
    }

    /// The form's own id.
    fn form(&self) -> Option<Uuid> {
        self.get("form").parse().ok().filter(|form: &Uuid| !form.is_nil())
    }
}

/// The id of one of a form's requests: the form's random id with its last bits changed.
fn part(form: Uuid, number: u128) -> Uuid {
    Uuid::from_u128(form.as_u128() ^ number)
}

/// `GET /register`: the search for an item, the form of one, or what was registered.
pub async fn get(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(query): Params<RegisterQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let nothing = RegisterPage { words, query: query.q.trim().to_owned(), found: None, form: None, done: None };
    if let Some(id) = query.done {
        let done = registered(&app, &permit, id).await?;
        return Ok(page(&RegisterPage { done: Some(done), ..nothing }));
    }
    let known = app.known();
    let item = query.item.parse().ok().and_then(|item| known.items.get(&item));
    if let Some(item) = item {
        let form = counter(&app, &nothing.words, &permit, item, &Typed(Vec::new()));
        return Ok(page(&RegisterPage { form: Some(form), ..nothing }));
    }
    let searched = !nothing.query.is_empty();
    let found = if searched { catalogue::find(known.items.values(), &nothing.query, LISTED) } else { Vec::new() };
    if let [one] = found.as_slice() {
        return Ok(Redirect::to(&format!("/register?item={}", one.code)).into_response());
    }
    let found = searched.then(|| found.into_iter().map(|item| Choice::of(&nothing.words, item)).collect());
    Ok(page(&RegisterPage { found, ..nothing }))
}

/// `POST /register`: on to what was registered, or the form again.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(typed);
    let known = app.known();
    let item = typed.get("item").parse().ok().and_then(|item| known.items.get(&item));
    let item = item.ok_or_else(|| Problem::invalid("`item` is one of the catalogue"))?;
    let Wrong(focus, problem) = match take_in(&app, &permit, item, &typed).await {
        Ok(dossier) => return Ok(Redirect::to(&format!("/register?done={dossier}")).into_response()),
        Err(wrong) => wrong,
    };
    let status = again(&problem)?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    let mut form = counter(&app, &words, &permit, item, &typed);
    form.problem = Some(words.problem(&problem));
    form.focus = focus;
    if problem.kind.ends_with(":id-reused") {
        form.form = Uuid::new_v4();
    }
    let query = String::new();
    Ok((status, page(&RegisterPage { words, query, found: None, form: Some(form), done: None })).into_response())
}

/// Files the case and registers its dossier, in this order; asked again, both are done once. What can be seen to be wrong
/// is seen before anything is written.
async fn take_in(app: &App, permit: &Permit, item: &ItemRow, typed: &Typed) -> Result<SubjectId, Wrong> {
    let form = typed.form().ok_or_else(|| Wrong("case_no", Problem::invalid("`form` is made for each form")))?;
    let (files, registers) = (permit, permit.also_for(Action::Register));
    let registers = registers.ok_or_else(|| Wrong("case_no", Problem::not_found()))?;
    let case_id = part(form, 1);
    let case_no = case_number(app, permit, typed.get("case_no"), case_id).await.map_err(|it| Wrong("case_no", it))?;
    let pieces = pieces(item, typed)?;
    let at = place(app, &permit.scope, typed.get("at"), "at")?;
    let at = at.ok_or_else(|| Wrong("at", Problem::unfit("no-such-site", "`at` says where it was handed in")))?;
    let home = place(app, &Scope::Region, typed.get("home"), "home")?.unwrap_or_else(|| at.clone());
    let code = label(app, permit, typed.get("label"), &at, form).await.map_err(|it| Wrong("label", it))?;
    let dossier_no = format!("{case_no}-1");
    unregistered(app, code, &dossier_no).await.map_err(|it| Wrong("label", it))?;
    let who = |number| Who { request_id: part(form, number), by: None, at: Some(at.clone()), occurred_at: None };
    let filed = FileRequest { who: who(2), case_id, case_no, item: item.code.clone(), home: home.clone() };
    let state = || State(app.clone());
    let Json(_) = cases::file(state(), files.clone(), Body(filed)).await.map_err(|it| Wrong("case_no", it))?;
    let register = RegisterRequest {
        who: who(3),
        code: labels::code::print(code),
        dossier_no,
        kind: DossierKind::Application,
        case: Some(case_id),
        item: Some(item.code.clone()),
        destination: catalogue::destination(item, &at, app.known().networks.latest()),
        home,
        pieces,
    };
    let Json(_) = decisions::register(state(), registers, Body(register)).await.map_err(|it| Wrong("label", it))?;
    Ok(code.subject())
}

fn place(app: &App, scope: &Scope, typed: &str, field: &'static str) -> Result<Option<SiteId>, Wrong> {
    typed::site(app, scope, typed).map_err(|problem| Wrong(field, problem))
}

/// A number that no other case within reach has.
async fn case_number(app: &App, permit: &Permit, typed: &str, own: Uuid) -> Result<String, Problem> {
    let legible = !typed.is_empty() && typed.chars().count() <= NUMBER_MAX && !typed.chars().any(char::is_control);
    if !legible {
        return Err(Problem::unfit("case-number", format!("a number has 1 to {NUMBER_MAX} printable characters")));
    }
    let hits = search::find(app.db(), app.region(), &permit.scope, typed, None, 5).await?;
    let same = |hit: &search::Hit| hit.kind == "case_no" && hit.term == search::normal(typed) && hit.subject != own;
    if hits.iter().any(same) {
        return Err(Problem::unfit("case-number-taken", "another case has this number"));
    }
    Ok(typed.to_owned())
}

/// The papers that were ticked off, as many as were counted, and one more that the item does not name.
fn pieces(item: &ItemRow, typed: &Typed) -> Result<Vec<PieceRequest>, Wrong> {
    let count = |name: &str, field| {
        let count = typed.get(name).parse().ok().filter(|count| (1..=COUNT_MAX).contains(count));
        count.ok_or_else(|| Wrong(field, Problem::unfit("piece-count", "a count is 1 to 999")))
    };
    let mut pieces = Vec::new();
    for (at, material) in item.materials.0.iter().enumerate().filter(|(at, _)| typed.ticked(*at)) {
        let count = count(&format!("count{at}"), "pieces")?;
        pieces.push(PieceRequest { name: material.name.clone(), kind: material.kind, count });
    }
    if let Some(name) = filled(typed.get("extra")) {
        if name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Wrong("extra", Problem::unfit("piece-name", "a name has 1 to 100 printable characters")));
        }
        let kind =
            KINDS.into_iter().find(|(key, _)| *key == typed.get("extra_kind")).map_or(PieceKind::Original, |it| it.1);
        pieces.push(PieceRequest { name, kind, count: count("extra_count", "extra")? });
    }
    if pieces.is_empty() && !item.materials.0.is_empty() {
        return Err(Wrong("pieces", Problem::unfit("no-pieces", "tick off what was handed in")));
    }
    Ok(pieces)
}

const KINDS: [(&str, PieceKind); 4] = [
    ("original", PieceKind::Original),
    ("copy", PieceKind::Copy),
    ("to_return", PieceKind::ToReturn),
    ("shown", PieceKind::Shown),
];

/// The label that was scanned, or a new one for who may mint.
async fn label(app: &App, permit: &Permit, typed: &str, at: &SiteId, form: Uuid) -> Result<Code, Problem> {
    if typed.is_empty() {
        permit
            .also_for(Action::MintLabels)
            .ok_or_else(|| Problem::unfit("no-label", "scan the label on the dossier"))?;
        let (site, shelf, codes) = (Some(at.clone()), None, Vec::new());
        let mint = MintRequest { request_id: part(form, 4), kind: CodeKind::Dossier, count: 1, codes, site, shelf };
        let minted = mint_now(app, &mint).await?.codes.pop();
        return read_label(&minted.unwrap_or_default());
    }
    let code = read_label(typed)?;
    if code.kind() != CodeKind::Dossier {
        return Err(Problem::unfit("not-a-dossier-label", "this label is on something else"));
    }
    let rows = registers::label::resolve(app.db(), app.region(), &[code]).await?;
    match rows.get(&code) {
        None => Err(Problem::unfit("label-not-ours", "this label was not minted here")),
        Some(row) if row.replaced || row.subject != code.subject() => {
            Err(Problem::unfit("label-in-use", "this label was used before"))
        }
        Some(_) => Ok(code),
    }
}

/// Whether a label is still free, or was taken by this very form.
async fn unregistered(app: &App, code: Code, dossier_no: &str) -> Result<(), Problem> {
    let thing = Thing::Dossier(code.subject());
    let rows = custody::find(app.db(), app.region(), &[thing]).await?;
    let taken = rows.get(&thing).is_some_and(|(row, _)| row.registered && row.number.as_deref() != Some(dossier_no));
    if taken { Err(Problem::unfit("already-registered", "another dossier has this label")) } else { Ok(()) }
}

fn counter(app: &App, words: &Words, permit: &Permit, item: &ItemRow, typed: &Typed) -> Counter {
    let sites = choice(app, words, &permit.scope);
    let own = own_sites(app, permit);
    let own = sites.iter().find(|(id, _)| own.iter().any(|site| site.as_str() == id)).or(sites.first());
    let at = filled(typed.get("at")).or_else(|| own.map(|(id, _)| id.clone())).unwrap_or_default();
    let or = |name: &str, default: &str| filled(typed.get(name)).unwrap_or_else(|| default.to_owned());
    let paper = |(place, material): (usize, &registers::item::Material)| Paper {
        name: material.name.clone(),
        kind: words.piece(material.kind),
        count: or(&format!("count{place}"), &material.count.to_string()),
        ticked: typed.ticked(place),
    };
    let stays = item.delegated || item.decided_at != Level::County;
    Counter {
        form: typed.form().unwrap_or_else(Uuid::new_v4),
        goes: if stays { words.t("register.stays") } else { words.site(&item.department) },
        received_at: words.t(match item.received_at {
            Level::Village => "register.from_village",
            Level::Town => "register.from_town",
            Level::County => "register.from_county",
        }),
        item: Choice::of(words, item),
        case_no: typed.get("case_no").to_owned(),
        label: typed.get("label").to_owned(),
        mints: permit.also_for(Action::MintLabels).is_some(),
        at,
        sites,
        home: typed.get("home").to_owned(),
        homes: typed::sites(app, words, &Scope::Region),
        papers: item.materials.0.iter().enumerate().map(paper).collect(),
        extra: Extra { name: or("extra", ""), kind: or("extra_kind", "original"), count: or("extra_count", "1") },
        kinds: KINDS.map(|(key, kind)| (key, words.piece(kind))).into(),
        problem: None,
        focus: "case_no",
    }
}

/// What was registered, for who may see it.
async fn registered(app: &App, permit: &Permit, id: Uuid) -> Result<Registered, Problem> {
    let reads = permit.also_for(Action::ReadDossiers).ok_or_else(Problem::not_found)?;
    reads.thing(app, Thing::Dossier(SubjectId(id))).await?;
    let placed = queues::find(app.db(), app.region(), SubjectId(id)).await?.ok_or_else(Problem::not_found)?;
    let row = &placed.dossier;
    let label = view::printed(row).unwrap_or_default();
    let may = |action| permit.also_for(action).is_some();
    Ok(Registered {
        to: format!("/dossiers/{id}"),
        number: row.number.clone().unwrap_or_default(),
        label: labels::code::read(&label).map_or(label, labels::code::grouped),
        case: row.case.map(|case| case.0),
        prints: Prints {
            label: may(Action::MintLabels).then(Uuid::new_v4),
            receipt: row.case.map(|case| case.0).filter(|_| may(Action::PrintPapers)),
        },
        writes: may(Action::WriteApplicants),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_of_a_form_have_ids_of_their_own_and_always_the_same() {
        let form = Uuid::new_v4();
        let parts: std::collections::BTreeSet<Uuid> = (1..=4).map(|number| part(form, number)).collect();
        assert_eq!(parts.len(), 4);
        assert!(!parts.contains(&form) && parts.contains(&part(form, 3)));
        assert!(parts.iter().all(|part| part.get_version_num() == 4));
    }
}

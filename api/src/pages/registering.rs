//! Registering by a sheet: a file is uploaded, each bad row is shown with what is wrong, and only then the good ones are
//! registered. Nothing is kept between the steps but in the form itself, so any node can take the next one.
use super::devices::own_site;
use super::typed;
use super::{Words, page};
use crate::access::Permit;
use crate::app::App;
use crate::problem::{Params, Problem, whole};
use crate::registration::{Checked, Column, Failed, Line, Misread, Verdict, carry_out, check, lines};
use crate::sheet::{self, Cell, Format, Sheet, Unreadable};
use askama::Template;
use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::id::SiteId;
use rust_i18n::t;
use serde::Deserialize;

/// A file at most.
const FILE_MAX: usize = 5 * 1024 * 1024;
/// A form at most: its rows as text are longer than they were in the file.
const FORM_MAX: usize = 16 * 1024 * 1024;
/// Rows of a sheet at most.
const ROWS_MAX: usize = 5_000;
/// Bad and good rows that a page shows; the others are counted.
const SHOWN_MAX: [usize; 2] = [500, 100];

#[derive(Template)]
#[template(path = "registering.html")]
struct RegisteringPage {
    words: Words,
    sites: Vec<(String, String)>,
    /// Where the papers lie, as it was chosen.
    at: String,
    columns: Vec<Explained>,
    problem: Option<String>,
    step: Option<Step>,
}

/// A column, and what stands in it.
struct Explained {
    name: String,
    about: String,
    needed: bool,
}

/// What is shown of a sheet: before it is registered, or after.
struct Step {
    says: String,
    /// What the button says; none where nothing is to be registered.
    button: Option<String>,
    lines: Vec<Shown>,
    more: Vec<String>,
    /// The rows, for the next step.
    rows: String,
    /// Which of them a file to be mended holds; none if there are none.
    mend: Option<&'static str>,
}

struct Shown {
    number: usize,
    label: String,
    dossier_no: String,
    is_good: bool,
    /// Column and what is wrong there.
    wrong: Vec<(String, String)>,
}

/// What is wrong with what was sent as a whole.
struct Trouble {
    status: StatusCode,
    says: String,
}

impl Trouble {
    fn new(words: &Words, key: &str) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, says: words.t(key) }
    }

    fn too_large(words: &Words) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, says: words.t("registering.too_large") }
    }
}

/// What a form sends.
#[derive(Default)]
struct Sent {
    at: String,
    deed: String,
    file: Vec<u8>,
    rows: Option<String>,
}

/// `GET /register/import`
pub async fn get(State(app): State<App>, permit: Permit, headers: HeaderMap) -> Response {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let at = own_site(&app, &permit);
    page(&build(&app, &permit, words, at))
}

fn build(app: &App, permit: &Permit, words: Words, at: String) -> RegisteringPage {
    let explained = |it: Column| {
        let about = words.t(&format!("registering.about_{}", it.name()));
        Explained { name: head(&words, it), about, needed: it.is_needed() }
    };
    let columns = Column::ALL.map(explained).into();
    let sites = typed::sites(app, &words, &permit.scope);
    RegisteringPage { sites, at, columns, problem: None, step: None, words }
}

fn head(words: &Words, column: Column) -> String {
    words.t(&format!("registering.col_{}", column.name()))
}

/// Which kind of template.
#[derive(Deserialize)]
pub struct TemplateQuery {
    #[serde(default)]
    format: Format,
}

/// `GET /register/import/template`: the heads, to be filled below.
pub async fn template(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    Params(TemplateQuery { format }): Params<TemplateQuery>,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let sheet = Sheet::new(format, &Column::ALL.map(|column| head(&words, column)))?;
    Ok(download(format, "template", sheet.finish("")?))
}

fn download(format: Format, name: &str, file: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"liuzhuan-{name}.{}\"", format.ending());
    let head = [(header::CONTENT_TYPE, format.media_type()), (header::CACHE_CONTROL, "no-store")];
    (head, [(header::CONTENT_DISPOSITION, disposition)], file).into_response()
}

/// `POST /register/import`: a file to look at, or rows that were looked at to register or to mend.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let words = Words::of_permit(&headers, app.known(), &permit);
    let mut at = own_site(&app, &permit);
    match step(&app, &permit, &words, request, &mut at).await? {
        Ok(response) => Ok(response),
        Err(Trouble { status, says }) => {
            let shown = RegisteringPage { problem: Some(says), ..build(&app, &permit, words, at) };
            Ok((status, page(&shown)).into_response())
        }
    }
}

/// The inner error is the reader's to mend.
async fn step(
    app: &App,
    permit: &Permit,
    words: &Words,
    request: Request,
    at: &mut String,
) -> Result<Result<Response, Trouble>, Problem> {
    let sent = match sent(words, request).await {
        Ok(sent) => sent,
        Err(trouble) => return Ok(Err(trouble)),
    };
    at.clone_from(&sent.at);
    let Ok(place) = typed::site(app, &permit.scope, &sent.at) else {
        return Ok(Err(Trouble::new(words, "problem.no-such-site")));
    };
    let deed = sent.deed.clone();
    let lines = match read(words, sent).await {
        Ok(lines) => lines,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let checked = check(app, permit, place.as_ref(), lines).await?;
    let shown = match deed.as_str() {
        "register" => registered(app, permit, words, place.as_ref(), checked).await?,
        "mend" | "rest" => return mend(words, checked, &deed).map(Ok),
        _ => preview(words, &checked)?,
    };
    Ok(Ok(page(&RegisteringPage { step: Some(shown), ..build(app, permit, words.clone(), at.clone()) })))
}

/// The form, whole. One that is too large is still read to its end: a browser that is cut off shows no answer.
async fn sent(words: &Words, request: Request) -> Result<Sent, Trouble> {
    let (parts, body) = request.into_parts();
    let unreadable = |_| Trouble::new(words, "registering.no_file");
    let bytes = whole(body, FORM_MAX).await.map_err(|problem| match problem.status {
        413 => Trouble::too_large(words),
        _ => Trouble::new(words, "registering.no_file"),
    })?;
    let form = Multipart::from_request(Request::from_parts(parts, Body::from(bytes)), &()).await;
    let form = form.map_err(|_| Trouble::new(words, "registering.no_file"))?;
    fields(form).await.map_err(unreadable)
}

async fn fields(mut form: Multipart) -> Result<Sent, MultipartError> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await? {
        match field.name().unwrap_or_default() {
            "at" => sent.at = field.text().await?,
            "deed" => sent.deed = field.text().await?,
            "rows" => sent.rows = Some(field.text().await?),
            "file" => sent.file = field.bytes().await?.to_vec(),
            _ => {}
        }
    }
    Ok(sent)
}

/// The rows of the step before, or of a file.
async fn read(words: &Words, sent: Sent) -> Result<Vec<Line>, Trouble> {
    if let Some(rows) = sent.rows {
        let lines: Option<Vec<Line>> = serde_json::from_str(&rows).ok();
        let lines = lines.filter(|lines| lines.len() <= ROWS_MAX);
        return lines.ok_or_else(|| Trouble::new(words, "registering.no_file"));
    }
    if sent.file.is_empty() {
        return Err(Trouble::new(words, "registering.no_file"));
    }
    if sent.file.len() > FILE_MAX {
        return Err(Trouble::too_large(words));
    }
    let rows = tokio::task::spawn_blocking(move || sheet::rows(&sent.file)).await;
    let rows = rows.unwrap_or(Err(Unreadable::NoSheet)).map_err(|unreadable| match unreadable {
        Unreadable::NoSheet => Trouble::new(words, "registering.no_sheet"),
        Unreadable::Encoding => Trouble::new(words, "registering.encoding"),
        Unreadable::TooManyRows => Trouble::new(words, "registering.too_many_rows"),
        Unreadable::TooLarge => Trouble::too_large(words),
    })?;
    lines(rows).map_err(|misread| Trouble { status: StatusCode::UNPROCESSABLE_ENTITY, says: says(words, &misread) })
}

fn says(words: &Words, misread: &Misread) -> String {
    let (lang, head) = (words.lang(), |column: &Column| head(words, *column));
    match misread {
        Misread::NoRows => words.t("registering.no_rows"),
        Misread::NoColumn(column) => t!("registering.no_column", locale = lang, column = head(column)).into_owned(),
        Misread::TwiceColumn(column) => {
            t!("registering.twice_column", locale = lang, column = head(column)).into_owned()
        }
        Misread::UnknownColumn(name) => t!("registering.unknown_column", locale = lang, column = name).into_owned(),
    }
}

fn shown(words: &Words, row: &Checked) -> Shown {
    let wrong = match &row.verdict {
        Verdict::Bad(wrong) => wrong.iter().map(|it| (head(words, it.column), it.says(words))).collect(),
        Verdict::Good(_) | Verdict::Done => Vec::new(),
    };
    let is_good = matches!(row.verdict, Verdict::Good(_));
    let (label, dossier_no) = (row.line.cell(Column::Label).to_owned(), row.line.cell(Column::Number).to_owned());
    Shown { number: row.line.number, label, dossier_no, is_good, wrong }
}

fn as_text<'a>(lines: impl Iterator<Item = &'a Line>) -> Result<String, Problem> {
    serde_json::to_string(&lines.collect::<Vec<_>>()).map_err(|error| Problem::internal(&error))
}

/// Bad rows first: they are what there is to do.
fn preview(words: &Words, checked: &[Checked]) -> Result<Step, Problem> {
    let is_bad = |row: &&Checked| matches!(row.verdict, Verdict::Bad(_));
    let is_good = |row: &&Checked| matches!(row.verdict, Verdict::Good(_));
    let (bad, good) = (checked.iter().filter(is_bad).count(), checked.iter().filter(is_good).count());
    let done = checked.len() - bad - good;
    let lang = words.lang();
    let bad_rows = checked.iter().filter(is_bad).take(SHOWN_MAX[0]);
    let lines = bad_rows.chain(checked.iter().filter(is_good).take(SHOWN_MAX[1])).map(|row| shown(words, row));
    let more = [("bad", bad.saturating_sub(SHOWN_MAX[0])), ("good", good.saturating_sub(SHOWN_MAX[1]))];
    let more = more.iter().filter(|(_, count)| *count > 0);
    let more =
        more.map(|(kind, count)| t!(format!("registering.more_{kind}"), locale = lang, count = count).into_owned());
    Ok(Step {
        says: t!("registering.found", locale = lang, good = good, bad = bad, done = done).into_owned(),
        button: (good > 0).then(|| t!("registering.register", locale = lang, count = good).into_owned()),
        lines: lines.collect(),
        more: more.collect(),
        rows: as_text(checked.iter().map(|row| &row.line))?,
        mend: (bad > 0).then_some("mend"),
    })
}

/// Registers what is good and tells of the rest.
async fn registered(
    app: &App,
    permit: &Permit,
    words: &Words,
    at: Option<&SiteId>,
    checked: Vec<Checked>,
) -> Result<Step, Problem> {
    let before = checked.iter().filter(|row| matches!(row.verdict, Verdict::Done)).count();
    let bad: Vec<Checked> = checked.iter().filter(|row| matches!(row.verdict, Verdict::Bad(_))).cloned().collect();
    let (registered, failed) = carry_out(app, permit, checked).await;
    tracing::info!(registered, failed = failed.len(), at = at.map_or("", SiteId::as_str), "registered by a sheet");
    let count = bad.len() + failed.len();
    let says = t!("registering.done", locale = words.lang(), count = registered, before = before, failed = count);
    let rows = as_text(failed.iter().map(|it| &it.line).chain(bad.iter().map(|row| &row.line)))?;
    let refused = |Failed { line, problem }: &Failed| Shown {
        number: line.number,
        label: line.cell(Column::Label).to_owned(),
        dossier_no: line.cell(Column::Number).to_owned(),
        is_good: false,
        wrong: vec![(String::new(), words.problem(problem))],
    };
    let lines = failed.iter().map(refused).chain(bad.iter().map(|row| shown(words, row)));
    let more = count.saturating_sub(SHOWN_MAX[0]);
    let more = (more > 0).then(|| t!("registering.more_bad", locale = words.lang(), count = more).into_owned());
    Ok(Step {
        says: says.into_owned(),
        button: None,
        lines: lines.take(SHOWN_MAX[0]).collect(),
        more: more.into_iter().collect(),
        rows,
        mend: (count > 0).then_some("rest"),
    })
}

/// The rows to be mended, as a sheet that can be uploaded again: `mend` has the bad ones, `rest` all that are not registered.
fn mend(words: &Words, checked: Vec<Checked>, deed: &str) -> Result<Response, Problem> {
    let heads = Column::ALL.map(|column| head(words, column));
    let added = ["row", "wrong"].map(|name| words.t(&format!("registering.col_{name}")));
    let mut sheet = Sheet::new(Format::Csv, &[heads.as_slice(), &added].concat())?;
    let wanted = |row: &Checked| match row.verdict {
        Verdict::Bad(_) => true,
        Verdict::Good(_) => deed == "rest",
        Verdict::Done => false,
    };
    sheet.add(checked.into_iter().filter(wanted).map(|row| {
        let wrong: Vec<String> =
            shown(words, &row).wrong.into_iter().map(|(head, why)| format!("{head}: {why}")).collect();
        let number = Cell::text(row.line.number.to_string());
        let cells = row.line.cells.into_iter().map(Cell::text);
        cells.chain([number, Cell::text(wrong.join("; "))]).collect()
    }))?;
    Ok(download(Format::Csv, "to-mend", sheet.finish("")?))
}

//! One of the staff: posts, badge, code for the first sign-in, PIN. Whoever may look sees; the security administrator does.
use super::once::Once;
use super::people::{ListQuery, place};
use super::typed::{self, filled};
use super::words::tail;
use super::{Words, again, done, page};
use crate::access::sign_in::Visitor;
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::{Params, Problem};
use crate::staff::{self, Doer, Given};
use askama::Template;
use axum::extract::{Form, FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use domain::id::PersonId;
use registers::Dated;
use registers::person::{PersonRow, PostRow, Role};
use serde::Deserialize;

/// What may have been done just now, as the address says it.
const DONE: [&str; 4] = ["saved", "post_given", "post_ended", "badge_ended"];

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    words: Words,
    id: String,
    name: String,
    phone: String,
    posts: Vec<Line>,
    past: Vec<Line>,
    /// The end of each badge in force, as people say it.
    badges: Vec<String>,
    manages: bool,
    /// It is the reader's own page: rights are another's to give.
    own: bool,
    roles: Vec<(&'static str, String)>,
    sites: Vec<(String, String)>,
    /// What was typed of a post, if it could not be given.
    typed: NewPost,
    problem: Option<String>,
    done: Option<String>,
}

struct Line {
    id: String,
    role: String,
    place: String,
    from: String,
    to: String,
    /// It begins later.
    ahead: bool,
}

/// What the form for a post sends.
#[derive(Clone, Default, Deserialize)]
pub struct NewPost {
    #[serde(default)]
    role: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// What the form with a name sends.
#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
}

/// What the form that ends a post sends.
#[derive(Deserialize)]
pub struct EndPost {
    #[serde(default)]
    post: String,
}

/// A request about somebody within reach.
pub struct About {
    app: App,
    permit: Permit,
    visitor: Visitor,
    headers: HeaderMap,
    row: PersonRow,
}

impl FromRequestParts<App> for About {
    type Rejection = Problem;

    /// Nobody of that id, or beyond reach: the same answer.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let permit = Permit::from_request_parts(parts, app).await?;
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        let id: PersonId = text.parse().map_err(|_| Problem::not_found())?;
        let row = app.known().people.find(&id).cloned().ok_or_else(Problem::not_found)?;
        if !staff::sees(app, &permit, &row.id) {
            return Err(Problem::beyond());
        }
        Ok(Self { app: app.clone(), permit, visitor, headers: parts.headers.clone(), row })
    }
}

impl About {
    fn doer(&self) -> Doer {
        Doer::of(&self.permit, &self.visitor)
    }

    fn words(&self) -> Words {
        Words::of_permit(&self.headers, self.app.known(), &self.permit)
    }

    fn page(&self) -> PersonPage {
        let (known, now, words, row) = (self.app.known(), self.app.now(), self.words(), &self.row);
        let held: Vec<&str> = known.people.posts_at(&row.id, now).map(|post| post.id.as_str()).collect();
        let is_past = |post: &&Dated<PostRow>| post.valid.to.is_some_and(|to| to <= now);
        let (past, open): (Vec<_>, Vec<_>) = known.people.posts_of(&row.id).partition(is_past);
        let line = |post: &Dated<PostRow>| Line {
            id: post.row.id.clone(),
            role: words.named("role", post.row.role.as_str()),
            place: place(&words, &post.row),
            from: typed::since(&words, post.valid.from),
            to: post.valid.to.map(|to| typed::until(&words, to)).unwrap_or_default(),
            ahead: !held.contains(&post.row.id.as_str()),
        };
        let badges = known.people.badges_of(&row.id, now).map(labels::code::print);
        let manages = self.permit.who.scope(Action::ManagePeople).is_some();
        PersonPage {
            id: row.id.to_string(),
            name: row.name.clone(),
            phone: row.phone.clone().unwrap_or_default(),
            posts: open.into_iter().map(line).collect(),
            past: past.into_iter().map(line).collect(),
            badges: badges.map(|code| tail(&code).to_owned()).collect(),
            manages,
            own: self.permit.person() == Some(&row.id),
            roles: Role::ALL.map(|role| (role.as_str(), words.named("role", role.as_str()))).into(),
            sites: if manages { typed::sites(&self.app, &words, &self.permit.scope) } else { Vec::new() },
            typed: NewPost::default(),
            problem: None,
            done: None,
            words,
        }
    }

    /// Back to the page, with what was done, or with what is wrong.
    fn back(&self, outcome: Result<(), Problem>, name: &str) -> Result<Response, Problem> {
        match outcome {
            Ok(()) => Ok(Redirect::to(&format!("/people/{}?done={name}", self.row.id)).into_response()),
            Err(problem) => self.wrong(&problem, NewPost::default()),
        }
    }

    /// The page with what is wrong, and what was typed.
    fn wrong(&self, problem: &Problem, typed: NewPost) -> Result<Response, Problem> {
        let status = again(problem)?;
        let problem = Some(self.words().problem(problem));
        Ok((status, page(&PersonPage { problem, typed, ..self.page() })).into_response())
    }

    /// The secret that was given, or what is wrong.
    fn once(&self, outcome: Result<String, Problem>, kind: &str) -> Result<Response, Problem> {
        let secret = match outcome {
            Ok(secret) => secret,
            Err(problem) => return self.wrong(&problem, NewPost::default()),
        };
        let words = self.words();
        let once = Once {
            title: words.t(&format!("people.{kind}")),
            of: format!("{} ({})", self.row.name, self.row.id),
            secret,
            note: words.t(&format!("people.{kind}_once")),
            back: format!("/people/{}", self.row.id),
            words,
        };
        Ok(page(&once))
    }
}

/// `GET /people/{person}`
pub async fn get(about: About, Params(query): Params<ListQuery>) -> Response {
    page(&PersonPage { done: done(&about.words(), &DONE, &query.done), ..about.page() })
}

/// `POST /people/{person}`: name and phone.
pub async fn save(mut about: About, Form(named): Form<Named>) -> Result<Response, Problem> {
    let changed = PersonRow { id: about.row.id.clone(), name: named.name, phone: filled(&named.phone) };
    let same = changed == about.row;
    about.row = changed.clone();
    let outcome = if same { Ok(()) } else { staff::save(&about.app, &about.doer(), changed).await };
    about.back(outcome, "saved")
}

/// `POST /people/{person}/posts`
pub async fn give_post(about: About, Form(post): Form<NewPost>) -> Result<Response, Problem> {
    let given = match given(&about, &post) {
        Ok(given) => staff::give_post(&about.app, &about.doer(), &about.row.id, given).await,
        Err(problem) => Err(problem),
    };
    match given {
        Ok(_) => about.back(Ok(()), "post_given"),
        Err(problem) => about.wrong(&problem, post),
    }
}

fn given(about: &About, post: &NewPost) -> Result<Given, Problem> {
    let role = post.role.parse().map_err(|()| Problem::unfit("no-role", "`role` is one of the list"))?;
    let site = typed::site(&about.app, &about.permit.scope, &post.site)?;
    let from = typed::begin(&post.from)?.unwrap_or_else(|| about.app.now());
    Ok(Given { role, site, from, to: typed::end(&post.to)? })
}

/// `POST /people/{person}/posts/end`
pub async fn end_post(about: About, Form(ended): Form<EndPost>) -> Result<Response, Problem> {
    let outcome = if ended.post.split('/').next() == Some(about.row.id.as_str()) {
        staff::end_post(&about.app, &about.doer(), &ended.post).await
    } else {
        Err(Problem::not_found())
    };
    about.back(outcome, "post_ended")
}

/// `POST /people/{person}/badge`
pub async fn badge(about: About) -> Result<Response, Problem> {
    let given = staff::give_badge(&about.app, &about.doer(), &about.row.id).await;
    about.once(given.map(labels::code::grouped), "badge")
}

/// `POST /people/{person}/badge/end`
pub async fn end_badge(about: About) -> Result<Response, Problem> {
    let outcome = staff::end_badges(&about.app, &about.doer(), &about.row.id).await;
    about.back(outcome, "badge_ended")
}

/// `POST /people/{person}/code`
pub async fn code(about: About) -> Result<Response, Problem> {
    let given = staff::give_code(&about.app, &about.doer(), &about.row.id).await;
    about.once(given, "code")
}

/// `POST /people/{person}/pin`
pub async fn pin(about: About) -> Result<Response, Problem> {
    let given = staff::give_pin(&about.app, &about.doer(), &about.row.id).await;
    about.once(given, "pin")
}

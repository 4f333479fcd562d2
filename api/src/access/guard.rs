//! The guard before every route: first who asks, then whether that may be done at all. A route is mounted through [`Doors`]
//! with its action, or it is not mounted. What may not be done is answered like what does not exist.
use crate::access::permit::Permit;
use crate::access::principal::{COOKIE, Principal, cookie, identify};
use crate::access::sign_in::word;
use crate::access::who_may::Action;
use crate::app::App;
use crate::client_address::ClientAddress;
use crate::problem::{Beyond, Problem};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::MethodRouter;
use registers::record::{self, Act, Entry};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// A mounted route and its action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub action: Action,
}

/// JSON doors, each with its action.
pub struct Doors {
    guarded: OpenApiRouter<App>,
    open: OpenApiRouter<App>,
    routes: Vec<Route>,
}

impl Doors {
    /// None yet.
    #[must_use]
    pub fn new(document: utoipa::openapi::OpenApi) -> Self {
        Self { guarded: OpenApiRouter::with_openapi(document), open: OpenApiRouter::default(), routes: Vec::new() }
    }

    /// Mounts a door.
    #[must_use]
    pub fn door(mut self, action: Action, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        for (path, item) in &paths.paths {
            let operations = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
            for (method, operation) in operations {
                if operation.is_some() {
                    self.routes.push(Route { method: method.to_owned(), path: path.clone(), action });
                }
            }
        }
        let guarded = methods.route_layer(from_fn(move |request, next| permit(action, request, next)));
        self.guarded = self.guarded.routes((schemas, paths, guarded));
        self
    }

    /// Mounts a door that asks nobody who it is. There are few, and each counts tries.
    #[must_use]
    pub fn open_door(mut self, routes: UtoipaMethodRouter<App>) -> Self {
        self.open = self.open.routes(routes);
        self
    }

    /// The OpenAPI document of the doors below a prefix.
    #[must_use]
    pub fn document(self, prefix: &str) -> utoipa::openapi::OpenApi {
        OpenApiRouter::<App>::new().nest(prefix, self.guarded.merge(self.open)).into_openapi()
    }

    /// Every guarded door with its action.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The router, behind the question who asks.
    pub fn router(self, app: &App) -> Router<App> {
        let (guarded, _) = self.guarded.split_for_parts();
        let (open, _) = self.open.split_for_parts();
        guarded.layer(from_fn_with_state(app.clone(), doors)).merge(open)
    }
}

/// Pages, each with its action.
pub struct Pages {
    router: Router<App>,
    routes: Vec<Route>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { router: Router::new(), routes: Vec::new() }
    }
}

impl Pages {
    /// Mounts a page for some methods.
    #[must_use]
    pub fn page(mut self, action: Action, path: &str, methods: &[&str], route: MethodRouter<App>) -> Self {
        let named = |method: &&str| Route { method: (*method).to_owned(), path: path.to_owned(), action };
        self.routes.extend(methods.iter().map(named));
        let guarded = route.route_layer(from_fn(move |request, next| permit(action, request, next)));
        self.router = self.router.route(path, guarded);
        self
    }

    /// Every page with its action.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The router, behind the question who asks.
    pub fn router(self, app: &App) -> Router<App> {
        self.router.layer(from_fn_with_state(app.clone(), pages))
    }
}

/// Whether this may be done at all, and how far it may reach.
async fn permit(action: Action, mut request: Request, next: Next) -> Response {
    let Some(who) = request.extensions().get::<Principal>().cloned() else {
        return Problem::internal(&"a route before which nobody asked who it is").into_response();
    };
    let Some(scope) = who.scope(action) else {
        let mut refused = refuse(&who);
        refused.extensions_mut().insert(Refused(action));
        return refused;
    };
    request.extensions_mut().insert(Permit { who, action, scope });
    let mut response = next.run(request).await;
    if response.extensions().get::<Beyond>().is_some() {
        response.extensions_mut().insert(Refused(action));
    }
    response
}

/// Marks an answer to who may not do this, or not to this.
#[derive(Clone, Copy, Debug)]
struct Refused(Action);

/// Goes on with a request whose asker is known, and records a refusal before it is answered.
async fn go_on(app: &App, who: Principal, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ClientAddress>().map(|client| client.ip);
    request.extensions_mut().insert(who.clone());
    let response = next.run(request).await;
    let Some(Refused(action)) = response.extensions().get::<Refused>().copied() else { return response };
    let Ok(action) = word(action.name()) else { return response };
    let act = Act::Refused(record::Refused { action, about: None });
    match app.record(&Entry { actor: who.actor(), address, act }).await {
        Ok(()) => response,
        Err(problem) => problem.into_response(),
    }
}

/// A revoked device is told so; to everybody else the door is not there.
fn refuse(who: &Principal) -> Response {
    match who {
        Principal::Device(device) if device.revoked => {
            let status = axum::http::StatusCode::UNAUTHORIZED;
            let revoked = Problem::new(status, "device-revoked", "This device was revoked");
            revoked.detail("Hand it in at a desk. What it scanned is kept and put aside").into_response()
        }
        Principal::Device(_) | Principal::Staff(_) | Principal::Client(_) => Problem::not_found().into_response(),
    }
}

/// Who asks, before the JSON doors.
pub async fn doors(State(app): State<App>, request: Request, next: Next) -> Response {
    match identify(&app, request.headers()).await {
        Ok(who) => go_on(&app, who, request, next).await,
        Err(problem) => problem.into_response(),
    }
}

/// Who asks, before the pages: whoever is not known signs in; an administrator without a second factor sets one.
async fn pages(State(app): State<App>, request: Request, next: Next) -> Response {
    match identify(&app, request.headers()).await {
        Ok(who) => {
            let sets_factor = request.uri().path().starts_with("/account");
            if let Principal::Staff(staff) = &who
                && staff.needs_second_factor()
                && !sets_factor
            {
                return Redirect::to("/account/second-factor").into_response();
            }
            go_on(&app, who, request, next).await
        }
        Err(problem) if problem.status == 401 => {
            Redirect::to(way_in(request.method(), request.headers())).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Where whoever is not known signs in. The page there says that a sign-in is over, and that what was sent is not kept:
/// nobody finds out days later that a form went nowhere.
fn way_in(method: &Method, headers: &HeaderMap) -> &'static str {
    let sent = ![Method::GET, Method::HEAD].contains(method);
    match (sent, cookie(headers, COOKIE)) {
        (true, _) => "/login?over=sent",
        (false, Some(_)) => "/login?over=read",
        (false, None) => "/login",
    }
}

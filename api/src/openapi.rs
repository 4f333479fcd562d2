//! What holds for every door of the OpenAPI document, said once: the credential, the answers that any of them may give, and
//! that a problem is `application/problem+json`. What only some of them answer stands at their handlers.
use crate::sheet::Format;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// What any door may answer beside its own, and when.
const ANY: [(&str, &str); 7] = [
    ("400", "What was sent cannot be read"),
    ("401", "No credential, or none that is valid here"),
    ("403", "A cookie came along with a request of another site"),
    ("404", "Nothing here, or nothing for you: the same answer"),
    ("413", "More than a request may hold"),
    ("500", "A fault here; quote the number it gives"),
    ("503", "Too much waits, or the server is going down: try again"),
];
const PROBLEM: &str = "application/problem+json";
const BEARER: &str = "bearer";

/// Adds it to a document made from the handlers.
pub fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    document.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let answers = &mut operation.responses.responses;
        for (status, about) in ANY {
            answers.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(about)));
        }
        if let Some(RefOr::T(answer)) = answers.get_mut("200")
            && let Some(sheet) = answer.content.get("text/csv").cloned()
        {
            answer.content.insert(Format::Xlsx.media_type().to_owned(), sheet);
        }
        let refusals = answers.iter_mut().filter(|(status, _)| status.starts_with(['4', '5']));
        for answer in refusals.filter_map(|(_, answer)| if let RefOr::T(answer) = answer { Some(answer) } else { None })
        {
            if let Some(content) = answer.content.swap_remove("application/json") {
                answer.content.insert(PROBLEM.to_owned(), content);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

fn problem(about: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(about).content(PROBLEM, body).build()
}

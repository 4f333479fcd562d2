//! Refuses what another site makes a browser send. A cookie goes along with every request to its site, whoever caused it; so
//! a request that changes something must say that it comes from our own pages. Browsers say so in `Sec-Fetch-Site`; older
//! ones, and all of them where there is no TLS, in `Origin` or at least `Referer`, which a page cannot forge either.
//!
//! `SameSite` cookies are the second lock, never the only one: a neighbour below the same domain is of the same site.
use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Guards every route.
pub async fn guard(request: Request, next: Next) -> Response {
    let host = host(request.uri(), request.headers());
    if is_ours(request.method(), host, request.headers()) || is_nameless(request.uri().path(), request.headers()) {
        next.run(request).await
    } else {
        let refused = Problem::new(StatusCode::FORBIDDEN, "cross-site", "This request came from another site");
        refused.detail("Open the page here and try again").into_response()
    }
}

/// Whether a request may go on: it changes nothing, carries no cookie's authority, or comes from our own pages.
fn is_ours(method: &Method, host: Option<&str>, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &header::HeaderValue| value.to_str().unwrap_or_default());
    let bearer = text(header::AUTHORIZATION).is_some_and(|value| value.starts_with("Bearer "));
    if bearer || [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return true;
    }
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        // `none`: the person did it, as by sending a form again after a restart.
        return ["same-origin", "none"].contains(&site);
    }
    match text(header::ORIGIN).or_else(|| text(header::REFERER)) {
        Some(source) => host.is_some_and(|host| is_of(source, host)),
        // A program; but what carries a cookie may be a browser that was told to keep silent.
        None => !headers.contains_key(header::COOKIE),
    }
}

/// Whether an older browser sends a form of the applicant's pages. They send no referrer, since their address is a secret, so
/// such a browser calls its origin `null`. They know no cookie: nobody's authority is borrowed.
fn is_nameless(path: &str, headers: &HeaderMap) -> bool {
    let page = path.get(..2).is_some_and(|begin| begin.eq_ignore_ascii_case("/t"));
    let applicant = page && matches!(path.as_bytes().get(2), None | Some(b'/'));
    let nameless = headers.get(header::ORIGIN).is_some_and(|origin| origin == "null");
    applicant && nameless && !headers.contains_key("sec-fetch-site")
}

/// The host that was asked, with its port: HTTP/2 has it in the address, HTTP/1 in a header.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let authority = uri.authority().map(axum::http::uri::Authority::as_str);
    authority.or_else(|| headers.get(header::HOST)?.to_str().ok())
}

/// Whether the address of a page is one of a host's. The scheme is not compared: behind a proxy we may not know ours.
fn is_of(source: &str, host: &str) -> bool {
    let Ok(source) = source.parse::<Uri>() else { return false };
    let default_port = match source.scheme_str() {
        Some("https") => ":443",
        Some("http") => ":80",
        _ => return false,
    };
    let Some(authority) = source.authority() else { return false };
    let bare = |text: &str| text.strip_suffix(default_port).unwrap_or(text).to_ascii_lowercase();
    bare(authority.as_str()) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "lz.gov.cn:8443";
    const OURS: &str = "https://lz.gov.cn:8443";

    fn passes(method: &str, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        is_ours(&method.parse().unwrap(), Some(HOST), &map)
    }

    #[test]
    fn the_table_of_methods_sites_and_origins() {
        let sites = [None, Some("same-origin"), Some("none"), Some("same-site"), Some("cross-site"), Some("nonsense")];
        let origins =
            [None, Some(OURS), Some("https://evil.cn"), Some("null"), Some("https://lz.gov.cn"), Some("nonsense")];
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
            for site in sites {
                for origin in origins {
                    let safe = ["GET", "HEAD", "OPTIONS"].contains(&method);
                    let expected = match (safe, site, origin) {
                        (true, _, _) => true,
                        (false, Some("same-origin" | "none"), _) => true,
                        (false, Some(_), _) => false,
                        (false, None, Some(origin)) => origin == OURS,
                        (false, None, None) => false,
                    };
                    let mut headers = vec![("cookie", "session=1")];
                    headers.extend(site.map(|site| ("sec-fetch-site", site)));
                    headers.extend(origin.map(|origin| ("origin", origin)));
                    assert_eq!(passes(method, &headers), expected, "{method} {headers:?}");
                    headers.push(("authorization", "Bearer x"));
                    assert!(passes(method, &headers), "{method} {headers:?}: no cookie opens this");
                }
            }
        }
    }

    #[test]
    fn the_referer_counts_where_there_is_no_origin() {
        let cookie = ("cookie", "session=1");
        assert!(passes("POST", &[cookie, ("referer", "https://lz.gov.cn:8443/labels?x=1")]));
        assert!(!passes("POST", &[cookie, ("referer", "https://evil.cn/lz.gov.cn:8443/")]));
        assert!(!passes("POST", &[cookie, ("origin", "null"), ("referer", "https://lz.gov.cn:8443/")]));
    }

    #[test]
    fn a_program_without_a_cookie_passes_and_basic_credentials_exempt_nobody() {
        assert!(passes("POST", &[]));
        assert!(!passes("POST", &[("cookie", "session=1")]));
        assert!(!passes("POST", &[("authorization", "Basic eA=="), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn a_nameless_form_passes_at_the_applicant_s_pages_alone() {
        let passes = |path: &str, headers: &[(&'static str, &str)]| {
            let all = headers.iter().map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()));
            is_nameless(path, &all.collect())
        };
        for path in ["/t", "/T", "/t/RABC", "/T/RABC/rating"] {
            assert!(passes(path, &[("origin", "null")]), "{path}");
            assert!(!passes(path, &[("origin", "null"), ("sec-fetch-site", "cross-site")]), "{path}");
            assert!(!passes(path, &[("origin", "https://evil.cn")]) && !passes(path, &[]), "{path}");
        }
        for path in ["/", "/login", "/tx", "/people", "/x/t", "/二"] {
            assert!(!passes(path, &[("origin", "null")]), "{path}");
        }
    }

    #[test]
    fn hosts_are_compared_with_their_ports_and_without_regard_to_case() {
        assert!(is_of("https://LZ.gov.cn", "lz.gov.cn") && is_of("https://lz.gov.cn", "lz.gov.cn:443"));
        assert!(is_of("http://127.0.0.1:8080", "127.0.0.1:8080") && is_of("https://[fd00::7]:8443", "[fd00::7]:8443"));
        assert!(!is_of("https://lz.gov.cn:9443", HOST) && !is_of("https://user@lz.gov.cn:8443", HOST));
        assert!(!is_of("ftp://lz.gov.cn:8443", HOST) && !is_of("https://lz.gov.cn.evil.cn:8443", HOST));
    }
}

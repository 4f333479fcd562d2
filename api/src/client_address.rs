//! Where a request comes from: the other end of the line, or what a declared proxy says of it. Nobody else is believed:
//! without `--behind-proxy` the forwarding headers are what any client may write.
use crate::problem::Problem;
use crate::tls::TlsListener;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::IncomingStream;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpListener;

/// The client of a request; handlers take it as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    pub ip: IpAddr,
    /// Whether the client's own line is encrypted.
    pub https: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(|| Problem::internal(&"a request came by no line that is known"))
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// How requests reach this server.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub tls: bool,
    pub behind_proxy: bool,
}

impl Line {
    /// Neither TLS nor a proxy.
    pub const PLAIN: Self = Self { tls: false, behind_proxy: false };
}

/// Tells the handlers behind it who the client is.
pub async fn tell(
    State(line): State<Line>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = client(line, peer.ip(), request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

fn client(line: Line, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
    let said = |name| if line.behind_proxy { last(headers, name) } else { None };
    let ip = said("x-forwarded-for").and_then(address).unwrap_or(peer).to_canonical();
    let https = said("x-forwarded-proto").map_or(line.tls, |scheme| scheme.eq_ignore_ascii_case("https"));
    ClientAddress { ip, https }
}

/// The last entry of a list header: the one that the nearest proxy wrote. Those before it came with the request.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "10.0.0.9";

    fn seen(line: Line, headers: &[(&'static str, &str)]) -> (String, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let client = client(line, PEER.parse().unwrap(), &map);
        (client.ip.to_string(), client.https)
    }

    #[test]
    fn without_a_declared_proxy_forwarding_headers_say_nothing() {
        let forged = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")];
        assert_eq!(seen(Line { tls: false, behind_proxy: false }, &forged), (PEER.to_owned(), false));
        let forged = [("x-forwarded-proto", "http")];
        assert_eq!(seen(Line { tls: true, behind_proxy: false }, &forged), (PEER.to_owned(), true));
    }

    #[test]
    fn behind_a_proxy_the_last_hop_counts() {
        let line = Line { tls: false, behind_proxy: true };
        let for_ = |value| seen(line, &[("x-forwarded-for", value)]).0;
        assert_eq!(for_("6.6.6.6, 192.0.2.7"), "192.0.2.7");
        assert_eq!(for_("192.0.2.7:4711"), "192.0.2.7");
        assert_eq!(for_("[2001:db8::7]:4711"), "2001:db8::7");
        assert_eq!(for_("[2001:db8::7]"), "2001:db8::7");
        assert_eq!(for_("::ffff:192.0.2.7"), "192.0.2.7");
        for nonsense in ["unknown", "", "1.2.3.4, "] {
            assert_eq!(for_(nonsense), PEER, "{nonsense:?}: then the proxy itself is the client");
        }
        let twice = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https")];
        assert_eq!(seen(line, &twice), ("192.0.2.7".to_owned(), true));
        assert_eq!(seen(line, &[]), (PEER.to_owned(), false));
    }
}

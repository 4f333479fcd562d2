//! A name or address under which the server is reached, as a certificate carries it.
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use tokio_rustls::rustls::pki_types::{DnsName, ServerName};

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

/// Not a host.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "`{0}` is no host: give a name such as lz.example.gov.cn or an address such as 10.1.2.3, without https:// and port"
)]
pub struct NotAHost(String);

impl FromStr for Host {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let name = DnsName::try_from(text.to_ascii_lowercase()).map_err(|_| NotAHost(text.to_owned()))?;
        // A name of digits and dots alone is an address mistyped.
        let digits = name.as_ref().chars().all(|c| c.is_ascii_digit() || c == '.');
        if digits || text.ends_with('.') {
            Err(NotAHost(text.to_owned()))
        } else {
            Ok(Self::Name(name.as_ref().to_owned()))
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

impl Host {
    /// As it stands in an address of the web.
    #[must_use]
    pub fn in_url(&self) -> String {
        match self {
            Self::Address(IpAddr::V6(address)) => format!("[{address}]"),
            Self::Name(_) | Self::Address(IpAddr::V4(_)) => self.to_string(),
        }
    }

    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Name(name) => ServerName::try_from(name.clone()).ok(),
            Self::Address(address) => Some(ServerName::IpAddress((*address).into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_more() {
        for (text, url) in [
            ("LZ.Example.gov.cn", "lz.example.gov.cn"),
            ("10.1.2.3", "10.1.2.3"),
            ("fd00::7", "[fd00::7]"),
            ("hall", "hall"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().in_url(), url);
        }
        for wrong in
            ["", "https://lz.gov.cn", "lz.gov.cn:8443", "10.1.2.3:8443", "10.1.2", "*.gov.cn", "lz.gov.cn.", "流转.cn"]
        {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
    }
}

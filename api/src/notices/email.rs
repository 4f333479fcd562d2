//! E-mail to an office: the vault holds no applicant's address, so that what is told goes to the site that hands out, or to one
//! address for the county. It names the case and the place, no person.
use super::channel::{Channel, Failure, Message, Reaches};
use super::http::is_here;
use async_trait::async_trait;
use axum::http::Uri;
use domain::id::SiteId;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the mail server is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server, and who is written to.
pub struct Email {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailbox,
    sites: BTreeMap<SiteId, Mailbox>,
}

impl Email {
    /// Through a server such as `smtps://user:password@mail.example.cn`, from an address to another; some sites have their own.
    ///
    /// # Errors
    /// What is no server or no address.
    pub fn new(server: &str, from: &str, to: &str, sites: &BTreeMap<String, String>) -> Result<Self, String> {
        let address = |text: &str| text.parse::<Mailbox>().map_err(|_| format!("`{text}` is no e-mail address"));
        let site = |(site, to): (&String, &String)| {
            Ok((site.parse::<SiteId>().map_err(|_| format!("`{site}` is no site"))?, address(to)?))
        };
        in_private(server)?;
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(server);
        let server = server.map_err(|_| "its server is such as smtps://user:password@mail.example.cn".to_owned())?;
        Ok(Self {
            server: server.timeout(Some(PATIENCE)).build(),
            from: address(from)?,
            to: address(to)?,
            sites: sites.iter().map(site).collect::<Result<_, String>>()?,
        })
    }
}

#[async_trait]
impl Channel for Email {
    fn reaches(&self) -> Reaches {
        Reaches::Office
    }

    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let to = self.sites.get(&message.site).unwrap_or(&self.to).clone();
        let id = format!("<{}@{}>", message.id.simple(), self.from.email.domain());
        let letter = lettre::Message::builder()
            .message_id(Some(id))
            .from(self.from.clone())
            .to(to)
            .subject(format!("{} {}", message.case_no, message.place))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\r\n{}\r\n", message.case_no, message.text))
            .map_err(|_| Failure::Unreachable)?;
        self.server.send(letter).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

/// Without TLS only this machine is spoken to, as everywhere here.
fn in_private(server: &str) -> Result<(), String> {
    let uri: Option<Uri> = server.parse().ok();
    let asks_tls = |uri: &Uri| {
        uri.scheme_str() == Some("smtps") || uri.query().is_some_and(|it| it.split('&').any(|it| it == "tls=required"))
    };
    match uri {
        Some(uri) if asks_tls(&uri) || uri.host().is_some_and(is_here) => Ok(()),
        _ => Err("its server begins with smtps://, or with smtp:// and ends in ?tls=required".to_owned()),
    }
}

/// What the server said is certain; else what was sent may have been taken.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    match error.status() {
        Some(code) => Failure::Refused(code.into()),
        None if error.is_client() => Failure::Unreachable,
        None => Failure::InDoubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_by_tls_or_to_this_machine() {
        let opened = |server: &str| Email::new(server, "a@example.cn", "b@example.cn", &BTreeMap::new()).is_ok();
        for right in ["smtps://u:p@mail.example.cn", "smtp://mail.example.cn?tls=required", "smtp://127.0.0.1:2525"] {
            assert!(opened(right), "{right}");
        }
        for wrong in ["smtp://mail.example.cn", "smtp://mail.example.cn?tls=opportunistic", "mail.example.cn", ""] {
            assert!(!opened(wrong), "{wrong}");
        }
    }
}

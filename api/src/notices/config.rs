//! Channels as the configuration has them: a file of its own (TOML), for it holds secrets; only its owner may read it.
use super::channel::{Channel, Reaches};
use super::email::Email;
use super::http::{Door, Patience};
use super::quiet::Quiet;
use super::sms::{Body, Sms};
use super::text::SIGNATURE_MAX;
use super::webhook::{Secret, Webhook};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Characters of a channel's name.
const NAME_MAX: usize = 20;

/// A channel with its name and its hours.
pub struct Configured {
    /// In the outbox and on the page. Another name is another channel, which begins anew.
    pub name: String,
    pub english: bool,
    /// In these hours nothing goes out.
    pub quiet: Option<Quiet>,
    pub channel: Box<dyn Channel>,
}

/// Every channel of the configuration. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    pub channels: Arc<Vec<Configured>>,
    /// Who says it: before each SMS.
    pub signature: Arc<str>,
    /// How often a notice is tried.
    pub tries: i64,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.channels.iter().map(|it| &it.name)).finish()
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self { channels: Arc::default(), signature: Arc::from(""), tries: usual_tries() }
    }
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signature: String,
    #[serde(default = "usual_tries")]
    tries: i64,
    #[serde(default, rename = "channel")]
    channels: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default)]
    english: bool,
    quiet: Option<String>,
    sms: Option<RawSms>,
    email: Option<RawEmail>,
    webhook: Option<RawWebhook>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSms {
    url: String,
    /// `json` or `form`.
    format: String,
    body: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    expects: Option<String>,
    authority: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEmail {
    server: String,
    from: String,
    to: String,
    #[serde(default)]
    sites: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWebhook {
    url: String,
    secret: String,
    authority: Option<PathBuf>,
}

fn usual_tries() -> i64 {
    8
}

impl Notices {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, others may read it, or what stands in it is not right.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the notices file {shown}"))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
                bail!("others may read the notices file {shown}, which holds secrets: chmod 600 {shown}");
            }
        }
        Self::of_text(&text).with_context(|| format!("the notices file {shown} is not right"))
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// What stands in it is not right.
    pub fn of_text(text: &str) -> anyhow::Result<Self> {
        Self::of_text_patient(text, Patience::default())
    }

    /// The same, with the other side waited for longer or shorter.
    ///
    /// # Errors
    /// What stands in it is not right.
    pub fn of_text_patient(text: &str, patience: Patience) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.message()))?;
        if file.signature.trim().is_empty() || super::text::length(&file.signature) > SIGNATURE_MAX {
            bail!("signature has 1 to {SIGNATURE_MAX} characters");
        }
        if !(1..=20).contains(&file.tries) {
            bail!("tries is 1 to 20");
        }
        let mut channels: Vec<Configured> = Vec::new();
        for raw in file.channels {
            let name = raw.name.clone();
            let channel = configured(raw, patience).map_err(|error| anyhow::anyhow!("channel `{name}`: {error}"))?;
            if channels.iter().any(|other| other.name == channel.name) {
                bail!("two channels are called `{name}`");
            }
            channels.push(channel);
        }
        Ok(Self { channels: Arc::new(channels), signature: file.signature.trim().into(), tries: file.tries })
    }

    /// The names of the channels.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.channels.iter().map(|it| it.name.as_str()).collect()
    }
}

fn configured(raw: Raw, patience: Patience) -> Result<Configured, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=NAME_MAX).contains(&raw.name.len()) || !raw.name.chars().all(plain) {
        return Err(format!("its name has 1 to {NAME_MAX} small letters, digits and hyphens"));
    }
    let said = raw.quiet.as_deref().map(str::parse::<Quiet>).transpose()?;
    let (channel, quiet): (Box<dyn Channel>, _) = match (raw.sms, raw.email, raw.webhook) {
        (Some(raw), None, None) => (Box::new(sms(&raw, patience)?), Some(said.unwrap_or(Quiet::USUAL))),
        (None, Some(raw), None) => (Box::new(Email::new(&raw.server, &raw.from, &raw.to, &raw.sites)?), said),
        (None, None, Some(_)) if said.is_some() => return Err("a webhook wakes nobody: leave out quiet".to_owned()),
        (None, None, Some(raw)) => (Box::new(webhook(&raw, patience)?), None),
        _ => return Err("it has one of the tables sms, email and webhook".to_owned()),
    };
    Ok(Configured { name: raw.name, english: raw.english, quiet, channel })
}

fn sms(raw: &RawSms, patience: Patience) -> Result<Sms, String> {
    let body = match raw.format.as_str() {
        "json" => Body::json(&raw.body)?,
        "form" => Body::form(&raw.body)?,
        _ => return Err("its format is json or form".to_owned()),
    };
    if raw.url.contains(['{', '}']) || raw.headers.values().any(|value| value.contains("{phone}")) {
        return Err("a phone stands in the body alone: its url and headers have no gaps".to_owned());
    }
    let mut sms = Sms::new(Door::new(&raw.url, raw.authority.as_deref())?, &raw.headers, body, raw.expects.clone())?;
    sms.door.patient(patience);
    Ok(sms)
}

fn webhook(raw: &RawWebhook, patience: Patience) -> Result<Webhook, String> {
    let door = Door::new(&raw.url, raw.authority.as_deref())?;
    let mut webhook = Webhook::new(door, Secret::read(&raw.secret)?);
    webhook.door.patient(patience);
    Ok(webhook)
}

impl Configured {
    /// Whom it reaches.
    #[must_use]
    pub fn reaches(&self) -> Reaches {
        self.channel.reaches()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMS: &str = "[[channel]]\nname = \"sms\"\nsms = { url = \"http://127.0.0.1:9/\", format = \"form\", body = \"a={phone}&b={text}\" }\n";

    fn error(text: &str) -> String {
        Notices::of_text(text).map(|_| ()).expect_err(text).to_string()
    }

    #[test]
    fn sms_is_quiet_at_night_unless_said_otherwise_and_a_webhook_never() {
        let hook = "[[channel]]\nname = \"hook\"\nwebhook = { url = \"http://127.0.0.1:9/\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }\n";
        let read = Notices::of_text(&format!("signature = \"五华政务\"\n{SMS}{hook}")).unwrap();
        assert_eq!(read.names(), ["sms", "hook"]);
        assert_eq!([0, 1].map(|at| read.channels[at].quiet), [Some(Quiet::USUAL), None]);
        let shown = format!("{read:?}");
        assert!(!shown.contains("whsec") && !shown.contains("127"), "{shown}");
    }

    #[test]
    fn what_is_not_right_is_said_by_its_name() {
        let signed = |rest: &str| format!("signature = \"五华政务\"\n{rest}");
        assert!(error(&signed(&SMS.replace("name = \"sms\"", "name = \"S M S\""))).contains("small letters"));
        assert!(error(&signed(&format!("{SMS}{SMS}"))).contains("two channels"));
        assert!(error(&signed(&SMS.replace("127.0.0.1:9/", "127.0.0.1:9/?to={phone}"))).contains("no gaps"));
        assert!(error(&signed(&SMS.replace("\"form\"", "\"xml\""))).contains("json or form"));
        assert!(error(&signed("[[channel]]\nname = \"x\"\n")).contains("one of the tables"));
        assert!(error(&format!("signature = \"{}\"", "字".repeat(17))).contains("signature"));
        assert!(error(&signed(&SMS.replace("a={phone}", "a=1"))).contains("gaps"));
    }
}

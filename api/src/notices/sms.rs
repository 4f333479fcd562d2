//! SMS through a gateway that takes HTTP: an address, headers and a body with gaps for phone, text and message id, as JSON or
//! as a form. What fills a gap is escaped as the body's form asks, so that no text breaks out of it; the address has no gaps,
//! so that no phone stands in anybody's log.
use super::channel::{Channel, Failure, Message, Reaches};
use super::http::{Answer, Door};
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeMap;

/// A body with gaps.
#[derive(Debug)]
pub enum Body {
    Json(Value),
    /// Names and values, both with gaps.
    Form(Vec<(String, String)>),
}

/// What fills the gaps.
struct Filling<'a> {
    phone: &'a str,
    text: &'a str,
    id: &'a str,
}

impl Filling<'_> {
    /// In one pass, so that a text that holds a gap's name is left alone.
    fn fill(&self, template: &str) -> String {
        let gaps = [("{phone}", self.phone), ("{text}", self.text), ("{id}", self.id)];
        let (mut filled, mut rest) = (String::new(), template);
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let gap = gaps.iter().find(|(name, _)| rest.starts_with(name));
            let (text, length) = gap.map_or(("{", 1), |(name, value)| (*value, name.len()));
            filled.push_str(text);
            rest = &rest[length..];
        }
        filled + rest
    }
}

impl Body {
    /// A template of JSON: gaps stand inside its strings.
    ///
    /// # Errors
    /// No JSON, or without the gaps for phone and text.
    pub fn json(template: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(template).map_err(|error| format!("its body is no JSON: {error}"))?;
        whole(template)?;
        Ok(Self::Json(value))
    }

    /// A template of a form: `mobile={phone}&content={text}`.
    ///
    /// # Errors
    /// A part without `=`, or without the gaps for phone and text.
    pub fn form(template: &str) -> Result<Self, String> {
        whole(template)?;
        let pair = |part: &str| part.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pairs: Option<Vec<_>> = template.trim().split('&').map(pair).collect();
        pairs.map(Self::Form).ok_or_else(|| "its body is name=value&name=value".to_owned())
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    fn filled(&self, filling: &Filling<'_>) -> String {
        match self {
            Self::Json(value) => in_json(value, filling).to_string(),
            Self::Form(pairs) => {
                let encoded = |text: &str| utf8_percent_encode(&filling.fill(text), NON_ALPHANUMERIC).to_string();
                let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
                pairs.collect::<Vec<_>>().join("&")
            }
        }
    }
}

fn whole(template: &str) -> Result<(), String> {
    let has = |gap| template.contains(gap);
    if has("{phone}") && has("{text}") { Ok(()) } else { Err("its body has the gaps {phone} and {text}".to_owned()) }
}

fn in_json(value: &Value, filling: &Filling<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(filling.fill(text)),
        Value::Array(all) => all.iter().map(|it| in_json(it, filling)).collect(),
        Value::Object(all) => all.iter().map(|(name, it)| (name.clone(), in_json(it, filling))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A gateway.
pub struct Sms {
    pub(super) door: Door,
    headers: HeaderMap,
    body: Body,
    /// What an answer holds that means yes; some gateways say no with 200.
    expects: Option<String>,
}

impl Sms {
    /// A gateway at an address.
    ///
    /// # Errors
    /// A header that is none.
    pub fn new(
        door: Door,
        headers: &BTreeMap<String, String>,
        body: Body,
        expects: Option<String>,
    ) -> Result<Self, String> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let wrong = || format!("`{name}` is no header");
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            all.insert(name.parse::<HeaderName>().map_err(|_| wrong())?, value);
        }
        Ok(Self { door, headers: all, body, expects })
    }

    fn is_yes(&self, answer: &Answer) -> bool {
        let said = String::from_utf8_lossy(&answer.body);
        self.expects.as_ref().is_none_or(|expected| said.contains(expected))
    }
}

#[async_trait]
impl Channel for Sms {
    fn reaches(&self) -> Reaches {
        Reaches::Phone
    }

    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let phone = message.phone.as_ref().ok_or(Failure::Unreachable)?;
        let id = message.id.simple().to_string();
        let body = self.body.filled(&Filling { phone: phone.expose(), text: &message.text, id: &id });
        let answer = self.door.post(self.body.kind(), self.headers.clone(), body.into_bytes()).await?;
        match answer.taken() {
            Ok(()) if self.is_yes(&answer) => Ok(()),
            Ok(()) => Err(Failure::NotTaken),
            // A gateway that moved is mended in the configuration; only a webhook's receiver says goodbye by 410.
            Err(Failure::Gone) => Err(Failure::Refused(410)),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "\"},{&x=1%0a{phone}\\\n';--【五华】";

    fn filled(body: &Body) -> String {
        body.filled(&Filling { phone: "13812345678", text: NASTY, id: "7" })
    }

    #[test]
    fn in_json_a_text_stays_one_string_whatever_it_holds() {
        let body = Body::json(r#"{"to":["{phone}"],"say":"<{text}>","n":1,"ref":"{id}"}"#).unwrap();
        let read: Value = serde_json::from_str(&filled(&body)).unwrap();
        assert_eq!(read["say"], format!("<{NASTY}>"));
        assert_eq!((&read["to"][0], &read["n"], &read["ref"]), (&"13812345678".into(), &1.into(), &"7".into()));
    }

    #[test]
    fn in_a_form_a_text_stays_one_value_whatever_it_holds() {
        let body = Body::form("mobile={phone}&content={text}&ref={id}").unwrap();
        let read: Vec<(String, String)> = filled(&body)
            .split('&')
            .map(|pair| {
                let decode =
                    |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
                let (name, value) = pair.split_once('=').unwrap();
                (decode(name), decode(value))
            })
            .collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[1], ("content".to_owned(), NASTY.to_owned()));
    }

    #[test]
    fn a_body_without_its_gaps_is_refused() {
        assert!(Body::json(r#"{"to":"{phone}"}"#).is_err() && Body::json("{phone}{text}").is_err());
        assert!(Body::form("a={phone}").is_err() && Body::form("{phone}&{text}").is_err());
    }
}

//! Another program is told, as Standard Webhooks 1.0.0 describes it: `webhook-id`, `webhook-timestamp`, and `webhook-signature`
//! over `id.timestamp.body` by HMAC-SHA256; the body is a CloudEvents 1.0 event. It is told the case and the place, no phone
//! and no name. A receiver that answers 410 is told nothing more.
use super::channel::{Channel, Failure, Message, Reaches};
use super::http::Door;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// Bytes of a secret, as the standard asks.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A receiver.
pub struct Webhook {
    pub(super) door: Door,
    secret: Secret,
}

/// What a message is signed with.
pub struct Secret(Vec<u8>);

impl Secret {
    /// As it is handed out: `whsec_` and base64.
    ///
    /// # Errors
    /// Another shape, or too short or long.
    pub fn read(text: &str) -> Result<Self, String> {
        let bytes = text.strip_prefix("whsec_").and_then(|rest| BASE64_STANDARD.decode(rest).ok());
        let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
        bytes.map(Self).ok_or_else(|| "its secret is whsec_ and the base64 of 24 to 64 bytes".to_owned())
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl Webhook {
    /// A receiver at an address.
    #[must_use]
    pub fn new(door: Door, secret: Secret) -> Self {
        Self { door, secret }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn reaches(&self) -> Reaches {
        Reaches::Office
    }

    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let (id, seconds, body) =
            (format!("msg_{}", message.id.simple()), message.now.0.div_euclid(1000), body(message));
        let signature = self.secret.sign(&id, seconds, body.as_bytes());
        let mut headers = HeaderMap::new();
        let named = [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
        for (name, value) in named {
            headers.insert(name, HeaderValue::from_str(&value).map_err(|_| Failure::Unreachable)?);
        }
        self.door.post("application/cloudevents+json", headers, body.into_bytes()).await?.taken()
    }
}

/// A CloudEvents event.
fn body(message: &Message) -> String {
    json!({
        "specversion": "1.0",
        "id": message.id,
        "source": "/liuzhuan/notices",
        "type": format!("liuzhuan.notice.{}", message.kind),
        "time": written(message.now),
        "datacontenttype": "application/json",
        "data": {
            "case_id": message.case,
            "case_no": message.case_no,
            "site": message.site,
            "until": message.until.map(written),
        },
    })
    .to_string()
}

/// As RFC 3339 has it, in UTC.
fn written(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that comes with the standard.
    #[test]
    fn the_signature_is_that_of_the_standards_example() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_has_its_prefix_and_its_length() {
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***"] {
            assert!(Secret::read(wrong).is_err(), "{wrong}");
        }
    }
}

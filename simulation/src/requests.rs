//! From what leaves the county to requests: path and body of each, labels written as they are printed.
use crate::upload::{Ask, Batch, Bound, Command, DeviceSpec, Registration};
use crate::wire::{WireBatch, WireScan};
use domain::code::Code;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One request to the product.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub body: Value,
}

impl Request {
    fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: format!("/api/v1{path}"), body }
    }
}

/// The printed text of a label; empty if it was never minted, which the driver excludes.
#[must_use]
pub fn printed(codes: &[Code], label: usize) -> String {
    codes.get(label).copied().map(labels::code::print).unwrap_or_default()
}

/// A device enrolled.
#[must_use]
pub fn device(spec: &DeviceSpec) -> Request {
    let mut body = json!({ "request_id": spec.request_id, "name": spec.name });
    match &spec.bound {
        Bound::Site(site) => body["site"] = json!(site),
        Bound::Courier(person) => body["courier"] = json!(person),
    }
    Request { method: Method::PUT, path: format!("/api/v1/devices/{}", spec.id), body }
}

/// A batch of scans.
#[must_use]
pub fn batch(batch: &Batch, codes: &[Code]) -> WireBatch {
    let scans: Vec<WireScan> = batch.scans.iter().map(|scan| scan.printed(&|label| printed(codes, *label))).collect();
    WireBatch { sent_at: batch.sent_at, round_trip_ms: batch.round_trip_ms, scans }
}

/// A command of a desk.
#[must_use]
pub fn command(command: &Command, codes: &[Code]) -> Request {
    let (id, by) = (command.request_id, &command.by);
    let step = |case: &domain::id::CaseId, mut body: Value| {
        (body["request_id"], body["by"]) = (json!(id), json!(by));
        Request::post(&format!("/cases/{case}/steps"), body)
    };
    let about = |label: &usize, what: &str, mut body: Value| {
        (body["request_id"], body["by"]) = (json!(id), json!(by));
        let mut path = String::new();
        // Writing to a String cannot fail.
        let _ = write!(path, "/dossiers/{}/{what}", printed(codes, *label));
        Request::post(&path, body)
    };
    match &command.what {
        Ask::FileCase { case, case_no, item, at, home } => Request::post(
            "/cases",
            json!({ "request_id": id, "by": by, "case_id": case, "case_no": case_no, "item": item, "at": at, "home": home }),
        ),
        Ask::Accept { case } => step(case, json!({ "step": "accepted" })),
        Ask::Decide { case, granted } => {
            step(case, json!({ "step": "decided", "outcome": if *granted { "granted" } else { "refused" } }))
        }
        Ask::Close { case, granted } => {
            step(case, json!({ "step": "closed", "close_code": if *granted { "issued" } else { "refused" } }))
        }
        Ask::Register(registration) => {
            let mut body = register(registration, codes);
            (body["request_id"], body["by"]) = (json!(id), json!(by));
            Request::post("/dossiers", body)
        }
        Ask::HandOut { label, at, to_proxy } => {
            let (receiver, checked) = if *to_proxy { ("proxy", "both") } else { ("applicant", "identity_document") };
            about(label, "hand-out", json!({ "at": at, "receiver": receiver, "checked": checked }))
        }
        Ask::Archive { label, at } => about(label, "archive", json!({ "at": at })),
        Ask::Reroute { label, at, destination } => {
            about(label, "reroute", json!({ "at": at, "destination": destination }))
        }
    }
}

fn register(it: &Registration, codes: &[Code]) -> Value {
    let mut body = json!({
        "code": printed(codes, it.label),
        "dossier_no": it.dossier_no,
        "kind": if it.is_result { "result" } else { "application" },
        "case": it.case,
        "item": it.item,
        "home": it.home,
        "at": it.at,
    });
    if let Some(destination) = &it.destination {
        body["destination"] = json!(destination);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::tests::small_county;
    use crate::upload::Upload;
    use crate::world::World;
    use crate::{config::Config, faults::FaultRates};
    use domain::code::CodeKind;

    /// Keys that the contract names for a scan.
    const SCAN_KEYS: [&str; 21] = [
        "scan_id",
        "code",
        "mode",
        "bag",
        "stop",
        "actor",
        "device",
        "installation",
        "seq",
        "wall_ms",
        "mono_ms",
        "action",
        "action_by",
        "to",
        "carrier",
        "seal_no",
        "seal_intact",
        "reason",
        "left_with",
        "shelf",
        "voids",
    ];

    fn bodies() -> (Vec<Value>, Vec<Request>) {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let config = Config { dossiers_per_day: 80, faults: FaultRates::default(), ..Config::default() };
        let mut world = World::new(&small_county(), config, 4, start).unwrap();
        let uploads: Vec<_> = (0..12).flat_map(|day| world.day(day)).collect();
        let codes: Vec<_> = (0..).zip(world.labels()).map(|(n, label)| Code::new(label.kind, n)).collect();
        let (mut scans, mut requests) = (Vec::new(), Vec::new());
        for timed in &uploads {
            match &timed.upload {
                Upload::Device(spec) => requests.push(device(spec)),
                Upload::Scans(sent) => scans.extend(batch(sent, &codes).scans.iter().map(|scan| json!(scan))),
                Upload::Desk(commands) => requests.extend(commands.iter().map(|it| command(it, &codes))),
            }
        }
        (scans, requests)
    }

    #[test]
    fn scans_have_the_keys_of_the_contract_and_labels_that_can_be_read() {
        let (scans, _) = bodies();
        assert!(scans.len() > 5_000, "{}", scans.len());
        for scan in &scans {
            let keys = scan.as_object().unwrap();
            assert!(keys.keys().all(|key| SCAN_KEYS.contains(&key.as_str()) || key == "absent"), "{scan}");
            let code = labels::code::read(scan["code"].as_str().unwrap()).unwrap();
            assert!(matches!(code.kind(), CodeKind::Dossier | CodeKind::Bag));
        }
        let actions = [
            "received",
            "at_department",
            "collected",
            "dispatched",
            "returned",
            "packed",
            "sealed",
            "opened",
            "checked",
            "shelved",
            "posted",
            "sighted",
            "refused",
            "scan_voided",
        ];
        for action in actions {
            assert!(scans.iter().any(|scan| scan["action"] == action), "nobody {action} anything");
        }
        let posted = scans.iter().find(|scan| scan["action"] == "posted").unwrap();
        assert!(posted["carrier"]["post"]["tracking_no"].is_string(), "{posted}");
        assert!(scans.iter().any(|scan| scan.get("action").is_none()), "some are left to the server");
    }

    #[test]
    fn every_command_names_its_request_and_who_gave_it() {
        let (_, requests) = bodies();
        for end in ["/cases", "/steps", "/dossiers", "/hand-out", "/archive"] {
            let found = requests.iter().find(|request| request.path.ends_with(end)).expect(end);
            assert!(found.body["request_id"].is_string() && found.body["by"].is_string(), "{found:?}");
        }
    }
}

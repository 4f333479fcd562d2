//! Words of the pages, in the reader's language: cookie `lang` first, then what the browser asks for, then Chinese.
use crate::access::principal::cookie;
use crate::access::{Action, Permit};
use crate::app::Known;
use crate::problem::Problem;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, FixedOffset};
use domain::custody::{Custody, Evidence, Holder, Reading, Sides};
use domain::dossier::{DossierKind, PieceKind};
use domain::id::{PersonId, SiteId};
use domain::time::Timestamp;
use rust_i18n::t;
use std::sync::Arc;

/// China has one zone and no summer time.
pub const SHANGHAI_SECONDS: i32 = 8 * 3600;

/// The reader's language, with the registers that give sites their names.
#[derive(Clone)]
pub struct Words {
    pub english: bool,
    /// Whether the letters are larger, for tired eyes.
    pub large: bool,
    /// Whose page it is; empty for nobody's.
    pub person: String,
    /// Whether the box that finds a dossier is shown.
    pub finds: bool,
    /// Where that person may go: address and the key of its name.
    pub links: Vec<(&'static str, &'static str)>,
    known: Arc<Known>,
}

/// Pages of the head line, with the action that opens each.
const LINKS: [(Action, &str, &str); 15] = [
    (Action::ReadQueues, "/today", "today.title"),
    (Action::FileCases, "/register", "register.title"),
    (Action::HandOut, "/pickup", "pickup.title"),
    (Action::ReadQueues, "/county", "county.title"),
    (Action::ReadDossiers, "/bags", "bags.title"),
    (Action::ReadExceptions, "/exceptions", "exceptions.title"),
    (Action::SearchApplicants, "/applicants", "applicants.title"),
    (Action::ReadNotices, "/notices", "notices.title"),
    (Action::RestrictApplicants, "/applicants/rights", "rights.title"),
    (Action::MintLabels, "/labels", "labels.title"),
    (Action::ReadDevices, "/devices", "devices.title"),
    (Action::ReadPeople, "/people", "people.title"),
    (Action::ManageClients, "/clients", "clients.title"),
    (Action::ReadRecord, "/record", "record.title"),
    (Action::OwnAccount, "/account", "account.title"),
];

impl Words {
    /// For a request.
    #[must_use]
    pub fn of(headers: &HeaderMap, known: Arc<Known>) -> Self {
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("zh");
        let english = match cookie(headers, "lang") {
            Some(lang) => lang == "en",
            None => asked.trim_start().to_ascii_lowercase().starts_with("en"),
        };
        let large = cookie(headers, "type").is_some_and(|size| size == "large");
        Self { english, large, person: String::new(), finds: false, links: Vec::new(), known }
    }

    /// With what the head line offers to who is signed in.
    #[must_use]
    pub fn of_permit(headers: &HeaderMap, known: Arc<Known>, permit: &Permit) -> Self {
        let may = |action: Action| permit.who.scope(action).is_some();
        let links = LINKS.iter().filter(|(action, _, _)| may(*action)).map(|(_, to, name)| (*to, *name)).collect();
        let name = permit.person().and_then(|id| known.people.find(id)).map(|row| row.name.clone());
        let person = name.unwrap_or_else(|| permit.who.name());
        Self { person, finds: may(Action::ReadDossiers), links, ..Self::of(headers, known) }
    }

    /// Whether the box takes an applicant's phone or whole name too.
    #[must_use]
    pub fn finds_applicants(&self) -> bool {
        self.links.iter().any(|(to, _)| *to == "/applicants")
    }

    /// What people call a member of the staff; the id if nobody is known by it.
    #[must_use]
    pub fn name(&self, id: &PersonId) -> String {
        self.known.people.find(id).map_or_else(|| id.to_string(), |row| row.name.clone())
    }

    /// What a problem is called, in the reader's language where there are words for it.
    #[must_use]
    pub fn problem(&self, problem: &Problem) -> String {
        let kind = problem.kind.rsplit(':').next().unwrap_or_default();
        let wait = problem.retry_after.map(|seconds| t!("problem.wait", locale = self.lang(), seconds = seconds));
        let said = self.find(&format!("problem.{kind}")).map(|said| said + &wait.unwrap_or_default());
        said.unwrap_or_else(|| problem.detail.clone().unwrap_or_else(|| problem.title.clone()))
    }

    /// A word or sentence, if there is one.
    fn find(&self, key: &str) -> Option<String> {
        // What has no words comes back as its own name behind the language's.
        Some(self.t(key)).filter(|said| said != key && *said != format!("{}.{key}", self.lang()))
    }

    /// What a name of a section is called; the name itself where it has no words.
    #[must_use]
    pub fn named(&self, section: &str, name: &str) -> String {
        self.find(&format!("{section}.{name}")).unwrap_or_else(|| name.to_owned())
    }

    /// Language tag, for `<html lang>`.
    #[must_use]
    pub fn lang(&self) -> &'static str {
        if self.english { "en" } else { "zh-CN" }
    }

    /// A word or sentence by its key.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        t!(key, locale = self.lang()).into_owned()
    }

    /// What people call a site.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> String {
        self.known.site_name(id, self.english).to_owned()
    }

    /// What people call a service item; its code if it is unknown.
    #[must_use]
    pub fn item(&self, id: &domain::id::ItemId) -> String {
        self.known.items.get(id).map_or_else(|| id.to_string(), |item| item.name.clone())
    }

    /// A time as people write it.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        clock(at, self.english)
    }

    /// A time to the second.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        moment(at)
    }

    /// How long ago, in one unit.
    #[must_use]
    pub fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        let (count, unit) = in_one_unit(now.since(at));
        t!(format!("ago.{unit}"), locale = self.lang(), count = count).into_owned()
    }

    /// How long, in one unit.
    #[must_use]
    pub fn span(&self, millis: i64) -> String {
        let (count, unit) = in_one_unit(millis);
        t!(format!("span.{unit}"), locale = self.lang(), count = count).into_owned()
    }

    /// What kind of papers it is.
    #[must_use]
    pub fn kind(&self, kind: DossierKind) -> String {
        self.t(match kind {
            DossierKind::Application => "kind.application",
            DossierKind::Supplement => "kind.supplement",
            DossierKind::Copy => "kind.copy",
            DossierKind::Result => "kind.result",
        })
    }

    /// What becomes of a paper.
    #[must_use]
    pub fn piece(&self, kind: PieceKind) -> String {
        self.t(match kind {
            PieceKind::Original => "piece.original",
            PieceKind::Copy => "piece.copy",
            PieceKind::ToReturn => "piece.to_return",
            PieceKind::Shown => "piece.shown",
        })
    }

    /// A sentence: who has it.
    #[must_use]
    pub fn holder(&self, holder: &Holder) -> String {
        let lang = self.lang();
        let site =
            |site: &Option<SiteId>| site.as_ref().map_or_else(|| self.t("holder.somewhere"), |site| self.site(site));
        match holder {
            Holder::Site { site } => t!("holder.site", locale = lang, site = self.site(site)),
            Holder::Courier { courier, from, to } => {
                t!("holder.courier", locale = lang, courier = self.name(courier), from = site(from), to = site(to))
            }
            Holder::Leg { from, to } => t!("holder.leg", locale = lang, from = site(from), to = site(to)),
            Holder::Post { from, to, .. } => t!("holder.post", locale = lang, from = site(from), to = site(to)),
            Holder::Bag { bag } => {
                let code = crate::view::printed_subject(*bag).unwrap_or_default();
                t!("holder.bag", locale = lang, bag = tail(&code))
            }
            Holder::Applicant => t!("holder.applicant", locale = lang),
            Holder::Archive => t!("holder.archive", locale = lang),
            Holder::Unknown { last_site, .. } => match last_site {
                Some(last) => t!("holder.unknown_last", locale = lang, site = self.site(last)),
                None => t!("holder.unknown", locale = lang),
            },
        }
        .into_owned()
    }

    /// A sentence: how we know.
    #[must_use]
    pub fn evidence(&self, evidence: &Evidence) -> String {
        let read = match (evidence.read, evidence.bag) {
            (Reading::Seen, _) => self.t("evidence.seen"),
            (Reading::Inferred, Some(bag)) => {
                let code = crate::view::printed_subject(bag).unwrap_or_default();
                t!("evidence.inferred", locale = self.lang(), bag = tail(&code)).into_owned()
            }
            (Reading::Inferred, None) => self.t("evidence.none"),
        };
        let sides = if evidence.sides == Sides::Both { self.t("evidence.both") } else { self.t("evidence.one") };
        if evidence.read == Reading::Inferred && evidence.bag.is_none() { read } else { format!("{read} {sides}") }
    }

    /// Since when, as a sentence.
    #[must_use]
    pub fn since(&self, custody: &Custody, now: Timestamp) -> String {
        custody.since.map_or_else(String::new, |since| format!("{} ({})", self.time(since), self.ago(since, now)))
    }
}

/// A length of time as people say it.
fn in_one_unit(millis: i64) -> (i64, &'static str) {
    let minutes = (millis / 60_000).max(0);
    match minutes {
        0..60 => (minutes, "minutes"),
        60..2880 => (minutes / 60, "hours"),
        _ => (minutes / 1440, "days"),
    }
}

/// `2026年11月23日 14:05`, or `2026-11-23 14:05`.
#[must_use]
pub fn clock(at: Timestamp, english: bool) -> String {
    let format = if english { "%Y-%m-%d %H:%M" } else { "%Y年%-m月%-d日 %H:%M" };
    in_shanghai(at).map_or_else(|| at.0.to_string(), |at| at.format(format).to_string())
}

/// `2026年11月23日`, as it stands on papers.
#[must_use]
pub fn day(at: Timestamp) -> String {
    in_shanghai(at).map_or_else(|| at.0.to_string(), |at| at.format("%Y年%-m月%-d日").to_string())
}

/// A time by China's clock; `None` for what no calendar holds.
pub(super) fn in_shanghai(at: Timestamp) -> Option<DateTime<FixedOffset>> {
    let zone = FixedOffset::east_opt(SHANGHAI_SECONDS)?;
    Some(DateTime::from_timestamp_millis(at.0)?.with_timezone(&zone))
}

/// A time to the second, as it is in China, in any language.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    in_shanghai(at).map_or_else(|| at.0.to_string(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// The last characters of a label, as people say them.
#[must_use]
pub fn tail(code: &str) -> &str {
    code.get(code.len().saturating_sub(6)..).unwrap_or(code)
}

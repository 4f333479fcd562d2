//! The scan box of a bag: what somebody at a desk does with the bag whose page is open, one scan for each form. It works
//! with a wedge scanner, which types a label and presses Enter, and without JavaScript.
use super::bag;
use super::bags::own_site;
use super::trouble::said;
use super::typed::{self, filled};
use super::words::{Words, tail};
use super::{again, page};
use crate::access::{Action as May, Permit};
use crate::app::App;
use crate::desk_scan::{self, DeskScan};
use crate::problem::Problem;
use crate::v1::scans::Outcome;
use crate::v1::subject;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::bag::Outside;
use domain::id::SiteId;
use domain::scan::{Action, Carrier, Details, Mode, RefusalReason};
use projections::Scope;
use projections::custody::Row;
use serde::Deserialize;
use uuid::Uuid;

/// Characters of a seal's or a tracking number at most.
const NUMBER_MAX: usize = 40;

/// What may be done with a bag by scanning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Receive,
    Open,
    /// One thing after the other, against what was declared.
    Check,
    /// Counting is over.
    Done,
    Pack,
    Seal,
    Send,
    Refuse,
}

impl Deed {
    /// Each, in the order of a bag's day.
    pub const ALL: [Self; 8] =
        [Self::Receive, Self::Open, Self::Check, Self::Done, Self::Pack, Self::Seal, Self::Send, Self::Refuse];

    /// Its name in addresses and among the words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Open => "open",
            Self::Check => "check",
            Self::Done => "done",
            Self::Pack => "pack",
            Self::Seal => "seal",
            Self::Send => "send",
            Self::Refuse => "refuse",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What is probably done next with a bag, where the person stands.
    fn usual(row: &Row, outside: &Outside, at: &SiteId) -> Self {
        match (row.custody.holder.site() == Some(at), outside.open(), outside.sealed()) {
            (false, _, _) if row.custody.since.is_some() => Self::Receive,
            (_, Some(opening), _) if opening.checked.is_none() => Self::Check,
            (_, _, Some(seal)) if seal.to.as_ref() == Some(at) => Self::Open,
            (_, _, Some(_)) => Self::Send,
            _ => Self::Pack,
        }
    }
}

/// What a form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ScanForm {
    /// Made for the form: sent twice, it is one scan.
    pub form: Uuid,
    #[serde(rename = "do")]
    pub deed: String,
    /// Where the person stands.
    pub at: String,
    pub code: String,
    pub seal_no: String,
    /// yes, no, or not said.
    pub intact: String,
    pub to: String,
    /// courier or post.
    pub carrier: String,
    pub tracking_no: String,
    pub reason: String,
}

/// The box as it is shown.
pub struct ScanBox {
    pub deed: &'static str,
    /// What the deed is called, and what it does.
    pub name: String,
    pub says: String,
    pub tabs: Vec<(&'static str, String, bool)>,
    /// The sites where the person scans, if there is a choice.
    pub sites: Vec<(String, String)>,
    pub at_name: String,
    pub form: Uuid,
    pub typed: ScanForm,
    /// Where a bag may be sent to.
    pub all_sites: Vec<(String, String)>,
    /// Why a thing is refused: name and words.
    pub reasons: Vec<(&'static str, String)>,
    /// What was recorded just now.
    pub said: Option<String>,
}

const REASONS: [(RefusalReason, &str); 4] = [
    (RefusalReason::WrongCount, "wrong_count"),
    (RefusalReason::Torn, "torn"),
    (RefusalReason::NotOurs, "not_ours"),
    (RefusalReason::Other, "other"),
];

impl ScanBox {
    /// The box of a bag for who scans somewhere; `None` for everybody else.
    pub fn of(
        app: &App,
        words: &Words,
        permit: &Permit,
        row: &Row,
        outside: &Outside,
        typed: ScanForm,
    ) -> Option<Self> {
        let scans = permit.also_for(May::Scan).filter(|it| it.scope != Scope::Region && !row.annulled)?;
        let sites = typed::sites(app, words, &scans.scope);
        let asked = sites.iter().find(|(id, _)| *id == typed.at).map(|(id, _)| id.clone());
        let own = || own_site(app, &scans).map(String::from).or_else(|| sites.first().map(|(id, _)| id.clone()));
        let at: SiteId = asked.or_else(own)?.parse().ok()?;
        let deed = Deed::of(&typed.deed).unwrap_or_else(|| Deed::usual(row, outside, &at));
        let tab = |it: Deed| (it.name(), words.t(&format!("bag_scan.{}", it.name())), it == deed);
        let needs_site = matches!(deed, Deed::Seal | Deed::Send);
        Some(Self {
            deed: deed.name(),
            name: words.t(&format!("bag_scan.{}", deed.name())),
            says: words.t(&format!("bag_scan.says_{}", deed.name())),
            tabs: Deed::ALL.map(tab).into(),
            sites: if sites.len() > 1 { sites } else { Vec::new() },
            at_name: words.site(&at),
            form: Uuid::new_v4(),
            typed: ScanForm { at: at.to_string(), ..typed },
            all_sites: if needs_site { typed::sites(app, words, &Scope::Region) } else { Vec::new() },
            reasons: REASONS.map(|(_, name)| (name, words.t(&format!("bag_scan.because_{name}")))).into(),
            said: None,
        })
    }
}

/// `POST /bags/{name}/scans`: the page again, with what was recorded or with what is wrong.
pub async fn post(
    State(app): State<App>,
    permit: Permit,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<ScanForm>,
) -> Result<Response, Problem> {
    // Scanning is a courier's too; the page of a bag is for who may see the bag.
    let reads = permit.also_for(May::ReadDossiers).ok_or_else(Problem::not_found)?;
    let id = subject::bag(&app, &reads, &name).await?;
    let words = Words::of_permit(&headers, app.known(), &permit);
    match scan(&app, &permit, id, &typed).await {
        Ok(outcome) => {
            let told = recorded(&words, outcome.as_ref());
            // Pieces follow one another; whatever is done once leads to what comes next.
            let again = ["pack", "check"].contains(&typed.deed.as_str());
            let deed = if again { typed.deed } else { String::new() };
            let next = ScanForm { deed, at: typed.at, ..ScanForm::default() };
            let mut shown = bag::build(&app, &reads, words, id, next).await?;
            if let Some(it) = &mut shown.scan {
                it.said = Some(told);
            }
            Ok(page(&shown))
        }
        Err(problem) => {
            let status = again(&problem)?;
            let problem = Some(said(&words, &problem));
            let mut shown = bag::build(&app, &reads, words, id, typed).await?;
            shown.problem = problem;
            Ok((status, page(&shown)).into_response())
        }
    }
}

async fn scan(
    app: &App,
    permit: &Permit,
    id: domain::id::SubjectId,
    typed: &ScanForm,
) -> Result<Option<Outcome>, Problem> {
    let label = bag::label(app, id).await?;
    let no_site = || Problem::unfit("no-such-site", "`at` is one of the own sites");
    let at = permit.site(app, &typed.at).map_err(|_| no_site())?;
    let to = typed::site(app, &Scope::Region, &typed.to)?;
    desk_scan::record(app, permit, draft(typed, label, at, to)?).await
}

/// What a form means as a scan.
fn draft(typed: &ScanForm, bag: String, at: SiteId, to: Option<SiteId>) -> Result<DeskScan, Problem> {
    let deed = Deed::of(&typed.deed).ok_or_else(|| Problem::invalid("`do` is one of the deeds"))?;
    let seal_no = number(&typed.seal_no, "seal-number")?;
    let piece = || filled(&typed.code).ok_or_else(|| Problem::unfit("no-label", "a label is scanned"));
    let of_bag = |mode, action, details| (bag.clone(), mode, Some(action), details);
    let plain = Details::default;
    let (code, mode, action, details) = match deed {
        Deed::Pack => (piece()?, Mode::Pack, Some(Action::Packed), plain()),
        Deed::Check => (piece()?, Mode::Check, None, plain()),
        Deed::Done => of_bag(Mode::Check, Action::Checked, plain()),
        Deed::Receive => of_bag(Mode::Receive, Action::Received, plain()),
        Deed::Seal => {
            let seal_no = Some(seal_no.ok_or_else(|| Problem::unfit("seal-number", "a seal has a number"))?);
            of_bag(Mode::Pack, Action::Sealed, Details { seal_no, to, ..plain() })
        }
        Deed::Open => {
            let seal_intact = ["no", "yes"].iter().position(|it| *it == typed.intact).map(|whole| whole == 1);
            of_bag(Mode::Check, Action::Opened, Details { seal_no, seal_intact, ..plain() })
        }
        Deed::Send => {
            let (action, carrier) = carrier(typed)?;
            of_bag(Mode::Send, action, Details { to, carrier: Some(carrier), ..plain() })
        }
        Deed::Refuse => {
            let known = REASONS.iter().find(|(_, name)| *name == typed.reason);
            let reason = Some(known.ok_or_else(|| Problem::unfit("no-refusal", "it says why"))?.0);
            let code = filled(&typed.code).unwrap_or_else(|| bag.clone());
            (code, Mode::Receive, Some(Action::Refused), Details { reason, ..plain() })
        }
    };
    let around = matches!(deed, Deed::Pack | Deed::Check).then_some(bag);
    Ok(DeskScan { form: typed.form, at, code, mode, bag: around, action, details })
}

fn carrier(typed: &ScanForm) -> Result<(Action, Carrier), Problem> {
    if typed.carrier != "post" {
        return Ok((Action::Dispatched, Carrier::Courier));
    }
    let tracking_no = number(&typed.tracking_no, "tracking-number")?;
    let tracking_no = tracking_no.ok_or_else(|| Problem::unfit("tracking-number", "the post gives a number"))?;
    Ok((Action::Posted, Carrier::Post { tracking_no }))
}

/// A number as it is printed on a seal or a receipt of the post.
fn number(typed: &str, kind: &str) -> Result<Option<String>, Problem> {
    let fits = |text: &String| text.chars().count() <= NUMBER_MAX && !text.chars().any(char::is_control);
    let wrong = || Problem::unfit(kind, format!("a number has 1 to {NUMBER_MAX} printable characters"));
    filled(typed).map(|text| Some(text).filter(fits).ok_or_else(wrong)).transpose()
}

/// What was recorded, in a line; who has it and where it goes next, for whoever holds the label.
pub(super) fn recorded(words: &Words, outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else { return words.t("bag_scan.twice") };
    let subject = outcome.subject.map(domain::id::SubjectId);
    let code = subject.and_then(crate::view::printed_subject).unwrap_or_default();
    let what = words.t(&format!("event.{}", outcome.action.unwrap_or_default()));
    let holder = outcome.holder.as_ref().map(|it| words.holder(&it.0));
    let next = outcome.next_hop.as_ref().map(|next| format!("{} {}", words.t("dossier.next"), words.site(next)));
    let flags = outcome.flags.iter().filter_map(|flag| serde_json::to_value(flag).ok());
    let flags = flags.filter_map(|flag| flag.as_str().map(|name| words.t(&format!("flag.{name}"))));
    let parts = [format!("{what} {}", tail(&code))].into_iter().chain(holder).chain(next).chain(flags);
    parts.collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(typed: &ScanForm) -> Result<DeskScan, Problem> {
        draft(typed, "BAG".to_owned(), "t01".parse().unwrap(), None)
    }

    fn form(deed: &str) -> ScanForm {
        ScanForm { deed: deed.to_owned(), ..ScanForm::default() }
    }

    #[test]
    fn packing_and_checking_read_the_piece_and_all_else_the_bag() {
        let packed = drafted(&ScanForm { code: " PIECE ".to_owned(), ..form("pack") }).unwrap();
        assert_eq!(
            (packed.code.as_str(), packed.bag.as_deref(), packed.action),
            ("PIECE", Some("BAG"), Some(Action::Packed))
        );
        let read = drafted(&ScanForm { code: "PIECE".to_owned(), ..form("check") }).unwrap();
        assert_eq!((read.mode, read.action), (Mode::Check, None), "what it means is read from the table");
        for (deed, action) in [("receive", Action::Received), ("open", Action::Opened), ("done", Action::Checked)] {
            let it = drafted(&form(deed)).unwrap();
            assert_eq!((it.code.as_str(), it.bag, it.action), ("BAG", None, Some(action)));
        }
    }

    #[test]
    fn what_a_deed_needs_is_asked_for() {
        let kind = |typed: ScanForm| drafted(&typed).unwrap_err().kind.rsplit(':').next().unwrap().to_owned();
        assert_eq!(kind(form("pack")), "no-label");
        assert_eq!(kind(form("seal")), "seal-number");
        assert_eq!(kind(ScanForm { carrier: "post".to_owned(), ..form("send") }), "tracking-number");
        assert_eq!(kind(ScanForm { seal_no: "9".repeat(41), ..form("seal") }), "seal-number");
        assert_eq!(kind(form("refuse")), "no-refusal");
        assert_eq!(kind(form("burn")), "invalid");
    }

    #[test]
    fn a_bag_goes_with_a_courier_or_with_the_post_and_its_number() {
        assert_eq!(drafted(&form("send")).unwrap().action, Some(Action::Dispatched));
        let post = ScanForm { carrier: "post".to_owned(), tracking_no: "1234567890123".to_owned(), ..form("send") };
        let posted = drafted(&post).unwrap();
        assert_eq!(posted.action, Some(Action::Posted));
        assert!(matches!(posted.details.carrier, Some(Carrier::Post { .. })));
    }

    #[test]
    fn whether_the_seal_was_whole_is_said_or_not() {
        let said = |intact: &str| {
            let typed = ScanForm { intact: intact.to_owned(), ..form("open") };
            drafted(&typed).unwrap().details.seal_intact
        };
        assert_eq!((said("yes"), said("no"), said("")), (Some(true), Some(false), None));
    }
}

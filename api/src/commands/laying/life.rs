//! What happened to the papers that are laid down: cases come in rounds of twenty. Their applications go out in one bag, their
//! results come home in another; or all of it is decided where it was handed in. Most rounds are long over, the last ones stand
//! at every stage of the way. Pure, and the same for the same numbers, so that whoever measures knows what there is.
use domain::bag::{BagChecked, BagFact, BagRegistered, Opened, Sealed};
use domain::case::{Accepted, CaseFact, Filed};
use domain::code::{Code, CodeKind};
use domain::custody::payload::{InBag, Read, Sent, Shelved};
use domain::dossier::{Checked, DossierFact, DossierKind, HandedOut, Receiver, Registered};
use domain::event::{Event, Role, Source};
use domain::id::{CaseId, ItemId, ScanId, SiteId};
use domain::stream::{AnyEvent, AnyFact, StreamId};
use domain::time::Timestamp;
use uuid::Uuid;

/// Cases of a round, and dossiers in each of its bags.
pub const CASES: u64 = 20;
/// Stages of the way out, then of the way home; beyond them all is over.
const OUT: u64 = 7;
const HOME: u64 = 7;
const STAGES: u64 = OUT + HOME;
/// Of the rounds that are over every fourth went to a department; the others never left the town.
const TRAVELLED: u64 = 4;
/// Every twentieth round is still going on; never fewer than two of each stage.
const GOING_ON: u64 = 20;
/// Over what time the rounds are spread.
const DAYS: u64 = 365;
const DAY_MS: i64 = 86_400_000;

/// Where papers go.
#[derive(Clone, Debug)]
pub struct Places {
    pub towns: Vec<SiteId>,
    pub hub: SiteId,
    pub departments: Vec<SiteId>,
    pub items: Vec<ItemId>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    rounds: u64,
}

/// One round: where it goes, and how far it has come.
#[derive(Debug)]
pub struct Round<'a> {
    pub number: u64,
    pub town: &'a SiteId,
    hub: &'a SiteId,
    department: &'a SiteId,
    item: &'a ItemId,
    stage: u64,
    /// `RRRRRR-YYYYMMDD`, how its numbers begin.
    day: String,
}

impl Amount {
    /// At least so many dossiers.
    #[must_use]
    pub fn of_dossiers(dossiers: u64) -> Self {
        let mut amount = Self { rounds: dossiers.div_ceil(2 * CASES) };
        while amount.dossiers() < dossiers {
            amount.rounds += (dossiers - amount.dossiers()).div_ceil(2 * CASES);
        }
        amount
    }

    /// At least so many events.
    #[must_use]
    pub fn of_events(events: u64) -> Self {
        // A round has 100 of them if it stayed in the town, about 280 if not.
        Self { rounds: events.div_ceil(140) }
    }

    /// Rounds.
    #[must_use]
    pub fn rounds(self) -> u64 {
        self.rounds
    }

    /// Dossiers: of each case the application, and the result once there is one.
    #[must_use]
    pub fn dossiers(self) -> u64 {
        let with_results = (0..self.rounds).filter(|round| self.stage(*round) >= OUT).count() as u64;
        (self.rounds + with_results) * CASES
    }

    /// How many of the last rounds are still going on.
    #[must_use]
    pub fn going_on(self) -> u64 {
        (self.rounds / GOING_ON).max(2 * STAGES).min(self.rounds)
    }

    /// How far a round has come; [`STAGES`]: it is over.
    fn stage(self, round: u64) -> u64 {
        let over = self.rounds - self.going_on();
        if round < over { STAGES } else { (round - over) % STAGES }
    }

    /// A round of some places. The first town is a busy one: every third round is its own.
    #[must_use]
    pub fn round<'a>(self, number: u64, places: &'a Places) -> Round<'a> {
        fn one<T>(of: &[T], number: u64) -> &T {
            &of[number as usize % of.len()]
        }
        let town = if number.is_multiple_of(3) { &places.towns[0] } else { one(&places.towns, number) };
        let day = number * DAYS / self.rounds;
        Round {
            number,
            town,
            hub: &places.hub,
            department: one(&places.departments, number),
            item: one(&places.items, number),
            stage: self.stage(number),
            day: format!("441424-2025{:02}{:02}", 1 + day / 31, 1 + day % 31),
        }
    }

    /// When a round began, as seen from now: what goes on began within the last days, so that it is late here and there.
    fn began(self, round: u64, stage: u64, now: Timestamp) -> Timestamp {
        let (spread, days) =
            (i64::try_from(round * 37 % 4000).unwrap_or(0), DAYS * (self.rounds - round) / self.rounds);
        let ago = match stage {
            STAGES => (days as i64 + 6) * DAY_MS,
            0..OUT => (LAST_MINUTE[stage as usize] + spread) * 60_000,
            _ => (LAST_MINUTE[(stage - OUT) as usize] + spread) * 60_000 + 4 * DAY_MS,
        };
        now.plus(-ago)
    }
}

/// In which minute of its bag's way a stage is done with, outwards as homewards.
const LAST_MINUTE: [i64; 7] = [25, 65, 75, 205, 375, 480, 560];

/// Another number for each number, spread over all that fit into a label as drawn ones are.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Round<'_> {
    /// The case `each` of the round, 0 to 19.
    #[must_use]
    pub fn case(&self, each: u64) -> CaseId {
        let case = self.number * CASES + each;
        CaseId(Uuid::from_u64_pair(spread(case), spread(case + 1)))
    }

    /// Its number.
    #[must_use]
    pub fn case_no(&self, each: u64) -> String {
        format!("{}9{:011}", &self.day[..6], self.number * CASES + each)
    }

    /// The label of an application, or of a result.
    #[must_use]
    pub fn code(&self, each: u64, result: bool) -> Code {
        Code::new(CodeKind::Dossier, spread((self.number * CASES + each) * 2 + u64::from(result)))
    }

    /// Its number.
    #[must_use]
    pub fn dossier_no(&self, each: u64, result: bool) -> String {
        let (case, half) = (self.number * CASES + each, if result { 50_000 } else { 0 });
        format!("{}-{:05}", self.day, (case + half) % 100_000)
    }

    /// The label of the bag outwards, or homewards.
    #[must_use]
    pub fn bag(&self, home: bool) -> Code {
        Code::new(CodeKind::Bag, spread(self.number * 2 + u64::from(home)))
    }

    /// The label of the receipt of a case.
    #[must_use]
    pub fn receipt(&self, each: u64) -> Code {
        Code::new(CodeKind::Receipt, spread(self.number * CASES + each))
    }

    /// Whether there are results yet.
    #[must_use]
    pub fn has_results(&self) -> bool {
        self.stage >= OUT
    }

    /// Whether it went to a department, or still goes.
    #[must_use]
    pub fn travels(&self) -> bool {
        self.stage < STAGES || self.number.is_multiple_of(TRAVELLED)
    }

    /// Labels of all its dossiers and bags.
    #[must_use]
    pub fn labels(&self) -> Vec<Code> {
        let ways: &[bool] = if self.has_results() { &[false, true] } else { &[false] };
        let dossiers = ways.iter().flat_map(|home| (0..CASES).map(|each| self.code(each, *home)));
        dossiers.chain(ways.iter().filter(|_| self.travels()).map(|home| self.bag(*home))).collect()
    }

    /// All that happened, as of now. Every event has a scan id of its own in the field; here those of a round share one, told
    /// apart by their ordinals.
    #[must_use]
    pub fn events(&self, amount: Amount, scan: ScanId, now: Timestamp) -> Vec<(StreamId, AnyEvent)> {
        let began = amount.began(self.number, self.stage, now);
        let mut told = Told { events: Vec::with_capacity(300), scan, began, now, stage: self.stage.min(OUT) };
        if !self.travels() {
            self.at_once(&mut told);
            return told.events;
        }
        self.outwards(&mut told);
        if self.has_results() {
            told.stage = self.stage - OUT;
            told.began = began.plus(3 * DAY_MS);
            self.homewards(&mut told);
        }
        told.events
    }

    /// Handed in, decided and handed out at one window.
    fn at_once(&self, told: &mut Told) {
        let at = (self.town, Role::Desk);
        for each in 0..CASES {
            self.filed(told, each);
            let minute = each as i64;
            let (application, result) = (self.code(each, false).subject(), self.code(each, true).subject());
            told.dossier(0, 1 + minute, at, application, self.registered(each, false));
            told.dossier(0, 600 + minute, at, application, DossierFact::Archived(Read::default()));
            told.dossier(0, 500 + minute, at, result, self.registered(each, true));
            told.dossier(0, 2000 + minute, at, result, handed_out());
        }
    }

    fn filed(&self, told: &mut Told, each: u64) {
        let (item, at, home) = (self.item.clone(), self.town.clone(), self.town.clone());
        let filed = Filed { case_no: self.case_no(each), item, at, home };
        told.case(0, each as i64, self.town, self.case(each), CaseFact::Filed(filed));
    }

    fn outwards(&self, told: &mut Told) {
        let (town, hub, department) = (self.town, self.hub, self.department);
        let bag = self.bag(false).subject();
        for each in 0..CASES {
            self.filed(told, each);
            let id = self.code(each, false).subject();
            let steps = [
                (0, 1, town, Role::Desk, self.registered(each, false)),
                (1, 30, town, Role::Site, DossierFact::Packed(InBag { bag })),
                (4, 300, hub, Role::Site, DossierFact::Received(Read::default())),
                (5, 400, hub, Role::Site, DossierFact::Dispatched(Sent::default())),
                (6, 500, department, Role::Site, DossierFact::AtDepartment(Read::default())),
            ];
            for (stage, minute, at, role, fact) in steps {
                told.dossier(stage, minute + each as i64, (at, role), id, fact);
            }
            if each % 2 == 1 {
                told.dossier(4, 340 + each as i64, (hub, Role::Site), id, DossierFact::Damaged(Read::default()));
            }
            let end = match (self.number % 20, each) {
                (0, 0) => DossierFact::Missing(Read::default()),
                _ => DossierFact::Archived(Read::default()),
            };
            told.dossier(7, 1500 + each as i64, (department, Role::Desk), id, end);
            if each % 4 == 0 {
                let dept_ref = Some(format!("BM{:011}", self.number * CASES + each));
                told.case(6, 560, department, self.case(each), CaseFact::Accepted(Accepted { dept_ref }));
            }
        }
        let way = [
            (0, 0, town, Role::Desk, BagFact::Registered(self.taken(false))),
            (1, 60, town, Role::Site, BagFact::Sealed(Sealed::default())),
            (2, 70, town, Role::Courier, BagFact::Collected(Read::default())),
            (3, 200, hub, Role::Site, BagFact::Received(Read::default())),
            (4, 290, hub, Role::Site, BagFact::Opened(Opened::default())),
            (4, 370, hub, Role::Site, BagFact::Checked(BagChecked::default())),
        ];
        for (stage, minute, at, role, fact) in way {
            told.bag(stage, minute, (at, role), bag, fact);
        }
    }

    fn homewards(&self, told: &mut Told) {
        let (town, hub, department) = (self.town, self.hub, self.department);
        let bag = self.bag(true).subject();
        for each in 0..CASES {
            let id = self.code(each, true).subject();
            let shelf = Shelved { shelf: Some(format!("{}", 1 + each % 4)) };
            let steps = [
                (0, 1, department, Role::Desk, self.registered(each, true)),
                (1, 30, department, Role::Site, DossierFact::Packed(InBag { bag })),
                (5, 415, town, Role::Site, DossierFact::Received(Read::default())),
                (6, 500, town, Role::Site, DossierFact::Shelved(shelf)),
                (7, 2000, town, Role::Desk, handed_out()),
            ];
            for (stage, minute, at, role, fact) in steps {
                told.dossier(stage, minute + each as i64, (at, role), id, fact);
            }
        }
        let way = [
            (0, 0, department, Role::Desk, BagFact::Registered(self.taken(true))),
            (1, 60, department, Role::Site, BagFact::Sealed(Sealed::default())),
            (2, 70, department, Role::Courier, BagFact::Collected(Read::default())),
            (3, 200, hub, Role::Site, BagFact::Received(Read::default())),
            (4, 250, hub, Role::Courier, BagFact::Collected(Read::default())),
            (5, 400, town, Role::Site, BagFact::Received(Read::default())),
            (5, 410, town, Role::Site, BagFact::Opened(Opened::default())),
            (5, 470, town, Role::Site, BagFact::Checked(BagChecked::default())),
        ];
        for (stage, minute, at, role, fact) in way {
            told.bag(stage, minute, (at, role), bag, fact);
        }
    }

    fn registered(&self, each: u64, result: bool) -> DossierFact {
        DossierFact::Registered(Registered {
            dossier_no: self.dossier_no(each, result),
            kind: if result { DossierKind::Result } else { DossierKind::Application },
            case: Some(self.case(each)),
            item: Some(self.item.clone()),
            destination: (!result && self.travels()).then(|| self.department.clone()),
            home: self.town.clone(),
            pieces: Vec::new(),
        })
    }

    fn taken(&self, home: bool) -> BagRegistered {
        let bag_no = format!("{}-{}", self.town, self.number * 2 + u64::from(home));
        BagRegistered { bag_no: Some(bag_no), home: Some(self.town.clone()) }
    }
}

fn handed_out() -> DossierFact {
    DossierFact::HandedOut(HandedOut { receiver: Receiver::Applicant, checked: Checked::ReceiptSlip })
}

/// Events in the making; those of later stages are left out.
struct Told {
    events: Vec<(StreamId, AnyEvent)>,
    scan: ScanId,
    began: Timestamp,
    now: Timestamp,
    stage: u64,
}

impl Told {
    fn add(&mut self, stage: u64, minute: i64, (at, role): (&SiteId, Role), stream: StreamId, fact: AnyFact) {
        if stage <= self.stage {
            let (occurred_at, source) = (self.began.plus(minute * 60_000), source(at, role));
            self.events.push((stream, Event { scan: self.scan, occurred_at, recorded_at: self.now, source, fact }));
        }
    }

    fn dossier(&mut self, stage: u64, minute: i64, by: (&SiteId, Role), id: domain::id::SubjectId, fact: DossierFact) {
        self.add(stage, minute, by, StreamId::Dossier(id), AnyFact::Dossier(fact));
    }

    fn bag(&mut self, stage: u64, minute: i64, by: (&SiteId, Role), id: domain::id::SubjectId, fact: BagFact) {
        self.add(stage, minute, by, StreamId::Bag(id), AnyFact::Bag(fact));
    }

    fn case(&mut self, stage: u64, minute: i64, at: &SiteId, id: CaseId, fact: CaseFact) {
        self.add(stage, minute, (at, Role::Desk), StreamId::Case(id), AnyFact::Case(fact));
    }
}

fn source(at: &SiteId, role: Role) -> Source {
    Source {
        by: "courier-17".parse().expect("a person's id"),
        role,
        at: Some(at.clone()),
        stamp: None,
        skew_ms: 0,
        mode: None,
        action_by: None,
        bag: None,
        code: None,
        flags: Vec::new(),
        quarantined: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_as_many_dossiers_as_asked_for_and_a_few_more() {
        for dossiers in [1, 40, 1000, 20_000] {
            let found = Amount::of_dossiers(dossiers).dossiers();
            assert!((dossiers..dossiers + 2 * CASES).contains(&found), "{found} of {dossiers}");
        }
    }

    #[test]
    fn no_number_and_no_label_is_given_twice() {
        let site = |id: &str| id.parse::<SiteId>().expect("a site's id");
        let places = Places {
            towns: vec![site("t01"), site("t02")],
            hub: site("hub"),
            departments: vec![site("fgj")],
            items: vec!["item".parse().expect("an item's id")],
        };
        let amount = Amount::of_dossiers(100_000);
        let rounds = (0..amount.rounds()).map(|round| amount.round(round, &places));
        let (mut labels, mut numbers) = (HashSet::new(), HashSet::new());
        for round in rounds {
            assert!(round.labels().into_iter().all(|code| labels.insert(code)));
            for each in 0..CASES {
                assert!([false, true].into_iter().all(|result| numbers.insert(round.dossier_no(each, result))));
            }
        }
    }
}

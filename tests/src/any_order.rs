//! The rules alone, without a database: small random histories of dossiers and bags, inserted in any order and repeated,
//! give the same facts, steps, exceptions and trails. A failure prints the seed of its history.
use domain::bag::{BagChecked, BagFact, BagRegistered, Opened, Sealed};
use domain::custody::payload::{
    InBag, LookedUp, LookedUpBecause, Noted, Posted, Read, Refused, Relabelled, Sent, Shelved,
};
use domain::custody::{Cause, Evidence, Holder, Step};
use domain::dossier::{Checked, DossierFact, DossierKind, HandedOut, Plan, Recalled, Receiver, Registered, Rerouted};
use domain::event::{Admitted, Answered, Event, Fact, Flag, Remark, Role, Source, Voided};
use domain::exception::{ExceptionKind, Limits};
use domain::history::History;
use domain::id::{InstallationId, NoteId, ScanId, SiteId, SubjectId};
use domain::network::{Leg, Network, Networks, Site, SiteKind};
use domain::scan::{ActionBy, DeviceStamp, Mode, RefusalReason};
use domain::stay::{Bags, Container};
use domain::tale::{Context, Tale, of_bag_history, of_dossier_history};
use domain::time::{Minutes, Timestamp};
use domain::trail::{Line, trail};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use uuid::Uuid;

const HISTORIES: u64 = 2_000;
const SEED: u64 = 20_260_105;
const ORDERS: usize = 4;
const START: Timestamp = Timestamp(1_767_571_200_000);
const SITES: [&str; 5] = ["t1", "hub", "t2", "d1", "elsewhere"];
const COURIERS: [&str; 2] = ["k1", "k2"];
const DOSSIERS: [SubjectId; 2] = [SubjectId(Uuid::from_u128(1)), SubjectId(Uuid::from_u128(2))];
const BAGS: [SubjectId; 3] =
    [SubjectId(Uuid::from_u128(11)), SubjectId(Uuid::from_u128(12)), SubjectId(Uuid::from_u128(13))];

/// An event and the thing it happened to.
#[derive(Clone)]
enum Happening {
    Dossier(SubjectId, Event<DossierFact>),
    Bag(SubjectId, Event<BagFact>),
}

impl Happening {
    fn is_command(&self) -> bool {
        let (Self::Dossier(_, Event { source, .. }) | Self::Bag(_, Event { source, .. })) = self;
        source.stamp.is_none()
    }
}

/// Everything the rules conclude. Of the order's keys, the time: commands of one instant are numbered as they come.
#[derive(Debug, PartialEq)]
struct Account {
    told: Vec<Vec<(Timestamp, ScanId)>>,
    steps: Vec<Vec<StepTold>>,
    /// Without their steps.
    tales: Vec<Tale>,
    trails: Vec<Vec<Line>>,
}

type StepTold = (Timestamp, ScanId, Cause, Holder, Evidence, bool, Option<SiteId>, Option<usize>);

impl Account {
    fn add<F: Fact>(&mut self, history: &History<F>, mut tale: Tale) {
        assert!(tale.steps.is_sorted_by_key(|step| step.key), "the steps are not in order");
        let told = |step: Step| {
            let Step { key, scan, cause, holder, evidence, began, last_site, fact } = step;
            (key.at, scan, cause, holder, evidence, began, last_site, fact)
        };
        self.steps.push(std::mem::take(&mut tale.steps).into_iter().map(told).collect());
        self.told.push(history.told().iter().map(|placed| (placed.key.at, placed.event.scan)).collect());
        self.tales.push(tale);
    }
}

fn site(name: &str) -> SiteId {
    name.parse().expect("a site's id")
}

/// t1 and t2 each an hour from the hub, d1 behind it; `elsewhere` is in no register.
fn networks() -> Networks {
    use SiteKind::{Centre, Department, Hub};
    let kinds = [("t1", Centre), ("hub", Hub), ("t2", Centre), ("d1", Department)];
    let sites = kinds.map(|(id, kind)| Site { id: site(id), kind, parent: None });
    let pairs = ["t1", "t2", "d1"].into_iter().flat_map(|it| [(it, "hub"), ("hub", it)]);
    let leg = |(from, to)| Leg { from: site(from), to: site(to), least: Minutes(30), most: Minutes(120) };
    Networks::always(Network::new(sites.to_vec(), pairs.map(leg).collect()))
}

/// A world in the making: what is drawn next depends on what was drawn before.
struct World {
    rng: ChaCha8Rng,
    now: Timestamp,
    scans: u128,
    seqs: HashMap<InstallationId, u64>,
}

impl World {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.rng).expect("not empty").clone()
    }

    /// Who reads where, by which clock; sometimes it steps back, and sometimes the scan was put aside.
    fn envelope(&mut self, desk: bool) -> Event<()> {
        self.now = self.now.plus(self.rng.random_range(0..90) * 60_000);
        self.scans += 1;
        let courier = !desk && self.chance(35);
        let here = if courier && self.chance(40) { None } else { Some(self.one(&SITES)) };
        let by = if courier { self.one(&COURIERS).to_owned() } else { format!("clerk-{}", here.unwrap_or("hub")) };
        let role = if desk {
            Role::Desk
        } else if courier {
            Role::Courier
        } else {
            Role::Site
        };
        let back = if self.chance(15) { self.rng.random_range(1..300) * 60_000 } else { 0 };
        let occurred_at = self.now.plus(-back);
        let flags = if self.chance(10) {
            vec![self.one(&[Flag::ClockSkew, Flag::OldLabel, Flag::UnknownSite])]
        } else {
            vec![]
        };
        let mode = self.one(&[Mode::Receive, Mode::Send, Mode::Check, Mode::Pack]);
        let source = Source {
            by: by.parse().expect("a person's id"),
            role,
            at: here.map(site),
            stamp: (!desk).then(|| self.stamp(&by, occurred_at)),
            skew_ms: 0,
            mode: (!desk).then_some(mode),
            action_by: (!desk).then_some(if self.chance(70) { ActionBy::Rule } else { ActionBy::Person }),
            bag: if self.chance(30) { Some(self.one(&BAGS)) } else { None },
            code: None,
            flags,
            quarantined: !desk && self.chance(7),
        };
        Event { scan: ScanId(Uuid::from_u128(self.scans)), occurred_at, recorded_at: self.now, source, fact: () }
    }

    fn stamp(&mut self, by: &str, wall_ms: Timestamp) -> DeviceStamp {
        let installation = InstallationId(Uuid::from_u128(by.bytes().fold(1, |sum, byte| sum * 31 + u128::from(byte))));
        let seq = self.seqs.entry(installation).or_insert(0);
        *seq += 1;
        DeviceStamp { device: by.parse().expect("a device's id"), installation, seq: *seq, wall_ms, mono_ms: 0 }
    }

    /// About any scan of this world, drawn already or not, of this thing or of another.
    fn remark(&mut self) -> Remark {
        let scan = ScanId(Uuid::from_u128(self.rng.random_range(1..16)));
        let (kind, anchor) = (ExceptionKind::HeldTooLong, scan);
        let void = Voided { scan, by_decision: self.chance(30) };
        let answered = Answered { kind, anchor, note: None };
        self.one(&[Remark::Voided(void), Remark::Admitted(Admitted { scan }), Remark::Resolved(answered)])
    }

    fn dossier_fact(&mut self) -> DossierFact {
        let (read, bag) = (Read::default(), self.one(&BAGS));
        let to = if self.chance(30) { Some(site(self.one(&SITES))) } else { None };
        let sent = Sent { to: to.clone(), carrier: None };
        let left_with = if self.chance(50) { Some("k1".parse().expect("a person's id")) } else { None };
        let choices = [
            DossierFact::Packed(InBag { bag }),
            DossierFact::Received(read.clone()),
            DossierFact::Collected(read.clone()),
            DossierFact::Dispatched(sent.clone()),
            DossierFact::Sighted(read.clone()),
            DossierFact::AtDepartment(read.clone()),
            DossierFact::Returned(sent),
            DossierFact::Posted(Posted { to, tracking_no: None }),
            DossierFact::Unpacked(InBag { bag }),
            DossierFact::LookedUp(LookedUp { because: LookedUpBecause::Repeat, signature: None }),
            DossierFact::Refused(Refused { reason: RefusalReason::Torn, left_with, note: None }),
            DossierFact::Missing(read.clone()),
            DossierFact::Found(read.clone()),
            DossierFact::Damaged(read),
            DossierFact::Shelved(Shelved::default()),
        ];
        // Packing is what this test is about.
        if self.chance(30) { choices[0].clone() } else { self.one(&choices) }
    }

    fn dossier_command(&mut self) -> DossierFact {
        let (destination, home) = (site(self.one(&SITES)), site("t1"));
        let registered = Registered {
            dossier_no: "1".to_owned(),
            kind: self.one(&[DossierKind::Application, DossierKind::Result]),
            case: None,
            item: None,
            destination: Some(destination.clone()),
            home,
            pieces: Vec::new(),
        };
        self.one(&[
            DossierFact::Registered(registered),
            DossierFact::Rerouted(Rerouted { destination, note: None }),
            DossierFact::Recalled(Recalled::default()),
            DossierFact::HandedOut(HandedOut { receiver: Receiver::Applicant, checked: Checked::Both }),
            DossierFact::Archived(Read::default()),
            DossierFact::Annulled(Default::default()),
            DossierFact::Noted(Noted { note: NoteId(Uuid::nil()) }),
        ])
    }

    fn bag_fact(&mut self) -> BagFact {
        let (read, bag) = (Read::default(), self.one(&BAGS));
        let seal_no = Some(self.one(&["A", "B"]).to_owned());
        let to = if self.chance(50) { Some(site(self.one(&SITES))) } else { None };
        let choices = [
            BagFact::Opened(Opened { seal_no: seal_no.clone(), intact: None }),
            BagFact::Checked(BagChecked::default()),
            BagFact::Packed(InBag { bag }),
            BagFact::Sealed(Sealed { seal_no, to: to.clone() }),
            BagFact::Dispatched(Sent { to, carrier: None }),
            BagFact::Collected(read.clone()),
            BagFact::Received(read.clone()),
            BagFact::Sighted(read.clone()),
            BagFact::Missing(read.clone()),
            BagFact::Damaged(read),
            BagFact::Registered(BagRegistered::default()),
            BagFact::Relabelled(Relabelled { code: domain::code::Code::new(domain::code::CodeKind::Bag, 1) }),
        ];
        let often = self.rng.random_range(0..3);
        if self.chance(50) { choices[often].clone() } else { self.one(&choices) }
    }

    fn happening(&mut self) -> Happening {
        let (is_bag, is_remark, desk) = (self.chance(40), self.chance(12), self.chance(15));
        let envelope = self.envelope(desk);
        if is_bag {
            let fact = if is_remark { BagFact::Remark(self.remark()) } else { self.bag_fact() };
            return Happening::Bag(self.one(&BAGS), with(envelope, fact));
        }
        let fact = match (is_remark, desk) {
            (true, _) => DossierFact::Remark(self.remark()),
            (false, true) => self.dossier_command(),
            (false, false) => self.dossier_fact(),
        };
        Happening::Dossier(self.one(&DOSSIERS), with(envelope, fact))
    }
}

fn with<F>(envelope: Event<()>, fact: F) -> Event<F> {
    let Event { scan, occurred_at, recorded_at, source, fact: () } = envelope;
    Event { scan, occurred_at, recorded_at, source, fact }
}

/// As the log takes them: a scan it has is not taken again.
fn insert<F: Fact>(histories: &mut HashMap<SubjectId, History<F>>, subject: SubjectId, event: &Event<F>) {
    let history = histories.entry(subject).or_default();
    if history.find(event.scan).is_none() {
        history.insert(event.clone());
    }
}

fn account(arrivals: &[Happening], networks: &Networks) -> Account {
    let (mut dossiers, mut bags) = (HashMap::new(), HashMap::new());
    for arrival in arrivals {
        match arrival {
            Happening::Dossier(subject, event) => insert(&mut dossiers, *subject, event),
            Happening::Bag(subject, event) => insert(&mut bags, *subject, event),
        }
    }
    let mut containers = Bags::default();
    bags.iter().for_each(|(bag, history)| containers.insert(*bag, Container::of(history)));
    let limits = Limits::default();
    let context = Context { networks, bags: &containers, limits: &limits, label_known: true };
    let mut account = Account { told: Vec::new(), steps: Vec::new(), tales: Vec::new(), trails: Vec::new() };
    for subject in DOSSIERS {
        let history = dossiers.entry(subject).or_default();
        let (told, tale) = (history.told(), of_dossier_history(subject, history, &context));
        assert_eq!(Plan::targets(&told, networks).len(), told.len());
        account.trails.push(trail(history, &tale.steps, &told, &bags, networks, &containers));
        account.add(history, tale);
    }
    for subject in BAGS {
        let empty = History::default();
        let history = bags.get(&subject).unwrap_or(&empty);
        account.add(history, of_bag_history(subject, history, &context));
    }
    account
}

fn history(seed: u64) -> (Vec<Happening>, ChaCha8Rng) {
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let mut world = World { rng, now: START, scans: 0, seqs: HashMap::new() };
    let length = world.rng.random_range(4..16);
    let happenings = (0..length).map(|_| world.happening()).collect();
    (happenings, world.rng)
}

/// Uploads in any order and repeated; commands are decided one after another, so theirs is kept.
fn arrivals(happenings: &[Happening], rng: &mut ChaCha8Rng) -> Vec<Happening> {
    let repeated = rng.random_range(0..happenings.len());
    let mut order: Vec<usize> = (0..happenings.len()).chain(0..repeated).collect();
    order.shuffle(rng);
    let mut commands: Vec<usize> = order.iter().copied().filter(|&it| happenings[it].is_command()).collect();
    commands.sort_unstable();
    let mut commands = commands.into_iter();
    let in_turn = |it: usize| if happenings[it].is_command() { commands.next().unwrap_or(it) } else { it };
    order.into_iter().map(in_turn).map(|it| happenings[it].clone()).collect()
}

#[test]
fn any_order_of_arrival_and_any_repetition_gives_the_same_account() {
    let networks = networks();
    let (mut rides, mut troubles, mut hidden) = (0, 0, 0);
    for seed in SEED..SEED + HISTORIES {
        let (happenings, mut rng) = history(seed);
        let expected = account(&happenings, &networks);
        rides += expected.tales.iter().filter(|tale| tale.outer_bag.is_some()).count();
        troubles += expected.tales.iter().map(|tale| tale.exceptions.len()).sum::<usize>();
        hidden += happenings.len() - expected.told.iter().map(Vec::len).sum::<usize>();
        for _ in 0..ORDERS {
            assert_eq!(account(&arrivals(&happenings, &mut rng), &networks), expected, "seed {seed}");
        }
    }
    // The histories say something: else the equality above would prove nothing.
    assert!(rides > 500 && troubles > 5_000 && hidden > 500, "{rides} in bags, {troubles} exceptions, {hidden} hidden");
}

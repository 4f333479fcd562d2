//! The judge: fetches what the product says of every dossier and bag, and holds it against the truth. It asks for nothing
//! that nobody could know: only movements that were read and uploaded must be right, only silence past a limit flagged.
use crate::client::{Client, SimulationError};
use crate::drive::{Counts, Player};
use crate::faults::Fault;
use crate::truth::{Place, ThingNo};
use crate::verdict::{Example, Row, Verdict};
use crate::wire::{Holder, OpenException, View};
use crate::world::World;
use domain::code::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// Exceptions that a dossier lying where it should must not have.
const UNDESERVED: [&str; 6] = [
    "in_transit_too_long",
    "held_too_long",
    "missing_from_bag",
    "not_expected_here",
    "two_holders_claimed",
    "too_fast",
];
/// Healthy clocks differ by less; nothing is judged that falls due so near to now.
const GRACE_MS: i64 = 60_000;
/// Examples of each kind of error.
const EXAMPLES: usize = 10;
/// Readings of an example that are told.
const LAST_READINGS: usize = 8;
/// Half seconds to wait for the exceptions to catch up with the log.
const WAITS: u32 = 240;

/// What the product says.
struct Answers {
    views: BTreeMap<Uuid, View>,
    exceptions: BTreeMap<Uuid, BTreeSet<String>>,
}

/// Judges the product as of the instant the player has come to.
///
/// # Errors
/// If an answer cannot be fetched.
pub async fn judge(player: &Player) -> Result<Verdict, SimulationError> {
    let answers = Answers::fetch(player.client()).await?;
    let judge = Judge { world: player.world(), codes: player.codes(), answers, verdict: Verdict::default() };
    Ok(judge.verdict(player.counts()))
}

impl Answers {
    async fn fetch(client: &Client) -> Result<Self, SimulationError> {
        let (dossiers, position) = client.list::<View>("/api/v1/dossiers").await?;
        let (bags, _) = client.list::<View>("/api/v1/bags").await?;
        let open = Self::exceptions(client, position.unwrap_or(0)).await?;
        let views = dossiers.into_iter().chain(bags).map(|view| (view.subject, view)).collect();
        let mut exceptions: BTreeMap<Uuid, BTreeSet<String>> = BTreeMap::new();
        for exception in open {
            exceptions.entry(exception.subject).or_default().insert(exception.kind);
        }
        Ok(Self { views, exceptions })
    }

    /// Exceptions follow the log: wait until they reflect what the dossiers do.
    async fn exceptions(client: &Client, wanted: i64) -> Result<Vec<OpenException>, SimulationError> {
        let mut at = None;
        for _ in 0..WAITS {
            let (open, position) = client.list::<OpenException>("/api/v1/exceptions?open=true").await?;
            if position.is_none_or(|position| position >= wanted) {
                return Ok(open);
            }
            at = position;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(SimulationError::Behind { at, wanted })
    }
}

struct Judge<'a> {
    world: &'a World,
    codes: &'a [Code],
    answers: Answers,
    verdict: Verdict,
}

impl Judge<'_> {
    fn verdict(mut self, counts: &Counts) -> Verdict {
        self.verdict.at = self.world.now();
        self.verdict.rows = std::iter::once(None).chain(Fault::all().map(Some)).map(Row::of).collect();
        for thing in 0..self.world.truth().things.len() {
            if self.world.truth().things[thing].plan.is_dossier {
                self.dossier(thing);
            } else if self.world.truth().is_read(thing) {
                let agrees = self.agrees(thing);
                self.verdict.bags.count(agrees);
            }
        }
        self.verdict.counts = counts.clone();
        self.verdict.tally = self.world.tally().clone();
        self.verdict
    }

    fn dossier(&mut self, thing: ThingNo) {
        let truth = self.world.truth();
        let faults = truth.things[thing].faults;
        let now = self.world.now();
        let due = truth.overdue_from(thing, self.world.map());
        let silent = due.is_some_and(|due| due + GRACE_MS <= now);
        let soon = due.is_some_and(|due| due - GRACE_MS <= now);
        let (readable, agrees) = (truth.is_read(thing), self.agrees(thing));
        let flagged = silent && self.is_flagged(thing);
        let calm = readable && agrees && !soon && !faults.deserves_flag();
        let undeserved = if calm { self.undeserved(thing) } else { Vec::new() };
        self.verdict.dossiers += 1;
        if readable {
            self.verdict.placed.count(agrees);
        }
        if silent {
            self.verdict.silent.count(flagged);
        }
        if calm {
            self.verdict.calm.count(undeserved.is_empty());
        }
        for row in &mut self.verdict.rows {
            if row.fault.map_or(faults.is_empty(), |fault| faults.contains(fault)) {
                row.count += 1;
                row.readable += u64::from(readable);
                row.right += u64::from(readable && agrees);
                row.silent += u64::from(silent);
                row.flagged += u64::from(flagged);
                row.falsely_flagged += u64::from(!undeserved.is_empty());
            }
        }
        if readable && !agrees {
            self.example(thing, "wrong place");
        } else if silent && !flagged {
            self.example(thing, "silent, not flagged");
        } else if !undeserved.is_empty() {
            self.example(thing, &format!("falsely flagged: {}", undeserved.join(", ")));
        }
    }

    fn subject(&self, thing: ThingNo) -> Uuid {
        let label = self.world.truth().things[thing].label;
        self.codes.get(label).map_or(Uuid::nil(), |code| code.subject().0)
    }

    fn holder(&self, thing: ThingNo) -> Option<&Holder> {
        let view = self.answers.views.get(&self.subject(thing))?;
        Some(view.whereabouts.as_ref().unwrap_or(&view.holder))
    }

    /// Whether the product's answer, seen through bags, is the truth. A carrier who was not named counts on his leg.
    fn agrees(&self, thing: ThingNo) -> bool {
        let Some(holder) = self.holder(thing) else { return false };
        let (truth, map) = (self.world.truth(), self.world.map());
        let leg = truth.things[truth.outermost(thing)].leg;
        match (truth.whereabouts(thing), holder) {
            (Place::Site(site), Holder::Site { site: said }) => map.id(site) == *said,
            (Place::Carrier(carrier), Holder::Courier { courier, .. }) => self.world.carrier(carrier) == courier,
            (Place::Carrier(_), Holder::Leg { from, to }) => {
                let Some((really_from, really_to)) = leg else { return false };
                let same = |said: &Option<_>, site| said.as_ref().is_none_or(|said| *said == map.id(site));
                from.is_some() && same(from, really_from) && same(to, really_to)
            }
            (Place::Post, Holder::Post { .. })
            | (Place::Applicant, Holder::Applicant)
            | (Place::Archive, Holder::Archive)
            | (Place::Nowhere, Holder::Unknown { .. }) => true,
            // A bag that hides its own place: the product must answer for the bag.
            (_, Holder::Bag { bag }) => self.bag_agrees(thing, *bag),
            _ => false,
        }
    }

    fn bag_agrees(&self, thing: ThingNo, said: Uuid) -> bool {
        let around = self.world.truth().things[thing].place.bag();
        around.is_some_and(|bag| self.subject(bag) == said && self.agrees(bag))
    }

    /// An open exception of its own, or of a bag it lies in or was last told to lie in.
    fn is_flagged(&self, thing: ThingNo) -> bool {
        let truth = self.world.truth();
        let mut around = BTreeSet::from([thing]);
        let mut at = Some(thing);
        while let Some(bag) = at.and_then(|thing| truth.told_bag(thing)).filter(|bag| around.insert(*bag)) {
            at = Some(bag);
        }
        let mut at = thing;
        while let Some(bag) = truth.things[at].place.bag() {
            around.insert(bag);
            at = bag;
        }
        around.into_iter().any(|thing| self.answers.exceptions.contains_key(&self.subject(thing)))
    }

    fn undeserved(&self, thing: ThingNo) -> Vec<&'static str> {
        let open = self.answers.exceptions.get(&self.subject(thing));
        let has = |kind: &&'static str| open.is_some_and(|open| open.contains(*kind));
        UNDESERVED.into_iter().filter(has).collect()
    }

    fn example(&mut self, thing: ThingNo, error: &str) {
        let same = |example: &&Example| example.error.split(':').next() == error.split(':').next();
        if self.verdict.worst.iter().filter(same).count() >= EXAMPLES {
            return;
        }
        let truth = self.world.truth();
        let it = &truth.things[thing];
        let told = truth.told(thing);
        let readings = told[told.len().saturating_sub(LAST_READINGS)..].iter();
        let example = Example {
            error: error.to_owned(),
            code: crate::requests::printed(self.codes, it.label),
            truth: format!("{} since {}", self.name(it.place), it.since),
            answer: self.holder(thing).map_or("not listed".to_owned(), |holder| format!("{holder:?}")),
            overdue_from: truth.overdue_from(thing, self.world.map()),
            faults: it.faults.iter().map(|fault| fault.to_string()).collect(),
            readings: readings.map(|told| format!("{} {}", told.at, self.belief(told.belief))).collect(),
        };
        self.verdict.worst.push(example);
    }

    /// A place in words, with the bag's own place behind it.
    fn name(&self, place: Place) -> String {
        match place {
            Place::Site(site) => format!("site {}", self.world.map().id(site)),
            Place::Carrier(carrier) => format!("carrier {}", self.world.carrier(carrier)),
            Place::Bag(bag) => {
                let it = &self.world.truth().things[bag];
                format!("bag {} ({})", crate::requests::printed(self.codes, it.label), self.name(it.place))
            }
            Place::Post | Place::Applicant | Place::Archive | Place::Nowhere => format!("{place:?}").to_lowercase(),
        }
    }

    fn belief(&self, belief: crate::truth::Belief) -> String {
        use crate::truth::Belief;
        let id = |site| self.world.map().id(site);
        match belief {
            Belief::At(site) => format!("read at {}", id(site)),
            Belief::Claimed(site) => format!("left at {} by its courier", id(site)),
            Belief::Sent { from, to } => format!("sent from {} to {}", id(from), id(to)),
            Belief::Taken { from, to } => format!("taken from {} to {}", id(from), id(to)),
            Belief::InBag(bag) => {
                let label = self.world.truth().things[bag].label;
                format!("into bag {}", crate::requests::printed(self.codes, label))
            }
            Belief::StillOnRoad => "refused, left with its courier".to_owned(),
            Belief::Post | Belief::Applicant | Belief::Archive => format!("{belief:?}").to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::county::tests::small_county;
    use crate::faults::FaultRates;

    fn played() -> (World, Vec<Code>) {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let rates = Fault::all().fold(FaultRates::none(), |rates, fault| rates.with(fault, 0.01));
        let config = Config { dossiers_per_day: 60, faults: rates, ..Config::default() };
        let mut world = World::new(&small_county(), config, 6, start).unwrap();
        world.day(14);
        let codes = (0..).zip(world.labels()).map(|(n, label)| Code::new(label.kind, n)).collect();
        (world, codes)
    }

    /// What a product would say that knew everything.
    fn omniscient(world: &World, codes: &[Code], thing: ThingNo) -> View {
        let truth = world.truth();
        let id = |site| world.map().id(site);
        let holder = match truth.whereabouts(thing) {
            Place::Site(site) => Holder::Site { site: id(site) },
            Place::Carrier(carrier) => {
                Holder::Courier { courier: world.carrier(carrier).clone(), from: None, to: None }
            }
            Place::Post => Holder::Post { from: None, to: None },
            Place::Applicant => Holder::Applicant,
            Place::Archive => Holder::Archive,
            Place::Bag(_) | Place::Nowhere => Holder::Unknown { last_site: None },
        };
        let subject = codes[truth.things[thing].label].subject().0;
        View { subject, whereabouts: Some(holder.clone()), holder, read_at: None }
    }

    fn verdict(world: &World, codes: &[Code], answers: Answers) -> Verdict {
        Judge { world, codes, answers, verdict: Verdict::default() }.verdict(&Counts::new())
    }

    #[test]
    fn who_knows_everything_is_judged_right_and_who_says_nothing_wrong() {
        let (world, codes) = played();
        let things = 0..world.truth().things.len();
        let views = things.map(|thing| omniscient(&world, &codes, thing)).map(|view| (view.subject, view)).collect();
        let open = BTreeMap::new();
        let good = verdict(&world, &codes, Answers { views, exceptions: open.clone() });
        assert!(good.placed.of > 800 && good.placed.right == good.placed.of, "{good}");
        assert!(good.bags.of > 20 && good.bags.right == good.bags.of, "{good}");
        assert!(good.silent.of > 5 && good.silent.right == 0, "nobody raised anything: {good}");
        assert_eq!(good.calm.right, good.calm.of);
        let bad = verdict(&world, &codes, Answers { views: BTreeMap::new(), exceptions: open });
        assert_eq!((bad.placed.of, bad.placed.right, bad.calm.of), (good.placed.of, 0, 0));
        assert!(bad.worst.len() == 2 * EXAMPLES && bad.markdown().contains("| lost dossier |"), "{bad}");
    }

    #[test]
    fn flags_on_everything_find_the_silent_and_trouble_the_calm() {
        let (world, codes) = played();
        let things = || 0..world.truth().things.len();
        let views = things().map(|thing| omniscient(&world, &codes, thing)).map(|view| (view.subject, view)).collect();
        let flag = || BTreeSet::from(["held_too_long".to_owned()]);
        let exceptions = things().map(|thing| (codes[world.truth().things[thing].label].subject().0, flag())).collect();
        let loud = verdict(&world, &codes, Answers { views, exceptions });
        assert!(loud.silent.of > 5 && loud.silent.right == loud.silent.of, "{loud}");
        assert!(loud.calm.of > 300 && loud.calm.right == 0 && loud.false_alarms() > 0.99, "{loud}");
    }
}

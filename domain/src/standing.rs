//! What an applicant is told of a case: a stage in a few words, what kind of place its papers are at, and whether they can be
//! fetched. Folded from the case and its dossiers when asked; stored nowhere. Says neither who has anything nor what it is.
//!
//! *Ready* is a promise to somebody who takes a bus: it holds only while everything there is to collect was shelved at the
//! place the applicant chose and was last read there itself. A bag's reading, a courier's word or a decision never makes it.
//! One more stage: a variant, its arm in [`stage`], its words in the section `progress` of `api/locales`.
use crate::case::{CaseFact, Filed};
use crate::custody::{Cause, Custody, Holder, Reading, Subject, walk};
use crate::dossier::{DossierFact, DossierKind, Plan};
use crate::history::History;
use crate::id::{ScanId, SiteId, SubjectId};
use crate::network::{Networks, SiteKind};
use crate::shelf::{KEPT, shelving};
use crate::stay::Bags;
use crate::time::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a receipt still answers once nothing more will happen. A constructed value.
pub const ANSWERS_MS: i64 = 90 * DAY_MS;

/// Where a case stands, as its applicant sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At the counter where it was handed in.
    Received,
    OnTheWay,
    AtDepartment,
    /// There is a result, or a decision, and it has not left yet.
    Decided,
    OnTheWayBack,
    Ready,
    HandedOut,
    NotAccepted,
    Withdrawn,
    Closed,
    /// Somebody looked for the papers and they were not there.
    BeingLookedFor,
}

/// What kind of place. Never which, but where it can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Site(SiteKind),
    Road,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub stage: Stage,
    /// `None` where there is nothing to say of it.
    pub place: Option<Place>,
    /// If ready: the sites where it can be fetched; usually one.
    pub fetched_at: Vec<SiteId>,
    /// If ready: until when it waits there.
    pub until: Option<Timestamp>,
    /// If ready: the scan that shelved the last of it, by which one time of being ready is told from another.
    pub shelved_by: Option<ScanId>,
    /// When the newest step or reading behind the answer happened.
    pub as_of: Timestamp,
    pub rated: bool,
}

impl Standing {
    /// Whether all this ended so long ago that the receipt answers no more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let ended = match self.stage {
            Stage::HandedOut | Stage::NotAccepted | Stage::Withdrawn | Stage::Closed => true,
            Stage::Received
            | Stage::OnTheWay
            | Stage::AtDepartment
            | Stage::Decided
            | Stage::OnTheWayBack
            | Stage::Ready
            | Stage::BeingLookedFor => false,
        };
        ended && now.since(self.as_of) > ANSWERS_MS
    }
}

/// A dossier of the case, as far as the answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    kind: DossierKind,
    /// Where the applicant collects it.
    home: SiteId,
    /// Goes home, and whether it has been meant for a department.
    homeward: bool,
    outbound: bool,
    custody: Custody,
    lost: bool,
    /// It has had another holder than its first.
    travelled: bool,
    /// Since when it lies on the shelf of its home, by its own reading, and by which scan.
    shelved: Option<(Timestamp, ScanId)>,
}

impl Paper {
    /// From a dossier's own history and the bags it was in; `None` for one that is not registered, or was annulled. Without
    /// the bags it still says truly whether it was handed out, for nothing a bag does changes that.
    #[must_use]
    pub fn of(id: SubjectId, history: &History<DossierFact>, networks: &Networks, bags: &Bags) -> Option<Self> {
        let told = history.told();
        if told.iter().any(|placed| matches!(placed.event.fact, DossierFact::Annulled(_))) {
            return None;
        }
        let plan = Plan::of(&told, networks)?;
        let targets = Plan::targets(&told, networks);
        let steps = walk(&told, &Subject { id, targets: &targets, networks, bags });
        let home = networks.resolve(&plan.registered.home).clone();
        Some(Self {
            kind: plan.registered.kind,
            homeward: plan.homeward,
            outbound: plan.destination.is_some(),
            custody: Custody::after(&steps),
            lost: steps.last().is_some_and(|step| matches!(step.cause, Cause::Lost | Cause::BagChecked)),
            travelled: steps.iter().skip(1).any(|step| step.began),
            shelved: shelving(&told, &steps).filter(|it| it.site == home).map(|it| (it.at, it.scan)),
            home,
        })
    }

    fn is_handed_out(&self) -> bool {
        self.custody.holder == Holder::Applicant
    }

    /// The site that read it itself; a site where only its bag was read is none.
    fn site(&self) -> Option<&SiteId> {
        self.custody.holder.site().filter(|_| self.custody.evidence.read == Reading::Seen)
    }

    fn is_at_department(&self, networks: &Networks) -> bool {
        let there = self.site().is_some_and(|site| networks.latest().is_department(site));
        there || self.custody.holder == Holder::Archive
    }

    fn place(&self, networks: &Networks) -> Option<Place> {
        match &self.custody.holder {
            Holder::Site { .. } => Some(self.site().and_then(|site| site_place(site, networks)).unwrap_or(Place::Road)),
            Holder::Courier { .. } | Holder::Leg { .. } | Holder::Post { .. } | Holder::Bag { .. } => Some(Place::Road),
            Holder::Applicant | Holder::Archive | Holder::Unknown { .. } => None,
        }
    }
}

fn site_place(site: &SiteId, networks: &Networks) -> Option<Place> {
    networks.latest().site(networks.resolve(site)).map(|site| Place::Site(site.kind))
}

/// How a case went on, as far as it is told.
struct Course<'a> {
    filed: &'a Filed,
    decided: bool,
    end: Option<Stage>,
    rated: bool,
    newest: Timestamp,
}

impl<'a> Course<'a> {
    fn of(case: &'a History<CaseFact>) -> Option<Self> {
        let mut course: Option<Self> = None;
        for placed in case.told() {
            if let (CaseFact::Filed(filed), None) = (&placed.event.fact, &course) {
                course = Some(Self { filed, decided: false, end: None, rated: false, newest: placed.key.at });
            }
            let Some(course) = &mut course else { continue };
            course.newest = course.newest.max(placed.key.at);
            match &placed.event.fact {
                CaseFact::Decided(_) => course.decided = true,
                CaseFact::NotAccepted(_) => course.end = Some(Stage::NotAccepted),
                CaseFact::Withdrawn(_) => course.end = Some(Stage::Withdrawn),
                // What was turned down or withdrawn stays that, also when the books are closed.
                CaseFact::Closed(_) => course.end = course.end.or(Some(Stage::Closed)),
                CaseFact::Rated(_) => course.rated = true,
                CaseFact::Filed(_) | CaseFact::Accepted(_) | CaseFact::Remark(_) => {}
            }
        }
        course
    }

    /// Nothing more will be decided: what comes home is for the applicant to fetch.
    fn is_settled(&self) -> bool {
        self.decided || self.end.is_some()
    }
}

/// Where a case stands; `None` if nobody filed it.
#[must_use]
pub fn of(case: &History<CaseFact>, papers: &[Paper], networks: &Networks) -> Option<Standing> {
    let course = Course::of(case)?;
    let read = papers.iter().filter_map(|paper| paper.custody.read_at).max();
    let waiting = waiting(&course, papers);
    let (stage, place) = stage(&course, papers, &waiting, networks);
    let ready = stage == Stage::Ready;
    let mut fetched_at: Vec<SiteId> = waiting.iter().filter(|_| ready).map(|paper| paper.home.clone()).collect();
    fetched_at.sort();
    fetched_at.dedup();
    let shelved = || waiting.iter().filter(|_| ready).filter_map(|paper| paper.shelved);
    Some(Standing {
        stage,
        place,
        fetched_at,
        until: shelved().min().map(|(at, _)| at.plus(KEPT.millis())),
        shelved_by: shelved().max().map(|(_, scan)| scan),
        as_of: read.map_or(course.newest, |read| read.max(course.newest)),
        rated: course.rated,
    })
}

/// What there is to collect: the results; where there are none, what comes home once nothing more will be decided.
fn to_collect<'a>(course: &Course<'_>, papers: &'a [Paper]) -> Vec<&'a Paper> {
    let results: Vec<&Paper> = papers.iter().filter(|paper| paper.kind == DossierKind::Result).collect();
    if results.is_empty() && course.is_settled() {
        return papers.iter().filter(|paper| paper.homeward).collect();
    }
    results
}

/// What is still to be collected.
fn waiting<'a>(course: &Course<'_>, papers: &'a [Paper]) -> Vec<&'a Paper> {
    to_collect(course, papers).into_iter().filter(|paper| !paper.is_handed_out()).collect()
}

fn stage(course: &Course<'_>, papers: &[Paper], waiting: &[&Paper], networks: &Networks) -> (Stage, Option<Place>) {
    let all_handed_out = |papers: &[&Paper]| !papers.is_empty() && papers.iter().all(|paper| paper.is_handed_out());
    if all_handed_out(&to_collect(course, papers)) || all_handed_out(&papers.iter().collect::<Vec<_>>()) {
        return (Stage::HandedOut, None);
    }
    if !waiting.is_empty() && waiting.iter().all(|paper| paper.shelved.is_some()) {
        return (Stage::Ready, waiting.iter().find_map(|paper| paper.place(networks)));
    }
    let asked: Vec<&Paper> = if waiting.is_empty() { papers.iter().collect() } else { waiting.to_vec() };
    let place = asked.iter().find_map(|paper| paper.place(networks));
    if asked.iter().any(|paper| paper.lost) {
        return (Stage::BeingLookedFor, None);
    }
    if let Some(end) = course.end {
        return (end, place);
    }
    if !waiting.is_empty() {
        let left = waiting.iter().any(|paper| paper.travelled && !paper.is_at_department(networks));
        return (if left { Stage::OnTheWayBack } else { Stage::Decided }, place);
    }
    if course.decided {
        return (Stage::Decided, place);
    }
    outward(course, &asked, networks)
}

/// Before anything is decided.
fn outward(course: &Course<'_>, papers: &[&Paper], networks: &Networks) -> (Stage, Option<Place>) {
    if papers.iter().any(|paper| paper.is_at_department(networks)) {
        return (Stage::AtDepartment, Some(Place::Site(SiteKind::Department)));
    }
    let turned = |paper: &&&Paper| paper.homeward && paper.outbound;
    let goes = |paper: &&&Paper| paper.travelled && !turned(paper);
    let place = |paper: &&Paper| paper.place(networks);
    if let Some(paper) = papers.iter().find(goes) {
        return (Stage::OnTheWay, place(paper));
    }
    match papers.iter().find(|paper| paper.travelled && turned(paper)) {
        Some(paper) => (Stage::OnTheWayBack, place(paper)),
        None => (Stage::Received, site_place(&course.filed.at, networks)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::BagFact;
    use crate::case::{Accepted, CaseNote, CloseCode, Closed, Decided, Outcome, Rated};
    use crate::custody::payload::{Annulled, Sent};
    use crate::dossier::{Checked, HandedOut, Receiver, Registered};
    use crate::event::Event;
    use crate::history::tests::{INNER, at_desk, bags, by_courier, by_site, checked, history, into, opened, read};
    use crate::history::tests::{minute, registered, registration, thing};
    use crate::network::tests::{county, site_id};

    type Facts = Vec<Event<DossierFact>>;

    fn filed_and(steps: impl IntoIterator<Item = CaseFact>) -> History<CaseFact> {
        let item = "item-1".parse().expect("an item's id");
        let filed = Filed { case_no: "C-1".to_owned(), item, at: site_id("t1"), home: site_id("t1") };
        let facts = [CaseFact::Filed(filed)].into_iter().chain(steps);
        history(facts.zip(0..).map(|(fact, at)| at_desk("t1", at, fact)))
    }

    fn decided() -> CaseFact {
        CaseFact::Decided(Decided { outcome: Outcome::Granted })
    }

    fn accepted() -> CaseFact {
        CaseFact::Accepted(Accepted::default())
    }

    fn with_bags(case: &History<CaseFact>, papers: Vec<Facts>, bags: &Bags) -> Standing {
        let networks = Networks::always(county());
        let papers = papers.into_iter().zip(1..);
        let papers: Vec<Paper> =
            papers.filter_map(|(facts, id)| Paper::of(thing(id), &history(facts), &networks, bags)).collect();
        of(case, &papers, &networks).expect("it was filed")
    }

    fn standing(case: &History<CaseFact>, papers: Vec<Facts>) -> Standing {
        with_bags(case, papers, &Bags::default())
    }

    fn stage_of(steps: impl IntoIterator<Item = CaseFact>, papers: Vec<Facts>) -> Stage {
        standing(&filed_and(steps), papers).stage
    }

    /// An application registered at t1, bound for d1.
    fn application(then: impl IntoIterator<Item = Event<DossierFact>>) -> Facts {
        [registered(0)].into_iter().chain(then).collect()
    }

    /// A result registered at the department, home at t1.
    fn result(then: impl IntoIterator<Item = Event<DossierFact>>) -> Facts {
        let registered = Registered { kind: DossierKind::Result, destination: None, ..registration() };
        [at_desk("d1", 100, DossierFact::Registered(registered))].into_iter().chain(then).collect()
    }

    fn received(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Received(read()))
    }

    fn at_department(when: i64) -> Event<DossierFact> {
        by_site("d1", when, DossierFact::AtDepartment(read()))
    }

    fn sent(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Dispatched(Sent::default()))
    }

    fn shelved(site: &str, when: i64) -> Event<DossierFact> {
        by_site(site, when, DossierFact::Shelved(Default::default()))
    }

    fn handed_out(when: i64) -> Event<DossierFact> {
        let handed = HandedOut { receiver: Receiver::Applicant, checked: Checked::Both };
        at_desk("t1", when, DossierFact::HandedOut(handed))
    }

    #[test]
    fn what_nobody_filed_stands_nowhere() {
        assert_eq!(of(&history([]), &[], &Networks::default()), None);
    }

    #[test]
    fn it_is_received_at_the_counter_until_it_leaves_it() {
        let told = standing(&filed_and([]), vec![]);
        assert_eq!((told.stage, told.place), (Stage::Received, Some(Place::Site(SiteKind::Centre))));
        assert_eq!(stage_of([], vec![application([])]), Stage::Received);
        assert_eq!(stage_of([], vec![application([by_site("t1", 5, DossierFact::Sighted(read()))])]), Stage::Received);
    }

    #[test]
    fn it_is_on_its_way_in_a_bag_on_the_road_and_at_the_hub() {
        let packed = || by_site("t1", 10, DossierFact::Packed(into(INNER)));
        let told = standing(&filed_and([]), vec![application([packed()])]);
        assert_eq!((told.stage, told.place), (Stage::OnTheWay, Some(Place::Road)));
        assert_eq!(stage_of([], vec![application([sent("t1", 10)])]), Stage::OnTheWay);
        let at_hub = standing(&filed_and([accepted()]), vec![application([sent("t1", 10), received("hub", 20)])]);
        assert_eq!((at_hub.stage, at_hub.place), (Stage::OnTheWay, Some(Place::Site(SiteKind::Hub))));
        assert_eq!(at_hub.as_of, minute(20));
    }

    #[test]
    fn the_department_has_it_once_it_read_it_itself() {
        assert_eq!(stage_of([], vec![application([at_department(30)])]), Stage::AtDepartment);
        let packed = application([by_site("t1", 10, DossierFact::Packed(into(INNER)))]);
        let opened = bags([(INNER, vec![by_site("d1", 20, opened())])]);
        assert_eq!(with_bags(&filed_and([]), vec![packed], &opened).stage, Stage::OnTheWay, "only its bag was read");
    }

    #[test]
    fn it_is_decided_by_the_department_s_word_or_by_its_result() {
        assert_eq!(stage_of([accepted(), decided()], vec![application([at_department(30)])]), Stage::Decided);
        assert_eq!(stage_of([], vec![application([at_department(30)]), result([])]), Stage::Decided);
    }

    #[test]
    fn its_result_is_on_the_way_back_until_it_lies_on_the_shelf() {
        let ways = [
            vec![sent("d1", 110)],
            vec![sent("d1", 110), received("hub", 120)],
            vec![received("t1", 130)],
            vec![by_site("d1", 110, DossierFact::Packed(into(INNER)))],
        ];
        for way in ways {
            let told = stage_of([decided()], vec![application([at_department(30)]), result(way.clone())]);
            assert_eq!(told, Stage::OnTheWayBack, "{way:?}");
        }
    }

    #[test]
    fn it_is_ready_on_the_shelf_of_the_place_that_was_chosen() {
        let told =
            standing(&filed_and([decided()]), vec![application([at_department(30)]), result([shelved("t1", 130)])]);
        assert_eq!((told.stage, told.place), (Stage::Ready, Some(Place::Site(SiteKind::Centre))));
        assert_eq!((told.fetched_at, told.until), (vec![site_id("t1")], Some(minute(130).plus(KEPT.millis()))));
        let counted = result([shelved("t1", 130), by_site("t1", 140, DossierFact::Sighted(read()))]);
        assert_eq!(stage_of([], vec![counted]), Stage::Ready, "a stock-take leaves it where it is");
    }

    #[test]
    fn what_came_in_a_bag_is_ready_once_it_is_shelved_itself() {
        let packed = || by_site("d1", 110, DossierFact::Packed(into(INNER)));
        let opened = bags([(INNER, vec![by_site("t1", 120, opened())])]);
        let stage = |then| with_bags(&filed_and([decided()]), vec![result([packed(), then])], &opened).stage;
        assert_eq!(stage(received("t1", 125)), Stage::OnTheWayBack);
        assert_eq!(stage(shelved("t1", 125)), Stage::Ready);
    }

    #[test]
    fn what_shelved_the_last_of_it_is_told_and_nothing_else_changes_that() {
        let (first, last) = (shelved("t1", 130), shelved("t1", 140));
        let told = |papers| standing(&filed_and([decided()]), papers).shelved_by;
        assert_eq!(told(vec![result([first.clone()]), result([last.clone()])]), Some(last.scan));
        let counted = result([first.clone(), by_site("t1", 150, DossierFact::Sighted(read()))]);
        assert_eq!(told(vec![counted]), Some(first.scan));
        assert_eq!(told(vec![result([first, sent("t1", 140)])]), None);
    }

    #[test]
    fn a_shelf_elsewhere_a_courier_or_whatever_came_since_is_not_ready() {
        let since = |then| vec![result([shelved("t1", 130), then])];
        let not_ready = [
            vec![result([shelved("t2", 130)])],
            vec![result([by_courier("k1", Some("t1"), 130, DossierFact::Shelved(Default::default()))])],
            since(sent("t1", 140)),
            since(by_courier("k1", Some("t1"), 140, DossierFact::Collected(read()))),
            since(by_site("t1", 140, DossierFact::Packed(into(INNER)))),
            vec![result([shelved("t1", 130), sent("t1", 140), received("t1", 150)])],
            since(received("t1", 140)),
            vec![result([shelved("t1", 130)]), result([sent("d1", 110)])],
        ];
        for papers in not_ready {
            let told = standing(&filed_and([decided()]), papers.clone());
            assert_eq!(told.stage, Stage::OnTheWayBack, "{papers:?}");
            assert_eq!((told.fetched_at, told.until), (vec![], None));
        }
    }

    #[test]
    fn a_bag_alone_never_makes_it_ready() {
        let in_bag = || vec![result([by_site("d1", 110, DossierFact::Packed(into(INNER)))])];
        let here = by_site("t1", 120, BagFact::Received(read()));
        for facts in [vec![here.clone()], vec![here, by_site("t1", 130, opened())]] {
            let told = with_bags(&filed_and([decided()]), in_bag(), &bags([(INNER, facts)]));
            assert_eq!((told.stage, told.place), (Stage::OnTheWayBack, Some(Place::Road)));
        }
        let shelved_first = vec![result([shelved("t1", 105), by_site("t1", 110, DossierFact::Packed(into(INNER)))])];
        let opened = bags([(INNER, vec![by_site("t1", 120, opened())])]);
        assert_eq!(with_bags(&filed_and([]), shelved_first, &opened).stage, Stage::OnTheWayBack);
    }

    #[test]
    fn an_application_on_a_shelf_is_not_ready_while_nothing_is_decided() {
        assert_eq!(stage_of([accepted()], vec![application([shelved("t1", 10)])]), Stage::Received);
        let back = || vec![application([at_department(20), sent("d1", 30), shelved("t1", 40)])];
        assert_eq!(stage_of([accepted()], back()), Stage::OnTheWayBack);
        assert_eq!(stage_of([accepted(), decided()], back()), Stage::Ready, "it holds the result");
    }

    #[test]
    fn it_is_handed_out_once_everything_is() {
        let handed = || result([shelved("t1", 130), handed_out(140)]);
        assert_eq!(stage_of([decided()], vec![application([at_department(30)]), handed()]), Stage::HandedOut);
        let closed = CaseFact::Closed(Closed { code: CloseCode::Granted });
        assert_eq!(stage_of([decided(), closed], vec![handed()]), Stage::HandedOut, "also when the case is closed");
        assert_eq!(stage_of([], vec![handed(), result([shelved("t1", 130)])]), Stage::Ready, "another one waits");
        let rated = CaseFact::Rated(Rated { stars: 5.try_into().expect("a rating") });
        assert!(standing(&filed_and([decided(), rated]), vec![handed()]).rated);
    }

    #[test]
    fn without_the_bags_it_is_handed_out_all_the_same() {
        let way = result([by_site("d1", 110, DossierFact::Packed(into(INNER))), shelved("t1", 130), handed_out(140)]);
        let opened = bags([(INNER, vec![by_site("t1", 120, opened())])]);
        assert_eq!(with_bags(&filed_and([]), vec![way.clone()], &opened).stage, Stage::HandedOut);
        assert_eq!(stage_of([], vec![way]), Stage::HandedOut);
    }

    #[test]
    fn what_was_withdrawn_or_turned_down_says_so_until_it_can_be_fetched() {
        let ends = [
            (CaseFact::Withdrawn(CaseNote::default()), Stage::Withdrawn),
            (CaseFact::NotAccepted(CaseNote::default()), Stage::NotAccepted),
        ];
        for (end, stage) in ends {
            let closed = CaseFact::Closed(Closed { code: CloseCode::ReturnedToApplicant });
            assert_eq!(stage_of([end.clone()], vec![application([at_department(30)])]), stage);
            assert_eq!(stage_of([end.clone(), closed], vec![]), stage);
            let back = application([at_department(30), sent("d1", 40), shelved("t1", 50)]);
            assert_eq!(stage_of([end], vec![back]), Stage::Ready);
        }
    }

    #[test]
    fn a_closed_case_is_closed() {
        let closed = || CaseFact::Closed(Closed { code: CloseCode::Void });
        assert_eq!(stage_of([closed()], vec![application([at_department(30)])]), Stage::Closed);
        assert_eq!(stage_of([decided(), closed()], vec![result([shelved("t1", 130)])]), Stage::Ready);
    }

    #[test]
    fn what_is_missing_is_being_looked_for() {
        let missing = |at: &str| by_site(at, 140, DossierFact::Missing(read()));
        assert_eq!(stage_of([], vec![application([missing("t1")])]), Stage::BeingLookedFor);
        assert_eq!(stage_of([decided()], vec![result([shelved("t1", 130), missing("t1")])]), Stage::BeingLookedFor);
        let in_bag = vec![application([by_site("t1", 10, DossierFact::Packed(into(INNER)))])];
        let counted = bags([(INNER, vec![by_site("hub", 20, opened()), by_site("hub", 30, checked())])]);
        assert_eq!(with_bags(&filed_and([]), in_bag, &counted).stage, Stage::BeingLookedFor);
        let lost_application = application([missing("t1")]);
        assert_eq!(
            stage_of([], vec![lost_application, result([shelved("t1", 130)])]),
            Stage::Ready,
            "the result is here"
        );
    }

    #[test]
    fn what_was_annulled_or_never_registered_does_not_count() {
        let annulled = result([at_desk("t1", 120, DossierFact::Annulled(Annulled::default()))]);
        assert_eq!(stage_of([], vec![annulled, application([at_department(30)])]), Stage::AtDepartment);
        assert_eq!(stage_of([], vec![vec![at_department(30)]]), Stage::Received);
    }

    #[test]
    fn a_receipt_answers_for_a_while_after_the_end_and_always_before() {
        let over = standing(&filed_and([decided()]), vec![result([shelved("t1", 130), handed_out(140)])]);
        assert!(!over.is_over(minute(140).plus(ANSWERS_MS)) && over.is_over(minute(140).plus(ANSWERS_MS + 1)));
        let waits = standing(&filed_and([decided()]), vec![result([shelved("t1", 130)])]);
        assert!(!waits.is_over(minute(140).plus(9 * ANSWERS_MS)));
    }
}

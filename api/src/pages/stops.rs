//! The way of a dossier as a line of stops: village, town, hub, department and back, with times; where it was, where it is,
//! and what lies ahead.
use super::words::Words;
use crate::app::Known;
use domain::custody::Holder;
use domain::id::SiteId;
use domain::network::SiteKind;
use domain::trail::Line;
use projections::custody::Row;

/// A place on the way.
pub struct Stop {
    pub name: String,
    /// What kind of place it is.
    pub kind: String,
    pub when: String,
    /// `passed`, `here` or `ahead`; a class, and the key of its word.
    pub state: &'static str,
    /// On the way home.
    pub back: bool,
}

/// The stops of a story; `row` tells what lies ahead, unless an earlier time is told of.
pub fn of(words: &Words, known: &Known, lines: &[Line], holder: &Holder, row: Option<&Row>) -> Vec<Stop> {
    let mut way = Way { words, known, stops: Vec::new(), last: None, destination: destination(row), back: false };
    for line in lines.iter().filter(|line| !line.voided) {
        if let Some(site) = line.holder.as_ref().and_then(Holder::site) {
            way.pass(site, words.time(line.occurred_at));
        }
    }
    way.arrive(holder);
    if let Some(row) = row {
        way.ahead(row, holder);
    }
    way.stops
}

fn destination(row: Option<&Row>) -> Option<&SiteId> {
    row.and_then(|row| row.destination.as_ref())
}

struct Way<'a> {
    words: &'a Words,
    known: &'a Known,
    stops: Vec<Stop>,
    last: Option<SiteId>,
    destination: Option<&'a SiteId>,
    /// Its destination lies behind it.
    back: bool,
}

impl Way<'_> {
    fn stop(&self, site: &SiteId, when: String, state: &'static str) -> Stop {
        let kind = self.known.networks.latest().site(self.known.networks.resolve(site)).map(|site| site.kind);
        let kind = kind.map_or_else(String::new, |kind| self.words.t(kind_key(kind)));
        Stop { name: self.words.site(site), kind, when, state, back: self.back }
    }

    /// Goes on to a site; what lies where it lay before is no new stop.
    fn go(&mut self, site: &SiteId, when: String, state: &'static str) {
        if self.last.as_ref() == Some(site) {
            return;
        }
        let stop = self.stop(site, when, state);
        self.stops.push(stop);
        self.last = Some(site.clone());
        self.back |= self.destination == Some(site);
    }

    fn pass(&mut self, site: &SiteId, when: String) {
        self.go(site, when, "passed");
    }

    /// Where it is: at the last stop, or between two.
    fn arrive(&mut self, holder: &Holder) {
        if holder.site().is_some() && holder.site() == self.last.as_ref() {
            if let Some(stop) = self.stops.last_mut() {
                stop.state = "here";
            }
            return;
        }
        let name = self.words.holder(holder);
        let back = self.back;
        self.stops.push(Stop { name, kind: String::new(), when: String::new(), state: "here", back });
    }

    /// The planned way, as far as it is known: to where it is bound, and home from there.
    fn ahead(&mut self, row: &Row, holder: &Holder) {
        if row.annulled || matches!(holder, Holder::Applicant | Holder::Archive) {
            return;
        }
        let (Some(target), Some(home)) = (&row.target, &row.home) else { return };
        for to in [target, home] {
            let Some(from) = self.last.clone() else { return };
            let networks = self.known.networks.clone();
            for site in networks.latest().path(&from, to) {
                self.go(site, String::new(), "ahead");
            }
        }
    }
}

fn kind_key(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Station => "stop.station",
        SiteKind::Centre => "stop.centre",
        SiteKind::Hub => "stop.hub",
        SiteKind::Department => "stop.department",
    }
}

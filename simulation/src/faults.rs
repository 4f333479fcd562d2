//! What goes wrong, how often, and what has touched a thing. To add one: a variant, its row in `ABOUT`, and the place
//! in the world that asks `strikes`.
use std::fmt;

/// A kind of mishap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A site did not scan what it got.
    ForgottenReceipt,
    /// A site did not scan what it gave away.
    ForgottenDispatch,
    /// A courier did not scan what he took or left.
    ForgottenByCourier,
    /// Scanned into one bag, put into another.
    WrongBag,
    /// Handed over at the wrong stop.
    WrongSite,
    /// Set aside and forgotten for a week or two.
    LeftLying,
    /// A device without network for hours.
    Offline,
    /// An upload sent twice.
    DuplicateUpload,
    /// An upload split and sent in the wrong order.
    ShuffledUpload,
    /// A device whose clock is minutes to days off.
    WrongClock,
    /// Two dossiers got each other's label when they were registered.
    SwappedLabels,
    /// The receiver would not take it; it stayed with the courier.
    Refusal,
    /// A dossier vanished, on the road or in a building.
    LostDossier,
    /// A bag vanished with all that was in it.
    LostBag,
    /// A wrong scan, taken back by its own device.
    VoidedScan,
    /// A label was read that nobody minted.
    UnknownLabel,
    /// The program was installed anew.
    Reinstall,
}

/// Fault, name, usual rate, what the rate is counted against, and whether an exception is the right answer to it.
type About = (Fault, &'static str, f64, &'static str, bool);

const ABOUT: [About; Fault::COUNT] = [
    (Fault::ForgottenReceipt, "forgotten receipt", 0.008, "receipt", true),
    (Fault::ForgottenDispatch, "forgotten dispatch", 0.015, "dispatch", true),
    (Fault::ForgottenByCourier, "forgotten by courier", 0.015, "courier scan", true),
    (Fault::WrongBag, "wrong bag", 0.003, "packing", true),
    (Fault::WrongSite, "wrong site", 0.003, "stop before the right one", true),
    (Fault::LeftLying, "left lying", 0.003, "wait for the next leg", true),
    (Fault::Offline, "offline for hours", 0.15, "upload from a handheld", false),
    (Fault::DuplicateUpload, "duplicate upload", 0.03, "upload", false),
    (Fault::ShuffledUpload, "shuffled upload", 0.03, "upload", false),
    (Fault::WrongClock, "wrong clock", 0.05, "device", false),
    (Fault::SwappedLabels, "swapped labels", 0.002, "registration", true),
    (Fault::Refusal, "refusal", 0.005, "hand-over", true),
    (Fault::LostDossier, "lost dossier", 0.004, "circulating dossier", true),
    (Fault::LostBag, "lost bag", 0.001, "trip of a bag", true),
    (Fault::VoidedScan, "voided scan", 0.01, "receipt", false),
    (Fault::UnknownLabel, "unknown label", 0.003, "hand-in", false),
    (Fault::Reinstall, "reinstall", 0.005, "device and day", false),
];

impl Fault {
    /// How many kinds there are.
    pub const COUNT: usize = 17;

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        ABOUT.iter().map(|about| about.0)
    }

    /// What its rate is counted against.
    #[must_use]
    pub fn counted_by(self) -> &'static str {
        ABOUT[self as usize].3
    }

    /// Whether a dossier it touched may rightly be flagged even when it lies where it should.
    #[must_use]
    pub fn deserves_flag(self) -> bool {
        ABOUT[self as usize].4
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ABOUT[*self as usize].1)
    }
}

/// How often each kind happens: a share of what [`Fault::counted_by`] names.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRates([f64; Fault::COUNT]);

impl Default for FaultRates {
    fn default() -> Self {
        Self(std::array::from_fn(|kind| ABOUT[kind].2))
    }
}

impl FaultRates {
    /// A county where nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self([0.0; Fault::COUNT])
    }

    /// The same rates with one changed; cut to 0..=1.
    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        self.0[fault as usize] = rate.clamp(0.0, 1.0);
        self
    }

    /// The share of one kind.
    #[must_use]
    pub fn rate(&self, fault: Fault) -> f64 {
        self.0[fault as usize]
    }
}

/// The kinds that have touched a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FaultSet(u32);

impl FaultSet {
    pub fn insert(&mut self, fault: Fault) {
        self.0 |= 1 << fault as u32;
    }

    #[must_use]
    pub fn contains(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u32 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in it.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::all().filter(move |fault| self.contains(*fault))
    }

    /// Whether any of them may rightly be flagged.
    #[must_use]
    pub fn deserves_flag(self) -> bool {
        self.iter().any(Fault::deserves_flag)
    }
}

/// How often a kind could have happened, and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally([(u64, u64); Fault::COUNT]);

impl Tally {
    /// One more occasion.
    pub fn count(&mut self, fault: Fault, happened: bool) {
        let (occasions, times) = &mut self.0[fault as usize];
        *occasions += 1;
        *times += u64::from(happened);
    }

    /// Occasions, and how many of them went wrong.
    #[must_use]
    pub fn of(&self, fault: Fault) -> (u64, u64) {
        self.0[fault as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_own_row() {
        for (row, about) in ABOUT.iter().enumerate() {
            assert_eq!(about.0 as usize, row);
        }
    }
}

//! Loading what a fold needs: the streams of the things, of the bags they were in, and of the bags around those.
use domain::bag::BagFact;
use domain::code::{Code, CodeKind};
use domain::dossier::DossierFact;
use domain::exception::Limits;
use domain::history::History;
use domain::id::{Region, SubjectId};
use domain::network::Networks;
use domain::stay::{Bags, Container};
use domain::stream::StreamId;
use domain::tale::{Context, Tale, of_bag_history, of_dossier_history};
use eventstore::{Access, LoadError, Streams};
use std::collections::HashSet;

/// A dossier or a bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    Dossier(SubjectId),
    Bag(SubjectId),
}

impl Thing {
    /// The thing of a stream; a case is none.
    #[must_use]
    pub fn of(stream: StreamId) -> Option<Self> {
        match stream {
            StreamId::Dossier(id) => Some(Self::Dossier(id)),
            StreamId::Bag(id) => Some(Self::Bag(id)),
            StreamId::Case(_) => None,
        }
    }

    /// The thing that a label of a kind reserved; the other kinds name none.
    #[must_use]
    pub fn of_code(kind: CodeKind, id: SubjectId) -> Option<Self> {
        match kind {
            CodeKind::Dossier => Some(Self::Dossier(id)),
            CodeKind::Bag => Some(Self::Bag(id)),
            CodeKind::Site | CodeKind::Shelf | CodeKind::Badge | CodeKind::Receipt => None,
        }
    }

    /// The thing that a subject is, by the label that reserved it.
    #[must_use]
    pub fn of_subject(id: SubjectId) -> Option<Self> {
        Self::of_code(Code::of_subject(id)?.kind(), id)
    }

    /// Its stream.
    #[must_use]
    pub fn stream(self) -> StreamId {
        match self {
            Self::Dossier(id) => StreamId::Dossier(id),
            Self::Bag(id) => StreamId::Bag(id),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> SubjectId {
        match self {
            Self::Dossier(id) | Self::Bag(id) => id,
        }
    }
}

/// The bags a dossier's facts put it into, the voided ones too.
pub fn bags_of_dossier(history: &History<DossierFact>) -> impl Iterator<Item = SubjectId> {
    history
        .arrived()
        .filter_map(|event| if let DossierFact::Packed(packed) = &event.fact { Some(packed.bag) } else { None })
}

/// The bags a bag's facts put it into.
pub fn bags_of_bag(history: &History<BagFact>) -> impl Iterator<Item = SubjectId> {
    history
        .arrived()
        .filter_map(|event| if let BagFact::Packed(packed) = &event.fact { Some(packed.bag) } else { None })
}

/// Loads the streams of `things` and of every bag they lead to, and returns the bags as containers.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn load(
    access: &mut Access<'_>,
    region: Region,
    streams: &mut Streams,
    things: &[Thing],
) -> Result<Bags, LoadError> {
    let mut bags = Bags::default();
    load_with(access, region, streams, &mut bags, things).await?;
    Ok(bags)
}

/// As [`load`], keeping the bags that are known already: for folding many pages of things as of one time.
///
/// # Errors
/// The database's, or an event that cannot be read.
pub async fn load_with(
    access: &mut Access<'_>,
    region: Region,
    streams: &mut Streams,
    bags: &mut Bags,
    things: &[Thing],
) -> Result<(), LoadError> {
    streams.load(access, region, things.iter().map(|thing| thing.stream())).await?;
    let mut wanted: HashSet<SubjectId> = HashSet::new();
    for thing in things {
        match *thing {
            Thing::Dossier(id) => wanted.extend(bags_of_dossier(streams.dossier(id))),
            Thing::Bag(id) => {
                wanted.insert(id);
            }
        }
    }
    wanted.retain(|&bag| !bags.contains(bag));
    while !wanted.is_empty() {
        streams.load(access, region, wanted.iter().map(|&bag| StreamId::Bag(bag))).await?;
        let mut around = HashSet::new();
        for bag in wanted {
            let history = streams.bag(bag);
            bags.insert(bag, Container::of(history));
            around.extend(bags_of_bag(history));
        }
        around.retain(|&bag| !bags.contains(bag));
        wanted = around;
    }
    Ok(())
}

/// Folds one loaded thing.
#[must_use]
pub fn tell(
    thing: Thing,
    streams: &Streams,
    bags: &Bags,
    networks: &Networks,
    limits: &Limits,
    label_known: bool,
) -> Tale {
    let context = Context { networks, bags, limits, label_known };
    match thing {
        Thing::Dossier(id) => of_dossier_history(id, streams.dossier(id), &context),
        Thing::Bag(id) => of_bag_history(id, streams.bag(id), &context),
    }
}

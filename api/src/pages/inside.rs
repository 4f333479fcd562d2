//! What belongs to a dossier: the papers inside it, and the other dossiers of its case.
use super::words::Words;
use crate::view;
use domain::dossier::{DossierFact, Piece, PieceKind};
use domain::history::History;
use projections::queues;

/// Another dossier of the case.
pub(super) struct Other {
    pub to: String,
    pub number: String,
    pub kind: String,
    pub place: String,
}

impl Other {
    pub(super) fn of(words: &Words, placed: &queues::Placed) -> Self {
        let row = &placed.dossier;
        Self {
            to: format!("/dossiers/{}", row.subject),
            number: row.number.clone().or_else(|| view::printed(row)).unwrap_or_default(),
            kind: row.kind.map_or_else(String::new, |kind| words.kind(kind)),
            place: words.holder(placed.bag.as_ref().map_or(&row.custody.holder, |bag| &bag.custody.holder)),
        }
    }
}

/// The papers inside, as registered and as added since.
pub(super) fn pieces(words: &Words, history: &History<DossierFact>) -> Vec<(String, String, u32)> {
    of(history).map(|piece| (piece.name.clone(), words.piece(piece.kind), u32::from(piece.count))).collect()
}

/// The originals inside that go back to the applicant.
pub(super) fn originals(history: &History<DossierFact>) -> Vec<(String, u32)> {
    let back = of(history).filter(|piece| piece.kind == PieceKind::ToReturn);
    back.map(|piece| (piece.name.clone(), u32::from(piece.count))).collect()
}

fn of(history: &History<DossierFact>) -> impl Iterator<Item = &Piece> {
    history.told().into_iter().flat_map(|placed| {
        if let DossierFact::Registered(registered) = &placed.event.fact {
            registered.pieces.as_slice()
        } else if let DossierFact::PieceAdded(piece) = &placed.event.fact {
            std::slice::from_ref(piece)
        } else {
            &[]
        }
    })
}

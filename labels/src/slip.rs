//! The slip that is put onto a result on the pickup shelf (上架条): shelf and number large, since when and until when it is
//! kept, a code to scan. Everybody at the counter sees the shelf, so there is no name on it and no service item; the type
//! has no place for one. One more fact on it: a field of [`Slip`], one line in [`words`].
use crate::code;
use crate::draft::{Across, Down, Draft};
use crate::error::Error;
use crate::fit::Sizes;
use crate::page::{Area, MM, Paper, Um};
use crate::qr::Symbol;
use domain::code::{Code, CodeKind};

/// What stands on the slip. Texts may be empty: then their line is left blank to be written on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The dossier's label.
    pub code: Code,
    /// The shelf's short name: `A1`.
    pub shelf: String,
    /// What the counter calls it by: a pickup number, or the last characters of the label.
    pub mark: String,
    /// `11月2日`
    pub ready_on: String,
    pub keep_until: String,
    /// Where the shelf stands.
    pub site: String,
}

/// Paper it is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SlipSize {
    /// A label of 60 × 40 mm.
    #[default]
    Label,
    /// A6, lying.
    A6,
}

impl SlipSize {
    /// Micrometres.
    #[must_use]
    pub fn size(self) -> (Um, Um) {
        match self {
            Self::Label => (60 * MM, 40 * MM),
            Self::A6 => (148 * MM, 105 * MM),
        }
    }

    /// Everything is drawn in these: 1 mm on the label.
    fn unit(self) -> Um {
        self.size().0 / 60
    }
}

const RULE: Um = 150;

/// The slip.
///
/// # Errors
/// [`Error::WrongKind`] unless the code is a dossier's; [`Error::TextTooLong`], [`Error::SymbolTooSmall`],
/// [`Error::Resolution`]
pub fn print(slip: &Slip, host: Option<&str>, size: SlipSize, dpi: u16) -> Result<Paper, Error> {
    let given = slip.code.kind();
    if given != CodeKind::Dossier {
        return Err(Error::WrongKind { wanted: CodeKind::Dossier, given });
    }
    let (w, h) = size.size();
    let u = size.unit();
    let mut draft = Draft::new(w, h);
    let (head, rest) = draft.area().inset(2 * u).cut_top(14 * u);
    large(&mut draft, head, slip, u);
    draft.bar(rest.x, rest.y, rest.w, RULE);
    let below = rest.cut_top(u / 2).1;
    let taken = draft.qr(below.cut_left(below.h).0, Symbol::of(host, slip.code)?, dpi)?;
    let right = Area::new(taken.right() + u, below.y + u, below.right() - taken.right() - u, below.h - u);
    words(&mut draft, right, slip, u);
    Ok(Paper { title: "上架条", pages: vec![draft.page], missing: draft.missing, shortened: draft.shortened })
}

/// Shelf and number, to be read from two steps away.
fn large(draft: &mut Draft, area: Area, slip: &Slip, u: Um) {
    let (left, right) = area.cut_left(30 * u);
    let named = [(left, "架位 Shelf", &slip.shelf, 10 * u), (right, "取件号 No.", &slip.mark, 8 * u)];
    for (area, caption, value, size) in named {
        let (top, below) = area.cut_top(3 * u);
        draft.text(top, caption, Sizes::line(2_200 * u / MM), (Across::Left, Down::Top));
        let below = Area { w: below.w - u, h: below.h - u / 2, ..below };
        draft.text(below, value, Sizes::block(size, 3 * u, 2), (Across::Left, Down::Middle));
        if value.is_empty() {
            draft.bar(below.x, below.bottom() - RULE, below.w - 2 * u, RULE);
        }
    }
}

fn words(draft: &mut Draft, area: Area, slip: &Slip, u: Um) {
    let mut rest = area;
    for (caption, value) in [("上架 Ready", &slip.ready_on), ("保管至 Keep until", &slip.keep_until)] {
        let (line, below) = rest.cut_top(7 * u);
        let (top, bottom) = line.cut_top(2_600 * u / MM);
        draft.text(top, caption, Sizes::line(1_900 * u / MM), (Across::Left, Down::Top));
        let bottom = Area { h: bottom.h - u / 2, ..bottom };
        draft.text(bottom, value, Sizes::line(3_200 * u / MM), (Across::Left, Down::Middle));
        if value.is_empty() {
            draft.bar(bottom.x, bottom.bottom() - RULE, bottom.w, RULE);
        }
        rest = below;
    }
    let (foot, rest) = rest.cut_bottom(3 * u);
    draft.text(foot, &code::grouped(slip.code), Sizes::line(2_400 * u / MM), (Across::Left, Down::Bottom));
    draft.text(rest, &slip.site, Sizes::block(2_200 * u / MM, 1_400 * u / MM, 2), (Across::Left, Down::Bottom));
}

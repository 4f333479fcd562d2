//! One row by itself: its cells as values, or what is wrong with each. Asks no database.
use super::{Column, Line};
use crate::app::App;
use crate::pages::{Words, typed};
use crate::v1::decisions::{PieceRequest, check_number};
use domain::code::{Code, CodeKind};
use domain::dossier::{DossierKind, PieceKind};
use domain::id::{ItemId, SiteId};
use projections::Scope;
use rust_i18n::t;

/// Kinds of paper in a dossier, and copies of one, at most.
const PIECES_MAX: usize = 50;
const COUNT_MAX: u16 = 999;
/// Characters of a name of a paper at most.
const NAME_MAX: usize = 60;

/// What is wrong with a cell. `why` is the end of a key of words, `with` what stands in their gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub column: Column,
    why: &'static str,
    with: String,
}

impl Wrong {
    pub(super) fn new(column: Column, why: &'static str, with: impl Into<String>) -> Self {
        Self { column, why, with: with.into() }
    }

    /// In words.
    #[must_use]
    pub fn says(&self, words: &Words) -> String {
        t!(format!("registering.why_{}", self.why), locale = words.lang(), with = self.with).into_owned()
    }
}

/// What a row says.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub code: Option<Code>,
    pub number: String,
    pub kind: DossierKind,
    pub item: Option<ItemId>,
    pub destination: Option<SiteId>,
    pub home: Option<SiteId>,
    pub case_no: Option<String>,
    pub pieces: Vec<PieceRequest>,
}

/// Reads a row; what cannot be read is left out and named.
pub(super) fn read(app: &App, line: &Line) -> (Draft, Vec<Wrong>) {
    let mut wrong = Vec::new();
    let mut note = |found: Result<(), Wrong>| wrong.extend(found.err());
    let mut draft = Draft::default();
    note(label(line.cell(Column::Label)).map(|it| draft.code = Some(it)));
    note(number(Column::Number, line.cell(Column::Number)).map(|it| draft.number = it));
    note(kind(line.cell(Column::Kind)).map(|it| draft.kind = it));
    note(item(app, line.cell(Column::Item)).map(|it| draft.item = it));
    note(site(app, Column::Destination, line.cell(Column::Destination)).map(|it| draft.destination = it));
    let home = site(app, Column::Home, line.cell(Column::Home));
    note(home.and_then(|it| it.ok_or(Wrong::new(Column::Home, "empty", ""))).map(|it| draft.home = Some(it)));
    if !line.cell(Column::Case).is_empty() {
        note(number(Column::Case, line.cell(Column::Case)).map(|it| draft.case_no = Some(it)));
    }
    note(pieces(line.cell(Column::Materials)).map(|it| draft.pieces = it));
    (draft, wrong)
}

fn label(text: &str) -> Result<Code, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new(Column::Label, "empty", ""));
    }
    let code = labels::code::read(text).map_err(|_| Wrong::new(Column::Label, "label", ""))?;
    if code.kind() == CodeKind::Dossier { Ok(code) } else { Err(Wrong::new(Column::Label, "not_a_dossiers", "")) }
}

fn number(column: Column, text: &str) -> Result<String, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new(column, "empty", ""));
    }
    check_number(text, "number").map(|()| text.to_owned()).map_err(|_| Wrong::new(column, "number", ""))
}

/// What one of a kind is called in either language, or its plain name.
fn one_of<T: Copy + serde::Serialize>(all: &[T], section: &str, text: &str) -> Option<T> {
    let is_it = |it: &&T| {
        let name = serde_json::to_value(it).ok();
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
        super::is_called(text, &format!("registering.{section}_{name}"), name)
    };
    all.iter().find(is_it).copied()
}

fn kind(text: &str) -> Result<DossierKind, Wrong> {
    const ALL: [DossierKind; 4] =
        [DossierKind::Application, DossierKind::Supplement, DossierKind::Copy, DossierKind::Result];
    if text.is_empty() {
        return Ok(DossierKind::Application);
    }
    one_of(&ALL, "kind", text).ok_or_else(|| Wrong::new(Column::Kind, "kind", ""))
}

/// By its code, or by its whole name where one item alone has it.
fn item(app: &App, text: &str) -> Result<Option<ItemId>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = app.known();
    let by_code = text.parse::<ItemId>().ok().filter(|code| known.items.contains_key(code));
    let mut named = known.items.values().filter(|item| item.name == text);
    let by_name = || named.next().map(|item| item.code.clone()).filter(|_| named.next().is_none());
    by_code.or_else(by_name).map(Some).ok_or_else(|| Wrong::new(Column::Item, "item", ""))
}

/// A site of the county, whoever may act there.
fn site(app: &App, column: Column, text: &str) -> Result<Option<SiteId>, Wrong> {
    typed::site(app, &Scope::Region, text).map_err(|_| Wrong::new(column, "site", ""))
}

/// `申请表 原件 1；身份证 复印件 2`: name, kind, how many; original if no kind is named.
fn pieces(text: &str) -> Result<Vec<PieceRequest>, Wrong> {
    let texts = text.split([';', '；', '\n']).map(str::trim).filter(|text| !text.is_empty());
    let pieces: Vec<PieceRequest> = texts.map(piece).collect::<Result<_, _>>()?;
    if pieces.len() > PIECES_MAX {
        return Err(Wrong::new(Column::Materials, "many", PIECES_MAX.to_string()));
    }
    Ok(pieces)
}

fn piece(text: &str) -> Result<PieceRequest, Wrong> {
    const ALL: [PieceKind; 4] = [PieceKind::Original, PieceKind::Copy, PieceKind::ToReturn, PieceKind::Shown];
    let wrong = |why| Wrong::new(Column::Materials, why, text.chars().take(NAME_MAX).collect::<String>());
    let text = text.replace(['×', '*'], " ");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let count = words.pop().and_then(|count| count.parse::<u16>().ok()).filter(|count| (1..=COUNT_MAX).contains(count));
    let count = count.ok_or_else(|| wrong("count"))?;
    let kind = words.last().and_then(|word| one_of(&ALL, "piece", word));
    if kind.is_some() {
        words.pop();
    }
    let name = words.join(" ");
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(wrong("piece"));
    }
    Ok(PieceRequest { name, kind: kind.unwrap_or(PieceKind::Original), count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why<T>(read: Result<T, Wrong>) -> &'static str {
        read.err().expect("it is wrong").why
    }

    #[test]
    fn papers_are_name_kind_and_count() {
        let read = pieces("申请表 原件 1；身份证 复印件 2; plan copy 3\n房产证×1").unwrap();
        let read: Vec<_> = read.iter().map(|it| (it.name.as_str(), it.kind, it.count)).collect();
        let wanted = [
            ("申请表", PieceKind::Original, 1),
            ("身份证", PieceKind::Copy, 2),
            ("plan", PieceKind::Copy, 3),
            ("房产证", PieceKind::Original, 1),
        ];
        assert_eq!(read, wanted);
        for bad in ["申请表", "申请表 两", "申请表 0", "申请表 -1", "申请表 1000", "申请表 1.5"] {
            assert_eq!(why(pieces(bad)), "count", "{bad}");
        }
        assert_eq!(why(pieces("3")), "piece");
        assert_eq!(why(pieces(&"表 1;".repeat(51))), "many");
    }

    #[test]
    fn a_cell_says_what_is_wrong_with_it() {
        assert_eq!(why(label("")), "empty");
        assert_eq!(why(label("D123")), "label");
        assert_eq!(why(label(&labels::code::print(Code::new(CodeKind::Bag, 5)))), "not_a_dossiers");
        assert_eq!(why(number(Column::Number, &"1".repeat(51))), "number");
        assert_eq!(why(kind("letter")), "kind");
        assert_eq!((kind("").unwrap(), kind("结果").unwrap()), (DossierKind::Application, DossierKind::Result));
    }
}

//! The catalogue of service items (事项): who receives, who decides, within which limits, on which papers.
use crate::column::{Cell, Column};
use crate::column::{text_columns, text_enum};
use crate::register::register;
use domain::dossier::PieceKind;
use domain::id::{ItemId, SiteId};
use std::fmt;
use std::str::FromStr;

register! {
    /// An item as it held for a while.
    pub struct ItemRow in "item", keys 1 {
        code: ItemId = "code",
        /// 实施编码: uscc, level, item code.
        impl_code: String = "impl_code",
        /// May reveal a plight: not printed on anything that leaves the office.
        name: String = "name",
        department: SiteId = "department",
        /// 行政许可, 公共服务 …
        kind: String = "kind",
        /// GB/T 39046-2020 annex A.1.
        type_code: String = "type_code",
        /// GB/T 39046-2020 annex A.6: 1 on the spot, 2 promised.
        case_type_code: String = "case_type_code",
        /// The lowest place that takes the application.
        received_at: Level = "received_at",
        /// The level that decides.
        decided_at: Level = "decided_at",
        /// Decided below the county by entrustment.
        delegated: bool = "delegated",
        legal_limit: Option<Limit> = "legal_limit",
        law: Option<String> = "law",
        article: Option<String> = "article",
        /// How far the legal limit was checked against the text of the law.
        limit_status: String = "limit_status",
        promised_limit: Option<Limit> = "promised_limit",
        joint_departments: Sites = "joint_departments",
        special_procedures: Names = "special_procedures",
        silence_effect: SilenceEffect = "silence_effect",
        result_name: Option<String> = "result_name",
        materials: Materials = "materials",
    }
}

text_enum! {
    /// A level of the county.
    pub enum Level {
        Village = "village",
        Town = "town",
        County = "county",
    }
}

text_enum! {
    /// In what a limit is counted.
    pub enum Unit {
        Workday = "workday",
        Day = "day",
        Month = "month",
        /// At once, at the window.
        Immediate = "immediate",
    }
}

text_enum! {
    /// What the law makes of silence.
    pub enum SilenceEffect {
        None = "none",
        /// 行政许可法 article 50.
        RenewalGranted = "renewal_granted",
    }
}

/// A length of time the law or the office allows. As text: `20 workday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// 0 for [`Unit::Immediate`].
    pub amount: u16,
    pub unit: Unit,
}

impl Limit {
    /// As papers for applicants say it.
    #[must_use]
    pub fn in_chinese(self) -> String {
        match self.unit {
            Unit::Workday => format!("{}个工作日", self.amount),
            Unit::Day => format!("{}日", self.amount),
            Unit::Month => format!("{}个月", self.amount),
            Unit::Immediate => "当场办结".to_owned(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit)
    }
}

impl FromStr for Limit {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (amount, unit) = text.split_once(' ').ok_or(())?;
        Ok(Self { amount: amount.parse().map_err(drop)?, unit: unit.parse()? })
    }
}
text_columns!(Limit);

/// A paper that an item asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    pub name: String,
    pub kind: PieceKind,
    pub count: u16,
}

/// The papers of an item. As text `申请书=O1;身份证明=V`: `O` original kept, `C` copy kept, `R` original to be returned, `V`
/// shown only; then how many, one if nothing stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Materials(pub Vec<Material>);

fn letter(kind: PieceKind) -> char {
    match kind {
        PieceKind::Original => 'O',
        PieceKind::Copy => 'C',
        PieceKind::ToReturn => 'R',
        PieceKind::Shown => 'V',
    }
}

impl FromStr for Material {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, what) = text.trim().rsplit_once('=').ok_or(())?;
        let mut rest = what.chars();
        let found = rest.next().ok_or(())?;
        let kinds = [PieceKind::Original, PieceKind::Copy, PieceKind::ToReturn, PieceKind::Shown];
        let kind = kinds.into_iter().find(|&kind| letter(kind) == found).ok_or(())?;
        let count = if rest.as_str().is_empty() { 1 } else { rest.as_str().parse().map_err(drop)? };
        if name.is_empty() || count == 0 { Err(()) } else { Ok(Self { name: name.to_owned(), kind, count }) }
    }
}

impl fmt::Display for Materials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Material { name, kind, count }) in self.0.iter().enumerate() {
            let between = if i == 0 { "" } else { ";" };
            write!(f, "{between}{name}={}{count}", letter(*kind))?;
        }
        Ok(())
    }
}

impl FromStr for Materials {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.split(';').filter(|part| !part.trim().is_empty()).map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}
text_columns!(Materials);

macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident of $of:ty;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $list(pub Vec<$of>);

        impl Column for $list {
            const IS_INT: bool = false;
            fn cell(&self) -> Cell {
                Cell::Text(Some(self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")))
            }
            fn of(cell: Cell) -> Option<Self> {
                let Cell::Text(Some(text)) = cell else { return None };
                text.split(';').filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect::<Option<_>>().map(Self)
            }
        }
    )+};
}
lists! {
    /// Departments that take part, separated by `;` in text.
    Sites of SiteId;
    /// Words separated by `;` in text.
    Names of String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn materials_are_read_with_their_kinds_and_counts() {
        let read: Materials = "申请书=O1;平面布局图=C2;原许可证=R1;身份证明=V".parse().unwrap();
        let kinds: Vec<_> = read.0.iter().map(|m| (m.kind, m.count)).collect();
        use PieceKind::{Copy, Original, Shown, ToReturn};
        assert_eq!(kinds, [(Original, 1), (Copy, 2), (ToReturn, 1), (Shown, 1)]);
        assert_eq!(read.to_string().parse(), Ok(read));
        for wrong in ["申请书", "申请书=", "申请书=X1", "=O1", "申请书=O0", "申请书=O-1"] {
            assert!(wrong.parse::<Materials>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_an_amount_and_a_unit() {
        let limit = Limit { amount: 20, unit: Unit::Workday };
        assert_eq!(limit.to_string().parse(), Ok(limit));
        assert_eq!(limit.in_chinese(), "20个工作日");
        assert!("20".parse::<Limit>().is_err() && "x day".parse::<Limit>().is_err());
    }
}

//! What is shown of an applicant without opening: enough to tell two neighbours apart, too little to know them. No rule of
//! law says how; these are the usual forms. How long a masked part is, is not shown.
use super::details::{Details, IdentityKind};

/// The masked form of what is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub identity: Option<(IdentityKind, String)>,
    pub address: Option<String>,
}

/// Masks everything. A company's name and unified code are public by law, so they stay.
#[must_use]
pub fn mask(details: &Details) -> Masked {
    let company = details.identity.as_ref().is_some_and(|it| it.kind == IdentityKind::Company);
    let shown = |text: &str, masked: fn(&str) -> String| if company { text.to_owned() } else { masked(text) };
    Masked {
        name: details.name.as_ref().map(|it| shown(it.expose(), name)),
        phone: details.phone.as_ref().map(|it| phone(it.expose())),
        identity: details.identity.as_ref().map(|it| (it.kind, shown(it.number.expose(), identity))),
        address: details.address.as_ref().map(|it| address(it.expose())),
    }
}

/// Surnames of two characters that are still borne (百家姓 and later).
const COMPOUND_SURNAMES: [&str; 40] = [
    "欧阳", "司马", "上官", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒",
    "司空", "端木", "南宫", "轩辕", "百里", "呼延", "澹台", "赫连", "钟离", "拓跋", "独孤", "闻人", "申屠", "公羊",
    "公冶", "宗政", "濮阳", "淳于", "单于", "太叔", "万俟", "仲孙", "鲜于", "闾丘", "东郭", "西门",
];

/// The dots between the parts of a name in other tongues, as keyboards and spreadsheets write them.
pub(super) const NAME_DOTS: [char; 6] = ['·', '•', '‧', '・', '･', '．'];

/// `张*`; `欧阳*` where a compound surname is followed by a given name; `买*·*` for a name in parts.
#[must_use]
pub fn name(name: &str) -> String {
    let name = name.trim();
    let first: String = name.chars().take(1).collect();
    match name.chars().count() {
        0 | 1 => "*".to_owned(),
        _ if name.contains(NAME_DOTS) => format!("{first}*·*"),
        2 => format!("{first}*"),
        _ => {
            let compound = COMPOUND_SURNAMES.iter().find(|surname| name.starts_with(**surname));
            format!("{}*", compound.map_or(first.as_str(), |surname| surname))
        }
    }
}

/// `138****1234`; of other numbers the last four.
#[must_use]
pub fn phone(digits: &str) -> String {
    let characters: Vec<char> = digits.chars().collect();
    let last = |count: usize| characters[characters.len() - count..].iter().collect::<String>();
    match characters.len() {
        11 if digits.starts_with('1') => format!("{}****{}", characters[..3].iter().collect::<String>(), last(4)),
        7.. => format!("****{}", last(4)),
        _ => "****".to_owned(),
    }
}

/// `4****24`: the first and the last two. Not the last four: in a county everybody's first six digits are the same and
/// neighbours know the birthday, so that the last four are the whole number. Of these, some ten numbers remain possible
/// even to them.
#[must_use]
pub fn identity(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    if characters.len() < 6 {
        return "****".to_owned();
    }
    format!("{}****{}", characters[0], characters[characters.len() - 2..].iter().collect::<String>())
}

/// To the town: everything after the first 镇, 乡 or 街道 (else 县, 区, 市) goes.
#[must_use]
pub fn address(address: &str) -> String {
    let end = |words: &[&str]| {
        words.iter().filter_map(|word| address.find(word).filter(|at| *at > 0).map(|at| at + word.len())).min()
    };
    let end = end(&["镇", "乡", "街道"]).or_else(|| end(&["县", "区", "市"]));
    format!("{}*", &address[..end.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::details::{Identity, Secret};

    #[test]
    fn a_name_keeps_its_surname_only() {
        let masked = [
            ("张三", "张*"),
            ("张三丰", "张*"),
            ("欧阳锋", "欧阳*"),
            ("欧阳震华", "欧阳*"),
            ("欧阳", "欧*"),
            ("司马相如", "司马*"),
            ("买买提·艾力", "买*·*"),
            ("阿卜杜拉•买买提", "阿*·*"),
            ("𠮷野家", "𠮷*"),
            ("John Smith", "J*"),
            ("王", "*"),
            (" 李 ", "*"),
            ("", "*"),
        ];
        for (whole, wanted) in masked {
            assert_eq!(name(whole), wanted, "{whole}");
        }
    }

    #[test]
    fn a_phone_keeps_its_ends() {
        let masked =
            [("13812341234", "138****1234"), ("07534432100", "****2100"), ("4432100", "****2100"), ("110", "****")];
        for (whole, wanted) in masked {
            assert_eq!(phone(whole), wanted);
        }
    }

    #[test]
    fn an_identity_number_keeps_its_first_and_last_two() {
        assert_eq!(identity("11010519491231002X"), "1****2X");
        assert_eq!(identity("G1234567"), "G****67");
        assert_eq!(identity("12345"), "****");
    }

    #[test]
    fn an_address_ends_with_the_town() {
        let masked = [
            ("广东省五华县水寨镇大坝村3号", "广东省五华县水寨镇*"),
            ("五华县河东街道红星路1号", "五华县河东街道*"),
            ("梅州市五华县大坝村", "梅州市*"),
            ("大坝村3号", "*"),
            ("镇北路3号", "*"),
        ];
        for (whole, wanted) in masked {
            assert_eq!(address(whole), wanted);
        }
    }

    #[test]
    fn what_is_public_of_a_company_stays_and_its_phone_does_not() {
        let number = Secret::new("91350100M000100Y43");
        let company = Details {
            name: Some(Secret::new("五华县某某有限公司")),
            phone: Some(Secret::new("13812341234")),
            identity: Some(Identity { kind: IdentityKind::Company, number }),
            address: None,
        };
        let masked = mask(&company);
        assert_eq!(masked.name.as_deref(), Some("五华县某某有限公司"));
        assert_eq!(masked.identity, Some((IdentityKind::Company, "91350100M000100Y43".to_owned())));
        assert_eq!(masked.phone.as_deref(), Some("138****1234"));
    }
}

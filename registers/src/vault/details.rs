//! What the vault keeps of an applicant or proxy, checked on entry, and the forms that searching compares. `Debug` shows
//! nothing, errors tell shapes and never the text, memory is wiped when a value is dropped.
use super::mask::NAME_DOTS;
use crate::column::text_enum;
use crate::identity::{self, BadNumber};
use crate::record::{Field, SearchedBy};
use chrono::NaiveDate;
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A text that nobody sees by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text. Whoever asks answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

text_enum! {
    /// What an identity number is a number of.
    pub enum IdentityKind {
        /// Resident identity card, GB 11643.
        Resident = "resident",
        /// Unified social credit code, GB 32100.
        Company = "company",
        /// Passport, permit and whatever else; only its length is checked.
        Other = "other",
    }
}

/// An identity document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub kind: IdentityKind,
    pub number: Secret,
}

/// What is held, or what was asked for of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    pub name: Option<Secret>,
    /// Digits only.
    pub phone: Option<Secret>,
    pub identity: Option<Identity>,
    pub address: Option<Secret>,
}

/// What somebody typed.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    pub name: &'a str,
    pub phone: Option<&'a str>,
    pub identity: Option<(IdentityKind, &'a str)>,
    pub address: Option<&'a str>,
}

/// What is wrong with what was typed. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0} is missing")]
    Missing(Field),
    #[error("{field} has more than {max} characters")]
    TooLong { field: Field, max: usize },
    #[error("{0} holds a character that cannot be printed")]
    Unprintable(Field),
    #[error("a name holds letters; this one holds digits only")]
    NameOfDigits,
    #[error(
        "a phone number here is a mobile (11 digits from 13 to 19) or a landline (7 or 8 digits, or 0 and 10 to 12 in all)"
    )]
    PhoneShape,
    #[error("the identity number is wrong: {0}")]
    Number(#[from] BadNumber),
}

/// Longest name on an identity card, with room: minority names reach 30 characters, companies more.
const NAME_MAX: usize = 80;
const NUMBER_MAX: usize = 40;
const ADDRESS_MAX: usize = 200;

impl Details {
    /// Checks what was typed, as of a day, and brings it into the form that is kept.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(given: Given<'_>, today: NaiveDate) -> Result<Self, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let mut kept = |checked: Result<Option<Secret>, Invalid>| checked.map_err(|it| wrong.push(it)).ok().flatten();
        let name = kept(check_name(given.name));
        let phone = kept(given.phone.map_or(Ok(None), check_phone));
        let address = kept(given.address.map_or(Ok(None), |it| plain(Field::Address, it, ADDRESS_MAX)));
        let number = given
            .identity
            .and_then(|(kind, text)| Some(Identity { kind, number: kept(check_number(kind, text, today))? }));
        if wrong.is_empty() { Ok(Self { name, phone, identity: number, address }) } else { Err(wrong) }
    }

    /// Which fields there are.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let all = [
            (Field::Name, self.name.is_some()),
            (Field::Phone, self.phone.is_some()),
            (Field::Identity, self.identity.is_some()),
            (Field::Address, self.address.is_some()),
        ];
        all.into_iter().filter_map(|(field, is)| is.then_some(field)).collect()
    }

    /// The forms that searching compares.
    pub(super) fn searchable(&self) -> Vec<(SearchedBy, Zeroizing<String>)> {
        let numbers = self.identity.as_ref().map(|it| &it.number);
        let all = [
            (SearchedBy::Name, self.name.as_ref()),
            (SearchedBy::Phone, self.phone.as_ref()),
            (SearchedBy::Identity, numbers),
        ];
        all.into_iter().filter_map(|(by, secret)| Some((by, normal(by, secret?.expose())))).collect()
    }
}

/// The form of a text that searching compares: what two clerks may type differently is made alike.
pub(super) fn normal(by: SearchedBy, text: &str) -> Zeroizing<String> {
    Zeroizing::new(match by {
        SearchedBy::Phone => digits(text),
        SearchedBy::Identity => capitals(text),
        SearchedBy::Name => {
            let alike = |c: char| if NAME_DOTS.contains(&c) { '·' } else { c };
            text.nfkc().filter(|c| !c.is_whitespace()).map(alike).flat_map(char::to_lowercase).collect()
        }
    })
}

/// A phone number's digits, without what is written between them and without the country's prefix.
fn digits(text: &str) -> String {
    let between = |c: &char| c.is_whitespace() || matches!(c, '-' | '(' | ')' | '‐' | '–' | '—');
    let plain: String = text.nfkc().filter(|c| !between(c)).collect();
    let prefixes = ["+86", "0086"];
    prefixes.iter().find_map(|prefix| plain.strip_prefix(prefix)).map_or(plain.clone(), ToOwned::to_owned)
}

fn capitals(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Kept as it was typed, apart from white space at its ends: rare characters of names must not change.
fn plain(field: Field, text: &str, max: usize) -> Result<Option<Secret>, Invalid> {
    let text = text.trim();
    if text.chars().count() > max {
        return Err(Invalid::TooLong { field, max });
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::Unprintable(field));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

fn check_name(text: &str) -> Result<Option<Secret>, Invalid> {
    let name = plain(Field::Name, text, NAME_MAX)?.ok_or(Invalid::Missing(Field::Name))?;
    let has_letter = name.expose().chars().any(char::is_alphabetic);
    if has_letter { Ok(Some(name)) } else { Err(Invalid::NameOfDigits) }
}

/// Loosely: numbering plans change, and a number nobody can call is found out soon.
fn check_phone(text: &str) -> Result<Option<Secret>, Invalid> {
    let digits = Zeroizing::new(digits(text));
    let fits = match (digits.len(), digits.as_bytes()) {
        (0, _) => return Ok(None),
        (11, [b'1', b'3'..=b'9', ..]) => true,
        (10..=12, [b'0', b'1'..=b'9', ..]) => true,
        (7 | 8, [b'2'..=b'9', ..]) => true,
        _ => false,
    };
    if fits && digits.bytes().all(|it| it.is_ascii_digit()) {
        Ok(Some(Secret::new(digits.as_str())))
    } else {
        Err(Invalid::PhoneShape)
    }
}

fn check_number(kind: IdentityKind, text: &str, today: NaiveDate) -> Result<Option<Secret>, Invalid> {
    let number = Zeroizing::new(capitals(text));
    if number.is_empty() {
        return Ok(None);
    }
    match kind {
        IdentityKind::Resident => identity::resident(&number, today)?,
        IdentityKind::Company => identity::company(&number)?,
        IdentityKind::Other => {}
    }
    plain(Field::Identity, &number, NUMBER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Given<'_>) -> Result<Details, Vec<Invalid>> {
        Details::check(given, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap())
    }

    #[test]
    fn what_is_right_is_kept_in_one_form() {
        let given = Given {
            name: " 张三 ",
            phone: Some("+86 138-1234-1234"),
            identity: Some((IdentityKind::Resident, "１１０１０５ 19491231 002x")),
            address: Some(""),
        };
        let kept = check(given).unwrap();
        assert_eq!(kept.name.as_ref().map(Secret::expose), Some("张三"));
        assert_eq!(kept.phone.as_ref().map(Secret::expose), Some("13812341234"));
        assert_eq!(kept.identity.as_ref().map(|it| it.number.expose()), Some("11010519491231002X"));
        assert_eq!(kept.fields(), [Field::Name, Field::Phone, Field::Identity]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = Given {
            name: "",
            phone: Some("12345678901"),
            identity: Some((IdentityKind::Company, "91350100M000100Y44")),
            address: Some("a\u{7}b"),
        };
        let told = [
            Invalid::Missing(Field::Name),
            Invalid::PhoneShape,
            Invalid::Unprintable(Field::Address),
            Invalid::Number(BadNumber::Check),
        ];
        assert_eq!(check(wrong), Err(told.to_vec()));
        assert_eq!(check(Given { name: "13812341234", ..Given::default() }), Err(vec![Invalid::NameOfDigits]));
        let long = "张".repeat(81);
        let too_long = Invalid::TooLong { field: Field::Name, max: 80 };
        assert_eq!(check(Given { name: &long, ..Given::default() }), Err(vec![too_long]));
    }

    #[test]
    fn phones_of_the_mainland_pass_and_others_do_not() {
        let shape = |phone| check(Given { name: "张三", phone: Some(phone), ..Given::default() }).is_ok();
        for right in ["13812341234", "19912341234", "0753-4432100", "010 8888 8888", "4432100", "（0755）88888888", ""]
        {
            assert!(shape(right), "{right}");
        }
        for wrong in ["12812341234", "1381234123", "138123412345", "110", "abc", "1381234123a", "00753443210"] {
            assert!(!shape(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_two_clerks_type_differently_is_searched_alike() {
        let alike = [
            (SearchedBy::Name, "买买提•艾力", "买买提 · 艾力"),
            (SearchedBy::Name, "Ｊohn smith", "John Smith"),
            (SearchedBy::Phone, "138 1234 1234", "+8613812341234"),
            (SearchedBy::Identity, "11010519491231002x", "11010519491231002X"),
        ];
        for (by, one, other) in alike {
            assert_eq!(normal(by, one), normal(by, other), "{one} {other}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_person() {
        let kept = check(Given { name: "张三", phone: Some("13812341234"), ..Given::default() }).unwrap();
        let shown = format!("{kept:?}");
        assert!(!shown.contains("张") && !shown.contains("1234"), "{shown}");
    }
}

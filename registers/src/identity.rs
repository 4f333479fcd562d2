//! Identity numbers: resident identity cards (GB 11643) and the unified codes of companies and offices (GB 32100, which hold an
//! organisation code of GB 11714). Pure; an error never shows the number.
use chrono::NaiveDate;

/// Why a text is no identity number. Facts about its shape, never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    #[error("it has {found} characters instead of 18")]
    Length { found: usize },
    #[error("character {at} cannot stand there")]
    Character { at: usize },
    #[error("digits 7 to 14 are no date of birth")]
    Date,
    #[error("the organisation code inside (characters 9 to 17) has a wrong check character")]
    OrganisationCheck,
    #[error("the check character is wrong: some other character is mistyped")]
    Check,
}

const LENGTH: usize = 18;
/// Nobody older holds a card.
const BORN_YEAR_MIN: i32 = 1880;

/// GB 11643 with ISO/IEC 7064 MOD 11-2: weights 2^(17-i) modulo 11.
const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECKS: &[u8; 11] = b"10X98765432";

/// GB 32100: digits and capitals without I, O, S, V, Z; weights 3^i modulo 31.
const COMPANY_CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const COMPANY_WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// GB 11714: digits and capitals, A is 10.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// The check character of the 17 first digits of a resident identity number.
#[must_use]
pub fn resident_check(digits: &[u8; 17]) -> Option<u8> {
    let values = digits.iter().map(|&digit| char::from(digit).to_digit(10)).collect::<Option<Vec<_>>>()?;
    let sum: u32 = values.iter().zip(RESIDENT_WEIGHTS).map(|(value, weight)| value * weight).sum();
    Some(RESIDENT_CHECKS[(sum % 11) as usize])
}

/// The check character of the 17 first characters of a unified code.
#[must_use]
pub fn company_check(characters: &[u8; 17]) -> Option<u8> {
    let value = |it: &u8| COMPANY_CHARACTERS.iter().position(|known| known == it);
    let values = characters.iter().map(value).collect::<Option<Vec<_>>>()?;
    let sum: usize = values.iter().zip(COMPANY_WEIGHTS).map(|(value, weight)| value * weight).sum();
    Some(COMPANY_CHARACTERS[(31 - sum % 31) % 31])
}

/// The check character of the 8 first characters of an organisation code.
#[must_use]
pub fn organisation_check(characters: &[u8; 8]) -> Option<u8> {
    let capital = |it: u8| it.is_ascii_digit() || it.is_ascii_uppercase();
    let value = |&it: &u8| char::from(it).to_digit(36).filter(|_| capital(it));
    let values = characters.iter().map(value).collect::<Option<Vec<_>>>()?;
    let sum: u32 = values.iter().zip(ORGANISATION_WEIGHTS).map(|(value, weight)| value * weight).sum();
    Some(match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    })
}

/// Checks a resident identity number, capitals already: shape, a date of birth before `today`, check character. Which division
/// stands in the first six digits is not asked: codes are abolished, numbers stay.
///
/// # Errors
/// See [`BadNumber`].
pub fn resident(number: &str, today: NaiveDate) -> Result<(), BadNumber> {
    let (first, check) = split(number)?;
    if let Some(at) = first.iter().position(|it| !it.is_ascii_digit()).or((first[0] == b'0').then_some(0)) {
        return Err(BadNumber::Character { at: at + 1 });
    }
    let digits = |from: usize, to: usize| number[from..to].parse::<i32>().unwrap_or_default();
    let born = NaiveDate::from_ymd_opt(digits(6, 10), digits(10, 12) as u32, digits(12, 14) as u32);
    let years = NaiveDate::from_ymd_opt(BORN_YEAR_MIN, 1, 1).unwrap_or_default()..=today;
    if !born.is_some_and(|born| years.contains(&born)) {
        return Err(BadNumber::Date);
    }
    if resident_check(&first) == Some(check) { Ok(()) } else { Err(BadNumber::Check) }
}

/// Checks a unified code, capitals already: characters, the organisation code inside, check character.
///
/// # Errors
/// See [`BadNumber`].
pub fn company(code: &str) -> Result<(), BadNumber> {
    let (first, check) = split(code)?;
    let own = company_check(&first);
    if let Some(at) = first.iter().chain([&check]).position(|it| !COMPANY_CHARACTERS.contains(it)) {
        return Err(BadNumber::Character { at: at + 1 });
    }
    let mut organisation = [0; 8];
    organisation.copy_from_slice(&first[8..16]);
    if organisation_check(&organisation) != Some(first[16]) {
        return Err(BadNumber::OrganisationCheck);
    }
    if own == Some(check) { Ok(()) } else { Err(BadNumber::Check) }
}

fn split(number: &str) -> Result<([u8; 17], u8), BadNumber> {
    let wrong = || BadNumber::Length { found: number.chars().count() };
    let whole: &[u8; LENGTH] = number.as_bytes().try_into().map_err(|_| wrong())?;
    let mut first = [0; 17];
    first.copy_from_slice(&whole[..17]);
    Ok((first, whole[17]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn whole(first: &str, check: Option<u8>) -> String {
        format!("{first}{}", char::from(check.unwrap()))
    }

    /// Vector C01: the sample number printed in GB 11643.
    #[test]
    fn the_sample_of_gb_11643_ends_in_x() {
        assert_eq!(resident_check(b"11010519491231002"), Some(b'X'));
        assert_eq!(resident("11010519491231002X", day(2026, 1, 1)), Ok(()));
    }

    /// Vector C03: the sample widely printed with GB 32100.
    #[test]
    fn the_sample_of_gb_32100_ends_in_3() {
        assert_eq!(company_check(b"91350100M000100Y4"), Some(b'3'));
        assert_eq!(company("91350100M000100Y43"), Ok(()));
    }

    /// Vector C04: the sample of GB 11714.
    #[test]
    fn the_sample_of_gb_11714_ends_in_x() {
        assert_eq!(organisation_check(b"D2143569"), Some(b'X'));
    }

    #[test]
    fn every_mistyped_digit_of_a_resident_number_is_noticed() {
        let right = b"11010519491231002X";
        for at in 0..17 {
            for digit in (b'0'..=b'9').filter(|digit| *digit != right[at]) {
                let mut wrong = *right;
                wrong[at] = digit;
                let wrong = String::from_utf8(wrong.to_vec()).unwrap();
                assert!(resident(&wrong, day(2026, 1, 1)).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn every_mistyped_character_of_a_unified_code_is_noticed() {
        let right = b"91350100M000100Y43";
        for at in 0..18 {
            for character in COMPANY_CHARACTERS.iter().filter(|it| **it != right[at]) {
                let mut wrong = *right;
                wrong[at] = *character;
                let wrong = String::from_utf8(wrong.to_vec()).unwrap();
                assert!(company(&wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn a_resident_number_tells_what_is_wrong() {
        let today = day(2026, 1, 1);
        let with_date = |date: &str| {
            let first = format!("110105{date}002");
            whole(&first, resident_check(first.as_bytes().try_into().unwrap()))
        };
        assert_eq!(resident(&with_date("20240229"), today), Ok(()));
        for impossible in ["20230229", "19491331", "19490100", "20260102", "18000101", "00000000"] {
            assert_eq!(resident(&with_date(impossible), today), Err(BadNumber::Date), "{impossible}");
        }
        assert_eq!(resident("11010519491231002", today), Err(BadNumber::Length { found: 17 }));
        assert_eq!(resident("110105491231002", today), Err(BadNumber::Length { found: 15 }), "the old, short kind");
        assert_eq!(
            resident("1101051949123100Ⅹ", today),
            Err(BadNumber::Length { found: 17 }),
            "18 bytes, 17 characters"
        );
        assert_eq!(resident("1101051949I231002X", today), Err(BadNumber::Character { at: 11 }));
        assert_eq!(resident("01010519491231002X", today), Err(BadNumber::Character { at: 1 }));
        assert_eq!(resident("11010519491231002x", today), Err(BadNumber::Check), "capitals are made before");
    }

    #[test]
    fn a_unified_code_tells_what_is_wrong() {
        assert_eq!(company("91350100M000100Y4"), Err(BadNumber::Length { found: 17 }));
        assert_eq!(company("91350100M0O0100Y43"), Err(BadNumber::Character { at: 11 }), "the letter O");
        assert_eq!(company("91350100M000100Y53"), Err(BadNumber::OrganisationCheck));
        assert_eq!(company("91350100M000100Y44"), Err(BadNumber::Check));
    }
}

//! The text of a label: the 13 characters of a [`Code`] and one check character (ISO/IEC 7064, MOD 37,36); drawing new
//! codes; reading what people type and scanners send. Never repeats what it read: a wrong text may be somebody's
//! identity number.
use domain::code::{ALPHABET, Code, CodeKind};
use iso_7064::MOD37_36;
use rand::Rng;

/// Characters on a label: a kind letter, twelve of [`ALPHABET`], one check character.
pub const PRINTED_LENGTH: usize = 14;

/// Check characters that people take for others. A code that would end in one is never drawn.
const NOT_PRINTED: [char; 4] = ['I', 'L', 'O', 'U'];

/// Why a text is not one of our labels. Holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("this is {looks_like}, not one of our labels")]
    Foreign { looks_like: LooksLike },
    #[error("the check character does not fit or is missing: scan again, or type the 14 characters below the code")]
    WrongCheck,
    #[error("this label is of a kind this program does not know: a newer program printed it")]
    UnknownKind,
}

/// What a foreign text seems to be, for the message that is shown or spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LooksLike {
    Nothing,
    /// Goods: EAN-8, UPC-A, EAN-13, ISBN, GTIN-14.
    GoodsBarcode,
    /// 18 or 15 characters like a resident's identity number (GB 11643). Handle as personal data.
    IdentityNumber,
    /// Unified social credit code (GB 32100), as on a business licence.
    CreditCode,
    /// A parcel's number.
    Waybill,
    /// An address whose last part is no label.
    Url,
    Text,
}

impl std::fmt::Display for LooksLike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "an empty text",
            Self::GoodsBarcode => "a barcode of goods (EAN-13 or alike)",
            Self::IdentityNumber => "an identity card number",
            Self::CreditCode => "a unified social credit code",
            Self::Waybill => "an express waybill",
            Self::Url => "the address of another system",
            Self::Text => "another text",
        })
    }
}

/// The text below a code: 14 characters.
#[must_use]
pub fn print(code: Code) -> String {
    let mut text = code.to_string();
    text.push(check_character(&text));
    text
}

/// The printed text in groups of four, as people read it aloud: `DXXX XXXX XXXX XX`.
#[must_use]
pub fn grouped(code: Code) -> String {
    let text: Vec<char> = print(code).chars().collect();
    text.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// A new code. Draws again while the check character is one people mistake (one draw in nine), and while two neighbours
/// could be swapped unseen: MOD 37,36 misses a few such pairs, in one code of 24.
pub fn draw(kind: CodeKind, rng: &mut impl Rng) -> Code {
    loop {
        let code = Code::new(kind, rng.next_u64());
        let text = print(code);
        if !text.ends_with(NOT_PRINTED) && every_swap_shows(&text) {
            return code;
        }
    }
}

/// Whether the text with any two unlike neighbours swapped is refused.
fn every_swap_shows(text: &str) -> bool {
    let typed: Vec<char> = text.chars().collect();
    (1..typed.len()).filter(|&at| typed[at - 1] != typed[at]).all(|at| {
        let mut swapped = typed.clone();
        swapped.swap(at - 1, at);
        read(&String::from_iter(swapped)).is_err()
    })
}

/// Reads a label however it came: upper or lower case, full-width, with spaces or hyphens, I and L for 1, O for 0, bare
/// or as the last part of an address. Without its check character nothing is a label.
///
/// # Errors
/// See [`ReadError`].
pub fn read(text: &str) -> Result<Code, ReadError> {
    let clean: String = text.chars().filter_map(plain).collect();
    let (segment, is_url) = last_segment(&clean);
    let foreign = || ReadError::Foreign { looks_like: if is_url { LooksLike::Url } else { looks_like(segment) } };
    let typed: Vec<char> = segment.chars().collect();
    let shaped = matches!(typed.len(), 13 | PRINTED_LENGTH)
        && typed[0].is_ascii_alphabetic()
        && typed[1..13].iter().all(|&c| in_alphabet(meant(c)));
    if !shaped {
        return Err(foreign());
    }
    let body: String = typed[..1].iter().copied().chain(typed[1..13].iter().map(|&c| meant(c))).collect();
    let check = check_character(&body);
    let fits = typed.get(13).is_some_and(|&last| last == check || meant(last) == check);
    match (CodeKind::of(typed[0]), fits) {
        (Some(_), true) => body.parse().map_err(|_| foreign()),
        (Some(_), false) => Err(ReadError::WrongCheck),
        (None, true) => Err(ReadError::UnknownKind),
        (None, false) => Err(foreign()),
    }
}

fn check_character(body: &str) -> char {
    let [check] = MOD37_36.compute_lax(body);
    check
}

/// What a character stands for, or nothing if it only parts groups. Input methods send full-width letters, scanners
/// control characters.
fn plain(c: char) -> Option<char> {
    let c = match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    };
    let parts =
        c.is_whitespace() || c.is_control() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FEFF}');
    (!parts).then_some(c.to_ascii_uppercase())
}

/// The last part of an address without its query, and whether it was an address.
fn last_segment(text: &str) -> (&str, bool) {
    let Some((_, rest)) = text.split_once("://") else { return (text, false) };
    let path = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    (path.rsplit('/').next().unwrap_or(path), true)
}

fn meant(c: char) -> char {
    match c {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    }
}

fn in_alphabet(c: char) -> bool {
    u8::try_from(c).is_ok_and(|b| ALPHABET.contains(&b))
}

fn looks_like(text: &str) -> LooksLike {
    let length = text.chars().count();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let numeric = digits(text);
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    match length {
        0 => LooksLike::Nothing,
        15 if numeric => LooksLike::IdentityNumber,
        18 if text.split_at_checked(17).is_some_and(|(body, last)| digits(body) && (last == "X" || digits(last))) => {
            LooksLike::IdentityNumber
        }
        18 if text.chars().all(|c| in_alphabet(c) || c == 'U') && digits(&text[2..8]) => LooksLike::CreditCode,
        8 | 12 | 13 | 14 if numeric && goods_check_fits(text) => LooksLike::GoodsBarcode,
        12..=15 if numeric => LooksLike::Waybill,
        13 if letters == 2 && digits(&text[2..11]) => LooksLike::Waybill,
        10..=20 if (1..=4).contains(&letters) && digits(&text[letters..]) => LooksLike::Waybill,
        _ => LooksLike::Text,
    }
}

/// The check digit of GS1 numbers: weights 3 and 1 from the right.
fn goods_check_fits(digits: &str) -> bool {
    let weighted = digits.bytes().rev().zip([1, 3].into_iter().cycle()).map(|(b, weight)| u32::from(b - b'0') * weight);
    weighted.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn drawn(count: usize) -> Vec<Code> {
        let mut rng = StdRng::seed_from_u64(7064);
        (0..count).map(|i| draw(CodeKind::ALL[i % 6], &mut rng)).collect()
    }

    fn foreign(looks_like: LooksLike) -> Result<Code, ReadError> {
        Err(ReadError::Foreign { looks_like })
    }

    #[test]
    fn what_is_printed_is_read_back_and_ends_in_a_character_people_can_type() {
        for code in drawn(600) {
            let text = print(code);
            assert_eq!(text.len(), PRINTED_LENGTH);
            assert!(text.bytes().all(|b| ALPHABET.contains(&b)), "{text}");
            assert_eq!(read(&text), Ok(code));
        }
        for bits in 0..2_000 {
            let code = Code::new(CodeKind::Bag, bits);
            assert_eq!(read(&print(code)), Ok(code), "also a code that draw would not have drawn");
        }
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        assert_eq!(
            MOD37_36.compute("A12425GABC1234002").unwrap(),
            ['M'],
            "the sample of the Global Release Identifier"
        );
    }

    #[test]
    fn every_single_substitution_is_detected() {
        for code in drawn(300) {
            let text = print(code).into_bytes();
            for (at, other) in (0..text.len()).flat_map(|at| ALPHABET.iter().map(move |&other| (at, other))) {
                let mut wrong = text.clone();
                wrong[at] = other;
                let outcome = read(std::str::from_utf8(&wrong).unwrap());
                assert_eq!(outcome.is_ok(), other == text[at], "{wrong:?}");
            }
        }
    }

    #[test]
    fn every_transposition_of_neighbours_is_detected() {
        for code in drawn(3_000) {
            let text = print(code).into_bytes();
            for at in (0..13).filter(|&at| text[at] != text[at + 1]) {
                let mut wrong = text.clone();
                wrong.swap(at, at + 1);
                assert!(read(std::str::from_utf8(&wrong).unwrap()).is_err(), "{wrong:?}");
            }
        }
    }

    #[test]
    fn most_codes_are_fit_to_be_drawn() {
        let mut rng = StdRng::seed_from_u64(1);
        let texts: Vec<_> = (0..20_000).map(|_| print(Code::new(CodeKind::Dossier, rng.next_u64()))).collect();
        let mistaken = texts.iter().filter(|text| text.ends_with(NOT_PRINTED)).count();
        let unseen = texts.iter().filter(|text| !every_swap_shows(text)).count();
        assert!((1_800..2_700).contains(&mistaken), "{mistaken}");
        assert!((600..1_100).contains(&unseen), "{unseen}");
    }

    #[test]
    fn a_label_is_read_however_it_was_typed_or_scanned() {
        for code in drawn(200) {
            let text = print(code);
            let lower = text.to_lowercase();
            let wide: String = text.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
            let mistaken = format!("{}{}", &text[..1], text[1..].replace('1', "l").replace('0', "o"));
            let forms = [
                lower.clone(),
                grouped(code),
                format!("  {}-{}\r\n", &text[..4], &text[4..]),
                format!("\u{feff}{wide}"),
                mistaken,
                text.replace('1', "I"),
                format!("https://example.gov.cn/{text}"),
                format!("HTTPS://EXAMPLE.GOV.CN/{text}/"),
                format!("http://10.0.0.7:8080/l/{lower}?from=wx#top"),
            ];
            for form in forms {
                assert_eq!(read(&form), Ok(code), "{form}");
            }
        }
    }

    #[test]
    fn groups_are_four_four_four_two() {
        let code = Code::new(CodeKind::Dossier, 0x0123_4567_89AB_CDEF);
        assert_eq!(grouped(code).split(' ').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 2]);
    }

    #[test]
    fn without_its_check_character_nothing_is_a_label() {
        for code in drawn(100) {
            assert_eq!(read(&code.to_string()), Err(ReadError::WrongCheck));
        }
    }

    #[test]
    fn a_label_of_a_kind_not_yet_known_is_told_from_a_foreign_one() {
        let body = "K123456789ABC";
        let right = check_character(body);
        assert_eq!(read(&format!("{body}{right}")), Err(ReadError::UnknownKind));
        let wrong = if right == '7' { '8' } else { '7' };
        assert_eq!(read(&format!("{body}{wrong}")), foreign(LooksLike::Text));
    }

    #[test]
    fn a_foreign_barcode_is_named() {
        let known = [
            ("", LooksLike::Nothing),
            ("6901234567892", LooksLike::GoodsBarcode),
            ("9787302423287", LooksLike::GoodsBarcode),
            ("96385074", LooksLike::GoodsBarcode),
            ("11010519491231002X", LooksLike::IdentityNumber),
            ("110105 19491231 0021", LooksLike::IdentityNumber),
            ("110105491231002", LooksLike::IdentityNumber),
            ("11441424TEXT00017J", LooksLike::CreditCode),
            ("SF1234567890123", LooksLike::Waybill),
            ("EA123456789CN", LooksLike::Waybill),
            ("75312345678901", LooksLike::Waybill),
            ("https://example.com/p/12345", LooksLike::Url),
            ("weixin://dl/business", LooksLike::Url),
            ("五华县公共服务中心", LooksLike::Text),
            ("Documentation", LooksLike::Text),
        ];
        for (text, looks_like) in known {
            assert_eq!(read(text), foreign(looks_like), "{text}");
        }
    }

    #[test]
    fn an_identity_number_is_never_repeated() {
        let error = read("11010519491231002X").unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("1101") && !said.contains("1949"), "{said}");
    }
}

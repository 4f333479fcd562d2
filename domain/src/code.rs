//! What a label carries: a kind letter and 60 random bits. The check character and the tolerant reader belong to paper
//! (crate `labels`); here is the value, and the subject it reserves.
use crate::id::SubjectId;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Crockford's base 32: no I, L, O, U.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a label is stuck on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeKind {
    Dossier,
    Bag,
    Site,
    Shelf,
    Badge,
    Receipt,
}

impl CodeKind {
    /// Every kind, for tables and documents.
    pub const ALL: [Self; 6] = [Self::Dossier, Self::Bag, Self::Site, Self::Shelf, Self::Badge, Self::Receipt];

    /// The letter a code begins with. All are in Crockford's alphabet, so a code can be typed.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Dossier => 'D',
            Self::Bag => 'B',
            Self::Site => 'P',
            Self::Shelf => 'S',
            Self::Badge => 'W',
            Self::Receipt => 'R',
        }
    }

    /// The kind of a letter, upper case.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// A code: `D` and twelve characters of [`ALPHABET`]. Text form without the check character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code {
    kind: CodeKind,
    bits: u64,
}

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a code is a kind letter and 12 characters of 0-9 A-Z without I, L, O, U")]
pub struct BadCode;

impl Code {
    /// How many random bits a code holds: 12 characters of 5 bits.
    pub const BITS: u32 = 60;

    /// The code of `kind` with the low 60 of `bits`.
    #[must_use]
    pub fn new(kind: CodeKind, bits: u64) -> Self {
        Self { kind, bits: bits & ((1 << Self::BITS) - 1) }
    }

    /// What it is stuck on.
    #[must_use]
    pub fn kind(self) -> CodeKind {
        self.kind
    }

    /// The subject this code reserves: a version 8 UUID (RFC 9562) of the kind letter and the 60 bits. So a scan of a
    /// label nobody has registered yet already lies in the stream of the dossier it will name.
    #[must_use]
    pub fn subject(self) -> SubjectId {
        let mut bytes = [0; 16];
        bytes[0] = self.kind.letter() as u8;
        bytes[8..].copy_from_slice(&self.bits.to_be_bytes());
        SubjectId(Uuid::new_v8(bytes))
    }

    /// The code that reserved a subject; `None` for an id no label made.
    #[must_use]
    pub fn of_subject(subject: SubjectId) -> Option<Self> {
        let bytes = subject.0.as_bytes();
        let kind = CodeKind::of(char::from(bytes[0]))?;
        let low = u64::from_be_bytes(bytes[8..].try_into().ok()?);
        let code = Self::new(kind, low);
        (code.subject() == subject).then_some(code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 13];
        text[0] = self.kind.letter() as u8;
        for (place, shift) in text[1..].iter_mut().zip((0..Self::BITS).step_by(5).rev()) {
            *place = ALPHABET[(self.bits >> shift) as usize & 31];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Code {
    type Err = BadCode;
    fn from_str(text: &str) -> Result<Self, BadCode> {
        let (letter, digits) = text.split_at_checked(1).ok_or(BadCode)?;
        let kind = letter.chars().next().and_then(CodeKind::of).ok_or(BadCode)?;
        if digits.len() != 12 {
            return Err(BadCode);
        }
        let bits = digits.bytes().try_fold(0_u64, |bits, digit| {
            let value = ALPHABET.iter().position(|&a| a == digit).ok_or(BadCode)?;
            Ok(bits << 5 | value as u64)
        })?;
        Ok(Self { kind, bits })
    }
}

impl TryFrom<String> for Code {
    type Error = BadCode;
    fn try_from(text: String) -> Result<Self, BadCode> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_its_text_and_its_subject_are_one_to_one() {
        for kind in CodeKind::ALL {
            for bits in [0, 1, 31, 32, 0x0123_4567_89AB_CDEF, (1 << 60) - 1] {
                let code = Code::new(kind, bits);
                assert_eq!(code.to_string().parse(), Ok(code));
                assert_eq!(Code::of_subject(code.subject()), Some(code));
            }
        }
        assert_eq!(Code::of_subject(SubjectId(Uuid::nil())), None);
        assert_eq!("D00000000000U".parse::<Code>(), Err(BadCode));
    }
}

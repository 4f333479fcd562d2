//! What is said: a template in either language, with the place and the end of the receipt's code. No name, no item. With its
//! signature it fits one SMS: 70 characters, for Chinese has no shorter alphabet; a place's name is cut before that is passed.
use super::channel::Reaches;
use registers::notice::Kind;
use rust_i18n::t;

/// Characters of one SMS.
pub const SMS_MAX: usize = 70;
/// Characters of a signature.
pub const SIGNATURE_MAX: usize = 16;

/// What a text is made of.
pub struct Parts<'a> {
    pub signature: &'a str,
    pub english: bool,
    /// The last characters of the receipt's code, if one was printed.
    pub receipt: Option<&'a str>,
    pub place: &'a str,
}

/// The text, in UTF-16 units as SMS counts no longer than [`SMS_MAX`] for who has a phone.
#[must_use]
pub fn text(kind: Kind, reaches: Reaches, parts: &Parts<'_>) -> String {
    let (lang, place) = (if parts.english { "en" } else { "zh-CN" }, parts.place);
    if reaches == Reaches::Office {
        return match kind {
            Kind::Ready | Kind::Again => t!("notice.office_ready", locale = lang, place = place),
            Kind::Correction => t!("notice.office_correction", locale = lang),
        }
        .into_owned();
    }
    let receipt = match parts.receipt {
        Some(tail) => t!("notice.receipt", locale = lang, tail = tail).into_owned(),
        None => String::new(),
    };
    let said = |place: &str| match kind {
        Kind::Ready | Kind::Again => t!("notice.ready", locale = lang, receipt = receipt, place = place).into_owned(),
        Kind::Correction => t!("notice.correction", locale = lang, receipt = receipt).into_owned(),
    };
    let signed =
        |place: &str| t!("notice.signed", locale = lang, signature = parts.signature, said = said(place)).into_owned();
    let too_many = length(&signed(place)).saturating_sub(SMS_MAX);
    if too_many == 0 {
        return signed(place);
    }
    let room = length(place).saturating_sub(too_many + 1);
    signed(&format!("{}…", cut(place, room)))
}

/// As SMS counts.
#[must_use]
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn cut(text: &str, units: usize) -> String {
    let mut room = units;
    text.chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= room;
            room = room.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_one_sms_with_the_longest_signature_and_place() {
        let (signature, place) = ("市".repeat(SIGNATURE_MAX), "𠮷水寨镇便民服务中心".repeat(9));
        for (kind, english, receipt) in [
            (Kind::Ready, false, Some("7K2M9Q")),
            (Kind::Ready, true, Some("7K2M9Q")),
            (Kind::Ready, false, None),
            (Kind::Correction, false, Some("7K2M9Q")),
            (Kind::Correction, true, Some("7K2M9Q")),
            (Kind::Again, true, None),
        ] {
            let said = text(kind, Reaches::Phone, &Parts { signature: &signature, english, receipt, place: &place });
            assert!(length(&said) <= SMS_MAX, "{} {said}", length(&said));
            assert_eq!(said.contains("7K2M9Q"), receipt.is_some(), "{said}");
        }
    }

    #[test]
    fn it_says_where_and_no_more() {
        let parts =
            Parts {
                signature: "五华政务", english: false, receipt: Some("7K2M9Q"), place: "水寨镇便民服务中心"
            };
        let said = text(Kind::Ready, Reaches::Phone, &parts);
        assert_eq!(said, "【五华政务】您的材料已可领取，请带回执（尾号7K2M9Q）到水寨镇便民服务中心领取。");
    }
}

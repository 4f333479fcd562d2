//! What the handheld's page must read as Rust does: the rule table on every situation there is, and labels however they
//! came. Both are written to golden files here and read by the page in a browser, so neither can move alone.
//! `UPDATE_DOCS=1 cargo test -p tests handheld` writes them anew.
use domain::code::{Code, CodeKind};
use domain::scan::Mode;
use domain::table::{Reader, Situation, TABLE, Thing, Whereabouts, row};
use labels::code::{LooksLike, ReadError, draw, grouped, print, read};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("browser/golden").join(name)
}

/// Compares with the golden file, or writes it.
fn holds(name: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(golden("")).unwrap();
        std::fs::write(golden(name), text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(golden(name)).unwrap();
    assert!(found == text, "{name} is not what the code says: UPDATE_DOCS=1 cargo test -p tests handheld");
}

const THINGS: [Thing; 2] = [Thing::Dossier, Thing::Bag];
const MODES: [Mode; 8] =
    [Mode::Look, Mode::Receive, Mode::Send, Mode::Pack, Mode::Check, Mode::Sort, Mode::Shelve, Mode::Stocktake];
const READERS: [Reader; 4] = [Reader::Site, Reader::Department, Reader::CourierAtStop, Reader::CourierOnRoad];
const WHEREABOUTS: [Whereabouts; 3] = [Whereabouts::Here, Whereabouts::WithReader, Whereabouts::Elsewhere];

/// Every situation, the last side turning fastest.
fn situations() -> impl Iterator<Item = Situation> {
    let sides = THINGS.into_iter().flat_map(|thing| MODES.into_iter().map(move |mode| (thing, mode)));
    let sides = sides.flat_map(|it| READERS.into_iter().map(move |reader| (it, reader)));
    let sides = sides.flat_map(|it| WHEREABOUTS.into_iter().map(move |whereabouts| (it, whereabouts)));
    sides.flat_map(|(((thing, mode), reader), whereabouts)| {
        (0..16_u8).map(move |flags| {
            let flag = |bit: u8| flags & (1 << bit) != 0;
            let (repeated, bag_open, homeward, pickup_site) = (flag(3), flag(2), flag(1), flag(0));
            Situation { thing, mode, reader, whereabouts, repeated, bag_open, homeward, pickup_site }
        })
    })
}

#[test]
fn every_situation_reads_a_row_that_is_written_down() {
    let rows: Vec<&str> = TABLE.iter().map(|row| row.id).collect();
    let number = |situation: &Situation| rows.iter().position(|id| *id == row(situation).id).unwrap();
    let read: Vec<usize> = situations().map(|situation| number(&situation)).collect();
    assert_eq!(read.len(), 3_072);
    let read_at_all: std::collections::BTreeSet<usize> = read.iter().copied().collect();
    assert_eq!(read_at_all.len(), rows.len(), "every row is read in some situation");
    let text: String =
        read.iter().map(|&number| char::from_digit(u32::try_from(number).unwrap(), 36).unwrap()).collect();
    let sides = json!({ "thing": THINGS, "mode": MODES, "reader": READERS, "whereabouts": WHEREABOUTS });
    holds("situations.json", &json!({ "rows": rows, "sides": sides, "read": text }));
}

fn outcome(text: &str) -> Value {
    match read(text) {
        Ok(code) => json!({ "kind": code.kind(), "code": code.to_string(), "printed": print(code) }),
        Err(ReadError::WrongCheck) => json!({ "error": "wrong-check" }),
        Err(ReadError::UnknownKind) => json!({ "error": "unknown-kind" }),
        Err(ReadError::Foreign { looks_like }) => json!({ "error": "foreign", "looks": looks(looks_like) }),
    }
}

fn looks(like: LooksLike) -> &'static str {
    match like {
        LooksLike::Nothing => "nothing",
        LooksLike::GoodsBarcode => "goods-barcode",
        LooksLike::IdentityNumber => "identity-number",
        LooksLike::CreditCode => "credit-code",
        LooksLike::Waybill => "waybill",
        LooksLike::Url => "url",
        LooksLike::Text => "text",
    }
}

/// A text in every way it may come, and wrong in every way it may go wrong.
fn forms(code: Code) -> Vec<String> {
    let text = print(code);
    let wide = text.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect();
    let mistaken = format!("{}{}", &text[..1], text[1..].replace('1', "l").replace('0', "o"));
    let mut forms = vec![
        text.clone(),
        text.to_lowercase(),
        grouped(code),
        format!("  {}-{}\r\n", &text[..4], &text[4..]),
        wide,
        mistaken,
        format!("HTTPS://EXAMPLE.GOV.CN/{text}/"),
        format!("http://10.0.0.7:8080/l/{}?from=wx#top", text.to_lowercase()),
        code.to_string(),
    ];
    for at in 0..text.len() - 1 {
        let mut swapped: Vec<char> = text.chars().collect();
        swapped.swap(at, at + 1);
        forms.push(swapped.into_iter().collect());
        let other = if text.as_bytes()[at] == b'7' { '8' } else { '7' };
        forms.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
    }
    forms
}

#[test]
fn labels_in_every_form_are_written_down() {
    let mut rng = ChaCha8Rng::seed_from_u64(37);
    let drawn: Vec<Code> = (0..24).map(|i| draw(CodeKind::ALL[i % 6], &mut rng)).collect();
    let foreign = [
        "",
        "6901234567892",
        "96385074",
        "11010519491231002X",
        "110105491231002",
        "11441424TEXT00017J",
        "SF1234567890123",
        "EA123456789CN",
        "75312345678901",
        "https://example.com/p/12345",
        "weixin://dl/business",
        "五华县公共服务中心",
        "Documentation",
        "K123456789ABC7",
        "D00000000000U",
        "𬭎𬭎𬭎𬭎",
    ];
    let foreign = foreign.into_iter().map(ToOwned::to_owned);
    let texts: Vec<String> = drawn.into_iter().flat_map(forms).chain(foreign).collect();
    let vectors: Vec<Value> = texts.iter().map(|text| json!({ "text": text, "read": outcome(text) })).collect();
    holds("labels.json", &Value::Array(vectors));
}

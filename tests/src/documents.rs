//! The documents tell what the code does: the tables in `docs/events.md` are made from it, and both languages say the same.
//! `UPDATE_DOCS=1 cargo test -p tests documents` writes them anew.
use domain::bag::BagFact;
use domain::case::CaseFact;
use domain::dossier::DossierFact;
use domain::event::Fact;
use domain::exception::Limits;
use domain::table::TABLE;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The name a value has on the wire.
fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap_or_default().to_owned()
}

fn names(values: &[impl Serialize]) -> String {
    values.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn rules() -> String {
    let mut text = String::from("| row | thing | mode | reader | whereabouts | and | action | says |\n|");
    text.push_str(&" --- |".repeat(8));
    for row in TABLE {
        let flags = [
            ("read again", row.repeated),
            ("a bag is open", row.bag_open),
            ("homeward", row.homeward),
            ("pickup site", row.pickup_site),
        ];
        let flags: Vec<String> = flags
            .iter()
            .filter_map(|(what, it)| it.map(|it| if it { (*what).to_owned() } else { format!("not {what}") }))
            .collect();
        let (things, modes, readers) = (names(row.things), names(row.modes), names(row.readers));
        let (whereabouts, action) = (names(row.whereabouts), name(&row.action));
        let and = flags.join(", ");
        let cells = [row.id, &things, &modes, &readers, &whereabouts, &and, &action, row.says];
        write!(text, "\n| {} |", cells.join(" | ")).unwrap();
    }
    text
}

fn events() -> String {
    let mut text = String::from("| stream | events (schema version) |\n| --- | --- |");
    let list = |names: &[(&str, i32)]| {
        names.iter().map(|(name, version)| format!("`{name}` ({version})")).collect::<Vec<_>>().join(" ")
    };
    for (stream, names) in [("dossier", DossierFact::NAMES), ("bag", BagFact::NAMES), ("case", CaseFact::NAMES)] {
        write!(text, "\n| {stream} | {} |", list(names)).unwrap();
    }
    text
}

fn exceptions() -> String {
    let words = std::fs::read_to_string(root().join("api/locales/en.yml")).unwrap();
    let chinese = std::fs::read_to_string(root().join("api/locales/zh-CN.yml")).unwrap();
    let section = |text: &str| -> Vec<(String, String)> {
        let body = text.split("\nexception:\n").nth(1).unwrap_or_default();
        let lines = body.lines().take_while(|line| line.starts_with("  "));
        lines
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(key, word)| (key.trim_matches('"').to_owned(), word.trim_matches('"').to_owned()))
            .collect()
    };
    let mut text = String::from("| kind | 中文 | in words |\n| --- | --- | --- |");
    for ((kind, english), (_, chinese)) in section(&words).iter().zip(section(&chinese)) {
        write!(text, "\n| `{kind}` | {chinese} | {english} |").unwrap();
    }
    let Limits { held, in_bag, post, leg_unknown, kept } = Limits::default();
    let limits = format!(
        "\n\nToo long, in minutes (constructed values): held at a site with somewhere to go {}, in one bag {}, with the post {}, \
         on a leg nobody described {}, else what the leg says; on the shelf for the applicant to fetch {}.",
        held.0, in_bag.0, post.0, leg_unknown.0, kept.0
    );
    text + &limits
}

#[test]
fn the_tables_in_the_documents_are_those_of_the_code() {
    let path = root().join("docs/events.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let mut wanted = found.clone();
    for (mark, table) in [("rules", rules()), ("events", events()), ("exceptions", exceptions())] {
        let begin = format!("<!-- {mark} -->");
        let (before, rest) = wanted.split_once(&begin).expect("the mark stands in docs/events.md");
        let (_, after) = rest.split_once("<!-- end -->").expect("the mark ends");
        wanted = format!("{before}{begin}\n{table}\n<!-- end -->{after}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(found == wanted, "docs/events.md is not what the code says: UPDATE_DOCS=1 cargo test -p tests documents");
}

#[test]
fn the_table_of_who_may_what_is_that_of_the_code() {
    let path = root().join("docs/security.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = found.split_once("<!-- who_may -->").expect("the mark stands in docs/security.md");
    let (_, after) = rest.split_once("<!-- end -->").expect("the mark ends");
    let wanted = format!("{before}<!-- who_may -->\n{}\n<!-- end -->{after}", api::access::who_may::document());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(found == wanted, "docs/security.md is not what the code says: UPDATE_DOCS=1 cargo test -p tests documents");
}

/// Keys of a locale, as `section.key`.
fn keys(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("api/locales").join(file)).unwrap();
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("  ") {
            Some(line) => {
                let (key, words) = line.split_once(": ").unwrap();
                let placeholders: Vec<&str> = words.match_indices("%{").map(|(at, _)| &words[at..at + 4]).collect();
                keys.insert(format!("{section}.{} {:?}", key.trim_matches('"'), BTreeSet::from_iter(placeholders)));
            }
            None => section = line.trim_end_matches(':').to_owned(),
        }
    }
    keys
}

#[test]
fn both_languages_have_the_same_words_with_the_same_gaps() {
    let (chinese, english) = (keys("zh-CN.yml"), keys("en.yml"));
    let differences: Vec<_> = chinese.symmetric_difference(&english).collect();
    assert!(differences.is_empty(), "{differences:?}");
    let text = std::fs::read_to_string(root().join("api/locales/en.yml")).unwrap();
    assert!(text.is_ascii(), "there is Chinese in the English words");
}

#[test]
fn every_event_and_exception_has_words_for_people() {
    let keys = keys("en.yml");
    let has = |key: &str| keys.iter().any(|known| known.starts_with(&format!("{key} ")));
    for (name, _) in DossierFact::NAMES.iter().chain(BagFact::NAMES) {
        assert!(has(&format!("event.{name}")), "event.{name}");
    }
    for (name, _) in registers::record::Act::NAMES {
        assert!(has(&format!("act.{name}")), "act.{name}");
    }
}

#[test]
fn the_openapi_document_names_every_door() {
    let document = api::router::openapi();
    assert!(document.paths.paths.len() >= 28, "{}", document.paths.paths.len());
    assert!(document.paths.paths.keys().all(|path| path.starts_with("/api/v1/")));
}

//! The house's own rules, read from its files: who knows whom, how long a file or a function may be, and that
//! ARCHITECTURE.md speaks of what exists. Ratchets: what is listed here as too long may shrink, and nothing may join it.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate, and which others of ours it may use.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("eventstore", &["domain"]),
    ("registers", &["domain", "eventstore"]),
    ("projections", &["domain", "eventstore", "registers"]),
    ("labels", &["domain"]),
    ("simulation", &["domain", "labels"]),
    ("api", &["domain", "eventstore", "labels", "projections", "registers", "simulation"]),
    ("tests", &["api", "domain", "eventstore", "labels", "projections", "registers", "simulation"]),
];

/// Crates of others that only some of ours may use.
const ONLY_IN: [(&str, &[&str]); 2] =
    [("sqlx", &["eventstore", "registers", "projections", "tests"]), ("axum", &["api"])];

/// What the simulation may know of the rules: it is judged by the rest, so it must not be made of it.
const SIMULATION_MAY_USE: [&str; 5] = ["code", "id", "network", "scan", "time"];

/// Lines of a file that are not tests, at most.
const FILE_LINES_MAX: usize = 400;
/// Longer files there are, with their length now. Lower it when one shrinks; add none.
const LONG_FILES: [(&str, usize); 0] = [];

/// Lines of a function, at most.
const FUNCTION_LINES_MAX: usize = 70;
/// Longer functions there are, with their length now. Lower it when one shrinks; add none.
const LONG_FUNCTIONS: [(&str, usize); 0] = [];

const ARCHITECTURE_LINES_MAX: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below a folder, as paths from the root; not what is built or hidden.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "target" || name == "node_modules" || name.to_string_lossy().starts_with(".git") {
            continue;
        }
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path.strip_prefix(root()).expect("it lies below the root").to_owned());
        }
    }
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_below(&root(), &mut found);
    found.sort();
    found
}

/// Names in the dependency tables of a manifest: normal, for tests, for building, for one platform.
fn dependencies(crate_name: &str) -> BTreeSet<String> {
    let manifest = read(format!("{crate_name}/Cargo.toml"));
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies");
            // `[dependencies.name]` names it in its header.
            names.extend(table.split_once("dependencies.").map(|(_, name)| name.to_owned()));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(line.len());
            names.insert(line[..end].to_owned());
        }
    }
    names
}

/// The lines of a source file that are not tests.
fn lines_without_tests(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            kept.push(line);
        } else if lines.next().is_some_and(|head| head.ends_with('{')) {
            lines.by_ref().find(|line| *line == "}");
        }
    }
    kept
}

/// Source files of the product, with their lines that are not tests.
fn sources() -> BTreeMap<String, Vec<String>> {
    let is_source = |path: &&PathBuf| {
        let tests = path.starts_with("tests") || path.ends_with("tests.rs");
        path.extension().is_some_and(|it| it == "rs") && !tests
    };
    let with_lines = |path: &PathBuf| {
        let text = read(path);
        let lines = lines_without_tests(&text).into_iter().map(ToOwned::to_owned).collect();
        (path.display().to_string(), lines)
    };
    files().iter().filter(is_source).map(with_lines).collect()
}

/// Whether a line begins a function, and its name.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        let before = rest;
        for word in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe ", "extern \"C\" "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if before == rest {
            break;
        }
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().filter(|name| !name.is_empty())
}

/// Each function with its length in lines, by the indentation that rustfmt gives.
fn functions(lines: &[String]) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let end_of_head = lines[start..].iter().position(|line| line.ends_with(['{', ';', '}'])).unwrap_or(0);
        let mut length = end_of_head + 1;
        if lines[start + end_of_head].ends_with('{') {
            let closing = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            length = lines[start..].iter().position(|line| *line == closing).map_or(lines.len() - start, |it| it + 1);
        }
        found.push((name, length));
    }
    found
}

/// Compares what is too long with the list of what was: nothing new, nothing grown, nothing listed that shrank.
fn ratchet(found: &BTreeMap<String, usize>, known: &[(&str, usize)]) {
    let known: BTreeMap<String, usize> = known.iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect();
    assert_eq!(*found, known, "left: too long now; right: listed in this file. Split what is new, lower what shrank");
}

#[test]
fn every_crate_is_named_here_and_in_the_workspace() {
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).expect("a list of members");
    let members: BTreeSet<&str> = members.trim_end_matches(']').split(", ").map(|it| it.trim_matches('"')).collect();
    assert_eq!(members, MAY_USE.iter().map(|(name, _)| *name).collect());
}

#[test]
fn a_crate_uses_only_the_crates_below_it() {
    let ours: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for (name, may_use) in MAY_USE {
        let used = dependencies(name);
        assert!(!used.is_empty(), "{name} uses nothing? Then this test cannot read its manifest");
        let wrong: Vec<_> =
            used.iter().filter(|it| ours.contains(it.as_str()) && !may_use.contains(&it.as_str())).collect();
        assert!(wrong.is_empty(), "{name} may not use {wrong:?}");
    }
}

#[test]
fn sql_and_http_stay_behind_their_doors() {
    for (dependency, allowed) in ONLY_IN {
        let users: Vec<&str> =
            MAY_USE.iter().map(|(name, _)| *name).filter(|name| dependencies(name).contains(dependency)).collect();
        assert!(!users.is_empty(), "nobody uses {dependency}?");
        let wrong: Vec<_> = users.iter().filter(|name| !allowed.contains(*name)).collect();
        assert!(wrong.is_empty(), "{dependency} is used in {wrong:?}");
    }
}

#[test]
fn the_simulation_knows_neither_the_table_nor_a_fold() {
    for (file, lines) in sources().iter().filter(|(file, _)| file.starts_with("simulation/")) {
        for line in lines {
            let named =
                line.split("domain::").skip(1).map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')));
            for module in named.filter_map(|mut rest| rest.next()) {
                assert!(SIMULATION_MAY_USE.contains(&module), "{file} uses domain::{module}: {line}");
            }
        }
    }
}

#[test]
fn the_time_of_day_is_read_in_one_place() {
    let readers = ["SystemTime::now", "Utc::now", "Local::now", "now_v7"];
    let reads = |lines: &Vec<String>| lines.iter().any(|line| readers.iter().any(|it| line.contains(it)));
    let sources = sources();
    let files: Vec<&String> = sources.iter().filter(|(_, lines)| reads(lines)).map(|(file, _)| file).collect();
    assert_eq!(files, ["eventstore/src/clock.rs"]);
}

#[test]
fn every_source_file_says_first_what_it_holds() {
    for (file, lines) in sources() {
        assert!(lines.first().is_some_and(|line| line.starts_with("//! ")), "{file} has no `//!` in its first line");
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    let vague = ["utils", "util", "common", "misc", "types", "helpers", "helper", "manager", "service"];
    for file in files() {
        let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        let source = file.extension().is_some_and(|it| it == "rs");
        assert!(!(source && vague.contains(&stem)), "{} is named after nothing", file.display());
    }
}

#[test]
fn no_file_grows_too_long() {
    let long =
        sources().into_iter().map(|(file, lines)| (file, lines.len())).filter(|(_, lines)| *lines > FILE_LINES_MAX);
    ratchet(&long.collect(), &LONG_FILES);
}

#[test]
fn no_function_grows_too_long() {
    let sources = sources();
    let all: Vec<(String, usize)> = sources
        .iter()
        .flat_map(|(file, lines)| {
            functions(lines).into_iter().map(move |(name, length)| (format!("{file}: {name}"), length))
        })
        .collect();
    assert!(all.len() > 500, "only {} functions found: this test cannot read the sources", all.len());
    ratchet(&all.into_iter().filter(|(_, length)| *length > FUNCTION_LINES_MAX).collect(), &LONG_FUNCTIONS);
}

#[test]
fn functions_and_tests_are_told_apart_and_measured() {
    let text = "fn one() { 1 }\n    pub(crate) async fn two(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n    fn three();\n\
                #[cfg(test)]\nmod tests;\nfn four() {\n}\n#[cfg(test)]\npub(crate) mod more {\n    fn five() {\n    }\n}\n";
    let lines: Vec<String> = lines_without_tests(text).into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(functions(&lines), [("one", 1), ("two", 5), ("three", 1), ("four", 2)]);
}

/// The paths a document names: in backticks or as targets of links, with a folder or an ending that files have here.
fn paths_named(text: &str) -> BTreeSet<String> {
    let endings = ["rs", "md", "toml", "json", "csv", "html", "js", "css", "sql", "yml", "yaml", "sh"];
    let in_backticks = text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let is_path = |token: &&str| {
        let plain = token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'));
        let ending = token.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending));
        plain && !token.starts_with('/') && (token.contains('/') || ending)
    };
    in_backticks.chain(linked).filter(is_path).map(|token| token.trim_start_matches("./").to_owned()).collect()
}

/// Which of these paths do not exist. A bare file name may lie in any folder.
fn missing(paths: &BTreeSet<String>) -> Vec<&String> {
    let files = files();
    let known =
        |path: &str| root().join(path).exists() || (!path.contains('/') && files.iter().any(|it| it.ends_with(path)));
    paths.iter().filter(|path| !known(path)).collect()
}

#[test]
fn every_path_that_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    assert!(
        text.lines().count() < ARCHITECTURE_LINES_MAX,
        "ARCHITECTURE.md stays under {ARCHITECTURE_LINES_MAX} lines"
    );
    let paths = paths_named(&text);
    assert!(paths.len() > 10, "only {paths:?} found: this test cannot read the document");
    let missing = missing(&paths);
    assert!(missing.is_empty(), "ARCHITECTURE.md names what does not exist: {missing:?}");
}

/// Everything that files of an ending say, below a folder.
fn all_text(folder: &str, ending: &str) -> String {
    let wanted = |path: &&PathBuf| path.starts_with(folder) && path.extension().is_some_and(|it| it == ending);
    files().iter().filter(wanted).map(read).collect::<Vec<_>>().join("\n")
}

/// A promise is worth what its test is: the page on security names tests by their functions in backticks, and cases in
/// the browser by their titles in “ ”.
#[test]
fn what_the_page_on_security_names_exists() {
    let text = read("docs/security.md");
    let paths = paths_named(&text);
    assert!(paths.len() > 30, "only {paths:?} found: this test cannot read the document");
    let missing = missing(&paths);
    assert!(missing.is_empty(), "docs/security.md names what does not exist: {missing:?}");

    // Nothing else there has a name of four words or more in small letters.
    let is_test = |it: &&str| {
        it.matches('_').count() >= 3 && it.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let tests: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(is_test).collect();
    let rust = all_text("", "rs");
    let gone: Vec<_> = tests.iter().filter(|name| !rust.contains(&format!("fn {name}("))).collect();
    assert!(tests.len() > 20 && gone.is_empty(), "of {} tests named, these do not exist: {gone:?}", tests.len());

    let titles: BTreeSet<&str> = text.split('“').skip(1).filter_map(|rest| rest.split('”').next()).collect();
    let cases = all_text("tests/browser/cases", "js");
    let gone: Vec<_> = titles.iter().filter(|title| !cases.contains(&format!("\"{title}\""))).collect();
    assert!(titles.len() > 5 && gone.is_empty(), "of {} cases named, these do not exist: {gone:?}", titles.len());
}

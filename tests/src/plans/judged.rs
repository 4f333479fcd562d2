//! What is wrong with the plan of a statement, and which of it is known and why.
use std::collections::HashMap;

/// A statement, and what is wrong with how it is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub statement: String,
    pub what: String,
}

/// Statements that may walk, by how they begin or what only they hold, with the reason.
const MAY_WALK: &[(&str, &str)] = &[
    ("least_minutes, most_minutes from leg where region = $1", "the network is read whole when the registers change"),
    (
        "next_hop > ''",
        "a courier's handheld is told of what waits to be fetched anywhere: as much as lies there now, not ever",
    ),
];

impl Fault {
    /// Whether it is one of those that may.
    pub fn is_known(&self) -> bool {
        MAY_WALK.iter().any(|(holds, _)| self.statement.contains(holds))
    }
}

/// What tables are called in a statement: each by its own name, and by what stands behind it.
pub fn aliases(statement: &str) -> HashMap<String, String> {
    let spaced = statement.replace([',', '(', ')'], " , ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut found = HashMap::new();
    for at in 0..words.len() {
        if !["from", "join", "into", "update"].contains(&words[at].to_lowercase().as_str()) {
            continue;
        }
        let Some(table) = words.get(at + 1).filter(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_')) else {
            continue;
        };
        found.insert((*table).to_owned(), (*table).to_owned());
        let behind = match words.get(at + 2) {
            Some(&"as") => words.get(at + 3),
            other => other,
        };
        if let Some(alias) = behind.filter(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_')) {
            found.insert((*alias).to_owned(), (*table).to_owned());
        }
    }
    found
}

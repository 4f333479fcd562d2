//! A secret that is shown once: it is in this answer and nowhere else.
use super::Words;
use askama::Template;

/// What is shown.
#[derive(Template)]
#[template(path = "once.html")]
pub struct Once {
    pub words: Words,
    pub title: String,
    /// Whose, or what for.
    pub of: String,
    pub secret: String,
    /// What is to be done with it.
    pub note: String,
    /// Where to go on.
    pub back: String,
}

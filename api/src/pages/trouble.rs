//! What went wrong with a bag, a scan or an answer, in the words of a page; where it has none of its own, in everybody's.
use super::Words;
use crate::problem::Problem;

/// What is said of a problem.
#[must_use]
pub fn said(words: &Words, problem: &Problem) -> String {
    let kind = problem.kind.rsplit(':').next().unwrap_or_default();
    let own = words.named("trouble", kind);
    if own == kind { words.problem(problem) } else { own }
}

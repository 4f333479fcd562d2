//! Carrying out what was found right: the cases first, then the dossiers, some at a time so that scans come in between. What
//! was done before is not done again; what fails leaves its neighbours alone.
use super::Line;
use super::check::{Checked, Plan, Verdict};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::Problem;
use crate::v1::cases::filing;
use crate::v1::decisions::registering;
use domain::case::CaseRefusal;
use domain::id::CaseId;
use eventstore::{Append, AppendError, Receipt, Refusal};
use std::collections::HashMap;

/// Requests of one commit.
const AT_ONCE: usize = 250;

/// A row that was not registered.
pub struct Failed {
    pub line: Line,
    pub problem: Problem,
}

/// Registers every good row; how many were, and which were not.
pub async fn carry_out(app: &App, permit: &Permit, rows: Vec<Checked>) -> (usize, Vec<Failed>) {
    let good = rows.into_iter().filter_map(|row| match row.verdict {
        Verdict::Good(plan) => Some((row.line, *plan)),
        Verdict::Done | Verdict::Bad(_) => None,
    });
    let mut good: Vec<(Line, Plan)> = good.collect();
    let (mut done, mut failed) = (0, Vec::new());
    while !good.is_empty() {
        let some: Vec<(Line, Plan)> = good.drain(..good.len().min(AT_ONCE)).collect();
        let unfiled = file(app, permit, &some).await;
        let (lines, plans): (Vec<Line>, Vec<Plan>) = some.into_iter().unzip();
        for (line, answer) in lines.into_iter().zip(register(app, permit, plans, &unfiled).await) {
            match answer {
                Ok(_) => done += 1,
                Err(problem) => failed.push(Failed { line, problem }),
            }
        }
    }
    (done, failed)
}

/// Files the cases that nobody has filed; which could not be.
async fn file(app: &App, permit: &Permit, some: &[(Line, Plan)]) -> HashMap<CaseId, Problem> {
    let mut asked = HashMap::new();
    for plan in some.iter().map(|(_, plan)| plan) {
        let (Some(case), Some(request)) = (plan.case(), &plan.file) else { continue };
        let permit = permit.also_for(Action::FileCases).ok_or_else(Problem::not_found);
        asked.entry(case).or_insert_with(|| permit.and_then(|permit| filing(app, &permit, request.clone())));
    }
    let (cases, appends): (Vec<CaseId>, Vec<_>) = asked.into_iter().unzip();
    let answers = append(app, appends).await.into_iter();
    let refused = |(case, answer): (CaseId, Result<Receipt, Problem>)| answer.err().map(|problem| (case, problem));
    cases.into_iter().zip(answers).filter_map(refused).filter(|(_, problem)| !is_filed(problem)).collect()
}

/// Somebody was faster: it is there to be joined.
fn is_filed(problem: &Problem) -> bool {
    let filed = Problem::from(AppendError::Refused(Refusal::Case(CaseRefusal::AlreadyFiled)));
    problem.kind == filed.kind
}

async fn register(
    app: &App,
    permit: &Permit,
    plans: Vec<Plan>,
    unfiled: &HashMap<CaseId, Problem>,
) -> Vec<Result<Receipt, Problem>> {
    let mut asked = Vec::new();
    for plan in plans {
        asked.push(match plan.case().and_then(|case| unfiled.get(&case)) {
            Some(problem) => Err(problem.clone()),
            None => registering(app, permit, plan.register).await,
        });
    }
    append(app, asked).await
}

/// Appends what may be asked, in one commit; an answer for each, in order.
async fn append(app: &App, asked: Vec<Result<Append, Problem>>) -> Vec<Result<Receipt, Problem>> {
    let appends: Vec<Append> = asked.iter().filter_map(|it| it.as_ref().ok().cloned()).collect();
    if appends.is_empty() {
        return asked.into_iter().filter_map(|it| it.err().map(Err)).collect();
    }
    let answers: Vec<Result<Receipt, Problem>> = match app.log().append(appends).await {
        Ok(answers) => answers.into_iter().map(|answer| answer.map_err(Problem::from)).collect(),
        Err(error) => vec![Err(Problem::from(error)); asked.len()],
    };
    let mut answers = answers.into_iter();
    let answer = |asked: Result<Append, Problem>| match asked {
        Ok(_) => answers.next().unwrap_or_else(|| Err(Problem::internal(&"an append without an answer"))),
        Err(problem) => Err(problem),
    };
    asked.into_iter().map(answer).collect()
}

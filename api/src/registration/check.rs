//! All rows together: what is in the sheet twice, what is known already, what lies beyond reach. A few searches for a whole
//! sheet; nothing is written.
use super::row::{Draft, Wrong, read};
use super::{Column, Line};
use crate::access::{Action, Permit};
use crate::app::App;
use crate::problem::Problem;
use crate::v1::cases::FileRequest;
use crate::v1::decisions::{RegisterRequest, Who};
use domain::code::Code;
use domain::id::{CaseId, ScanId, SiteId};
use projections::story::Thing;
use projections::{custody, search};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A row and what is to become of it.
#[derive(Clone, Debug)]
pub struct Checked {
    pub line: Line,
    pub verdict: Verdict,
}

/// What is to become of a row.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It can be registered.
    Good(Box<Plan>),
    /// It was, from this very row.
    Done,
    Bad(Vec<Wrong>),
}

/// What registers a row.
#[derive(Clone, Debug)]
pub struct Plan {
    pub register: RegisterRequest,
    /// Its case, if nobody has filed it: of several rows in one case, each says so, and in the same words.
    pub file: Option<FileRequest>,
}

/// Who registers, and where the papers lie.
#[derive(Clone, Copy)]
struct Desk<'a> {
    app: &'a App,
    permit: &'a Permit,
    /// None: they are not here yet.
    at: Option<&'a SiteId>,
}

/// What is known of all that the rows name.
struct Known {
    /// Labels that were minted here, and that no dossier bears.
    free: HashSet<Code>,
    minted: HashSet<Code>,
    numbers: HashMap<String, Uuid>,
    cases: HashMap<String, Uuid>,
    done: HashSet<Uuid>,
}

/// Judges every row.
///
/// # Errors
/// A place beyond reach, or the database's own.
pub async fn check(app: &App, permit: &Permit, at: Option<&SiteId>, lines: Vec<Line>) -> Result<Vec<Checked>, Problem> {
    at.map_or(Ok(()), |at| permit.reaches(app, at, "at"))?;
    let desk = Desk { app, permit, at };
    let read: Vec<(Line, Draft, Vec<Wrong>)> = lines
        .into_iter()
        .map(|line| {
            let (draft, wrong) = read(app, &line);
            (line, draft, wrong)
        })
        .collect();
    let known = desk.known(&read).await?;
    let (mut labels, mut numbers) = (HashMap::new(), HashMap::new());
    let judged = read.into_iter().map(|(line, draft, mut wrong)| {
        let mut first = |number: &str| numbers.insert(search::normal(number), line.number);
        let number = Some(draft.number.as_str()).filter(|number| !number.is_empty());
        let twice = [
            draft.code.and_then(|code| labels.insert(code, line.number)).map(|first| (Column::Label, first)),
            number.and_then(&mut first).map(|first| (Column::Number, first)),
        ];
        let id = desk.id("register", &line.cells);
        if known.done.contains(&id) {
            return Checked { line, verdict: Verdict::Done };
        }
        wrong.extend(twice.into_iter().flatten().map(|(column, first)| Wrong::new(column, "twice", first.to_string())));
        wrong.extend(desk.wrong(&draft, &known));
        let plan = desk.plan(id, draft, &line, &known).filter(|_| wrong.is_empty());
        let verdict = plan.map_or(Verdict::Bad(wrong), |plan| Verdict::Good(Box::new(plan)));
        Checked { line, verdict }
    });
    Ok(judged.collect())
}

impl Desk<'_> {
    async fn known(&self, read: &[(Line, Draft, Vec<Wrong>)]) -> Result<Known, Problem> {
        let (db, region, scope) = (self.app.db(), self.app.region(), &self.permit.scope);
        let codes: Vec<Code> = read.iter().filter_map(|(_, draft, _)| draft.code).collect();
        let labels = registers::label::resolve(db, region, &codes).await?;
        let things: Vec<Thing> = codes.iter().map(|code| Thing::Dossier(code.subject())).collect();
        let held = custody::find(db, region, &things).await?;
        let is_taken = |code: &Code| held.get(&Thing::Dossier(code.subject())).is_some_and(|(row, _)| row.registered);
        let is_free = |code: &Code| labels.get(code).is_some_and(|row| row.subject == code.subject() && !row.replaced);
        let numbers: Vec<String> = read.iter().map(|(_, draft, _)| search::normal(&draft.number)).collect();
        let cases: Vec<String> =
            read.iter().filter_map(|(_, draft, _)| draft.case_no.as_deref().map(search::normal)).collect();
        let ids: Vec<ScanId> = read.iter().map(|(line, ..)| ScanId(self.id("register", &line.cells))).collect();
        let done = self.app.log().of_scans(&ids).await?;
        Ok(Known {
            free: codes.iter().copied().filter(|code| is_free(code) && !is_taken(code)).collect(),
            minted: labels.values().filter(|row| row.minted).map(|row| row.code).collect(),
            numbers: search::bearing(db, region, scope, "dossier_no", &numbers).await?,
            cases: search::bearing(db, region, scope, "case_no", &cases).await?,
            done: done.into_iter().map(|event| event.scan_id).collect(),
        })
    }

    fn wrong(&self, draft: &Draft, known: &Known) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if let Some(code) = draft.code {
            if !known.minted.contains(&code) {
                wrong.push(Wrong::new(Column::Label, "not_ours", ""));
            } else if !known.free.contains(&code) {
                wrong.push(Wrong::new(Column::Label, "in_use", ""));
            }
        }
        if !draft.number.is_empty() && known.numbers.contains_key(&search::normal(&draft.number)) {
            wrong.push(Wrong::new(Column::Number, "known", ""));
        }
        if draft.home.is_some()
            && self.permit.one_of(self.app, [draft.home.as_ref(), draft.destination.as_ref(), self.at]).is_err()
        {
            wrong.push(Wrong::new(Column::Home, "beyond", ""));
        }
        if let Some(number) =
            draft.case_no.as_deref().filter(|number| !known.cases.contains_key(&search::normal(number)))
        {
            wrong.extend(self.wrong_case(draft, number));
        }
        wrong
    }

    /// Why a case that nobody has filed cannot be filed from this row.
    fn wrong_case(&self, draft: &Draft, number: &str) -> Option<Wrong> {
        let why = match (self.permit.also_for(Action::FileCases), self.at, &draft.item) {
            (None, ..) => "no_case",
            (_, None, _) => "case_needs_place",
            (_, _, None) => "case_needs_item",
            _ => return None,
        };
        Some(Wrong::new(Column::Case, why, number))
    }

    fn plan(&self, id: Uuid, draft: Draft, line: &Line, known: &Known) -> Option<Plan> {
        let (home, at) = (draft.home?, self.at.cloned());
        let who = |request_id| Who { request_id, by: None, at: at.clone(), occurred_at: None };
        let filed = draft.case_no.as_deref().map(|number| known.cases.get(&search::normal(number)).copied());
        let file =
            draft.case_no.clone().filter(|_| filed == Some(None)).zip(draft.item.clone()).map(|(case_no, item)| {
                let case_id = self.id("case", [search::normal(&case_no).as_str(), home.as_str()]);
                let request = self.id("file", [case_id.to_string().as_str(), &case_no, item.as_str(), home.as_str()]);
                FileRequest { who: who(request), case_id, case_no, item, home: home.clone() }
            });
        let register = RegisterRequest {
            who: who(id),
            code: line.cell(Column::Label).to_owned(),
            dossier_no: draft.number,
            kind: draft.kind,
            case: filed.flatten().or(file.as_ref().map(|file| file.case_id)),
            item: draft.item,
            destination: draft.destination,
            home,
            pieces: draft.pieces,
        };
        Some(Plan { register, file })
    }

    /// An id made from what is said, by whom and where: said again, it is the same request.
    fn id<T: AsRef<str>>(&self, what: &str, said: impl IntoIterator<Item = T>) -> Uuid {
        let mut hash = Sha256::new();
        let by = self.permit.who.name();
        let by = [what, "registration", by.as_str(), self.at.map_or("", SiteId::as_str)];
        for text in by.iter().map(ToString::to_string).chain(said.into_iter().map(|text| text.as_ref().to_owned())) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl Plan {
    /// The case it joins.
    pub(super) fn case(&self) -> Option<CaseId> {
        self.register.case.map(CaseId)
    }
}

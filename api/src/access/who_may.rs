//! Who may do what: one table of action × role, printed into `docs/security.md` and held against every route by a test.
//! *Own* reaches what concerns the sites of one's posts; *all* reaches the region.
//!
//! To add a route: name its action in `router.rs`. To add an action: a variant, a row here, and the document test.
use registers::person::Role;

/// What a route does. Every route has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Scan,
    BeginShift,
    ReadExpected,
    LookUp,
    ReadDossiers,
    ReadQueues,
    ReadLoads,
    ReadHolders,
    ReadExceptions,
    ReadRegisters,
    Follow,
    Feed,
    FileCases,
    StepCases,
    Register,
    HandOut,
    Archive,
    Relabel,
    Redirect,
    Correct,
    Admit,
    AnswerExceptions,
    MintLabels,
    PrintPapers,
    ReadPrints,
    WriteApplicants,
    SearchApplicants,
    OpenApplicants,
    RestrictApplicants,
    WriteNotes,
    ReadNotices,
    AnswerNotices,
    ReadDevices,
    EnrolDevices,
    RevokeDevices,
    BindDevices,
    ReadPeople,
    ManagePeople,
    ManageClients,
    ReadRecord,
    ReadMetrics,
    OwnAccount,
}

impl Action {
    /// Its name in the record and in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        of(self).name
    }
}

/// How far somebody reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    No,
    /// What concerns the sites of one's posts.
    Own,
    /// The region.
    All,
}

/// What a program that works with ours may be trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientScope {
    /// Uploads scans.
    Scan,
    /// Reads dossiers, bags, cases, queues, registers.
    Read,
    /// Decides in the name of staff: files, registers, hands out, answers.
    Decide,
    /// Mints labels, prints, binds devices.
    SetUp,
    /// Reads the log, event by event.
    Feed,
    /// Reads counters.
    Metrics,
}

impl ClientScope {
    /// Every scope.
    pub const ALL: [Self; 6] = [Self::Scan, Self::Read, Self::Decide, Self::SetUp, Self::Feed, Self::Metrics];

    /// Its name on the command line and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Read => "read",
            Self::Decide => "decide",
            Self::SetUp => "set_up",
            Self::Feed => "feed",
            Self::Metrics => "metrics",
        }
    }

    /// The scopes of a stored text; `all` is each of them.
    #[must_use]
    pub fn of(text: &str) -> Vec<Self> {
        let names: Vec<&str> = text.split_whitespace().collect();
        Self::ALL.into_iter().filter(|scope| names.iter().any(|it| *it == "all" || *it == scope.name())).collect()
    }
}

/// One row: who may do an action, and how far.
#[derive(Debug)]
pub struct Row {
    pub action: Action,
    /// Its name in the record and in documents. A literal: renaming the variant changes nothing.
    pub name: &'static str,
    /// In the order of [`Role::ALL`]: courier, agent, clerk, sorter, department, supervisor, system, audit and security
    /// administrator.
    pub roles: [Reach; 9],
    /// A device by its own credential, whoever holds it.
    pub device: bool,
    /// The scope that opens it to a program.
    pub client: Option<ClientScope>,
    pub says: &'static str,
}

const fn row(
    action: Action,
    name: &'static str,
    roles: [Reach; 9],
    device: bool,
    client: Option<ClientScope>,
    says: &'static str,
) -> Row {
    Row { action, name, roles, device, client, says }
}

const N: Reach = Reach::No;
const O: Reach = Reach::Own;
const A: Reach = Reach::All;
const DECIDE: Option<ClientScope> = Some(ClientScope::Decide);
const READ: Option<ClientScope> = Some(ClientScope::Read);
const SET_UP: Option<ClientScope> = Some(ClientScope::SetUp);

/// The table. One row for each action, in their order.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // roles: courier, agent, clerk, sorter, department, supervisor, system, audit, security; then device, program
    row(Action::Scan,               "scan",                [A, O, O, O, O, N, N, N, N], true,  Some(ClientScope::Scan),     "record scans"),
    row(Action::BeginShift,         "begin_shift",         [N, N, N, N, N, N, N, N, N], true,  None,                        "begin and end a shift by badge and PIN"),
    row(Action::ReadExpected,       "read_expected",       [N, N, N, N, N, N, N, N, N], true,  READ,                        "fetch ahead what a device needs without network"),
    row(Action::LookUp,             "look_up",             [A, A, A, A, A, A, N, N, N], true,  READ,                        "be told holder and next hop of a label"),
    row(Action::ReadDossiers,       "read_dossiers",       [N, O, O, O, O, A, N, N, N], false, READ,                        "see dossiers, bags and cases, search them, follow their trails"),
    row(Action::ReadQueues,         "read_queues",         [N, O, O, O, O, A, N, N, N], false, READ,                        "see the queues of a site"),
    row(Action::ReadLoads,          "read_loads",          [O, N, N, O, N, A, N, N, N], false, READ,                        "see what a courier carries; a courier, the own load"),
    row(Action::ReadHolders,        "read_holders",        [N, N, N, N, N, A, N, N, N], false, READ,                        "list what is on the road, archived or unknown"),
    row(Action::ReadExceptions,     "read_exceptions",     [N, O, O, O, O, A, N, N, N], false, READ,                        "see exceptions"),
    row(Action::ReadRegisters,      "read_registers",      [A, A, A, A, A, A, A, N, A], false, READ,                        "see sites, items and label formats"),
    row(Action::Follow,             "follow",              [N, O, O, O, O, A, N, N, N], false, READ,                        "follow the live stream"),
    row(Action::Feed,               "feed",                [N, N, N, N, N, N, N, N, N], false, Some(ClientScope::Feed),     "read the log, event by event"),
    row(Action::FileCases,          "file_cases",          [N, O, O, N, N, N, N, N, N], false, DECIDE,                      "file a case"),
    row(Action::StepCases,          "step_cases",          [N, N, O, N, O, N, N, N, N], false, DECIDE,                      "take a case a step further"),
    row(Action::Register,           "register",            [N, O, O, O, O, N, N, N, N], false, DECIDE,                      "register dossiers, bags and added pieces"),
    row(Action::HandOut,            "hand_out",            [N, O, O, N, O, N, N, N, N], false, DECIDE,                      "hand a dossier to the applicant"),
    row(Action::Archive,            "archive",             [N, N, O, N, O, N, N, N, N], false, DECIDE,                      "put a dossier into the archive"),
    row(Action::Relabel,            "relabel",             [N, O, O, O, O, N, N, N, N], false, DECIDE,                      "give a fresh label"),
    row(Action::Redirect,           "redirect",            [N, N, O, O, O, A, N, N, N], false, DECIDE,                      "recall and reroute"),
    row(Action::Correct,            "correct",             [N, N, O, O, O, A, N, N, N], false, DECIDE,                      "void another's scan, annul"),
    row(Action::Admit,              "admit",               [N, N, N, N, N, A, N, N, N], false, None,                        "admit a scan that was put aside"),
    row(Action::AnswerExceptions,   "answer_exceptions",   [N, O, O, O, O, A, N, N, N], false, DECIDE,                      "assign, explain and resolve exceptions"),
    row(Action::MintLabels,         "mint_labels",         [N, N, O, O, O, N, A, N, N], false, SET_UP,                      "mint labels"),
    row(Action::PrintPapers,        "print_papers",        [N, O, O, O, O, N, A, N, N], false, SET_UP,                      "print labels, manifests and receipts"),
    row(Action::ReadPrints,         "read_prints",         [N, N, O, O, O, A, A, N, N], false, SET_UP,                      "see what was printed"),
    row(Action::WriteApplicants,    "write_applicants",    [N, O, O, N, O, N, N, N, N], false, DECIDE,                      "write down who applies"),
    row(Action::SearchApplicants,   "search_applicants",   [N, N, O, N, O, A, N, N, N], false, None,                        "search by phone or whole name; recorded"),
    row(Action::OpenApplicants,     "open_applicants",     [N, N, O, N, O, A, N, N, N], false, None,                        "open a masked name, phone or number, with a reason; recorded"),
    row(Action::RestrictApplicants, "restrict_applicants", [N, N, N, N, N, N, N, N, A], false, None,                        "restrict and erase an applicant's data as the law asks"),
    row(Action::WriteNotes,         "write_notes",         [N, O, O, O, O, A, N, N, N], false, DECIDE,                      "write and read the notes of a dossier"),
    row(Action::ReadNotices,        "read_notices",        [N, N, O, N, O, A, N, N, N], false, None,                        "see what applicants were told, and who could not be reached"),
    row(Action::AnswerNotices,      "answer_notices",      [N, N, O, N, O, A, N, N, N], false, None,                        "have a notice tried again, or leave it"),
    row(Action::ReadDevices,        "read_devices",        [N, N, O, O, O, A, A, N, N], false, SET_UP,                      "see devices"),
    row(Action::EnrolDevices,       "enrol_devices",       [N, N, O, O, O, N, A, N, N], false, None,                        "offer a device its credential"),
    row(Action::RevokeDevices,      "revoke_devices",      [N, N, O, O, O, A, A, N, N], false, SET_UP,                      "revoke a device"),
    row(Action::BindDevices,        "bind_devices",        [N, N, N, N, N, N, A, N, N], false, SET_UP,                      "bind a device by its id"),
    row(Action::ReadPeople,         "read_people",         [N, N, N, N, N, A, A, N, A], false, None,                        "see the staff and their posts"),
    row(Action::ManagePeople,       "manage_people",       [N, N, N, N, N, N, N, N, A], false, None,                        "staff, posts, badges, codes for the first sign-in"),
    row(Action::ManageClients,      "manage_clients",      [N, N, N, N, N, N, N, N, A], false, None,                        "make and revoke tokens of programs"),
    row(Action::ReadRecord,         "read_record",         [N, N, N, N, N, N, N, A, N], false, None,                        "read the record of who did what"),
    row(Action::ReadMetrics,        "read_metrics",        [N, N, N, N, N, N, A, N, N], false, Some(ClientScope::Metrics),  "read counters"),
    row(Action::OwnAccount,         "own_account",         [A, A, A, A, A, A, A, A, A], false, None,                        "one's own password, PIN, second factor, sessions"),
];

/// The row of an action.
#[must_use]
pub fn of(action: Action) -> &'static Row {
    &TABLE[action as usize]
}

impl Row {
    /// How far a role reaches.
    #[must_use]
    pub fn reach(&self, role: Role) -> Reach {
        let place = Role::ALL.iter().position(|known| *known == role);
        place.map_or(Reach::No, |place| self.roles[place])
    }
}

/// The table in Markdown, for the document.
#[must_use]
pub fn document() -> String {
    let heads = Role::ALL.map(|role| role.as_str().replace('_', " ")).join(" | ");
    let mut text = format!("| action | {heads} | device | program | |\n|{}", " --- |".repeat(13));
    for row in TABLE {
        let cells = row.roles.map(|reach| match reach {
            Reach::No => "",
            Reach::Own => "own",
            Reach::All => "all",
        });
        let (device, client) = (if row.device { "yes" } else { "" }, row.client.map_or("", ClientScope::name));
        text.push_str(&format!("\n| `{}` | {} | {device} | {client} | {} |", row.name, cells.join(" | "), row.says));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_stand_in_the_order_of_the_actions() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.action as usize, place, "{:?}", row.action);
        }
        assert_eq!(TABLE.len(), Action::OwnAccount as usize + 1);
    }

    #[test]
    fn no_administrator_sees_a_dossier_and_nobody_but_the_auditor_the_record() {
        for row in TABLE.iter().filter(|row| matches!(row.action, Action::ReadDossiers | Action::OpenApplicants)) {
            assert!(Role::ALL.into_iter().filter(|role| role.is_admin()).all(|role| row.reach(role) == Reach::No));
        }
        let readers = Role::ALL.into_iter().filter(|role| of(Action::ReadRecord).reach(*role) != Reach::No);
        assert_eq!(readers.collect::<Vec<_>>(), [Role::AuditAdmin]);
    }

    #[test]
    fn who_grants_rights_does_not_read_the_record_and_who_reads_it_grants_none() {
        for action in [Action::ManagePeople, Action::ManageClients] {
            assert_eq!(of(action).reach(Role::AuditAdmin), Reach::No);
            assert_eq!(of(action).reach(Role::SecurityAdmin), Reach::All);
        }
        assert_eq!(of(Action::ReadRecord).reach(Role::SecurityAdmin), Reach::No);
    }
}

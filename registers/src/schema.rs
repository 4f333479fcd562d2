//! The tables of the registers, step by step. A step is never edited once released; a new one is added.
use crate::record::schema::RECORD;
use crate::vault::schema::VAULT;
use eventstore::Db;
use eventstore::db::{Migrations, OpenError};

/// Tables of this crate.
const MIGRATIONS: Migrations = Migrations {
    table: "_migrations_registers",
    steps: &[
        (1, "registers", REGISTERS),
        (2, "print jobs, and labels by their batch", PRINT_JOBS),
        (3, "the record of who did what", RECORD),
        (4, "the vault, sealed", VAULT),
        (5, "people, and what they and devices sign in with", PEOPLE),
        (6, "print jobs by site and printer, how they ended, and what was printed again", PRINTERS),
        (7, "notices: what applicants are told, by which channel", NOTICES),
        (8, "print jobs that print again", PRINTED_AGAIN),
    ],
};

/// Creates the tables, or brings them up to date.
///
/// # Errors
/// A newer schema, or one that was edited.
pub async fn migrate(db: &Db) -> Result<(), OpenError> {
    db.migrate(&MIGRATIONS).await
}

/// Times are milliseconds since 1970; the key of a table with validity is its own key and the revision.
const REGISTERS: &str = "
create table register_revision (region bigint not null primary key, revision bigint not null);

create table site (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    id text not null, kind text not null, parent text, name text not null, name_en text, division_code text,
    hours text not null, acts_as text, slot text, address text, phone text,
    primary key (region, id, revision)
);

create table department (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    id text not null, dept_no text not null, uscc text not null, nature text not null,
    primary key (region, id, revision)
);

create table leg (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    from_site text not null, to_site text not null, least_minutes bigint not null, most_minutes bigint not null,
    primary key (region, from_site, to_site, revision)
);

create table item (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    code text not null, impl_code text not null, name text not null, department text not null, kind text not null,
    type_code text not null, case_type_code text not null, received_at text not null, decided_at text not null,
    delegated bigint not null, legal_limit text, law text, article text, limit_status text not null,
    promised_limit text, joint_departments text not null, special_procedures text not null,
    silence_effect text not null, result_name text, materials text not null,
    primary key (region, code, revision)
);

create table shelf (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    site text not null, shelf text not null, kind text not null, name text,
    primary key (region, site, shelf, revision)
);

create table device (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    id text not null, name text not null, site text, courier text, revoked_at bigint,
    primary key (region, id, revision)
);

create table installation (
    region bigint not null, id {uuid} not null, device text not null, first_seen_at bigint not null,
    primary key (region, id, device)
);

create table calendar_day (
    region bigint not null, revision bigint not null, recorded_at bigint not null,
    year bigint not null, date text not null, kind text not null, name text not null,
    primary key (region, year, revision, date)
);

create table label (
    region bigint not null, code text not null, minted_at bigint not null, batch {uuid} not null, site text,
    revision bigint not null,
    primary key (region, code)
);

create table label_binding (
    region bigint not null, code text not null, revision bigint not null, recorded_at bigint not null,
    subject {uuid}, site text, shelf text,
    primary key (region, code, revision)
);
create index label_binding_subject on label_binding (region, subject, revision);

create table note (
    region bigint not null, id {uuid} not null, text text, written_by text not null, written_at bigint not null,
    erased_at bigint,
    primary key (region, id)
);

create table request (
    region bigint not null, id {uuid} not null, hash {bytes} not null, answer text not null, answered_at bigint not null,
    primary key (region, id)
);

create table token (
    hash {bytes} not null primary key, region bigint not null, name text not null, created_at bigint not null,
    expires_at bigint, revoked_at bigint
);
";

const PRINT_JOBS: &str = "
create table print_job (
    region bigint not null, id {uuid} not null, printed_at bigint not null, printed_by text not null, format text not null,
    labels bigint not null, reason text,
    primary key (region, id)
);
create index print_job_time on print_job (region, printed_at);
create table print_job_label (
    region bigint not null, code text not null, job {uuid} not null,
    primary key (region, code, job)
);
create index label_batch on label (region, batch);
";

const PEOPLE: &str = "
create table person (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    id text not null, name text not null, phone text,
    primary key (region, id, revision)
);
create table post (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    id text not null, person text not null, role text not null, site text,
    primary key (region, id, revision)
);
create table badge (
    region bigint not null, revision bigint not null, valid_from bigint not null, valid_to bigint, recorded_at bigint not null,
    code text not null, person text not null,
    primary key (region, code, revision)
);
create table account (
    region bigint not null, person text not null, password text, password_at bigint, pin text,
    totp text, totp_step bigint not null, failed bigint not null, locked_until bigint not null,
    pin_failed bigint not null, pin_locked_until bigint not null, code {bytes}, code_until bigint,
    primary key (region, person)
);
create table session (
    hash {bytes} not null primary key, region bigint not null, id {uuid} not null, person text not null,
    began_at bigint not null, seen_at bigint not null, strong bigint not null, address text not null, agent text not null,
    ended_at bigint
);
create index session_person on session (region, person, began_at);
create table enrolment (
    hash {bytes} not null primary key, region bigint not null, device text not null, name text not null, site text,
    courier text, made_by text not null, made_at bigint not null, until bigint not null, used_at bigint
);
create table credential (
    hash {bytes} not null primary key, region bigint not null, device text not null, installation {uuid} not null,
    made_at bigint not null, ended_at bigint
);
create index credential_device on credential (region, device);
alter table token add column scopes text not null default 'all';
";

/// A job printed before this step has no site: whoever sees the whole region sees it.
const PRINTERS: &str = "
alter table print_job add column site text;
alter table print_job add column language text not null default 'pdf';
alter table print_job add column printer text;
alter table print_job add column again_of {uuid};
create index print_job_site on print_job (region, site, printed_at);
create index print_job_again on print_job (region, again_of);
alter table print_job_label add column place bigint not null default 0;
create index print_job_label_job on print_job_label (region, job);
create table print_outcome (
    region bigint not null, job {uuid} not null, ended_at bigint not null, outcome text not null,
    primary key (region, job)
);
";

/// `seq` orders what is told about one case by one channel; `due_at` is when it is tried next, or until when it is being sent.
const NOTICES: &str = "
create table notice_place (region bigint not null primary key, position bigint not null);
create table notice_channel (
    region bigint not null, channel text not null, since bigint not null, off_at bigint, off_why text,
    primary key (region, channel)
);
create table notice (
    region bigint not null, case_id {uuid} not null, shelving {uuid} not null, channel text not null, kind text not null,
    id {uuid} not null, case_no text not null, dossier {uuid} not null, site text not null, seq bigint not null,
    made_at bigint not null, state text not null, due_at bigint not null, attempts bigint not null,
    perhaps_told bigint not null, over_at bigint, ended_at bigint, why text, answered_by text,
    primary key (region, case_id, shelving, channel, kind)
);
create unique index notice_id on notice (region, id);
create index notice_due on notice (region, channel, state, due_at);
create index notice_time on notice (region, made_at, id);
create index notice_state on notice (region, state, made_at, id);
create index notice_site on notice (region, site, state, made_at, id);
";

/// Few jobs print again what others printed: an index over all would be passed by for the time's.
const PRINTED_AGAIN: &str = "
drop index print_job_again;
create index print_job_again on print_job (region, again_of, printed_at) where again_of is not null;
";

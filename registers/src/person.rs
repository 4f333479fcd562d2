//! Staff: who they are, which posts they hold and held, which badges are theirs. Never an applicant, never a secret:
//! passwords and PINs lie in [`crate::account`].
use crate::column::text_enum;
use crate::register::{self, Dated, Validity, current, register};
use crate::{Change, Error};
use domain::code::Code;
use domain::id::{PersonId, Region, SiteId};
use domain::time::Timestamp;
use eventstore::{Db, Tx};
use std::collections::{BTreeMap, HashMap};

register! {
    /// A person on the staff, as known for a while.
    pub struct PersonRow in "person", keys 1 {
        id: PersonId = "id",
        name: String = "name",
        phone: Option<String> = "phone",
    }
}

register! {
    /// A post: what somebody may do, and where. Its validity is the term of office.
    pub struct PostRow in "post", keys 1 {
        /// `person/role/site`: see [`PostRow::new`].
        id: String = "id",
        person: PersonId = "person",
        role: Role = "role",
        /// None: the whole region.
        site: Option<SiteId> = "site",
    }
}

register! {
    /// A badge: its code names a person at the beginning of a shift.
    pub struct BadgeRow in "badge", keys 1 {
        code: Code = "code",
        person: PersonId = "person",
    }
}

text_enum! {
    /// What somebody does. The three administrators are apart, so that nobody both grants rights and reads the record.
    pub enum Role {
        /// Carries (流转员).
        Courier = "courier",
        /// Helps applicants in a village (代办员).
        Agent = "agent",
        /// Takes in and hands out at a window of a centre (综合窗口).
        Clerk = "clerk",
        /// Sorts at the circulation centre (流转专员).
        Sorter = "sorter",
        /// A department's window and back office.
        Department = "department",
        /// Reminds, urges, calls to account (督查).
        Supervisor = "supervisor",
        /// Devices, settings, registers (系统管理员).
        SystemAdmin = "system_admin",
        /// Reads the record, and nothing else (审计管理员).
        AuditAdmin = "audit_admin",
        /// People, posts, keys (安全管理员).
        SecurityAdmin = "security_admin",
    }
}

impl Role {
    /// Every role, in the order of tables.
    pub const ALL: [Self; 9] = [
        Self::Courier,
        Self::Agent,
        Self::Clerk,
        Self::Sorter,
        Self::Department,
        Self::Supervisor,
        Self::SystemAdmin,
        Self::AuditAdmin,
        Self::SecurityAdmin,
    ];

    /// Whether a second factor is demanded.
    #[must_use]
    pub fn is_admin(self) -> bool {
        matches!(self, Self::SystemAdmin | Self::AuditAdmin | Self::SecurityAdmin)
    }

    /// Whether a scan is among the things this role does.
    #[must_use]
    pub fn scans(self) -> bool {
        matches!(self, Self::Courier | Self::Agent | Self::Clerk | Self::Sorter | Self::Department)
    }
}

impl PostRow {
    /// The post of a person: one for each role and site.
    #[must_use]
    pub fn new(person: PersonId, role: Role, site: Option<SiteId>) -> Self {
        let id = format!("{person}/{role}/{}", site.as_ref().map_or("", SiteId::as_str));
        Self { id, person, role, site }
    }
}

/// The staff of a region, for all time, to be kept in memory.
#[derive(Clone, Debug, Default)]
pub struct People {
    people: BTreeMap<PersonId, Vec<Dated<PersonRow>>>,
    posts: HashMap<PersonId, Vec<Dated<PostRow>>>,
    badges: HashMap<Code, Vec<Dated<BadgeRow>>>,
}

impl People {
    /// All of a region.
    ///
    /// # Errors
    /// As [`register::history`].
    pub async fn load(db: &Db, region: Region) -> Result<Self, Error> {
        let mut people = Self::default();
        for dated in register::history::<PersonRow, _, _>(db.read(), region).await? {
            people.people.entry(dated.row.id.clone()).or_default().push(dated);
        }
        for dated in register::history::<PostRow, _, _>(db.read(), region).await? {
            people.posts.entry(dated.row.person.clone()).or_default().push(dated);
        }
        for dated in register::history::<BadgeRow, _, _>(db.read(), region).await? {
            people.badges.entry(dated.row.code).or_default().push(dated);
        }
        Ok(people)
    }

    /// A person, as last recorded.
    #[must_use]
    pub fn find(&self, id: &PersonId) -> Option<&PersonRow> {
        self.people.get(id)?.last().map(|dated| &dated.row)
    }

    /// Everybody ever on the staff, by id.
    pub fn all(&self) -> impl Iterator<Item = &PersonRow> {
        self.people.values().filter_map(|rows| rows.last()).map(|dated| &dated.row)
    }

    /// The posts a person held at a time.
    pub fn posts_at<'a>(&'a self, person: &PersonId, time: Timestamp) -> impl Iterator<Item = &'a PostRow> + use<'a> {
        let rows = self.posts.get(person).map_or(&[][..], Vec::as_slice);
        current(rows, time).map(|dated| &dated.row)
    }

    /// Every post a person has, had or will have, as last recorded, with its term.
    pub fn posts_of<'a>(&'a self, person: &PersonId) -> impl Iterator<Item = &'a Dated<PostRow>> + use<'a> {
        let rows = self.posts.get(person).map_or(&[][..], Vec::as_slice);
        rows.chunk_by(|a, b| a.row.id == b.row.id).filter_map(<[_]>::last)
    }

    /// Whose badge a code is at a time.
    #[must_use]
    pub fn of_badge(&self, code: Code, time: Timestamp) -> Option<&PersonId> {
        current(self.badges.get(&code)?, time).next().map(|dated| &dated.row.person)
    }

    /// The badges of a person that are in force at a time.
    pub fn badges_of<'a>(&'a self, person: &'a PersonId, time: Timestamp) -> impl Iterator<Item = Code> + 'a {
        let in_force = move |rows: &'a Vec<Dated<BadgeRow>>| current(rows, time).next().map(|dated| &dated.row);
        self.badges.values().filter_map(in_force).filter(move |badge| badge.person == *person).map(|badge| badge.code)
    }

    /// Whether nobody ever administered people here: then the first administrator is still to be made.
    #[must_use]
    pub fn has_no_administrator(&self) -> bool {
        let administers = |dated: &Dated<PostRow>| dated.row.role == Role::SecurityAdmin;
        !self.posts.values().flatten().any(administers)
    }
}

/// Records a person, or what changed about one.
///
/// # Errors
/// The database's own.
pub async fn put(tx: &mut Tx, change: &Change, person: PersonRow) -> Result<(), Error> {
    register::save(tx, change, &[(person, Validity::ALWAYS)]).await
}

/// Gives a post for a term, or changes the term of one.
///
/// # Errors
/// The database's own.
pub async fn give_post(tx: &mut Tx, change: &Change, post: PostRow, term: Validity) -> Result<(), Error> {
    register::save(tx, change, &[(post, term)]).await
}

/// Ends a post at a time. `false` if there is none of this id that lasts beyond it.
///
/// # Errors
/// The database's own.
pub async fn end_post(tx: &mut Tx, change: &Change, id: &str, at: Timestamp) -> Result<bool, Error> {
    let rows = register::history_of::<PostRow, _, _>(tx.conn(), change.region, &[id]).await?;
    let Some(newest) = rows.into_iter().next_back().filter(|it| it.valid.to.is_none_or(|to| to > at)) else {
        return Ok(false);
    };
    // One that was to begin later never begins.
    let from = newest.valid.from.min(at);
    register::save(tx, change, &[(newest.row, Validity { from, to: Some(at) })]).await?;
    Ok(true)
}

/// Gives a badge to a person from now on.
///
/// # Errors
/// The database's own.
pub async fn give_badge(tx: &mut Tx, change: &Change, code: Code, person: PersonId) -> Result<(), Error> {
    let badge = BadgeRow { code, person };
    register::save(tx, change, &[(badge, Validity::since(change.recorded_at))]).await
}

/// Takes a badge out of force. `false` if it was nobody's.
///
/// # Errors
/// The database's own.
pub async fn end_badge(tx: &mut Tx, change: &Change, code: Code) -> Result<bool, Error> {
    let rows = register::history_of::<BadgeRow, _, _>(tx.conn(), change.region, &[&code.to_string()]).await?;
    let Some(newest) = rows.into_iter().next_back().filter(|it| it.valid.to.is_none()) else { return Ok(false) };
    let ended = Validity { to: Some(change.recorded_at), ..newest.valid };
    register::save(tx, change, &[(newest.row, ended)]).await?;
    Ok(true)
}

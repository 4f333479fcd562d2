//! What the plans are looked at over: 20,000 dossiers with all that happened to them, and more than a thousand rows in every
//! other table that grows with the years.
use crate::engine::Fresh;
use crate::office::{MORNING, Office};
use api::commands::laying::life::{Amount, Places, Round};
use api::commands::laying::{self, lay_and_build};
use domain::code::{Code, CodeKind};
use domain::id::{NoteId, PersonId, Region};
use eventstore::{Clock, sql};
use registers::label::Binding;
use registers::person::{PersonRow, PostRow, Role};
use registers::print::PrintJob;
use registers::record::{Act, Actor, By, Entry, Party, SignedIn};
use registers::session::Begin;
use registers::vault::{Details, Given, Keyring, Note, Secret, make_key};
use registers::{Change, Validity, label, person, print, record, secret, session};
use tempfile::TempDir;
use uuid::Uuid;

pub const REGION: Region = Region(441_424);
/// Dossiers.
pub const DOSSIERS: u64 = 20_000;
/// Rows of whatever else grows.
const MANY: u64 = 1500;

/// An office in front of it all, and what there is.
pub struct County {
    pub office: Office,
    pub amount: Amount,
    pub places: Places,
    /// A print job, a courier.
    pub job: Uuid,
    pub courier: &'static str,
    /// Subject, kind and anchor of an exception.
    pub exception: (String, String, String),
    keys: TempDir,
}

/// The file of the vault's key.
const KEY: &str = "vault.key";

impl County {
    pub async fn open(fresh: &Fresh) -> anyhow::Result<Self> {
        let amount = Amount::of_dossiers(DOSSIERS);
        let first = Office::open(&fresh.url, REGION, MORNING).await;
        let places = laying::places(&first.app)?;
        first.close().await;
        lay_and_build(&fresh.url, REGION, Clock::driven(MORNING), amount).await?;
        forget_passing_keys(fresh).await?;
        let keys = tempfile::tempdir()?;
        make_key(&keys.path().join(KEY))?;
        let office =
            Office::open_with_keys(&fresh.url, REGION, MORNING, Keyring::from_file(&keys.path().join(KEY))?).await;
        let exception = exception(&office).await;
        let county = Self { office, amount, places, job: job(0), courier: "courier-17", exception, keys };
        county.papers().await?;
        county.people().await?;
        county.vault().await?;
        county.office.app.refresh().await?;
        county.office.settled().await;
        county.office.app.db().analyze().await?;
        Ok(county)
    }

    /// The same county behind other connections.
    pub async fn open_again(self, fresh: &Fresh) -> anyhow::Result<Self> {
        self.office.close().await;
        let keys = Keyring::from_file(&self.keys.path().join(KEY))?;
        Ok(Self { office: Office::open_with_keys(&fresh.url, REGION, MORNING, keys).await, ..self })
    }

    /// A round at a place in the county's history that went to a department: 0 is the oldest, 1 is still going on.
    pub fn round(&self, way: f64) -> Round<'_> {
        let near = (0..=(self.amount.rounds() as f64 * way) as u64).rev();
        let mut rounds = near.map(|number| self.amount.round(number, &self.places));
        rounds.find(Round::travels).expect("the first round went to a department")
    }

    /// Print jobs, those that were printed again, labels in another's place.
    async fn papers(&self) -> anyhow::Result<()> {
        let app = &self.office.app;
        let mut tx = app.db().begin().await?;
        let change = Change::begin(&mut tx, REGION, MORNING).await?;
        for number in 0..MANY {
            let round = self.amount.round(number % self.amount.rounds(), &self.places);
            let again_of = (number % 10 == 1).then(|| job(number - 1));
            let it = PrintJob {
                printed_at: MORNING.0 - number as i64,
                site: Some(round.town.to_string()),
                again_of,
                ..crate::who_may::printed(job(number), "t01")
            };
            print::record(&mut tx, &change, &it, &round.labels()[..2]).await?;
            print::ended(&mut tx, REGION, it.id, "sent", MORNING).await?;
            let fresh = Code::new(CodeKind::Dossier, 0xF00D_0000 + number);
            label::bind(&mut tx, &change, fresh, &Binding::Subject(round.code(number % 20, false).subject())).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Staff of a county, who signed in day after day.
    async fn people(&self) -> anyhow::Result<()> {
        let app = &self.office.app;
        let mut tx = app.db().begin().await?;
        let change = Change::begin(&mut tx, REGION, MORNING).await?;
        for number in 0..200 {
            let id: PersonId = format!("staff-{number}").parse()?;
            let site = self.places.towns[number % self.places.towns.len()].clone();
            person::put(&mut tx, &change, PersonRow { id: id.clone(), name: id.to_string(), phone: None }).await?;
            person::give_post(&mut tx, &change, PostRow::new(id, Role::Clerk, Some(site)), Validity::ALWAYS).await?;
        }
        for number in 0..MANY {
            let id: PersonId = format!("staff-{}", number % 200).parse()?;
            let begin = Begin { person: &id, strong: 1, address: "127.0.0.1", agent: "tests" };
            session::begin(&mut tx, REGION, MORNING.plus(-(number as i64) * 60_000), &begin, &mut secret::rng())
                .await?;
        }
        let entry = |number: u64| -> anyhow::Result<Entry> {
            let actor = Actor::Person(format!("staff-{}", number % 200).parse()?);
            Ok(Entry {
                actor,
                address: None,
                act: Act::SignedIn(SignedIn { second_factor: true, session: Uuid::nil() }),
            })
        };
        let entries = (0..MANY).map(entry).collect::<Result<Vec<_>, _>>()?;
        record::append(&mut tx, REGION, MORNING, &entries).await?;
        Ok(tx.commit().await?)
    }

    /// Applicants and notes.
    async fn vault(&self) -> anyhow::Result<()> {
        let app = &self.office.app;
        let by = By { actor: Actor::System, address: None, now: MORNING };
        let mut tx = app.db().begin().await?;
        for number in 0..MANY {
            let round = self.amount.round(number % self.amount.rounds(), &self.places);
            let case = (round.case(number % 20), Party::Applicant);
            app.vault().write(&mut tx, &by, case, &details(number)?).await?;
            let note = Note {
                id: NoteId(Uuid::from_u64_pair(77, number)),
                text: Some(Secret::new("写给下一个人")),
                written_by: "staff-1".parse()?,
                written_at: MORNING,
                erased: None,
            };
            app.vault().put_note(&mut tx, &note).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The keys of whoever laid the papers down are gone, and nothing was sealed with them.
async fn forget_passing_keys(fresh: &Fresh) -> anyhow::Result<()> {
    let db = fresh.db().await?;
    let mut tx = db.begin().await?;
    sql!(tx.conn(), c => sqlx::query("delete from vault_key").execute(c).await.map(|_| ()))?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}

/// One of those that are open.
async fn exception(office: &Office) -> (String, String, String) {
    let open = office.get("/api/v1/exceptions?open=true&limit=1").await;
    let text = |key: &str| open["items"][0][key].as_str().unwrap_or_default().to_owned();
    (text("subject"), text("kind"), text("anchor"))
}

/// The phone number of the applicant of a round's case.
pub fn phone(number: u64) -> String {
    format!("138{number:08}")
}

fn details(number: u64) -> anyhow::Result<Details> {
    let (name, phone) = (format!("张三{number}"), phone(number));
    let given = Given { name: &name, phone: Some(&phone), identity: None, address: None };
    let today = chrono::DateTime::from_timestamp_millis(MORNING.0).unwrap_or_default().date_naive();
    Details::check(given, today).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))
}

fn job(number: u64) -> Uuid {
    Uuid::from_u64_pair(79, number)
}

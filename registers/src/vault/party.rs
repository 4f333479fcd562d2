//! Applicants and proxies: written, opened, shown masked.
use super::details::{Details, Identity, Secret};
use super::mask::{Masked, mask};
use super::rights::{Mark, MarkColumns};
use super::seal::{Key, seal, unseal};
use super::{DataKey, Vault, VaultError, record, unwrap_key};
use crate::Error;
use crate::record::{Act, By, Field, Held, Party, Reason, VaultOpened, VaultWritten};
use domain::id::CaseId;
use eventstore::statements::{Statements, filled};
use eventstore::{Db, Tx, sql};
use std::sync::LazyLock;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What is to be opened, and why.
#[derive(Clone, Debug)]
pub struct Opening {
    pub case: CaseId,
    pub party: Party,
    pub fields: Vec<Field>,
    pub reason: Reason,
    /// Whether who asks may lift a restriction: then it does not hinder.
    pub may_lift: bool,
}

/// A party as everybody who may see the case sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub case: CaseId,
    pub party: Party,
    /// Nothing if restricted or erased.
    pub masked: Option<Masked>,
    pub restricted: Option<Mark>,
    pub erased: Option<Mark>,
}

/// A row as it lies in the table.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    case_id: Uuid,
    party: String,
    pub key_id: Option<String>,
    pub wrapped: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    identity: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
    #[sqlx(flatten)]
    marks: MarkColumns,
}

pub(super) const COLUMNS: &str = "case_id, party, key_id, wrapped, name, phone, identity, address, \
    restricted_at, restricted_by, restricted_code, restricted_note, erased_at, erased_by, erased_code, erased_note";

static OF_CASES: LazyLock<Statements> = LazyLock::new(|| {
    let head = format!("select {COLUMNS} from vault_party where region = $1 and case_id in (");
    Statements::keys(&head, 1, ") order by case_id, party")
});

impl Vault {
    /// Keeps a party of a case, in place of what was held of it, and records that.
    ///
    /// # Errors
    /// [`VaultError::Restricted`] and [`VaultError::Erased`]: such a row takes nothing more.
    pub async fn write(
        &self,
        tx: &mut Tx,
        by: &By,
        (case, party): (CaseId, Party),
        details: &Details,
    ) -> Result<(), VaultError> {
        const WRITE: &str = "insert into vault_party \
            (region, case_id, party, key_id, wrapped, name, phone, identity, address, written_by, written_at) \
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (region, case_id, party) do update set \
            key_id = excluded.key_id, wrapped = excluded.wrapped, name = excluded.name, phone = excluded.phone, \
            identity = excluded.identity, address = excluded.address, written_by = excluded.written_by, \
            written_at = excluded.written_at where vault_party.restricted_at is null and vault_party.erased_at is null";
        let master = self.sealing_key(tx, by.now).await?;
        let place = self.party_place(case, party);
        let data = DataKey::fresh(&master, &place);
        let seal = |field, text: &str| seal(&data.key, &format!("{place}|{field}"), text.as_bytes());
        let name = details.name.as_ref().map(|it| seal(Field::Name, it.expose()));
        let phone = details.phone.as_ref().map(|it| seal(Field::Phone, it.expose()));
        let identity = details.identity.as_ref().map(|it| seal(Field::Identity, &write_identity(it)));
        let address = details.address.as_ref().map(|it| seal(Field::Address, it.expose()));
        let written = sql!(tx.conn(), c => {
            let query = sqlx::query(WRITE).bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str());
            let query = query.bind(master.id.as_str()).bind(&data.wrapped[..]).bind(name.as_deref());
            let query = query.bind(phone.as_deref()).bind(identity.as_deref()).bind(address.as_deref());
            query.bind(by.actor.to_string()).bind(by.now.0).execute(c).await?.rows_affected()
        });
        if written == 0 {
            let row = self.row(tx, case, party).await?;
            row.hindrance(false)?;
        }
        self.put_hashes(tx, &master, case, party, details).await?;
        let act = Act::VaultWritten(VaultWritten { held: Held::Party { case, party }, fields: details.fields() });
        Ok(record(tx, self.region, by, act).await?)
    }

    /// Opens fields of a party. Nobody gets them before the record of it is committed.
    ///
    /// # Errors
    /// [`VaultError::Absent`], [`VaultError::Erased`], [`VaultError::Restricted`], a missing key, or the database's own.
    pub async fn open_party(&self, db: &Db, by: &By, opening: &Opening) -> Result<Details, VaultError> {
        let Opening { case, party, fields, reason, may_lift } = opening;
        let mut tx = db.begin().await?;
        let row = self.row(&mut tx, *case, *party).await?;
        row.hindrance(*may_lift)?;
        let details = self.unseal(&row, fields)?;
        let held = Held::Party { case: *case, party: *party };
        let opened = VaultOpened { held, fields: fields.clone(), reason: reason.clone() };
        record(&mut tx, self.region, by, Act::VaultOpened(opened)).await?;
        tx.commit().await?;
        Ok(details)
    }

    /// The parties of cases, masked. Needs no reason and is not recorded: what it shows names nobody.
    ///
    /// # Errors
    /// A missing key, or the database's own.
    pub async fn shown(&self, db: &Db, cases: &[CaseId]) -> Result<Vec<Shown>, VaultError> {
        const ALL: [Field; 4] = [Field::Name, Field::Phone, Field::Identity, Field::Address];
        let ids: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
        let mut shown = Vec::new();
        for list in filled(&ids) {
            let rows: Vec<Row> = sql!(db.read(), c => {
                let mut query = sqlx::query_as(OF_CASES.of(&c, list.len())).bind(i64::from(self.region.0));
                for id in list {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            for row in rows {
                let open = row.hindrance(false).is_ok();
                let masked = if open { Some(mask(&self.unseal(&row, &ALL)?)) } else { None };
                let (restricted, erased) = (row.marks.restricted()?, row.marks.erased()?);
                shown.push(Shown { case: row.case(), party: row.party()?, masked, restricted, erased });
            }
        }
        Ok(shown)
    }

    pub(super) async fn row(&self, tx: &mut Tx, case: CaseId, party: Party) -> Result<Row, VaultError> {
        let text = format!("select {COLUMNS} from vault_party where region = $1 and case_id = $2 and party = $3");
        let row = sql!(tx.conn(), c => sqlx::query_as(sqlx::AssertSqlSafe(text))
            .bind(i64::from(self.region.0)).bind(case.0).bind(party.as_str()).fetch_optional(c).await?);
        row.ok_or(VaultError::Absent)
    }

    pub(super) fn party_place(&self, case: CaseId, party: Party) -> String {
        self.place(format_args!("case|{case}|{party}"))
    }

    /// A row's data key.
    pub(super) fn data_key(&self, row: &Row) -> Result<Key, VaultError> {
        let broken = VaultError::Broken { table: "vault_party" };
        let (Some(key_id), Some(wrapped)) = (&row.key_id, &row.wrapped) else { return Err(broken) };
        let place = self.party_place(row.case(), row.party()?);
        unwrap_key(&*self.key(key_id)?, &place, wrapped).ok_or(broken)
    }

    pub(super) fn unseal(&self, row: &Row, fields: &[Field]) -> Result<Details, VaultError> {
        let (key, place) = (self.data_key(row)?, self.party_place(row.case(), row.party()?));
        let open = |field: Field, sealed: &Option<Vec<u8>>| match sealed {
            Some(sealed) if fields.contains(&field) => unseal_field(&key, &place, field, sealed).map(Some),
            Some(_) | None => Ok(None),
        };
        Ok(Details {
            name: open(Field::Name, &row.name)?,
            phone: open(Field::Phone, &row.phone)?,
            identity: open(Field::Identity, &row.identity)?.as_ref().map(read_identity).transpose()?,
            address: open(Field::Address, &row.address)?,
        })
    }
}

impl Row {
    pub(super) fn case(&self) -> CaseId {
        CaseId(self.case_id)
    }

    pub(super) fn party(&self) -> Result<Party, Error> {
        self.party.parse().map_err(|()| Error::Stored { table: "vault_party", column: "party" })
    }

    /// What stands against opening.
    pub(super) fn hindrance(&self, may_lift: bool) -> Result<(), VaultError> {
        if let Some(mark) = self.marks.erased()? {
            return Err(VaultError::Erased(Box::new(mark)));
        }
        match self.marks.restricted()? {
            Some(mark) if !may_lift => Err(VaultError::Restricted(Box::new(mark))),
            Some(_) | None => Ok(()),
        }
    }
}

fn unseal_field(key: &Key, place: &str, field: Field, sealed: &[u8]) -> Result<Secret, VaultError> {
    let broken = VaultError::Broken { table: "vault_party" };
    let Some(text) = unseal(key, &format!("{place}|{field}"), sealed) else { return Err(broken) };
    std::str::from_utf8(&text).map(Secret::new).map_err(|_| broken)
}

fn write_identity(identity: &Identity) -> Zeroizing<String> {
    Zeroizing::new(format!("{}:{}", identity.kind, identity.number.expose()))
}

fn read_identity(text: &Secret) -> Result<Identity, VaultError> {
    let parts = text.expose().split_once(':');
    let read =
        parts.and_then(|(kind, number)| Some(Identity { kind: kind.parse().ok()?, number: Secret::new(number) }));
    read.ok_or(VaultError::Broken { table: "vault_party" })
}

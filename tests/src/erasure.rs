//! Erased is erased: after the sweep no byte of what was sealed, of its wrapped key or of its hashes is in a file of the
//! database, nor in a new copy of it; the same for old keys and hashes after a rotation. What PostgreSQL's write-ahead log still
//! holds is not looked at: `docs/security.md` says how long it lives. With `LIUZHUAN_UNSAFE_DELETE=1` the sweep leaves the bytes,
//! and these tests fail.
use crate::engine::{Fresh, on_both_engines};
use domain::id::{CaseId, NoteId, Region};
use domain::time::Timestamp;
use eventstore::backup::{backup, restore};
use eventstore::db::Engine;
use eventstore::{Clock, Db, Log, sql};
use registers::record::{Actor, By, Party, Reason};
use registers::vault::{Details, Given, IdentityKind, Keyring, Note, Secret, Vault, make_key, sweep};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use uuid::Uuid;

on_both_engines!(
    nothing_erased_is_left_in_a_file_or_a_new_copy,
    nothing_under_an_old_key_is_left_after_a_rotation,
    a_sweep_waits_for_whoever_still_reads_what_was_erased,
);

const COUNTY: Region = Region(441_424);
const NOW: Timestamp = Timestamp(1_767_225_600_000);
const CASES: u128 = 600;

/// A vault with some history: rows written in no order, some written again, notes short and long, readers between.
struct Filled {
    db: Db,
    vault: Vault,
    keys: PathBuf,
    folder: TempDir,
}

fn by() -> By {
    By { actor: Actor::System, address: None, now: NOW }
}

fn reason() -> Reason {
    Reason { code: "asks-at-the-window".parse().expect("a code"), note: None }
}

/// Cases in an order that splits pages in the middle.
fn case(number: u128) -> CaseId {
    CaseId(Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
}

fn note(number: u128) -> NoteId {
    NoteId(case(number).0)
}

impl Filled {
    async fn new(fresh: &Fresh) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let keys = folder.path().join("vault.keys");
        make_key(&keys)?;
        let db = fresh.db().await?;
        registers::migrate(&db).await?;
        let (log, task) = Log::open(db.clone(), COUNTY, Clock::driven(NOW), None).await?;
        drop(log);
        task.await?;
        let vault = Vault::open(&db, COUNTY, Keyring::from_file(&keys)?, NOW).await?;
        let filled = Self { db, vault, keys, folder };
        for number in 0..CASES {
            filled.write(number, &format!("1381234{number:04}")).await?;
        }
        for number in (0..CASES).step_by(7) {
            filled.write(number, &format!("1391234{number:04}")).await?;
        }
        filled.sample().await?;
        Ok(filled)
    }

    async fn write(&self, number: u128, phone: &str) -> anyhow::Result<()> {
        let address = "水寨镇大坝村".repeat(1 + (number % 20) as usize);
        // Everybody has a name and number of their own: the hash of a name that another bears too stays, and may.
        let (name, passport) = (format!("王小明{number}"), format!("G{number:08}"));
        let identity = Some((IdentityKind::Other, passport.as_str()));
        let given = Given { name: &name, phone: Some(phone), identity, address: Some(&address) };
        let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
        let details = Details::check(given, today).expect("it is right");
        let text = Some(Secret::new("他说的话。".repeat(1 + (number % 300) as usize)));
        let note = Note { id: note(number), text, written_by: "clerk".parse()?, written_at: NOW, erased: None };
        let mut tx = self.db.begin().await?;
        self.vault.write(&mut tx, &by(), (case(number), Party::Applicant), &details).await?;
        self.vault.put_note(&mut tx, &note).await?;
        Ok(tx.commit().await?)
    }

    /// Lets the planner take samples, which it keeps in tables of its own.
    async fn sample(&self) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        sql!(tx.conn(), c => sqlx::query("analyze").execute(c).await.map(|_| ()))?;
        Ok(tx.commit().await?)
    }

    async fn erase(&self, number: u128) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        assert!(self.vault.erase(&mut tx, &by(), (case(number), Party::Applicant), &reason()).await?);
        assert!(self.vault.erase_note(&mut tx, &by(), note(number), &reason()).await?);
        Ok(tx.commit().await?)
    }

    /// What is sealed, wrapped or hashed of some cases and notes: what must be gone later.
    async fn bytes_of(&self, numbers: &[u128]) -> anyhow::Result<Vec<Vec<u8>>> {
        const PARTY: [&str; 5] = ["wrapped", "name", "phone", "identity", "address"];
        let mut bytes = Vec::new();
        for number in numbers {
            let id = case(*number).0;
            let columns =
                PARTY.map(|column| format!("select {column} from vault_party where region = $1 and case_id = $2"));
            let others = [
                "select hash from vault_hash where region = $1 and case_id = $2".to_owned(),
                "select wrapped from vault_note where region = $1 and id = $2".to_owned(),
                "select text from vault_note where region = $1 and id = $2".to_owned(),
            ];
            for text in columns.into_iter().chain(others) {
                let found: Vec<Vec<u8>> = sql!(self.db.read(), c => sqlx::query_scalar(sqlx::AssertSqlSafe(text))
                    .bind(i64::from(COUNTY.0)).bind(id).fetch_all(c).await)?;
                bytes.extend(found);
            }
        }
        Ok(bytes)
    }

    /// The wrapped keys and hashes of all.
    async fn keyed(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut bytes = Vec::new();
        for text in ["select wrapped from vault_party", "select wrapped from vault_note", "select hash from vault_hash"]
        {
            let found: Vec<Option<Vec<u8>>> = sql!(self.db.read(), c => sqlx::query_scalar(text).fetch_all(c).await)?;
            bytes.extend(found.into_iter().flatten());
        }
        Ok(bytes)
    }

    /// Sweeps, and says which files still hold something.
    async fn swept(&self, url: &str, texts: &[Vec<u8>]) -> anyhow::Result<Vec<String>> {
        sweep(&self.db).await?;
        self.holders(url, texts).await
    }

    /// Which files hold something of this.
    async fn holders(&self, url: &str, texts: &[Vec<u8>]) -> anyhow::Result<Vec<String>> {
        holders(&self.db, url, texts).await
    }
}

/// Every file of the database: on PostgreSQL its folder in the cluster, after a checkpoint.
async fn files(db: &Db, url: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = match db.read() {
        Engine::Sqlite(_) => {
            let names = ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{url}{end}")));
            return Ok(names.into_iter().filter(|it| it.exists()).collect());
        }
        Engine::Postgres(pool) => {
            sqlx::query("checkpoint").execute(pool).await?;
            let folder = "select current_setting('data_directory') || '/base/' || oid from pg_database \
                          where datname = current_database()";
            sqlx::query_scalar::<_, String>(folder).fetch_one(pool).await?
        }
    };
    Ok(fs::read_dir(folder)?.map(|entry| entry.map(|it| it.path())).collect::<Result<_, _>>()?)
}

async fn holders(db: &Db, url: &str, texts: &[Vec<u8>]) -> anyhow::Result<Vec<String>> {
    let wanted = pieces(texts);
    let files = files(db, url).await?;
    Ok(files.iter().filter(|file| holds(file, &wanted)).map(|file| file.display().to_string()).collect())
}

/// What is looked for: texts in pieces, so that half of one is found too.
const PIECE: usize = 16;

fn pieces(texts: &[Vec<u8>]) -> HashSet<[u8; PIECE]> {
    texts.iter().flat_map(|text| text.chunks_exact(PIECE)).filter_map(|piece| piece.try_into().ok()).collect()
}

fn holds(file: &Path, wanted: &HashSet<[u8; PIECE]>) -> bool {
    let content = match fs::read(file) {
        Ok(content) => content,
        // A vacuum took it away since the folder was listed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
        Err(error) => panic!("{}: {error}", file.display()),
    };
    content.array_windows::<PIECE>().any(|window| wanted.contains(window))
}

async fn nothing_erased_is_left_in_a_file_or_a_new_copy(fresh: Fresh) -> anyhow::Result<()> {
    let filled = Filled::new(&fresh).await?;
    let gone: Vec<u128> = (0..CASES).step_by(3).collect();
    let replaced = filled.bytes_of(&[1]).await?;
    filled.write(1, "13700000000").await?;
    let kept = filled.bytes_of(&[1]).await?;
    let kept_of_row = kept.iter().filter(|text| !replaced.contains(text));
    let (bytes, kept_of_row): (Vec<_>, Vec<_>) = (filled.bytes_of(&gone).await?, kept_of_row.cloned().collect());
    assert!(bytes.len() >= gone.len() * 10, "{} texts", bytes.len());
    assert!(
        !filled.holders(&fresh.url, &bytes).await?.is_empty(),
        "a search that finds nothing now proves nothing later"
    );
    for number in &gone {
        filled.erase(*number).await?;
    }
    assert_eq!(filled.swept(&fresh.url, &bytes).await?, Vec::<String>::new(), "erased");
    let replaced: Vec<_> = replaced.into_iter().filter(|text| !kept.contains(text)).collect();
    assert!(!replaced.is_empty());
    assert_eq!(filled.holders(&fresh.url, &replaced).await?, Vec::<String>::new(), "replaced");
    assert!(!filled.holders(&fresh.url, &kept_of_row).await?.is_empty(), "and what was not erased is there");
    copies_hold_nothing(&filled, &fresh, &bytes).await?;
    filled.db.close().await;
    Ok(())
}

/// A copy, and what is restored from it: a dump of PostgreSQL is compressed, so that only the latter tells.
async fn copies_hold_nothing(filled: &Filled, fresh: &Fresh, texts: &[Vec<u8>]) -> anyhow::Result<()> {
    let (copy, again) = (filled.folder.path().join("copy"), fresh.another().await);
    backup(&fresh.url, &copy).await?;
    assert!(!holds(&copy, &pieces(texts)), "the new copy");
    restore(&copy, &again.url, NOW).await?;
    let db = again.db().await?;
    assert_eq!(holders(&db, &again.url, texts).await?, Vec::<String>::new(), "what is restored from the new copy");
    db.close().await;
    Ok(())
}

async fn nothing_under_an_old_key_is_left_after_a_rotation(fresh: Fresh) -> anyhow::Result<()> {
    let filled = Filled::new(&fresh).await?;
    let old = filled.keyed().await?;
    assert!(!filled.holders(&fresh.url, &old).await?.is_empty());
    make_key(&filled.keys)?;
    let done = filled.vault.rotate(&filled.db, &by()).await?;
    assert_eq!((u128::from(done.parties), u128::from(done.notes), done.key.as_str()), (CASES, CASES, "k2"));
    assert!(!filled.holders(&fresh.url, &old).await?.is_empty(), "without the sweep they are there");
    assert_eq!(filled.swept(&fresh.url, &old).await?, Vec::<String>::new());
    let new = filled.keyed().await?;
    assert!(new.iter().all(|text| !old.contains(text)));
    assert!(!filled.holders(&fresh.url, &new).await?.is_empty());
    copies_hold_nothing(&filled, &fresh, &old).await?;
    filled.db.close().await;
    Ok(())
}

async fn a_sweep_waits_for_whoever_still_reads_what_was_erased(fresh: Fresh) -> anyhow::Result<()> {
    const COUNT: &str = "select count(*) from vault_party where erased_at is null";
    let filled = Filled::new(&fresh).await?;
    let bytes = filled.bytes_of(&[1]).await?;
    // Whoever reads has a connection of its own: on PostgreSQL its first statement takes the snapshot that it keeps.
    let reader = fresh.db().await?;
    let held = match reader.read() {
        Engine::Sqlite(pool) => {
            let mut tx = pool.begin().await?;
            sqlx::query(COUNT).fetch_one(&mut *tx).await?;
            Engine::Sqlite(tx)
        }
        Engine::Postgres(pool) => {
            let mut tx = pool.begin_with("begin isolation level repeatable read").await?;
            sqlx::query(COUNT).fetch_one(&mut *tx).await?;
            Engine::Postgres(tx)
        }
    };
    filled.erase(1).await?;
    let db = filled.db.clone();
    let sweeping = tokio::spawn(async move { sweep(&db).await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!sweeping.is_finished(), "gone, it says, while somebody reads it");
    match held {
        Engine::Sqlite(tx) => tx.rollback().await?,
        Engine::Postgres(tx) => tx.rollback().await?,
    }
    sweeping.await??;
    assert_eq!(filled.holders(&fresh.url, &bytes).await?, Vec::<String>::new());
    reader.close().await;
    filled.db.close().await;
    Ok(())
}

//! What an administrator gets wrong: one sentence that says what to do, and an exit code that is not zero.
use crate::crash::program;
use crate::engine::Fresh;
use eventstore::{Db, sql};
use std::net::TcpListener;
use tempfile::TempDir;

/// Runs a command that must fail; what it says, which is one line.
fn said(arguments: &[&str]) -> String {
    let ran = program().args(arguments).args(["--log", "off"]).output().expect("it runs");
    let said = String::from_utf8(ran.stderr).expect("text");
    assert_eq!(ran.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.starts_with("liuzhuan: ") && said.trim_end().lines().count() == 1, "{arguments:?}: {said}");
    said
}

#[test]
fn a_port_in_use_and_a_folder_that_is_not_there_are_said() {
    let folder = TempDir::new().expect("a temporary folder");
    let (database, nowhere) = (folder.path().join("log.db"), folder.path().join("nowhere/log.db"));
    let (database, nowhere) = (database.display().to_string(), nowhere.display().to_string());
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let port = said(&["serve", "--database", &database, "--listen", &address]);
    assert!(port.contains("cannot listen on") && port.contains("choose another with --listen"), "{port}");
    let missing = said(&["serve", "--database", &nowhere]);
    assert!(missing.contains("check that its folder exists and may be written"), "{missing}");
    assert_eq!(missing.matches("unable to open database file").count(), 1, "each cause is said once: {missing}");
}

#[test]
fn an_unreachable_server_is_named_with_its_reason_and_without_the_password() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port").port();
    let refused = said(&["verify", "--database", &format!("postgres://u:hidden@127.0.0.1:{free}/x")]);
    assert!(refused.contains("cannot reach PostgreSQL") && refused.contains("Connection refused"), "{refused}");
    assert!(!refused.contains("hidden"), "{refused}");
}

#[test]
fn a_database_that_is_not_there_is_not_made_to_be_called_whole() {
    let folder = TempDir::new().expect("a temporary folder");
    let database = folder.path().join("mistyped.db");
    for command in ["verify", "rebuild", "labels"] {
        let missing = said(&[command, "--database", &database.display().to_string()]);
        assert!(missing.contains("there is no database") && missing.contains("check --database"), "{missing}");
        assert!(!database.exists(), "{command}");
    }
}

async fn a_newer_schema_is_left_alone(fresh: Fresh) -> anyhow::Result<()> {
    let made = program().args(["import", "--wuhua", "--database", &fresh.url]).output()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let db = Db::open(&fresh.url).await?;
    let mut tx = db.begin().await?;
    let tomorrow = "insert into _migrations_eventstore select version + 100, description, installed_on, success, checksum, \
                    execution_time from _migrations_eventstore where version = 1";
    sql!(tx.conn(), c => sqlx::query(tomorrow).execute(c).await.map(|_| ()))?;
    tx.commit().await?;
    db.close().await;
    let newer = said(&["serve", "--database", &fresh.url, "--listen", "127.0.0.1:0"]);
    assert!(newer.contains("schema version 101") && newer.contains("install the newer program"), "{newer}");
    Ok(())
}

crate::engine::on_both_engines!(a_newer_schema_is_left_alone);

//! A fresh database for each test, on either engine: a SQLite file in a folder of its own, or a database of a private
//! PostgreSQL cluster that lives as long as this process. Never skips: a missing PostgreSQL fails and says what to install.
use eventstore::Db;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The same tests on SQLite and on PostgreSQL: `name::sqlite` and `name::postgres`.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() -> anyhow::Result<()> {
                super::$name($crate::engine::Fresh::sqlite()).await
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() -> anyhow::Result<()> {
                super::$name($crate::engine::Fresh::postgres().await).await
            }
        }
    )+};
}
pub(crate) use on_both_engines;

/// An empty database that nobody else uses.
pub struct Fresh {
    /// What [`Db::open`] is told.
    pub url: String,
    /// Removed with its SQLite file when the test ends.
    _folder: Option<TempDir>,
}

impl Fresh {
    /// A SQLite file.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = folder.path().join("log.db").to_str().expect("a folder with a plain name").to_owned();
        Self { url, _folder: Some(folder) }
    }

    /// A database of the private cluster.
    pub async fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&server_url("postgres")).await.expect("the private cluster answers");
        let create = AssertSqlSafe(format!("create database {name}"));
        sqlx::query(create).execute(&mut admin).await.expect("a fresh database");
        admin.close().await.expect("the connection closes");
        Self { url: server_url(&name), _folder: None }
    }

    /// Another empty database of the same engine; a SQLite file that is not there yet.
    pub async fn another(&self) -> Self {
        if self.url.starts_with("postgres://") { Self::postgres().await } else { Self::sqlite() }
    }

    /// Opens it; each call is another node on the same database.
    pub async fn db(&self) -> anyhow::Result<Db> {
        Ok(Db::open(&self.url).await?)
    }
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

fn server_url(database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{}/{database}", cluster().port)
}

/// Where the private cluster writes what it has to say.
pub fn server_log() -> PathBuf {
    cluster().log.clone()
}

/// A PostgreSQL of our own, which outlives this process by no more than a moment.
struct Cluster {
    port: u16,
    log: PathBuf,
    /// Never written to. It closes when this process ends, however it ends; then the watch stops the server.
    _watch: ChildStdin,
}

/// Waits until its input closes, then stops the server whose folder is `$1` and removes the folder.
const WATCH: &str = r#"
    trap '' INT TERM HUP
    read -r _
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    [ -n "$pid" ] && kill -QUIT "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.2; done
    rm -rf "$1"
"#;
/// PostgreSQL refuses to run as root; then it runs as this user, which its packages make.
const SERVER_USER: &str = "postgres";
/// The oldest major version the log may use.
const OLDEST: u32 = 15;
const INSTALL: &str = "PostgreSQL 15 or newer is needed for these tests: apt-get install postgresql";

impl Cluster {
    fn start() -> Self {
        let (server, watch) = Server::prepare();
        Self { port: server.start(), log: server.folder.join("log"), _watch: watch }
    }
}

/// A cluster of its own for a test that kills it: every process at once, as a power failure would.
pub struct Doomed {
    server: Server,
    port: u16,
    _watch: ChildStdin,
}

impl Doomed {
    /// A fresh cluster.
    pub fn start() -> Self {
        let (server, watch) = Server::prepare();
        Self { port: server.start(), server, _watch: watch }
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// SIGKILL to the server and each of its processes, which are all ours.
    pub fn kill_all(&self) {
        let file = fs::read_to_string(self.server.data().join("postmaster.pid")).expect("it runs");
        let main: u32 = file.lines().next().and_then(|pid| pid.trim().parse().ok()).expect("a process id");
        let mut ours = vec![main.to_string()];
        for entry in fs::read_dir("/proc").expect("Linux").flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // After the name in brackets: state, parent.
            let parent =
                stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            if parent == Some(main) {
                ours.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        let killed = Command::new("kill").arg("-9").args(&ours).status().expect("kill runs");
        assert!(killed.success(), "kill -9 {ours:?}");
        thread::sleep(Duration::from_millis(500));
    }

    /// Starts it again on what is left.
    pub fn start_again(&mut self) {
        self.port = self.server.start();
    }
}

struct Server {
    programs: PathBuf,
    folder: PathBuf,
    as_root: bool,
}

impl Server {
    /// A cluster in a folder of its own, not yet started, and the pipe that keeps it: when it closes, all is removed.
    fn prepare() -> (Self, ChildStdin) {
        let folder = TempDir::with_prefix("liuzhuan-pg-").expect("a temporary folder").keep();
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(&folder).process_group(0);
        watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watch = watch.spawn().expect("sh runs").stdin.take().expect("its input is a pipe");
        let as_root = fs::metadata(&folder).expect("the folder is ours").uid() == 0;
        if as_root {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
            let owned = Command::new("chown").arg(SERVER_USER).arg(&folder).status();
            assert!(owned.is_ok_and(|status| status.success()), "there is no user `{SERVER_USER}`. {INSTALL}");
        }
        let server = Self { programs: find_programs(), folder, as_root };
        server.make();
        (server, watch)
    }

    /// Starts it: its port.
    fn start(&self) -> u16 {
        (0..5).find_map(|_| self.run()).unwrap_or_else(|| panic!("PostgreSQL does not start: {}", self.log()))
    }

    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        if !self.as_root {
            return Command::new(path);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", SERVER_USER, "--"]).arg(path);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn make(&self) {
        let mut command = self.command("initdb");
        command.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"]);
        let made = command.arg(self.data()).current_dir(&self.folder).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Starts on a free port; `None` if it was taken in between.
    fn run(&self) -> Option<u16> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.expect("a free port").port();
        let log = File::create(self.folder.join("log")).expect("the log can be written");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).current_dir(&self.folder);
        // Not synced to disk: no test cuts the power. What a commit waits for is left as the server's default has it.
        for setting in ["listen_addresses=127.0.0.1", "max_connections=300", "fsync=off", "full_page_writes=off"] {
            command.args(["-c", setting]);
        }
        command.args(["-c", &format!("port={port}"), "-c"]);
        command.arg(format!("unix_socket_directories={}", self.folder.display()));
        let log_too = log.try_clone().expect("the log can be written");
        let mut server =
            command.process_group(0).stdin(Stdio::null()).stdout(log_too).stderr(log).spawn().expect("postgres runs");
        for _ in 0..300 {
            if server.try_wait().expect("our own child").is_some() {
                return None;
            }
            if self.is_ready() {
                return Some(port);
            }
            thread::sleep(Duration::from_millis(100));
        }
        None
    }

    /// The last line of the server's own account of itself.
    fn is_ready(&self) -> bool {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        state.lines().nth(7).is_some_and(|line| line.trim() == "ready")
    }
}

/// The folder of the newest server programs: where Debian's packages put them, or on the path.
fn find_programs() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let versions =
        installed.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok().map(|it| (it, entry.path())));
    let newest = versions.filter(|(version, _)| *version >= OLDEST).max().map(|(_, path)| path.join("bin"));
    newest.filter(|folder| has_programs(folder)).or_else(on_path).unwrap_or_else(|| panic!("{INSTALL}"))
}

fn has_programs(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folder = std::env::split_paths(&path).find(|folder| has_programs(folder))?;
    let version = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let version = String::from_utf8(version.stdout).ok()?;
    let major = version.split_whitespace().nth(2)?.split('.').next()?.parse::<u32>().ok()?;
    (major >= OLDEST).then_some(folder)
}

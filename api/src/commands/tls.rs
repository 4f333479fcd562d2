//! `liuzhuan tls`
use crate::settings::Settings;
use crate::tls::authority::{Signed, authority, fingerprint, named, server_certificate};
use crate::tls::day;
use crate::tls::host::Host;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use eventstore::Clock;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Certificates from an authority of the county's own, where no public one is at hand.
#[derive(Debug, Args)]
pub(super) struct Tls {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an authority and the server's first certificate, and say what to do next. Overwrites nothing.
    Init {
        /// Name or address under which phones and desks reach the server; may be given several times.
        #[arg(long = "host", value_name = "HOST", required = true)]
        hosts: Vec<Host>,
        /// Folder to make the files in.
        #[arg(long, default_value = "tls", value_name = "FOLDER")]
        dir: PathBuf,
    },
    /// Make the server's next certificate; a server that runs takes it into use by itself. The one before is kept beside it.
    Renew {
        /// Folder with the files of `tls init`.
        #[arg(long, default_value = "tls", value_name = "FOLDER")]
        dir: PathBuf,
        /// The authority's key, if it is kept elsewhere, as it should be.
        #[arg(long, value_name = "FILE")]
        authority_key: Option<PathBuf>,
        /// Other hosts than the certificate before names.
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<Host>,
    },
}

const AUTHORITY: &str = "authority.crt";
const AUTHORITY_KEY: &str = "authority.key";
const SERVER: &str = "server.crt";
const SERVER_KEY: &str = "server.key";

impl Tls {
    pub(super) fn run(self, settings: &Settings) -> anyhow::Result<()> {
        match self.command {
            Command::Init { hosts, dir } => init(settings, &hosts, &dir),
            Command::Renew { dir, authority_key, hosts } => {
                renew(&dir, &authority_key.unwrap_or_else(|| dir.join(AUTHORITY_KEY)), hosts)
            }
        }
    }
}

fn init(settings: &Settings, hosts: &[Host], dir: &Path) -> anyhow::Result<()> {
    let now = Clock::System.now();
    make_folder(dir)?;
    for name in [AUTHORITY, AUTHORITY_KEY, SERVER, SERVER_KEY] {
        let path = dir.join(name);
        if path.exists() {
            bail!(
                "{} is there already and is not overwritten: choose another --dir, or `liuzhuan tls renew`",
                path.display()
            );
        }
    }
    let name = format!("Liuzhuan {} {}", settings.region()?, day(now));
    let authority = authority(&name, hosts, now)?;
    let server = server_certificate(&authority.certificate, &authority.key, hosts, now)?;
    write_new(&dir.join(AUTHORITY_KEY), &authority.key, Readable::ByOwner)?;
    write_new(&dir.join(AUTHORITY), &authority.certificate, Readable::ByAll)?;
    write_new(&dir.join(SERVER_KEY), &server.key, Readable::ByOwner)?;
    write_new(&dir.join(SERVER), &server.certificate, Readable::ByAll)?;
    super::say(steps(hosts, dir, &authority, &server)?);
    Ok(())
}

/// What to do next, for whoever sets up the county, in both languages.
fn steps(hosts: &[Host], dir: &Path, authority: &Signed, server: &Signed) -> anyhow::Result<String> {
    let first = hosts.first().map(Host::in_url).unwrap_or_default();
    let said = include_str!("tls_steps.txt")
        .replace("{dir}", &dir.display().to_string())
        .replace("{host}", &first)
        .replace("{fingerprint}", &fingerprint(&authority.certificate)?)
        .replace("{authority_until}", &authority.until.to_string())
        .replace("{server_until}", &server.until.to_string());
    Ok(said)
}

fn renew(dir: &Path, authority_key: &Path, hosts: Vec<Host>) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let before = read(&dir.join(SERVER))?;
    let (named, ended) = named(&before).with_context(|| dir.join(SERVER).display().to_string())?;
    let hosts = if hosts.is_empty() { named } else { hosts };
    let server = server_certificate(&read(&dir.join(AUTHORITY))?, &read(authority_key)?, &hosts, now)?;
    // First the new files under names of their own: whatever goes wrong, a pair that fits together is there.
    let (key, certificate) = (dir.join("server.key.new"), dir.join("server.crt.new"));
    for left_over in [&key, &certificate] {
        // Of a renewal that did not end; mostly there is none.
        let _absent = fs::remove_file(left_over);
    }
    write_new(&key, &server.key, Readable::ByOwner)?;
    write_new(&certificate, &server.certificate, Readable::ByAll)?;
    let kept = spare(dir, &ended.to_string());
    for (name, new) in [(SERVER_KEY, key), (SERVER, certificate)] {
        let path = dir.join(name);
        let old = dir.join(name.replacen("server", &kept, 1));
        fs::rename(&path, &old).with_context(|| format!("cannot rename {}", path.display()))?;
        fs::rename(&new, &path).with_context(|| format!("cannot rename {}", new.display()))?;
    }
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    super::say(format!(
        "{} 有效至 {}（{}），旧证书留作 {kept}.crt。运行中的服务会自动换用。\n\
         {} is valid until {} ({}); the one before is kept as {kept}.crt. A server that runs takes it into use by itself.",
        dir.join(SERVER).display(),
        server.until,
        hosts.join(", "),
        dir.join(SERVER).display(),
        server.until,
        hosts.join(", "),
    ));
    Ok(())
}

/// A name for the pair before: by the day it ends, and a number if there are several.
fn spare(dir: &Path, ended: &str) -> String {
    let names = (1..).map(|n| if n == 1 { format!("server-{ended}") } else { format!("server-{ended}-{n}") });
    let free = |name: &String| !dir.join(format!("{name}.crt")).exists() && !dir.join(format!("{name}.key")).exists();
    names.into_iter().find(free).unwrap_or_default()
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[derive(Clone, Copy)]
enum Readable {
    ByOwner,
    ByAll,
}

fn make_folder(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))
}

/// Writes a file that is not there yet; from its first moment nobody reads it who should not.
fn write_new(path: &Path, text: &str, readable: Readable) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match readable {
            Readable::ByOwner => 0o600,
            Readable::ByAll => 0o644,
        });
    }
    let wrote = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    wrote.with_context(|| format!("cannot make {}", path.display()))
}

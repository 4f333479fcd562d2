//! Configuration: flags over environment over one file over defaults. `--help` is the reference.
use crate::app::Setup;
use crate::notices::Notices;
use crate::printers::{Printer, Printers};
use anyhow::{Context, bail};
use clap::Args;
use domain::id::Region;
use eventstore::Db;
use eventstore::db::Place;
use registers::vault::{KeyError, Keyring};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Settings of every command. In the file, the names without dashes: `listen = "0.0.0.0:8080"`.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Configuration file (TOML) with any of the settings below.
    #[arg(long, global = true, env = "LIUZHUAN_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Database: a file for SQLite, or `postgres://user@host/database`. [default: liuzhuan.db]
    #[arg(long, global = true, env = "LIUZHUAN_DATABASE", hide_env_values = true, value_name = "DATABASE")]
    pub database: Option<String>,
    /// The county: six digits (GB/T 2260). [default: 441424]
    #[arg(long, global = true, env = "LIUZHUAN_REGION", value_name = "REGION")]
    pub region: Option<String>,
    /// Address to serve on. Loopback unless you say otherwise. [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "LIUZHUAN_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Certificate to serve TLS with (PEM); looked at again every few seconds and on SIGHUP. `liuzhuan tls init` makes one.
    #[arg(long, global = true, env = "LIUZHUAN_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[arg(long, global = true, env = "LIUZHUAN_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The authority's certificate (PEM), handed out at `/ca.crt` so that phones and desks can install it.
    #[arg(long, global = true, env = "LIUZHUAN_TLS_CA", value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// A proxy stands before this server, speaks TLS, and writes X-Forwarded-For and X-Forwarded-Proto; nobody but it can
    /// reach the address.
    #[arg(long, global = true, env = "LIUZHUAN_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Host printed on labels, such as `lz.example.gov.cn`; 15 characters or fewer keep the code small.
    #[arg(long, global = true, env = "LIUZHUAN_PUBLIC_HOST", value_name = "HOST")]
    pub public_host: Option<String>,
    /// File with the keys of the vault, which only its owner may read; make it with `liuzhuan vault key FILE`. Instead of a
    /// file, the environment variable LIUZHUAN_VAULT_KEY may hold its lines.
    #[arg(long, global = true, env = "LIUZHUAN_VAULT_KEY_FILE", value_name = "FILE")]
    pub vault_key_file: Option<PathBuf>,
    /// A label printer on the network, once for each: its name, address (port 9100 if none is given) and language (tspl or
    /// zpl); if it differs, dpi [203], format [60x40], gap in mm [2], right and down in tenths of a mm [0], turned [false],
    /// and the site it stands at, for that site alone. Only these addresses are ever reached. In the environment, several
    /// with `;` between them; in the file, a table `[[printers]]` for each.
    #[arg(
        long = "printer",
        global = true,
        env = "LIUZHUAN_PRINTERS",
        value_delimiter = ';',
        value_name = "name=NAME,address=HOST:PORT,language=LANGUAGE,…"
    )]
    pub printers: Vec<Printer>,
    /// File (TOML) with the channels by which applicants are told that something can be fetched: SMS gateways, mail servers,
    /// webhooks. It holds secrets, so that only its owner may read it. `docs/operations.md` has an example. Without it nobody is told.
    #[arg(long, global = true, env = "LIUZHUAN_NOTICES_FILE", value_name = "FILE")]
    pub notices_file: Option<PathBuf>,
    /// What to log, such as `info` or `warn,api=debug`. [default: info]
    #[arg(long, global = true, env = "LIUZHUAN_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Log as JSON lines.
    #[arg(long, global = true, env = "LIUZHUAN_LOG_JSON")]
    pub log_json: bool,
}

impl Settings {
    /// Fills what neither flags nor environment say from the file.
    ///
    /// # Errors
    /// A file that cannot be read, or says something unknown.
    pub fn with_file(self) -> anyhow::Result<Self> {
        let Some(path) = self.config.clone() else { return Ok(self) };
        let shown = path.display();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read the configuration file {shown}"))?;
        let file: Self =
            toml::from_str(&text).with_context(|| format!("the configuration file {shown} is not right"))?;
        Ok(Self {
            config: self.config,
            database: self.database.or(file.database),
            region: self.region.or(file.region),
            listen: self.listen.or(file.listen),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            tls_ca: self.tls_ca.or(file.tls_ca),
            behind_proxy: self.behind_proxy || file.behind_proxy,
            public_host: self.public_host.or(file.public_host),
            vault_key_file: self.vault_key_file.or(file.vault_key_file),
            printers: if self.printers.is_empty() { file.printers } else { self.printers },
            notices_file: self.notices_file.or(file.notices_file),
            log: self.log.or(file.log),
            log_json: self.log_json || file.log_json,
        })
    }

    /// The database's address.
    #[must_use]
    pub fn database(&self) -> &str {
        self.database.as_deref().unwrap_or("liuzhuan.db")
    }

    /// The county.
    ///
    /// # Errors
    /// Not six digits.
    pub fn region(&self) -> anyhow::Result<Region> {
        self.region.as_deref().unwrap_or("441424").parse().context("--region")
    }

    /// The host printed on labels. Only what a QR code takes as letters and digits keeps labels small and readable.
    ///
    /// # Errors
    /// A scheme, a path, or a character that is none of a host's.
    pub fn public_host(&self) -> anyhow::Result<Option<String>> {
        let Some(host) = &self.public_host else { return Ok(None) };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if host.is_empty() || !host.chars().all(allowed) {
            bail!("--public-host is a host name such as lz.example.gov.cn, without https:// and without a path");
        }
        Ok(Some(host.clone()))
    }

    /// The keys of the vault, from the file or the environment. Never a flag or a setting: those are shown and listed.
    ///
    /// # Errors
    /// None at all, a file that others may read, or lines that are no keys.
    pub fn vault_keys(&self) -> Result<Keyring, KeyError> {
        match &self.vault_key_file {
            Some(file) => Keyring::from_file(file),
            None => Keyring::from_text(&std::env::var("LIUZHUAN_VAULT_KEY").map_err(|_| KeyError::None)?),
        }
    }

    /// What the application is set up with.
    ///
    /// # Errors
    /// A host that is none, no key for the vault, or two printers of one name.
    pub fn setup(&self) -> anyhow::Result<Setup> {
        let public_host = self.public_host()?;
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        let here = || format!("{scheme}://{}", self.listen());
        let origin = public_host.as_ref().map_or_else(here, |host| format!("https://{host}"));
        let printers = Printers::new(self.printers.clone()).map_err(anyhow::Error::msg)?;
        Ok(Setup { public_host, origin, keys: self.keys()?, printers, notices: None })
    }

    /// The channels of the notices file; none without it.
    ///
    /// # Errors
    /// A file that cannot be read, that others may read, or that is not right.
    pub fn notices(&self) -> anyhow::Result<Notices> {
        self.notices_file.as_deref().map_or(Ok(Notices::default()), Notices::read)
    }

    /// The keys of the vault. For a SQLite file without any, one is made beside it: a county begins with one command.
    fn keys(&self) -> anyhow::Result<Keyring> {
        let beside = PathBuf::from(format!("{}.key", self.database()));
        let named = self.vault_key_file.is_some() || std::env::var_os("LIUZHUAN_VAULT_KEY").is_some();
        let Place::File(file) = Db::place(self.database())? else { return Ok(self.vault_keys()?) };
        if named {
            return Ok(self.vault_keys()?);
        }
        if !beside.exists() {
            if Path::new(file).exists() {
                tracing::warn!(file = %beside.display(), "no vault key is named: making one");
            }
            registers::vault::make_key(&beside)?;
            tracing::info!(file = %beside.display(), "made a vault key: keep a copy of it apart from the backups");
        }
        Ok(Keyring::from_file(&beside)?)
    }

    /// The address to serve on.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_host_is_a_host_and_nothing_more() {
        let with = |host: &str| Settings { public_host: Some(host.to_owned()), ..Settings::default() };
        for right in ["lz.gov.cn", "10.0.0.7:8443", "LZ-2.GOV.CN"] {
            assert_eq!(with(right).public_host().unwrap().as_deref(), Some(right));
        }
        for wrong in ["", "https://lz.gov.cn", "lz.gov.cn/l", "l_z.cn", "流转.cn"] {
            assert!(with(wrong).public_host().is_err(), "{wrong}");
        }
        assert_eq!(Settings::default().public_host().unwrap(), None);
    }
}

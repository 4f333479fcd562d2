//! Master keys: read from a file or the environment, never from the database. A line a key, `<id> <base64 of 32 bytes>`; the
//! last line is the current key, earlier ones still open what was sealed under them. `Debug` shows ids; errors tell lines.
use super::seal::{Key, derive, fresh_key, keyed_hash};
use crate::record::Word;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// Why there are no keys. Each message says what to do; none shows a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("there is no vault key: make a key file (`liuzhuan vault key FILE`) and name it with --vault-key-file")]
    None,
    #[error("the vault key file {} cannot be read or written: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("others may read the vault key file {}: chmod 600 {}", .0.display(), .0.display())]
    NotPrivate(PathBuf),
    #[error("line {line} of the vault keys is not `<id> <base64 of 32 bytes>`")]
    Line { line: usize },
    #[error("line {line} of the vault keys repeats the id `{id}`: each key has its own")]
    Repeated { line: usize, id: Word },
}

/// A master key is never used itself; each purpose has a key derived from it.
pub(super) struct MasterKey {
    pub id: Word,
    /// Wraps data keys.
    pub wrap: Key,
    /// Hashes what is searched.
    pub search: Key,
    /// Tells this key from another of the same id. Derived, so that it may lie in the database.
    pub check: Vec<u8>,
}

impl MasterKey {
    fn new(id: Word, master: &Key) -> Self {
        let check = keyed_hash(&derive(master, "liuzhuan vault 1 check"), &[id.as_str()])[..8].to_vec();
        let (wrap, search) = (derive(master, "liuzhuan vault 1 wrap"), derive(master, "liuzhuan vault 1 search"));
        Self { id, wrap, search, check }
    }
}

/// The keys, at least one.
pub struct Keys(Vec<Arc<MasterKey>>);

impl Keys {
    /// Reads keys from lines. Empty lines, and lines that begin with `#`, say nothing.
    ///
    /// # Errors
    /// A line that is not a key, an id twice, or no key at all.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<Arc<MasterKey>> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, key) = read_line(text).ok_or(KeyError::Line { line })?;
            if keys.iter().any(|known| known.id == id) {
                return Err(KeyError::Repeated { line, id });
            }
            keys.push(Arc::new(MasterKey::new(id, &key)));
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self(keys)) }
    }

    /// The one that seals.
    pub(super) fn current(&self) -> &Arc<MasterKey> {
        self.0.last().expect("there is at least one key")
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<MasterKey>> {
        self.0.iter().find(|key| key.id.as_str() == id)
    }

    pub(super) fn all(&self) -> &[Arc<MasterKey>] {
        &self.0
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id.as_str())).finish()
    }
}

fn read_line(text: &str) -> Option<(Word, Key)> {
    let (id, encoded) = text.split_once(char::is_whitespace)?;
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim_start()).ok()?);
    let mut key = Zeroizing::new([0; 32]);
    if decoded.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&decoded);
    Some((id.parse().ok()?, key))
}

/// The keys of a process, with where they came from, so that a key that is added to the file is found without a restart.
pub struct Keyring {
    file: Option<PathBuf>,
    keys: RwLock<Arc<Keys>>,
}

impl Keyring {
    /// Keys from a file that only its owner may read.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let keys = read_file(path)?;
        Ok(Self { file: Some(path.to_owned()), keys: RwLock::new(Arc::new(keys)) })
    }

    /// Keys from the environment. Another key needs another start.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self { file: None, keys: RwLock::new(Arc::new(Keys::parse(text)?)) })
    }

    /// A key drawn for this process alone: what is sealed under it is lost when it ends. For demonstrations and tests.
    ///
    /// # Errors
    /// Never.
    pub fn passing() -> Result<Self, KeyError> {
        let key = super::seal::fresh_key();
        Self::from_text(&format!(
            "passing-{:02x}{:02x}{:02x} {}",
            key[0],
            key[1],
            key[2],
            BASE64_STANDARD.encode(&key[..])
        ))
    }

    pub(super) fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again. Keys stay as they were if that fails.
    pub(super) fn reload(&self) -> Result<Arc<Keys>, KeyError> {
        if let Some(path) = &self.file {
            let keys = Arc::new(read_file(path)?);
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        Ok(self.keys())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("file", &self.file).field("keys", &self.keys()).finish()
    }
}

fn read_file(path: &Path) -> Result<Keys, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    private(path, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed)?;
    Keys::parse(&text)
}

/// Nobody but the owner may read or write it.
#[cfg(unix)]
fn private(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|source| KeyError::File { path: path.to_owned(), source })?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::NotPrivate(path.to_owned())) }
}

#[cfg(not(unix))]
fn private(_: &Path, _: &File) -> Result<(), KeyError> {
    Ok(())
}

/// Makes a key file that only its owner may read, or adds a new key to one, which becomes the current key. Its id.
///
/// # Errors
/// See [`KeyError`]; an existing file is only ever added to.
pub fn make_key(path: &Path) -> Result<Word, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let known = match fs::exists(path).map_err(failed)? {
        true => read_file(path)?.0,
        false => Vec::new(),
    };
    let free = (1..).filter_map(|number| format!("k{number}").parse::<Word>().ok());
    let id = free.skip(known.len()).find(|id| known.iter().all(|key| key.id != *id)).ok_or(KeyError::None)?;
    let line = Zeroizing::new(format!("{id} {}\n", *Zeroizing::new(BASE64_STANDARD.encode(&fresh_key()[..]))));
    let mut options = OpenOptions::new();
    options.append(true).create_new(known.is_empty());
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const ONE: &str = "k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "k2 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn the_last_line_is_the_current_key() {
        let keys = Keys::parse(&format!("# made by hand\n{ONE}\n\n{TWO}\n")).unwrap();
        assert_eq!((keys.current().id.as_str(), format!("{keys:?}").as_str()), ("k2", "[\"k1\", \"k2\"]"));
        assert!(keys.get("k1").is_some() && keys.get("k3").is_none());
        assert_ne!(keys.current().wrap, keys.current().search);
    }

    #[test]
    fn what_is_no_key_is_told_by_its_line_and_never_shown() {
        let short = format!("{ONE}\nk2 c2hvcnQ=");
        for (text, line) in [(short.as_str(), 2), ("AAAA", 1), ("k1 not-base64!", 1), ("1k AAAA", 1)] {
            let error = Keys::parse(text).unwrap_err();
            assert!(matches!(error, KeyError::Line { line: found } if found == line), "{error}");
            assert!(!format!("{error} {error:?}").contains("c2hvcnQ"), "{error:?}");
        }
        assert!(matches!(Keys::parse(&format!("{ONE}\n{ONE}")), Err(KeyError::Repeated { line: 2, .. })));
        assert!(matches!(Keys::parse("# nothing\n"), Err(KeyError::None)));
    }

    #[test]
    fn a_key_file_is_made_for_its_owner_alone_and_only_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        assert_eq!(make_key(&path).unwrap().as_str(), "k1");
        let first = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let ring = Keyring::from_file(&path).unwrap();
        assert_eq!(make_key(&path).unwrap().as_str(), "k2");
        assert!(fs::read_to_string(&path).unwrap().starts_with(&first));
        assert_eq!(ring.keys().current().id.as_str(), "k1");
        assert_eq!(ring.reload().unwrap().current().id.as_str(), "k2", "found without a restart");
        let shown = format!("{ring:?}");
        assert!(first.split_whitespace().nth(1).is_some_and(|secret| !shown.contains(secret)), "{shown}");
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        make_key(&path).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(Keyring::from_file(&path), Err(KeyError::NotPrivate(_))), "{mode:o}");
            assert!(matches!(make_key(&path), Err(KeyError::NotPrivate(_))), "{mode:o}");
        }
        assert!(matches!(Keyring::from_file(&folder.path().join("none")), Err(KeyError::File { .. })));
    }
}

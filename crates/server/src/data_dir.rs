//! The data directory: one owner, and the installation's key.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use basis::{Env, SecretKey};

const LOCK: &str = "lock";
pub(crate) const SECRET: &str = "secret.key";
const SECRET_BYTES: usize = 32;
/// The name that this installation's process has among others.
const NODE: &str = "node";

/// A data directory that this process owns until it drops this.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the directory cannot be owned: another heyon has it.
#[derive(Debug, thiserror::Error)]
#[error("another heyon is running on {0}: only one may, or both would write the same data")]
pub struct Taken(PathBuf);

impl DataDir {
    /// Makes the directory if it is missing and takes the lock, which the operating
    /// system gives back when this process ends, however it ends.
    ///
    /// # Errors
    /// [`Taken`] if another process has it.
    pub fn lock(path: &Path) -> Result<Self> {
        Self::make(path)?;
        let path = path.canonicalize()?;
        let lock = private().create(true).truncate(false).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Taken(path).into()),
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
        }
    }

    /// Makes the directory if it is missing; only its owner may enter, also if it was there and open to others.
    ///
    /// # Errors
    /// If it cannot be made, or is not ours.
    pub fn make(path: &Path) -> Result<()> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("cannot make the data directory {}", path.display()))?;
        let closed = fs::set_permissions(path, Permissions::from_mode(0o700));
        closed.with_context(|| format!("cannot keep others out of {}", path.display()))
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The installation's key; made at the first start.
    ///
    /// # Errors
    /// If the key is gone but data is there: a new one would fit no stored code.
    pub fn secret(&self, env: &Env) -> Result<SecretKey> {
        let file = self.path.join(SECRET);
        if file.exists() {
            return read_secret(&file);
        }
        if self.path.join("heyon.db").exists() {
            bail!("{} is missing but there is data: put the key back from a backup", file.display());
        }
        let bytes: [u8; SECRET_BYTES] = env.random();
        self.write_secret(&bytes)?;
        Ok(SecretKey::new(bytes))
    }

    /// The name of the node that has this directory; made at the first start. Nobody else can have it at the same time.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn node_name(&self, env: &Env) -> Result<String> {
        let file = self.path.join(NODE);
        if let Ok(name) = fs::read_to_string(&file)
            && !name.trim().is_empty()
        {
            return Ok(name.trim().to_owned());
        }
        let name = format!("node-{}", hex(&env.random::<4>()));
        private().create(true).truncate(true).open(&file)?.write_all(name.as_bytes())?;
        Ok(name)
    }

    /// Whole or not at all: a half-written key must never be found at the next start.
    fn write_secret(&self, bytes: &[u8; SECRET_BYTES]) -> Result<()> {
        let new = self.path.join("secret.key.new");
        let text = hex(bytes);
        let mut file = private().create(true).truncate(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path.join(SECRET))?;
        File::open(&self.path)?.sync_all().context("cannot sync the data directory")
    }
}

/// Two characters a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn read_secret(file: &Path) -> Result<SecretKey> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = text.trim();
    ensure!(text.len() == 2 * SECRET_BYTES && text.is_ascii(), "{} is damaged", file.display());
    let mut bytes = [0; SECRET_BYTES];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        let digits = text.get(at..at + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).with_context(|| format!("{} is damaged", file.display()))?;
    }
    Ok(SecretKey::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_heyon_on_the_same_data_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let first = DataDir::lock(place.path()).unwrap();
        let second = DataDir::lock(place.path()).unwrap_err();
        assert!(second.downcast_ref::<Taken>().is_some(), "{second}");
        drop(first);
        DataDir::lock(place.path()).unwrap();
    }

    #[test]
    fn a_directory_that_was_open_to_others_is_closed() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        let data = DataDir::lock(place.path()).unwrap();
        assert_eq!(fs::metadata(data.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let place = tempfile::tempdir().unwrap();
        let data = DataDir::lock(place.path()).unwrap();
        let made = data.secret(&Env::system()).unwrap();
        let read = data.secret(&Env::system()).unwrap();
        assert_eq!(made.mac("test", b"x"), read.mac("test", b"x"));
        let permissions = fs::metadata(data.path().join(SECRET)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }

    #[test]
    fn data_without_its_key_is_not_given_a_new_one() {
        let place = tempfile::tempdir().unwrap();
        let data = DataDir::lock(place.path()).unwrap();
        fs::write(data.path().join("heyon.db"), "").unwrap();
        assert!(data.secret(&Env::system()).is_err());
    }
}

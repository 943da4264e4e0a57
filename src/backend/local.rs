//! States in a file on this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::model::Fault;
use crate::state::{self, State, StateError};

use super::lock::{self, Attempt};
use super::{Backend, Holder, Lock, LockError, LockStatus};

/// Keeps the state in a file, and the lock in a file of its own beside it.
///
/// The lock is the operating system's, so it is free as soon as its holder is gone. It has its own
/// file because each write of the state puts a new file in the place of the old one.
#[derive(Debug)]
pub struct LocalBackend {
    path: PathBuf,
    shown: String,
}

impl LocalBackend {
    /// Keeps the state at `path`; `shown` is how messages name it.
    pub fn new(path: PathBuf, shown: impl Into<String>) -> Self {
        Self {
            path,
            shown: shown.into(),
        }
    }

    fn lock_path(&self) -> PathBuf {
        // Added to the whole name: it can be neither the state itself nor another state's lock.
        let mut name = self.path.clone().into_os_string();
        name.push(".lock");
        name.into()
    }

    fn unwritable(&self, error: io::Error) -> Fault {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room on the disk; the state as it was before is unharmed"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "check who may write there, or set another state.path in gwplan.yaml"
            }
            _ => "the state before is unharmed; run the command again when the cause is mended",
        };
        Fault::new(format!("the state {} can't be written", self.shown))
            .because(error)
            .hint(hint)
    }
}

impl Backend for LocalBackend {
    fn load(&self) -> Result<Option<State>, Fault> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let fault = Fault::new(format!("the state {} can't be read", self.shown));
                return Err(fault
                    .because(error)
                    .hint("check the path state.path in gwplan.yaml and who may read it"));
            }
        };
        state::decode(&bytes).map(Some).map_err(|error| {
            let hint = match &error {
                StateError::Newer(_) => "use the gwplan that wrote it, or a newer one",
                _ => "restore it from your version control or backup; gwplan has not changed it",
            };
            Fault::new(format!("the state {} can't be understood", self.shown))
                .because(error)
                .hint(hint)
        })
    }

    fn lock(&self, holder: &Holder) -> Result<Box<dyn Lock>, LockError> {
        if let Some(folder) = folder_of(&self.path) {
            fs::create_dir_all(folder).map_err(|error| self.unwritable(error))?;
        }
        match lock::acquire(&self.lock_path(), holder) {
            Ok(Attempt::Taken(lock)) => Ok(Box::new(lock)),
            Ok(Attempt::Held(holder)) => Err(LockError::Held {
                place: self.place(),
                holder: holder.map(Box::new),
            }),
            Err(error) => Err(self.unwritable(error).into()),
        }
    }

    fn lock_status(&self) -> Result<LockStatus, Fault> {
        lock::status(&self.lock_path()).map_err(|error| {
            Fault::new(format!(
                "the lock of the state {} can't be seen",
                self.shown
            ))
            .because(error)
            .hint("check the path state.path in gwplan.yaml and who may read it")
        })
    }

    fn break_lock(&self, id: &str) -> Result<bool, Fault> {
        lock::remove(&self.lock_path(), id).map_err(|error| {
            let path = self.lock_path();
            Fault::new(format!("the lock {} can't be removed", path.display()))
                .because(error)
                .hint("check who may write in that folder")
        })
    }

    fn store(&self, state: &State) -> Result<(), Fault> {
        replace_file(&self.path, &state::encode(state)).map_err(|error| self.unwritable(error))
    }

    fn place(&self) -> String {
        self.shown.clone()
    }
}

/// Puts a file in the place of another, so that a crash leaves one of the two, whole.
///
/// The new bytes are on the disk before the name points at them, and the name is before the call
/// returns. The file is readable by its owner alone.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Writes a file that is not there yet, so that a crash leaves it whole or not at all.
///
/// It is durable when this returns, and readable by whoever the user's umask lets read it. A file of
/// that name is never overwritten: then the error is of the kind `AlreadyExists`.
pub fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::suite;
    use super::*;

    #[test]
    fn the_local_backend_passes_the_suite() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/state.json");
        suite::check(&|| Box::new(LocalBackend::new(path.clone(), "state.json")));
    }

    #[cfg(unix)]
    #[test]
    fn the_state_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        let backend = LocalBackend::new(path.clone(), "state.json");
        backend.store(&State::new()).expect("stored");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_new_file_takes_the_place_of_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/new.yaml");
        create_file(&path, b"one").expect("written");
        let error = create_file(&path, b"two").expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("there"), b"one");
    }

    #[test]
    fn a_state_edited_to_nonsense_is_told_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        fs::write(&path, "{\n  \"version\": 1,\n  oops\n").expect("written");
        let fault = LocalBackend::new(path, "state.json")
            .load()
            .expect_err("refused");
        let cause = std::error::Error::source(&fault)
            .expect("a cause")
            .to_string();
        assert!(cause.contains("line 3"), "{cause}");
    }
}

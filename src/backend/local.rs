//! States in a file on this machine.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use crate::crash;
use crate::files;
use crate::model::{Fault, Kinds};
use crate::state::journal::{self, Journal, JournalError};
use crate::state::{self, Change, State, StateError};

use super::lock::{self, Attempt};
use super::lost;
use super::{Backend, Holder, Loaded, Lock, LockError, LockStatus};

/// Keeps the state in a file; beside it a journal of what has happened since that was written, a backup
/// of the state that the last run began from, and the lock.
///
/// The lock is the operating system's, so it is free as soon as its holder is gone. It has its own
/// file because each write of the state puts a new file in the place of the old one.
#[derive(Debug)]
pub struct LocalBackend {
    path: PathBuf,
    shown: String,
    kinds: Kinds,
    writing: Mutex<Writing>,
}

/// What to do about a file of somebody else's where gwplan keeps one of its own.
const NOT_OURS: &str = "gwplan does not overwrite what it did not create: move that away, or set another state.path in gwplan.yaml";

/// How often the journal and the state are read again that another process writes meanwhile.
const READINGS: u32 = 10;
const BETWEEN_READINGS: Duration = Duration::from_millis(20);

/// Says how far this process has come with writing.
#[derive(Debug, Default)]
enum Writing {
    /// It has written nothing.
    #[default]
    Nothing,
    /// It has written the state, with this head for a journal.
    State(Vec<u8>),
    /// It has begun a journal, which is whole up to this length.
    Journal(File, u64),
}

impl LocalBackend {
    /// Keeps the state at `path`; `shown` is how messages name it, and `kinds` is what it may hold.
    pub fn new(path: PathBuf, shown: impl Into<String>, kinds: Kinds) -> Self {
        Self {
            // Where a link leads to the state, the state is replaced, not the link.
            path: fs::canonicalize(&path).unwrap_or_else(|_| files::led_to(path)),
            shown: shown.into(),
            kinds,
            writing: Mutex::default(),
        }
    }

    fn journal_path(&self) -> PathBuf {
        journal_of(&self.path)
    }

    fn backup_path(&self) -> PathBuf {
        beside(&self.path, "backup")
    }

    fn lock_path(&self) -> PathBuf {
        beside(&self.path, "lock")
    }

    fn unwritable(&self, error: io::Error) -> Fault {
        let hint = match error.kind() {
            _ if files::is_foreign(&error) => NOT_OURS,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some disk space; the previous state is intact"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "check who may write there, or set another state.path in gwplan.yaml"
            }
            _ => "the previous state is intact: fix the cause, then run the command again",
        };
        Fault::new(format!("the state {} can't be written", self.shown))
            .because(error)
            .hint(hint)
    }
}

impl Backend for LocalBackend {
    fn load(&self) -> Result<Option<Loaded>, Fault> {
        self.load_by(state::decode)
    }

    fn load_edited(&self) -> Result<Option<Loaded>, Fault> {
        self.load_by(|bytes, kinds| state::decode_edited(bytes, kinds).map(|(state, _)| state))
    }

    fn load_backup(&self) -> Option<State> {
        self.backup().map(|(_, state)| state)
    }

    fn lock(&self, holder: &Holder) -> Result<Box<dyn Lock>, LockError> {
        files::make_folder(files::folder_of(&self.path)).map_err(|error| self.unwritable(error))?;
        match lock::acquire(&self.lock_path(), holder) {
            Ok(Attempt::Taken(lock)) => {
                self.sweep();
                Ok(lock)
            }
            Ok(Attempt::Held(holder)) => Err(LockError::Held {
                place: self.place(),
                holder: holder.map(Box::new),
            }),
            Err(error) => Err(self.unwritable(named(&self.lock_path(), error)).into()),
        }
    }

    fn lock_status(&self) -> Result<LockStatus, Fault> {
        lock::status(&self.lock_path()).map_err(|error| {
            Fault::new(format!(
                "the lock of the state {} can't be seen",
                self.shown
            ))
            .because(named(&self.lock_path(), error))
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
        state.check(self.kinds).map_err(|error| {
            Fault::new(format!(
                "the state {} is not written: it could not be read again",
                self.shown
            ))
            .because(error)
            .hint("the previous state is intact; please report this")
        })?;
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.fold(state, matches!(*writing, Writing::Nothing))
            .map_err(|error| self.unwritable(error))?;
        *writing = Writing::State(journal::encode_head(&state.lineage, state.serial));
        Ok(())
    }

    fn append(&self, changes: &[Change]) -> Result<(), Fault> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = journal::encode_batch(changes);
        let outcome = match &mut *writing {
            Writing::Nothing => Err(io::Error::other("no state was written before")),
            Writing::State(head) => self
                .begin_journal(head, &batch)
                .map(|(file, length)| *writing = Writing::Journal(file, length)),
            Writing::Journal(file, length) => extend(file, length, &batch),
        };
        outcome.map_err(|error| self.unwritable(error))
    }

    fn place(&self) -> String {
        self.shown.clone()
    }
}

/// Turns the bytes of a state file into a state.
type Decode = fn(&[u8], Kinds) -> Result<State, StateError>;

impl LocalBackend {
    fn load_by(&self, decode: Decode) -> Result<Option<Loaded>, Fault> {
        let mut again = 0;
        loop {
            // The journal first: the state that is read after it is at least as new as what it continues.
            let journal = self.read_journal()?;
            let state = self.read_state(decode)?;
            let Some(journal) = journal else {
                return self.whole(state);
            };
            let torn = journal.is_torn();
            match journal.over(state, self.kinds) {
                Ok(state) => {
                    return Ok(Some(Loaded {
                        state,
                        unfolded: true,
                        torn,
                    }));
                }
                // Another process may have written between the two looks.
                Err(JournalError::OtherState { .. }) if again < READINGS => {
                    again += 1;
                    sleep(BETWEEN_READINGS);
                }
                Err(error) => return Err(self.odd_journal(error)),
            }
        }
    }

    fn read_state(&self, decode: Decode) -> Result<Option<State>, Fault> {
        let bytes = match read_regular(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let fault = Fault::new(format!("the state {} can't be read", self.shown));
                return Err(fault
                    .because(error)
                    .hint("check the path state.path in gwplan.yaml and who may read it"));
            }
        };
        decode(&bytes, self.kinds).map(Some).map_err(|error| {
            let hint = match &error {
                StateError::Newer(_) => "use the gwplan that wrote it, or a newer one".to_owned(),
                StateError::Altered => format!(
                    "if the edit is meant, `gwplan state accept` takes it over; otherwise {}",
                    self.way_back(&bytes)
                ),
                _ => self.way_back(&bytes),
            };
            Fault::new(format!("the state {} can't be understood", self.shown))
                .because(error)
                .hint(hint)
        })
    }

    /// Takes a state that has no journal; where there is none, none may ever have been.
    fn whole(&self, state: Option<State>) -> Result<Option<Loaded>, Fault> {
        let Some(state) = state else {
            return match self.backup() {
                None => Ok(None),
                Some((backup, _)) => Err(Fault::new(format!("the state {} is gone", self.shown))
                    .hint(format!(
                        "a backup of it is there: cp {backup} {}, then see what `gwplan orphans` finds; to begin a new state that knows of no gateway, move the backup away too",
                        self.shown
                    ))),
            };
        };
        Ok(Some(Loaded {
            state,
            unfolded: false,
            torn: false,
        }))
    }

    fn read_journal(&self) -> Result<Option<Journal>, Fault> {
        match files::read_own(&self.journal_path()) {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => journal::decode(&bytes).map_err(|error| self.odd_journal(error)),
            Err(error) => {
                let journal = shown(&journal_of(Path::new(&self.shown)));
                let hint = if files::is_foreign(&error) {
                    NOT_OURS
                } else {
                    "it holds what the last run did: see who may read it"
                };
                let fault = Fault::new(format!("the journal {journal} can't be read"));
                Err(fault.because(error).hint(hint))
            }
        }
    }

    /// Reports a journal that can't be laid over the state; both files are left as they are.
    fn odd_journal(&self, error: JournalError) -> Fault {
        let journal = shown(&journal_of(Path::new(&self.shown)));
        let hint = match &error {
            JournalError::Newer(_) => "use the gwplan that wrote it, or a newer one".to_owned(),
            JournalError::Foreign => NOT_OURS.to_owned(),
            JournalError::NoState { lineage, base }
            | JournalError::OtherState { lineage, base, .. } => match self.backup() {
                Some((backup, state)) if state.lineage == *lineage && state.serial == *base => {
                    format!(
                        "the backup is the state that it continues: cp {backup} {}",
                        self.shown
                    )
                }
                _ => "put the state back that it continues; if that is lost, or the journal is not this state's, keep the journal elsewhere, and before you apply, see what `gwplan orphans --any-state` finds".to_owned(),
            },
            _ => "it is kept as it is: restore it from a backup of the disk; or keep it elsewhere, and before you apply, see what `gwplan orphans` finds".to_owned(),
        };
        Fault::new(format!("the journal {journal} can't be used"))
            .because(error)
            .hint(hint)
    }

    /// Says how to come back from a state that is spoilt, and what that would lose.
    fn way_back(&self, spoilt: &[u8]) -> String {
        match self.backup() {
            Some((backup, state)) => format!(
                "gwplan has not changed it; the state before the last run is kept: cp {backup} {}, then see what `gwplan orphans` finds ({})",
                self.shown,
                lost::by(&state, spoilt)
            ),
            None => "restore it from your version control or backup; gwplan has not changed it"
                .to_owned(),
        }
    }

    /// Names the backup, if there is one that can be read as a state.
    fn backup(&self) -> Option<(String, State)> {
        let bytes = files::read_own(&self.backup_path()).ok()??;
        let state = state::decode(&bytes, self.kinds).ok()?;
        Some((shown(&beside(Path::new(&self.shown), "backup")), state))
    }

    /// Removes what a run left that was killed while it wrote; only the holder of the lock may.
    fn sweep(&self) {
        for path in [&self.path, &self.backup_path()] {
            files::sweep_beside(path);
        }
    }

    /// Writes the whole state; what the journal held is in it, so that goes.
    fn fold(&self, state: &State, keep_backup: bool) -> io::Result<()> {
        // A state that is spoilt, or was edited, never takes the place of a sound backup.
        if keep_backup
            && let Ok(before) = fs::read(&self.path)
            && state::decode(&before, self.kinds).is_ok()
        {
            self.keep_backup(&before)?;
        }
        files::replace(&self.path, &state::encode(state))?;
        crash::point("the state is written, its journal not yet removed");
        match fs::remove_file(self.journal_path()) {
            Ok(()) => crash::point("the journal is removed"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Puts a state in the place of the backup, which is an older one of gwplan's or nothing.
    fn keep_backup(&self, state: &[u8]) -> io::Result<()> {
        let path = self.backup_path();
        let there = files::read_own(&path).and_then(|there| match there {
            Some(bytes) if !state::may_be_one(&bytes) => {
                Err(files::foreign("it is not a gwplan state"))
            }
            _ => Ok(()),
        });
        there.map_err(|error| named(&path, error))?;
        files::replace(&path, state)
    }

    /// Begins a journal with its head and its first record.
    ///
    /// The state that it continues is kept as the backup: with that and the journal, nothing is lost
    /// where the state file itself is spoilt.
    fn begin_journal(&self, head: &[u8], batch: &[u8]) -> io::Result<(File, u64)> {
        self.keep_backup(&fs::read(&self.path)?)?;
        let path = self.journal_path();
        // The one before went when the state was written: what is there now is somebody else's.
        let made = files::create_own(&path);
        let mut file = made.map_err(|error| named(&path, error))?;
        let mut length = 0;
        crash::point("the journal is there, and empty");
        // The head is durable before the record is begun, so that a crash can spoil one of them alone.
        extend(&mut file, &mut length, head)?;
        extend(&mut file, &mut length, batch)?;
        files::sync_folder_of(&path)?;
        crash::point("the name of the journal is synced");
        Ok((file, length))
    }
}

/// Names the file in an error that says that it is not gwplan's: it is not the one that messages name.
fn named(path: &Path, error: io::Error) -> io::Error {
    if files::is_foreign(&error) {
        return files::foreign(&format!("{} is not gwplan's: {error}", path.display()));
    }
    error
}

/// Reads a file; a pipe or a device would have no end.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    fs::read(path)
}

/// Adds a record to a file, durably; what can't be written whole leaves no trace.
fn extend(file: &mut File, length: &mut u64, record: &[u8]) -> io::Result<()> {
    let outcome = write_synced(file, record);
    match outcome {
        Ok(()) => *length += record.len() as u64,
        // Half a record would spoil those after it. Where even that can't be taken back, the next
        // record follows a spoilt one, and the journal is refused: never read as something else.
        Err(_) => {
            file.set_len(*length)?;
            file.seek(io::SeekFrom::Start(*length))?;
        }
    }
    outcome
}

fn write_synced(file: &mut File, record: &[u8]) -> io::Result<()> {
    let (first, rest) = record.split_at(record.len() / 2);
    crash::point("before a record");
    file.write_all(first)?;
    crash::point("half a record is written");
    file.write_all(rest)?;
    crash::point("a record is written, and not synced");
    file.sync_data()?;
    crash::point("a record is synced");
    Ok(())
}

/// Names a file beside another; added to the whole name, so that no two states share one.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Names the journal of a state: that of `default.json` is `default.journal`.
fn journal_of(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == "json") {
        path.with_extension("journal")
    } else {
        beside(path, "journal")
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::suite;
    use super::*;

    #[test]
    fn the_local_backend_passes_the_suite() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/state.json");
        suite::check(&|| Box::new(LocalBackend::new(path.clone(), "state.json", suite::kinds)));
    }

    #[cfg(unix)]
    #[test]
    fn the_state_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        let backend = LocalBackend::new(path.clone(), "state.json", suite::kinds);
        backend.store(&State::new()).expect("stored");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// Stores a state, changes it once, and stores it again, as a run does.
    fn run(path: &Path) -> Result<(), Fault> {
        let backend = LocalBackend::new(path.to_owned(), "state.json", suite::kinds);
        let mut state = backend
            .load()?
            .map_or_else(State::new, |loaded| loaded.state);
        state.serial += 1;
        backend.store(&state)?;
        backend.append(&[])?;
        state.serial += 2;
        backend.store(&state)
    }

    #[test]
    fn files_beside_the_state_that_are_not_ours_stay_as_they_are() {
        const THEIRS: [&str; 3] = ["no end of line", "{\"theirs\": true}\n", "0badc0de other\n"];
        for name in ["state.journal", "state.json.backup"] {
            for text in THEIRS {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("state.json");
                run(&path).expect("nothing is in the way");
                let theirs = folder.path().join(name);
                fs::write(&theirs, text).expect("written");
                run(&path).expect_err("refused");
                assert_eq!(fs::read_to_string(&theirs).expect("there"), text, "{name}");
            }
        }
    }

    #[test]
    fn a_link_to_a_state_that_is_not_there_yet_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let [link, next, target] =
            ["state.json", "next.json", "deep/real.json"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink("next.json", &link).expect("linked");
        std::os::unix::fs::symlink(&target, &next).expect("linked");
        run(&link).expect("stored");
        run(&link).expect("stored again");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert!(fs::symlink_metadata(&target).expect("there").is_file());
    }

    #[test]
    fn links_beside_the_state_are_not_followed() {
        for name in ["state.journal", "state.json.backup"] {
            for text in [Some("theirs"), Some(""), None] {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("state.json");
                run(&path).expect("nothing is in the way");
                let theirs = folder.path().join("theirs");
                if let Some(text) = text {
                    fs::write(&theirs, text).expect("written");
                }
                let link = folder.path().join(name);
                fs::remove_file(&link).ok();
                std::os::unix::fs::symlink(&theirs, &link).expect("linked");
                run(&path).expect_err("refused");
                assert_eq!(fs::read_to_string(&theirs).ok().as_deref(), text);
                let data = fs::symlink_metadata(&link).expect("there");
                assert!(data.is_symlink(), "{name} was replaced");
            }
        }
    }

    #[test]
    fn a_state_edited_to_nonsense_is_told_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        fs::write(&path, "{\n  \"version\": 1,\n  oops\n").expect("written");
        let fault = LocalBackend::new(path, "state.json", suite::kinds)
            .load()
            .expect_err("refused");
        let cause = std::error::Error::source(&fault)
            .expect("a cause")
            .to_string();
        assert!(cause.contains("line 3"), "{cause}");
    }
}

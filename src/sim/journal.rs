//! The store's files: a snapshot, and a log of the changes since.
//!
//! Every change is one line of the log, and it is written before the answer leaves: a command that
//! is killed right after its create was accepted finds the gateway again. A write costs as much as
//! the change is long, however many gateways there are, and so there is no need to make requests
//! wait for each other and share a write. The snapshot is rewritten only once the log has outgrown
//! it, so its cost too is spread over the changes.
//!
//! Nothing is synced to the disk: a killed process loses nothing, a power cut may cost the
//! simulated gateways of the last seconds.
//!
//! The log holds whole gateways, so that replaying a change that the snapshot has already is
//! harmless; a kill between the snapshot's rename and the log's truncation does no damage.

use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::model::Fault;

use super::gateway::Gateway;

/// The layout of both files; a file of a later one is refused.
const FORMAT: u32 = 1;

/// A log below this size is left to grow, however small the snapshot is.
const MIN_LOG_BYTES: u64 = 1 << 20;

/// Holds all that outlives the process.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// The layout.
    pub(super) format: u32,
    /// The seed that the generator began from, if one was given.
    pub(super) seed: Option<u64>,
    /// Where the generator stands.
    pub(super) generator: u64,
    /// The number that the next gateway gets.
    pub(super) next: u64,
    /// The tag pairs that the account has seen.
    pub(super) pairs: Vec<(String, String)>,
    /// The gateways.
    pub(super) gateways: Vec<Gateway>,
}

/// Holds one line of the log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Where the generator stands after the change.
    pub(super) generator: u64,
    /// What changed.
    #[serde(flatten)]
    pub(super) change: Change,
}

/// Says what changed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    /// A gateway is new or different.
    Put(Box<Gateway>),
    /// The gateway of this id is gone before its time.
    Gone(String),
}

/// Holds the store's files open, for this process alone.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    log: File,
    log_bytes: u64,
    snapshot_bytes: u64,
}

impl Journal {
    /// Opens the files and reads them; files that don't exist read as an empty cloud.
    pub(super) fn open(path: &Path) -> Result<(Self, Snapshot, Vec<Entry>), Fault> {
        let (snapshot, snapshot_bytes) = read_snapshot(path)?;
        let log_path = log_path(path);
        let mut log = open_log(&log_path)?;
        let (entries, log_bytes) = read_log(&mut log, &log_path)?;
        let journal = Self {
            path: path.to_owned(),
            log,
            log_bytes,
            snapshot_bytes,
        };
        Ok((journal, snapshot, entries))
    }

    /// Writes one change down.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if let Err(error) = self.log.write_all(&line) {
            // Half a line would spoil the lines after it.
            self.log.set_len(self.log_bytes)?;
            self.log.seek(SeekFrom::Start(self.log_bytes))?;
            return Err(error);
        }
        self.log_bytes += line.len() as u64;
        Ok(())
    }

    /// Tells whether the log has outgrown the snapshot.
    pub(super) fn is_due(&self) -> bool {
        self.log_bytes > self.snapshot_bytes.max(MIN_LOG_BYTES)
    }

    /// Tells whether the snapshot lacks something.
    pub(super) fn is_stale(&self) -> bool {
        self.log_bytes > 0 || self.snapshot_bytes == 0
    }

    /// Replaces the snapshot and empties the log.
    pub(super) fn rewrite(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let folder = folder(&self.path);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut writer = BufWriter::new(file.as_file_mut());
        serde_json::to_writer(&mut writer, snapshot)?;
        writer.write_all(b"\n")?;
        writer.flush()?;
        drop(writer);
        self.snapshot_bytes = file.as_file().metadata()?.len();
        file.persist(&self.path).map_err(|error| error.error)?;
        self.log.set_len(0)?;
        self.log.seek(SeekFrom::Start(0))?;
        self.log_bytes = 0;
        Ok(())
    }
}

impl Snapshot {
    /// Stamps the layout on what is to be written.
    pub(super) fn stamped(self) -> Self {
        Self {
            format: FORMAT,
            ..self
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".log");
    PathBuf::from(name)
}

fn read_snapshot(path: &Path) -> Result<(Snapshot, u64), Fault> {
    let read = files::read_own(path).map_err(|error| unreadable(path).because(error))?;
    let Some(bytes) = read else {
        return Ok((Snapshot::default(), 0));
    };
    let snapshot: Snapshot =
        serde_json::from_slice(&bytes).map_err(|error| broken(path).because(error))?;
    if snapshot.format > FORMAT {
        return Err(Fault::new(format!(
            "the simulator's store {} was written by a later version (format {})",
            path.display(),
            snapshot.format
        ))
        .hint("use that version, or another store"));
    }
    Ok((snapshot, bytes.len() as u64))
}

/// Opens the log, which also serves as the lock: it is never replaced, only emptied.
fn open_log(path: &Path) -> Result<File, Fault> {
    std::fs::create_dir_all(folder(path)).map_err(|error| unreadable(path).because(error))?;
    let log = files::open_own(path).map_err(|error| unreadable(path).because(error))?;
    match log.try_lock() {
        Ok(()) => Ok(log),
        Err(TryLockError::WouldBlock) => Err(Fault::new(format!(
            "the simulator's store is in use by another process ({} is locked)",
            path.display()
        ))
        .hint(
            "let the other command end, or start `gwplan simulator` and point both at its address",
        )),
        Err(TryLockError::Error(error)) => Err(unreadable(path).because(error)),
    }
}

fn read_log(log: &mut File, path: &Path) -> Result<(Vec<Entry>, u64), Fault> {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes)
        .map_err(|error| unreadable(path).because(error))?;
    // A line without an end is one whose writer was killed: its answer never left.
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    if !is_start_of_entry(&bytes[whole..]) {
        return Err(broken(path));
    }
    let entries = bytes[..whole]
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(path).because(error))?;
    files::make_private(log);
    log.set_len(whole as u64)
        .and_then(|()| log.seek(SeekFrom::Start(whole as u64)))
        .map_err(|error| unreadable(path).because(error))?;
    Ok((entries, whole as u64))
}

/// Tells whether bytes can be what a killed writer has left of an entry: all else is not to be cut off.
fn is_start_of_entry(bytes: &[u8]) -> bool {
    const START: &[u8] = b"{\"generator\":";
    bytes.starts_with(START) || START.starts_with(bytes)
}

fn unreadable(path: &Path) -> Fault {
    Fault::new(format!(
        "the simulator's store {} can't be opened",
        path.display()
    ))
    .hint("check that the folder may be written, and that neither the store nor its .log is a link")
}

fn broken(path: &Path) -> Fault {
    Fault::new(format!(
        "{} is not a simulator's store, or is damaged",
        path.display()
    ))
    .hint("put a good copy in its place, or move it and its .log away to begin with an empty cloud")
}

#[cfg(test)]
mod tests {
    use super::super::gateway::tests::gateway;
    use super::*;

    fn put(number: u64) -> Entry {
        Entry {
            generator: number,
            change: Change::Put(Box::new(gateway(number))),
        }
    }

    #[test]
    fn a_log_is_read_back_and_a_torn_last_line_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/cloud.json");
        let (mut journal, _, _) = Journal::open(&path).unwrap();
        journal.append(&put(1)).unwrap();
        journal.append(&put(2)).unwrap();
        journal.log.write_all(b"{\"generator\":3,\"pu").unwrap();
        drop(journal);
        let (mut journal, _, entries) = Journal::open(&path).unwrap();
        assert_eq!(entries.len(), 2);
        journal.append(&put(3)).unwrap();
        drop(journal);
        let (_journal, _, entries) = Journal::open(&path).unwrap();
        assert_eq!(entries.len(), 3);
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        let first = Journal::open(&path).unwrap();
        let fault = Journal::open(&path).unwrap_err();
        assert!(fault.to_string().contains("in use"), "{fault}");
        drop(first);
        assert!(Journal::open(&path).is_ok());
    }

    #[test]
    fn broken_files_and_later_formats_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        std::fs::write(&path, "{").unwrap();
        assert!(
            Journal::open(&path)
                .unwrap_err()
                .to_string()
                .contains("damaged")
        );
        let later = r#"{"format":2,"seed":null,"generator":0,"next":0,"pairs":[],"gateways":[]}"#;
        std::fs::write(&path, later).unwrap();
        assert!(
            Journal::open(&path)
                .unwrap_err()
                .to_string()
                .contains("later")
        );
        std::fs::remove_file(&path).unwrap();
        let log = folder.path().join("cloud.json.log");
        for theirs in ["nonsense\n", "no end of line", "{}"] {
            std::fs::write(&log, theirs).unwrap();
            assert!(
                Journal::open(&path)
                    .unwrap_err()
                    .to_string()
                    .contains("damaged")
            );
            assert_eq!(std::fs::read_to_string(&log).unwrap(), theirs);
        }
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        let theirs = folder.path().join("theirs");
        for name in ["cloud.json", "cloud.json.log"] {
            let link = folder.path().join(name);
            std::fs::remove_file(&link).ok();
            std::os::unix::fs::symlink(&theirs, &link).unwrap();
            Journal::open(&path).unwrap_err();
            assert!(!theirs.exists(), "{name}");
            std::fs::remove_file(&link).unwrap();
        }
    }
}

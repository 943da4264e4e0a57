//! A lock that is a file, which the operating system locks.
//!
//! Only the system's lock counts: it is free as soon as its holder is gone, however it went. The
//! file's text names the holder to others; a name that is still there while the lock is free is that
//! of a holder that died. Whoever takes the lock away by force removes the file, so a lock is worth
//! something only as long as the path names the very file that is locked.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crate::crash;
use crate::files::{self, foreign};

use super::{Holder, Lock, LockStatus};

/// The most of a lock's file that is read: the name of a holder is far shorter.
const MAX_BYTES: u64 = 64 << 10;

/// How often a lock is tried before it counts as held, and the pause in between.
///
/// Whoever only looks has it for a moment, and a new holder needs one to write its name.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// How many holders that have ended are remembered.
const MAX_ENDED: usize = 100;

/// Says how it went to take a lock.
pub(super) enum Attempt {
    /// It is taken.
    Taken(Box<FileLock>),
    /// Somebody has it, who may not have written its name.
    Held(Option<Holder>),
}

/// Takes the lock at a path, and writes who has it now.
pub(super) fn acquire(path: &Path, holder: &Holder) -> io::Result<Attempt> {
    let mut other = None;
    for remaining in (0..TRIES).rev() {
        let mut file = files::open_own(path)?;
        match file.try_lock() {
            // A file that was removed meanwhile locks nothing.
            Ok(()) if !is_at(path, &file)? => {}
            Ok(()) => return take(path, file, holder).map(|lock| Attempt::Taken(Box::new(lock))),
            Err(TryLockError::WouldBlock) => {
                other = read(&mut file)?.holder();
                pause(remaining);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Attempt::Held(other))
}

/// Finds out who has the lock at a path; nothing there is made or changed.
pub(super) fn status(path: &Path) -> io::Result<LockStatus> {
    for remaining in (0..TRIES).rev() {
        let mut file = match files::open_own_to_read(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LockStatus::Free),
            Err(error) => return Err(error),
        };
        // Shared, so that those who look don't take each other for holders.
        match file.try_lock_shared() {
            Ok(()) if !is_at(path, &file)? => {}
            Ok(()) => {
                let dead = read(&mut file)?.ours()?;
                return Ok(dead.map_or(LockStatus::Free, LockStatus::LeftOver));
            }
            Err(TryLockError::WouldBlock) => match read(&mut file)?.holder() {
                None => pause(remaining),
                holder => return Ok(LockStatus::Held(holder)),
            },
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(LockStatus::Held(None))
}

/// Takes the lock at a path away from the holder of this id, if that has it; tells whether it had.
///
/// The file is removed, so the next to take the lock makes a new one, whoever still has the old.
/// Between the look and the removal the lock could change hands: then the new holder is the one
/// that loses it, and notices by `is_held`.
pub(super) fn remove(path: &Path, id: &str) -> io::Result<bool> {
    match status(path)? {
        LockStatus::Held(Some(holder)) if holder.id == id => fs::remove_file(path).map(|()| true),
        _ => Ok(false),
    }
}

fn pause(remaining: u32) {
    if remaining > 0 {
        sleep(BETWEEN_TRIES);
    }
}

/// Tells whether a path names this very file.
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn take(path: &Path, mut file: File, holder: &Holder) -> io::Result<FileLock> {
    crash::point("the lock is taken");
    // Written to is only what is gwplan's: beside a state named Cargo stands Cargo.lock.
    let found = read(&mut file)?;
    // Of many that died, all but the last are in that one's list: they must not grow past what is read.
    let names = Some(found.end())
        .filter(|end| *end < MAX_BYTES / 4)
        .unwrap_or(0);
    let dead = found.ours()?;
    let holder = Holder {
        ended: ended(dead.as_ref(), holder),
        ..holder.clone()
    };
    files::make_private(&file);
    add_holder(&file, names, &holder)?;
    crash::point("the lock names its holder");
    // After a loss of power the name proves that this run has ended: without it the next one waits.
    file.sync_data()?;
    files::sync_folder_of(path)?;
    crash::point("the name in the lock is synced");
    Ok(FileLock {
        path: path.to_owned(),
        file,
        names,
        holder,
        dead,
        noted: AtomicBool::new(false),
    })
}

/// Returns the holders that are proven to have ended, now that the lock is free and this one has it.
///
/// The system frees a lock when its holder is gone: that proves it, for a holder of this machine that
/// still has its name in this very file. A file that was removed by force or by hand takes the proof with
/// it, and a file server may free the lock of another machine that only could not be reached.
fn ended(dead: Option<&Holder>, own: &Holder) -> Vec<String> {
    let Some(dead) = dead.filter(|dead| dead.host == own.host) else {
        return Vec::new();
    };
    let mut ended = dead.ended.clone();
    ended.push(dead.id.clone());
    // The oldest go first: without its proof a request is waited for, and no more than that.
    ended.drain(..ended.len().saturating_sub(MAX_ENDED));
    ended
}

/// Says what a lock's file holds.
enum Content {
    /// Nothing, or the beginning of a name that a crash has cut off.
    Nothing,
    /// Names of holders, of which the last counts, and where that ends.
    Names { last: Holder, end: u64 },
    /// What gwplan never wrote.
    Other,
}

impl Content {
    /// Reads names that follow each other; behind the last, a crash may have left the start of one more.
    fn of(bytes: &[u8]) -> Self {
        let mut names = serde_json::Deserializer::from_slice(bytes).into_iter();
        let mut content = Self::Nothing;
        loop {
            let rest = &bytes[names.byte_offset()..];
            match names.next() {
                Some(Ok(last)) => {
                    let end = names.byte_offset() as u64;
                    content = Self::Names { last, end };
                }
                _ if is_cut_off(rest, matches!(content, Self::Names { .. })) => return content,
                _ => return Self::Other,
            }
        }
    }

    /// Returns where the last whole name ends.
    fn end(&self) -> u64 {
        match self {
            Self::Names { end, .. } => *end,
            Self::Nothing | Self::Other => 0,
        }
    }

    fn holder(self) -> Option<Holder> {
        match self {
            Self::Names { last, .. } => Some(last),
            Self::Nothing | Self::Other => None,
        }
    }

    /// Returns the holder, and refuses a file of somebody else's.
    fn ours(self) -> io::Result<Option<Holder>> {
        match self {
            Self::Other => Err(foreign("it holds something else than the name of a holder")),
            ours => Ok(ours.holder()),
        }
    }
}

/// Tells whether bytes are what a crash can leave of a holder's name, which may be nothing.
fn is_cut_off(bytes: &[u8], follows_another: bool) -> bool {
    // After a loss of power, a file can have its length and not its bytes.
    let end = bytes.iter().rposition(|byte| *byte != 0);
    let mut written = &bytes[..end.map_or(0, |last| last + 1)];
    if follows_another {
        written = written.strip_prefix(NEXT).unwrap_or(written);
    }
    let begins = [&b"{\"id\":"[..], b"{\"user\":"]
        .iter()
        .any(|start| written.starts_with(start) || start.starts_with(written));
    begins && serde_json::from_slice::<Holder>(written).is_err_and(|error| error.is_eof())
}

/// Stands between two names.
const NEXT: &[u8] = b"\n";

fn read(file: &mut File) -> io::Result<Content> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(Content::of(&bytes))
}

/// Adds a name behind those that end there, and cuts off what else a crash has left.
///
/// The names before stay: the last one is the proof that its holder has ended, and no crash may spoil it.
fn add_holder(mut file: &File, end: u64, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    if end > 0 {
        text.splice(..0, NEXT.iter().copied());
    }
    file.set_len(end)?;
    file.seek(io::SeekFrom::Start(end))?;
    file.write_all(&text)
}

/// Holds the operating system's lock; dropping the file frees it.
#[derive(Debug)]
pub(super) struct FileLock {
    path: PathBuf,
    file: File,
    /// Where the names of those before end.
    names: u64,
    holder: Holder,
    dead: Option<Holder>,
    /// Whether the state knows by now that the holder before has ended.
    noted: AtomicBool,
}

impl Lock for FileLock {
    fn taken_over(&self) -> Option<&Holder> {
        self.dead.as_ref()
    }

    fn is_held(&self) -> bool {
        // Where that can't be found out, nothing shows that anybody else may write.
        is_at(&self.path, &self.file).unwrap_or(true)
    }

    fn id(&self) -> &str {
        &self.holder.id
    }

    fn ended(&self) -> &[String] {
        &self.holder.ended
    }

    fn ended_is_noted(&self) {
        self.noted.store(true, Ordering::SeqCst);
    }

    fn let_go(&self) {
        // A run that fails before it has read the state must not take the proof of those before with it. Its
        // own name goes: if it stayed, it would be taken for that of a holder that died.
        let kept = if self.noted.load(Ordering::SeqCst) {
            0
        } else {
            self.names
        };
        self.file.set_len(kept).ok();
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        self.let_go();
        crash::point("the lock names nobody any more");
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn holder(id: &str) -> Holder {
        Holder {
            id: id.to_owned(),
            user: "tester".to_owned(),
            host: "nowhere".to_owned(),
            process: 42,
            command: "apply".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            url: None,
            ended: Vec::new(),
        }
    }

    #[track_caller]
    fn taken(path: &Path, id: &str) -> Box<FileLock> {
        match acquire(path, &holder(id)).expect("no fault") {
            Attempt::Taken(lock) => lock,
            Attempt::Held(other) => panic!("held by {other:?}"),
        }
    }

    #[test]
    fn a_look_makes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/lock");
        assert_eq!(status(&path).expect("no fault"), LockStatus::Free);
        assert!(!folder.path().join("deep").exists());
    }

    #[test]
    fn a_file_that_is_not_at_its_path_any_more_locks_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let file = files::open_own(&path).expect("opened");
        assert!(is_at(&path, &file).expect("no fault"));
        fs::remove_file(&path).expect("removed");
        assert!(!is_at(&path, &file).expect("no fault"));
        fs::write(&path, "").expect("another");
        assert!(!is_at(&path, &file).expect("no fault"));
    }

    #[test]
    fn whoever_had_a_lock_that_was_taken_away_notices() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let first = taken(&path, "first");
        assert!(first.is_held());
        assert!(!remove(&path, "another").expect("no fault"));
        assert!(first.is_held());
        assert!(remove(&path, "first").expect("no fault"));
        assert!(!first.is_held());
        let second = taken(&path, "second");
        assert!(second.is_held() && !first.is_held());
        // What the first does to its own file is none of the second's concern.
        drop(first);
        let told = status(&path).expect("no fault");
        assert_eq!(told, LockStatus::Held(Some(holder("second"))));
    }

    #[test]
    fn the_lock_of_a_holder_that_died_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let text = serde_json::to_string(&holder("dead")).expect("text");
        fs::write(&path, text).expect("written");
        let told = status(&path).expect("no fault");
        assert_eq!(told, LockStatus::LeftOver(holder("dead")));
        let lock = taken(&path, "next");
        assert_eq!(lock.taken_over(), Some(&holder("dead")));
        drop(lock);
        let lock = taken(&path, "again");
        assert_eq!(
            lock.taken_over(),
            Some(&holder("dead")),
            "nobody has noted it"
        );
        lock.ended_is_noted();
        drop(lock);
        assert_eq!(taken(&path, "last").taken_over(), None);
    }

    #[test]
    fn a_holder_is_proven_to_have_ended_by_its_name_in_a_free_lock_and_by_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let dies = |id: &str| {
            // A process that is killed does not let go: the system closes its file, and the name stays.
            let lock = taken(&path, id);
            let text = fs::read(&path).expect("read");
            drop(lock);
            fs::write(&path, text).expect("written");
        };
        dies("first");
        dies("second");
        let third = taken(&path, "third");
        assert_eq!(third.ended(), ["first", "second"]);
        drop(third);
        let third = taken(&path, "another third");
        assert_eq!(third.ended(), ["first", "second"], "nobody has noted it");
        third.ended_is_noted();
        drop(third);
        assert!(taken(&path, "fourth").ended().is_empty());
        dies("fifth");
        fs::remove_file(&path).expect("removed");
        assert!(taken(&path, "sixth").ended().is_empty(), "no proof is left");
        let elsewhere = Holder {
            host: "elsewhere".to_owned(),
            ..holder("far")
        };
        let text = serde_json::to_string(&elsewhere).expect("text");
        fs::write(&path, text).expect("written");
        assert!(taken(&path, "near").ended().is_empty(), "another machine");
    }

    #[test]
    fn what_a_crash_leaves_behind_a_name_spoils_it_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let first = serde_json::to_vec(&holder("first")).expect("text");
        let mut second = NEXT.to_vec();
        second.extend(serde_json::to_vec(&holder("second")).expect("text"));
        for end in 0..second.len() {
            for zeros in [0, second.len() - end] {
                let mut bytes = [&first[..], &second[..end]].concat();
                bytes.resize(bytes.len() + zeros, 0);
                fs::write(&path, &bytes).expect("written");
                let lock = taken(&path, "next");
                assert_eq!(lock.ended(), ["first"], "{end}, {zeros}");
                drop(lock);
                assert_eq!(fs::read(&path).expect("read"), first, "nobody has noted it");
            }
        }
    }

    #[test]
    fn a_holder_of_an_earlier_version_is_understood() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let text = r#"{"user":"u","host":"h","process":1,"command":"apply","since":"2026-01-01T00:00:00Z"}"#;
        fs::write(&path, text).expect("written");
        let LockStatus::LeftOver(dead) = status(&path).expect("no fault") else {
            panic!("it names its holder");
        };
        assert_eq!((dead.user.as_str(), dead.id.as_str()), ("u", ""));
    }

    #[test]
    fn a_file_that_is_no_lock_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("Cargo.lock");
        let long = "# comment\n".repeat(10_000);
        for text in [
            "version = 4\n",
            "{}",
            "{\"id\":\"theirs\"}",
            "[1",
            "\n",
            "\0\0{",
            &long,
        ] {
            fs::write(&path, text).expect("written");
            let error = acquire(&path, &holder("it")).err().expect("refused");
            assert!(files::is_foreign(&error), "{text:?}: {error}");
            assert!(files::is_foreign(&status(&path).expect_err("refused")));
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }

    #[test]
    fn a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        for (name, text) in [("theirs", Some("theirs")), ("nowhere", None)] {
            let theirs = folder.path().join(name);
            if let Some(text) = text {
                fs::write(&theirs, text).expect("written");
            }
            std::os::unix::fs::symlink(&theirs, &path).expect("linked");
            let error = acquire(&path, &holder("it")).err().expect("refused");
            assert!(files::is_foreign(&error), "{error}");
            assert_eq!(fs::read_to_string(&theirs).ok().as_deref(), text);
            fs::remove_file(&path).expect("removed");
        }
    }

    #[test]
    fn a_name_that_a_crash_has_cut_off_is_nobodys() {
        let whole = serde_json::to_vec(&holder("it")).expect("text");
        for end in 0..whole.len() {
            for zeros in [0, whole.len() - end] {
                let mut bytes = whole[..end].to_vec();
                bytes.resize(end + zeros, 0);
                assert!(matches!(Content::of(&bytes), Content::Nothing), "{end}");
            }
        }
        assert!(matches!(Content::of(&whole), Content::Names { .. }));
    }

    #[test]
    fn a_lock_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        for before in [None, Some(0o644)] {
            if let Some(mode) = before {
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            }
            drop(taken(&path, "it"));
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn those_who_look_keep_nobody_from_taking_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        fs::write(&path, "").expect("written");
        let enough = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    status(&path).expect("no fault");
                    sleep(Duration::from_millis(1));
                }
            });
            for _ in 0..200 {
                drop(taken(&path, "it"));
            }
            enough.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn only_one_of_many_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let has = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (path, has) = (&path, &has);
                scope.spawn(move || {
                    let mut count = 0;
                    while count < 10 {
                        let own = holder(&number.to_string());
                        let attempt = acquire(path, &own).expect("no fault");
                        let Attempt::Taken(lock) = attempt else {
                            continue;
                        };
                        assert!(!has.swap(true, Ordering::SeqCst), "two have it");
                        count += 1;
                        // A removal by force, as rude as can be, before the lock is let go.
                        has.store(false, Ordering::SeqCst);
                        if count % 3 == 0 {
                            fs::remove_file(path).ok();
                        }
                        drop(lock);
                    }
                });
            }
        });
    }
}

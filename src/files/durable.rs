//! Files that are there whole or not at all, whatever happens while they are written.
//!
//! A process can be killed, and a machine can lose its power: then what was written and not synced is lost,
//! cut off or full of zeros, and a name that was given and not synced is undone. So the bytes are synced
//! before a name points at them, and the folder is synced before the caller goes on.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::crash;

use super::make_private;

/// Begins the name of the files that are written first and then put in the place of one of this name.
///
/// No editor names its own so: what is left of them may be removed unseen.
fn temporary_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".gwplan-");
    prefix
}

/// Removes what was left beside a file by whoever was killed while writing it.
pub fn sweep_beside(path: &Path) {
    let prefix = temporary_prefix(path);
    let folder = folder_of(path);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
        {
            // What can't be removed takes room, and does no other harm.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Puts a file in the place of another, so that a crash leaves one of the two, whole.
///
/// The new bytes are on the disk before the name points at them, and the name is before the call
/// returns. The file is readable by its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(&temporary_prefix(path))
        .tempfile_in(folder)?;
    make_private(file.as_file());
    fill(file.as_file_mut(), bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    crash::point("a file has taken its place");
    sync_folder_of(path)?;
    crash::point("the name of a file is synced");
    Ok(())
}

/// Writes and syncs a file that has no name yet that anybody looks for.
fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    crash::point("a file is made beside its place");
    file.write_all(first)?;
    crash::point("half a file is written beside its place");
    file.write_all(rest)?;
    crash::point("a file is written beside its place");
    file.sync_all()?;
    crash::point("a file is synced beside its place");
    Ok(())
}

/// Writes a file that is not there yet, so that a crash leaves it whole or not at all.
///
/// It is durable when this returns, and readable by whoever the user's umask lets read it. A file of
/// that name is never overwritten: then the error is of the kind `AlreadyExists`. What a call before
/// has left that was killed is removed, so no two may write the same file at once.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    sweep_beside(path);
    let prefix = temporary_prefix(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    fill(file.as_file_mut(), bytes)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    crash::point("a new file has its name");
    sync_folder_of(path)?;
    crash::point("the name of a new file is synced");
    Ok(())
}

/// Makes a folder and those above it where they are missing, durably: each name is synced in the folder
/// that holds it, or a loss of power could take away a folder with all that was synced in it.
///
/// # Errors
/// Those of the file system.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(sync_folder_of)
}

/// How many links are followed, one to the next; more is a circle.
const LINKS: usize = 40;

/// Returns where the links at a place lead, also where nothing is there yet.
pub fn led_to(mut place: PathBuf) -> PathBuf {
    for _ in 0..LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = folder_of(&place).join(target),
            Err(_) => break,
        }
    }
    place
}

/// Syncs the names in the folder that holds a file.
///
/// # Errors
/// Those of the file system.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Returns the folder that holds a file; that of a bare name is the present one.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_takes_the_place_of_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/new.yaml");
        create(&path, b"one").expect("written");
        let error = create(&path, b"two").expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("there"), b"one");
    }

    #[test]
    fn a_folder_is_made_with_those_above_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("one/two/three");
        make_folder(&deep).expect("made");
        make_folder(&deep).expect("it is there");
        assert!(deep.is_dir());
    }
}

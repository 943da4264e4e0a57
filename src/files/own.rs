//! Files of gwplan's own: opened without following links, and never in the place of what others made.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

/// What gwplan writes for itself is its user's alone.
const PRIVATE: u32 = 0o600;

/// Opens a file for reading and writing, and makes it where there is none.
///
/// What is in it stays: whoever opens it looks first whether it is gwplan's. It is readable by its owner
/// alone only after [`make_private`], since the rights of what others made are theirs too.
///
/// # Errors
/// A link, a folder or a special file is [`foreign`].
pub fn open_own(path: &Path) -> io::Result<File> {
    open(
        path,
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .mode(PRIVATE),
    )
}

/// Makes a file that is not there yet, readable by its owner alone, for writing.
///
/// # Errors
/// Whatever stands there is [`foreign`], a link to nowhere too.
pub fn create_own(path: &Path) -> io::Result<File> {
    let made = open(
        path,
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(PRIVATE),
    );
    let file = made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => foreign("there is a file of that name already"),
        _ => error,
    })?;
    make_private(&file);
    Ok(file)
}

/// Writes a file anew, with the rights that the user's umask gives; what was in it goes.
///
/// # Errors
/// A link, a folder or a special file is [`foreign`].
pub fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o666);
    let mut file = open(path, &mut options)?;
    file.set_len(0)?;
    file.write_all(bytes)
}

/// Opens a file for reading.
///
/// # Errors
/// A link, a folder or a special file is [`foreign`].
pub fn open_own_to_read(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}

/// Reads a whole file; nothing where there is none.
///
/// # Errors
/// A link, a folder or a special file is [`foreign`].
pub fn read_own(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match open_own_to_read(path) {
        Ok(mut file) => file.read_to_end(&mut bytes).map(|_| Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a file's rights away from all but its owner, whatever the umask gave or took.
pub fn make_private(file: &File) {
    let has = file
        .metadata()
        .map(|data| data.permissions().mode() & 0o777);
    if has.is_ok_and(|mode| mode != PRIVATE) {
        // A file system that knows no rights must not keep anybody from working.
        file.set_permissions(Permissions::from_mode(PRIVATE)).ok();
    }
}

/// Reports a file that is not gwplan's to write.
pub fn foreign(what: &str) -> io::Error {
    io::Error::new(ErrorKind::AlreadyExists, what.to_owned())
}

/// Tells whether an error says that a file is not gwplan's to write.
pub fn is_foreign(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Without NONBLOCK, a pipe would keep the program waiting for its other end.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let opened = options.custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => {
            foreign("it is a link, and links are not followed there")
        }
        Some(code) if code == Errno::ISDIR.raw_os_error() => foreign("it is a folder"),
        // What a socket or a pipe without a reader answers.
        Some(code) if code == Errno::NXIO.raw_os_error() => foreign("it is not a regular file"),
        _ => error,
    })?;
    if !file.metadata()?.is_file() {
        return Err(foreign("it is not a regular file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    type Opening = fn(&Path) -> io::Result<File>;
    const ALL: [Opening; 3] = [open_own, create_own, open_own_to_read];

    #[test]
    fn nothing_but_a_regular_file_is_opened_and_no_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("theirs"), "theirs").expect("written");
        symlink(at("theirs"), at("link")).expect("linked");
        symlink(at("nowhere"), at("dangling")).expect("linked");
        fs::create_dir(at("folder")).expect("made");
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("bound");
        for name in ["link", "dangling", "folder", "socket"] {
            for open in ALL {
                let error = open(&at(name)).expect_err(name);
                assert!(is_foreign(&error), "{name}: {error}");
            }
        }
        assert_eq!(fs::read(at("theirs")).expect("there"), b"theirs");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_what_is_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("own");
        assert!(read_own(&path).expect("no fault").is_none());
        let file = create_own(&path).expect("made");
        let mode = file.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "kept").expect("written");
        assert!(is_foreign(&create_own(&path).expect_err("refused")));
        open_own(&path).expect("opened");
        assert_eq!(
            read_own(&path).expect("there").as_deref(),
            Some(&b"kept"[..])
        );
    }
}

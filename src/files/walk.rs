//! What lies below a folder.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{Reach, ReadError};

/// Holds what was found at one path that is no folder.
#[derive(Debug)]
pub struct Found {
    /// The path, below the folder that was walked.
    pub path: PathBuf,
    /// Why it can't be looked at; a link to nowhere, for example.
    pub error: Option<ReadError>,
}

/// Says why a folder can't be walked.
#[derive(Debug)]
pub enum WalkError {
    /// A folder can't be read.
    Unreadable(PathBuf, ReadError),
    /// A folder lies deeper than the bound.
    TooDeep(PathBuf),
    /// There are more files than the bound.
    TooMany(PathBuf),
}

/// Bounds a walk.
#[derive(Clone, Copy, Debug)]
pub struct WalkBounds {
    /// How deep folders are looked into.
    pub depth: usize,
    /// The most files that are found.
    pub files: usize,
}

/// Finds the files in a folder and in those below it that `enters` takes, in the order of their names.
///
/// What is hidden is left out. Links are followed as far as they lead to what is in reach, and each folder is
/// looked at once, so that a link to a folder above makes no circle.
pub fn walk(
    reach: &Reach,
    folder: &Path,
    bounds: WalkBounds,
    enters: &dyn Fn(&Path) -> bool,
) -> Result<Vec<Found>, WalkError> {
    let mut walk = Walk {
        reach,
        bounds,
        enters,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    walk.folder(folder, 0)?;
    Ok(walk.found)
}

struct Walk<'a> {
    reach: &'a Reach,
    bounds: WalkBounds,
    enters: &'a dyn Fn(&Path) -> bool,
    /// The folders that were looked at, by their real paths.
    seen: BTreeSet<PathBuf>,
    found: Vec<Found>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), WalkError> {
        let unreadable = |error: ReadError| WalkError::Unreadable(folder.to_owned(), error);
        let place = self.reach.real(folder).map_err(unreadable)?;
        if !self.seen.insert(place.clone()) {
            return Ok(());
        }
        if depth > self.bounds.depth {
            return Err(WalkError::TooDeep(folder.to_owned()));
        }
        let names = names_in(&place).map_err(|error| unreadable(error.into()))?;
        for name in names {
            let path = folder.join(&name);
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let real = self.reach.real(&path);
            match real.and_then(|real| Ok(std::fs::metadata(real)?)) {
                Ok(data) if data.is_dir() => {
                    if (self.enters)(&path) {
                        self.folder(&path, depth + 1)?;
                    }
                }
                looked => self.found.push(Found {
                    path,
                    error: looked.err(),
                }),
            }
        }
        if self.found.len() > self.bounds.files {
            return Err(WalkError::TooMany(folder.to_owned()));
        }
        Ok(())
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let entries = std::fs::read_dir(folder)?;
    let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names?;
    names.sort();
    Ok(names)
}

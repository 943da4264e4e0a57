//! The patterns of `files` in gwplan.yaml, and what they find.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::files::{Reach, ReadError, WalkBounds, WalkError, walk};
use crate::model::{Diagnostic, Location, SourceLine};

use super::files::{FilesError, PROJECT_FILE, is_yaml, tidy, yaml_files_in};

/// What makes a pattern of a path.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];
/// The bounds that a folder of gateways hardly meets, and one that holds all of a machine does.
const BOUNDS: WalkBounds = WalkBounds {
    depth: 32,
    files: 100_000,
};

/// Names files: by a path, or by a pattern in which `*` and `**` stand for others.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The pattern as it is written.
    pub(super) text: String,
    /// Where it is written.
    pub(super) line: SourceLine,
    matcher: GlobMatcher,
}

impl Pattern {
    pub(super) fn new(text: &str, location: Location) -> Result<Self, Box<Diagnostic>> {
        let plain = tidy(Path::new(text));
        let glob = GlobBuilder::new(&plain.to_string_lossy())
            .literal_separator(true)
            .build();
        match glob {
            Ok(glob) => Ok(Self {
                text: text.to_owned(),
                line: location.line(),
                matcher: glob.compile_matcher(),
            }),
            Err(error) => {
                let summary = format!("`{text}` is not a valid pattern of paths: {}", error.kind());
                let help = "write it like gateways/**/*.yaml: `*` stands for any part of a name, and `**` for any folders";
                let fault = Diagnostic::error("bad-pattern", summary).help(help);
                Err(Box::new(fault.at(Some(location))))
            }
        }
    }

    /// Tells whether it stands for one file or folder, without anything that takes the place of others.
    pub(super) fn is_plain(&self) -> bool {
        !self.text.contains(WILD)
    }

    /// Tells whether a file would be found by it.
    pub(super) fn matches(&self, path: &Path) -> bool {
        let own = tidy(Path::new(&self.text));
        if self.is_plain() {
            // A folder stands for the files in it, as it does on the command line.
            return path == own || path.parent() == Some(&own) && is_yaml(path);
        }
        // The ending counts in letters of either case, here as everywhere.
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let usual = path.with_extension(ending);
        is_yaml(path) && (self.matcher.is_match(path) || self.matcher.is_match(usual))
    }

    /// Finds the files that it stands for; none where nothing matches.
    pub(super) fn find(&self, reach: &Reach) -> Result<Vec<PathBuf>, FilesError> {
        if self.is_plain() {
            return self.find_plain(reach);
        }
        let base = self.base();
        let real = reach.real(&base);
        if real.as_ref().is_err_and(ReadError::is_missing) {
            return Ok(Vec::new());
        }
        let found = walk(reach, &base, BOUNDS, &|folder| self.enters(reach, folder));
        let found = found.map_err(|error| self.failure(error))?;
        let mut files = Vec::new();
        for found in found {
            let path = tidy(&found.path);
            if self.matches(&path) && !is_project_file(&path) {
                // One that can't be read goes on to the reader, which tells of it.
                files.push(path);
            } else if let Some(ReadError::Outside) = found.error
                && path.extension().is_none()
            {
                // A link to a folder out of reach may lead to gateways: it must not look as if there were none.
                let path = path.display().to_string();
                let error = ReadError::Outside;
                return Err(FilesError::Unreadable { path, error });
            }
        }
        Ok(files)
    }

    fn find_plain(&self, reach: &Reach) -> Result<Vec<PathBuf>, FilesError> {
        let path = tidy(Path::new(&self.text));
        let unreadable = |error| FilesError::Unreadable {
            path: self.text.clone(),
            error,
        };
        match reach.real(&path) {
            Ok(real) if real.is_dir() => yaml_files_in(reach, &path).map_err(unreadable),
            Ok(_) => Ok(vec![path]),
            Err(error) if error.is_missing() => Ok(Vec::new()),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Returns the folder above all that can match: the parts before the first wildcard.
    fn base(&self) -> PathBuf {
        let plain = tidy(Path::new(&self.text));
        let parts = plain.components();
        let base: PathBuf = parts.take_while(|part| !is_wild(*part)).collect();
        if base.as_os_str().is_empty() {
            ".".into()
        } else {
            base
        }
    }

    /// Tells whether a folder is looked into: not one that is a project of its own, nor one that lies
    /// deeper than the pattern reaches.
    fn enters(&self, reach: &Reach, folder: &Path) -> bool {
        let depth = |path: &Path| tidy(path).components().count();
        let is_deep = depth(folder) >= depth(Path::new(&self.text));
        (self.text.contains("**") || !is_deep)
            && !reach.root().join(folder).join(PROJECT_FILE).exists()
    }

    fn failure(&self, error: WalkError) -> FilesError {
        match error {
            WalkError::Unreadable(path, error) => FilesError::Unreadable {
                path: path.display().to_string(),
                error,
            },
            WalkError::TooDeep(path) | WalkError::TooMany(path) => FilesError::TooMuch {
                pattern: self.text.clone(),
                path: path.display().to_string(),
            },
        }
    }
}

fn is_wild(part: Component<'_>) -> bool {
    part.as_os_str().to_string_lossy().contains(WILD)
}

fn is_project_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PROJECT_FILE)
}

//! Which files make up the desired state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::files::{Reach, ReadError};

use super::project::Project;

/// The name of the project file.
pub const PROJECT_FILE: &str = "gwplan.yaml";

/// Says why no files were found.
#[derive(Debug, Error)]
pub enum FilesError {
    /// There is nothing at a path that was given.
    #[error("there is no file or folder {0}")]
    Missing(String),
    /// A path that was given can't be looked at.
    #[error("{path}: {error}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// Why not.
        error: ReadError,
    },
    /// A folder holds no YAML files.
    #[error("{0}: no YAML files with gateways here (*.yaml, *.yml; {PROJECT_FILE} does not count)")]
    Empty(String),
    /// A pattern of gwplan.yaml finds nothing.
    #[error("{line}: no YAML file matches `{pattern}`")]
    Unmatched {
        /// The pattern as it is written.
        pattern: String,
        /// Where it is written.
        line: String,
    },
    /// A pattern leads to more than gwplan looks through.
    #[error("`{pattern}` leads too deep or to too many files, at {path}")]
    TooMuch {
        /// The pattern as it is written.
        pattern: String,
        /// The folder that was too much.
        path: String,
    },
}

impl FilesError {
    /// Says what to do next; `usual` is what the caller says of paths that are wrong.
    pub fn hint(&self, usual: &'static str) -> &'static str {
        match self {
            Self::Unreadable {
                error: error @ ReadError::Outside,
                ..
            } => error.hint(),
            Self::Empty(_) => {
                "write one with `gateways: {}` in it to say that there shall be none, or name the files under `files` in gwplan.yaml"
            }
            Self::Unmatched { .. } => {
                "correct the pattern or take it out: paths are relative to gwplan.yaml, and `**` stands for any folders"
            }
            Self::TooMuch { .. } => "begin the pattern with the folder that holds the gateways",
            _ => usual,
        }
    }
}

/// Names the files of the desired state, each once, in their order.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<PathBuf, Naming>);

/// Tells how a file came to be one of the desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// It is named itself: it must hold what gwplan reads.
    Named,
    /// It was found in a folder or by a pattern: it may be another tool's.
    Found,
}

impl Files {
    /// Returns the paths, relative to the project's folder.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether a file is named itself.
    pub(super) fn is_named(&self, path: &Path) -> bool {
        self.0.get(path) == Some(&Naming::Named)
    }

    fn add(&mut self, path: PathBuf, naming: Naming) {
        let known = self.0.entry(path).or_insert(naming);
        if naming == Naming::Named {
            *known = naming;
        }
    }
}

/// Takes files that are named themselves.
impl FromIterator<PathBuf> for Files {
    fn from_iter<T: IntoIterator<Item = PathBuf>>(paths: T) -> Self {
        let paths = paths.into_iter();
        Self(paths.map(|path| (path, Naming::Named)).collect())
    }
}

/// Finds the YAML files of the desired state.
///
/// A folder stands for the `*.yaml` and `*.yml` files in it but gwplan.yaml and hidden ones. Without
/// `paths`, what `files` in gwplan.yaml names is taken, and without that the project's own folder. Overlays
/// are left out, even where they are named: an environment lays them over the others. So are files of
/// variables. Paths are relative to the project's folder; those given are in reach by that.
///
/// # Errors
/// Where nothing is at a path, in a folder or at a pattern: a typing error must not look as if the files
/// were gone.
pub fn find_files(
    project: &Project,
    reach: &Reach,
    paths: &[PathBuf],
) -> Result<Files, FilesError> {
    let mut files = Files::default();
    if !paths.is_empty() {
        for path in paths {
            add_given(project, reach, path, &mut files)?;
        }
        // Overlays alone are checked over the files that they belong to.
        if !files.is_empty() {
            return Ok(files);
        }
    }
    if project.patterns.is_empty() {
        add_given(project, reach, Path::new("."), &mut files)?;
    }
    for pattern in &project.patterns {
        let found = pattern.find(reach)?;
        if found.is_empty() {
            return Err(FilesError::Unmatched {
                pattern: pattern.text.clone(),
                line: pattern.line.to_string(),
            });
        }
        add_found(project, reach, found, &mut files);
    }
    Ok(files)
}

/// Finds as many of the project's files as are there: that files are gone must not keep their resources
/// from being destroyed.
pub fn find_files_if_any(project: &Project, reach: &Reach) -> Result<Files, FilesError> {
    let mut files = Files::default();
    if project.patterns.is_empty() {
        match add_given(project, reach, Path::new("."), &mut files) {
            Ok(()) | Err(FilesError::Empty(_)) => {}
            Err(error) => return Err(error),
        }
    }
    for pattern in &project.patterns {
        add_found(project, reach, pattern.find(reach)?, &mut files);
    }
    Ok(files)
}

impl Project {
    /// Tells whether a plan without paths reads a file of that name, be it there or not.
    pub fn reads(&self, path: &Path) -> bool {
        let path = tidy(path);
        if self.patterns.is_empty() {
            return path.parent() == Some(Path::new("")) && is_yaml(&path);
        }
        self.patterns.iter().any(|pattern| pattern.matches(&path))
    }

    /// Tells whether gwplan.yaml says which files describe resources.
    pub fn names_files(&self) -> bool {
        !self.patterns.is_empty()
    }
}

fn add_given(
    project: &Project,
    reach: &Reach,
    path: &Path,
    files: &mut Files,
) -> Result<(), FilesError> {
    let unreadable = |error: ReadError| {
        let path = path.display().to_string();
        if error.is_missing() {
            FilesError::Missing(path)
        } else {
            FilesError::Unreadable { path, error }
        }
    };
    if reach.real(path).map_err(unreadable)?.is_dir() {
        let mut inside = yaml_files_in(reach, path).map_err(unreadable)?;
        inside.retain(|path| !project.is_overlay(path));
        // An environment may have gateways in its overlays alone.
        if inside.is_empty() && project.overlays.is_empty() {
            return Err(FilesError::Empty(path.display().to_string()));
        }
        add_found(project, reach, inside, files);
    } else {
        let path = tidy(path);
        if !project.is_overlay(&path) {
            files.add(path, Naming::Named);
        }
    }
    Ok(())
}

/// Adds what was found and is neither an overlay nor a file of variables.
fn add_found(project: &Project, reach: &Reach, found: Vec<PathBuf>, files: &mut Files) {
    let variables: Vec<PathBuf> = project
        .variable_files
        .iter()
        .filter_map(|path| std::fs::canonicalize(reach.root().join(path)).ok())
        .collect();
    for path in found {
        let real = std::fs::canonicalize(reach.root().join(&path));
        let is_variables = real.is_ok_and(|real| variables.contains(&real));
        if !is_variables && !project.is_overlay(&path) {
            files.add(path, Naming::Found);
        }
    }
}

/// Finds the YAML files in a folder, in no order.
pub(super) fn yaml_files_in(reach: &Reach, folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(reach.real(folder)?)? {
        let name = entry?.file_name();
        let path = tidy(&folder.join(&name));
        let name = name.to_string_lossy();
        if !is_yaml(&path) || name == PROJECT_FILE || name.starts_with('.') {
            continue;
        }
        // What can't be read is not passed over: its resources would be taken for resources that
        // left the files. A link to nothing, or out of reach, goes on to the reader, which tells of it.
        match reach
            .real(&path)
            .and_then(|real| Ok(std::fs::metadata(real)?))
        {
            Ok(data) if data.is_dir() => {}
            Ok(data) if !data.is_file() => {
                return Err(std::io::Error::other(format!("{name} is not a regular file")).into());
            }
            _ => found.push(path),
        }
    }
    Ok(found)
}

/// Tells whether a file's name says that it holds YAML, in letters of either case.
pub fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ["yaml", "yml"]
            .iter()
            .any(|yaml| ending.eq_ignore_ascii_case(yaml))
    })
}

/// Drops leading `./`, so that a file has one name however it was found.
pub(super) fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect()
}

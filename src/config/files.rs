//! Which files make up the desired state.

use std::collections::BTreeSet;
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
}

impl FilesError {
    /// Says what to do next; `usual` is what the caller says of paths that are wrong.
    pub fn hint(&self, usual: &'static str) -> &'static str {
        match self {
            Self::Unreadable {
                error: error @ ReadError::Outside,
                ..
            } => error.hint(),
            _ => usual,
        }
    }
}

/// Finds the YAML files of the desired state, sorted, each once.
///
/// A folder stands for the `*.yaml` and `*.yml` files in it but gwplan.yaml and hidden ones; without
/// `paths`, the project's own folder is taken. Overlays are left out, even where they are named: an
/// environment lays them over the others. Paths are relative to the project's folder; those given are in
/// reach by that.
pub fn find_files(
    project: &Project,
    reach: &Reach,
    paths: &[PathBuf],
) -> Result<Vec<PathBuf>, FilesError> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut found = BTreeSet::new();
    for path in paths {
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
            found.extend(inside);
        } else {
            let path = tidy(path);
            if !project.is_overlay(&path) {
                found.insert(path);
            }
        }
    }
    // Overlays alone are checked over the files that they belong to.
    if found.is_empty() && paths != here {
        return find_files(project, reach, &here);
    }
    Ok(found.into_iter().collect())
}

fn yaml_files_in(reach: &Reach, folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(reach.real(folder)?)? {
        let name = entry?.file_name();
        let path = tidy(&folder.join(&name));
        let name = name.to_string_lossy();
        let yaml = matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("yaml" | "yml")
        );
        if !yaml || name == PROJECT_FILE || name.starts_with('.') {
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
                return Err(std::io::Error::other(format!("{name} is no regular file")).into());
            }
            _ => found.push(path),
        }
    }
    Ok(found)
}

/// Drops leading `./`, so that a file has one name however it was found.
pub(super) fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect()
}

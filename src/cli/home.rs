//! Where the project is: in the folder that a command is started in, or above it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::config::PROJECT_FILE;

/// Holds where a project is, seen from where the command was started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// The folder of gwplan.yaml.
    pub(super) root: PathBuf,
    /// The way from there to the folder that the command was started in.
    pub(super) within: PathBuf,
}

impl Home {
    /// Finds the project of a folder; the folder itself stands for one where there is none.
    ///
    /// The search ends at the top of the repository and below the user's home folder. A project of somebody
    /// else, above in a folder that all may write to, is not taken for the user's.
    pub(super) fn find(start: &Path, user_home: Option<&Path>) -> Self {
        let above = fs::canonicalize(start).ok().and_then(|real| {
            let user_home = user_home.and_then(|folder| fs::canonicalize(folder).ok());
            levels_up(&real, user_home.as_deref())
        });
        Self::at(start, above)
    }

    /// Takes the folder itself, for what makes a project or needs none.
    pub(super) fn here(start: &Path) -> Self {
        Self::at(start, None)
    }

    fn at(start: &Path, above: Option<(usize, PathBuf)>) -> Self {
        let Some((levels, within)) = above.filter(|(levels, _)| *levels > 0) else {
            return Self {
                root: start.to_owned(),
                within: PathBuf::new(),
            };
        };
        let up = std::iter::repeat_n(Path::new(".."), levels);
        let start = (start != Path::new(".")).then_some(start);
        Self {
            root: start.into_iter().chain(up).collect(),
            within,
        }
    }

    /// Returns a path of the command line as it is seen from the project's folder.
    pub(super) fn seen(&self, path: &Path) -> PathBuf {
        if self.within.as_os_str().is_empty() || path.is_absolute() {
            return path.to_owned();
        }
        let mut seen = self.within.clone();
        for part in path.components() {
            match part {
                // What is above the project keeps its dots.
                Component::ParentDir if seen.file_name().is_some() => {
                    seen.pop();
                }
                Component::CurDir => {}
                part => seen.push(part),
            }
        }
        if seen.as_os_str().is_empty() {
            seen.push(".");
        }
        seen
    }
}

/// Counts how many folders up the project is, and returns the way back.
fn levels_up(start: &Path, user_home: Option<&Path>) -> Option<(usize, PathBuf)> {
    let owner = fs::metadata(start).ok()?.uid();
    let user = rustix::process::geteuid().as_raw();
    let mut below = None;
    for (levels, folder) in start.ancestors().enumerate() {
        let is_repository = below.is_some_and(|below: &Path| below.join(".git").exists());
        if levels > 0 && (is_repository || Some(folder) == user_home) {
            return None;
        }
        let project = fs::metadata(folder.join(PROJECT_FILE));
        if project.is_ok_and(|file| levels == 0 || [owner, user].contains(&file.uid())) {
            return Some((levels, start.strip_prefix(folder).ok()?.to_owned()));
        }
        below = Some(folder);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> tempfile::TempDir {
        let world = tempfile::tempdir().unwrap();
        let deep = world.path().join("home/repository/fleet/gateways/eu");
        fs::create_dir_all(deep).unwrap();
        fs::create_dir(world.path().join("home/repository/.git")).unwrap();
        world
    }

    fn found(world: &tempfile::TempDir, project: &str, start: &str) -> (usize, PathBuf) {
        let at = |folder: &str| fs::canonicalize(world.path().join(folder)).unwrap();
        fs::write(at(project).join(PROJECT_FILE), "").unwrap();
        let found = levels_up(&at(start), Some(&at("home")));
        fs::remove_file(at(project).join(PROJECT_FILE)).unwrap();
        found.unwrap_or((usize::MAX, PathBuf::new()))
    }

    #[test]
    fn the_project_above_is_found_within_its_repository_and_the_home_folder() {
        let world = world();
        let fleet = "home/repository/fleet";
        let eu = "home/repository/fleet/gateways/eu";
        assert_eq!(found(&world, fleet, eu), (2, "gateways/eu".into()));
        assert_eq!(found(&world, fleet, fleet), (0, PathBuf::new()));
        assert_eq!(found(&world, "home/repository", fleet), (1, "fleet".into()));
        let none = (usize::MAX, PathBuf::new());
        assert_eq!(found(&world, "home", eu), none);
        assert_eq!(found(&world, "", eu), none);
        fs::remove_dir(world.path().join("home/repository/.git")).unwrap();
        assert_eq!(found(&world, "home", eu), none);
        // One that is started in the home folder itself is meant.
        assert_eq!(found(&world, "home", "home"), (0, PathBuf::new()));
    }

    #[test]
    fn paths_of_the_command_line_are_seen_from_the_project() {
        let home = Home::at(Path::new("."), Some((2, "gateways/eu".into())));
        assert_eq!(home.root, Path::new("../.."));
        for (given, seen) in [
            ("a.yaml", "gateways/eu/a.yaml"),
            (".", "gateways/eu"),
            ("../us/b.yaml", "gateways/us/b.yaml"),
            ("../..", "."),
            ("../../../c.yaml", "../c.yaml"),
            ("../../../../c.yaml", "../../c.yaml"),
            ("/d.yaml", "/d.yaml"),
        ] {
            assert_eq!(home.seen(Path::new(given)), Path::new(seen), "{given}");
        }
        let named = Home::at(Path::new("fleet/eu"), Some((1, "eu".into())));
        assert_eq!(named.root, Path::new("fleet/eu/.."));
        let here = Home::here(Path::new("fleet"));
        assert_eq!(here.seen(Path::new("./a.yaml")), Path::new("./a.yaml"));
    }
}

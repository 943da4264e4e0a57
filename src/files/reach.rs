//! The files that a project may read: those of its repository, and those that the command line names.
//!
//! What a repository holds is often written by others than those whose machine reads it. A link in it, or
//! a path in gwplan.yaml, could name a file of credentials, whose lines a diagnostic would show in public.
//! So what counts is where a file really is.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::{fmt, fs};

use super::{led_to, own};

/// Where a repository's own settings are, which hold credentials; not a part of what it contains.
const GIT: &str = ".git";
/// What looks like files and shows processes and the system instead.
const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev/fd"];

/// Says why a file is not read.
#[derive(Debug)]
pub enum ReadError {
    /// The system can't.
    Io(io::Error),
    /// It is not in the project's reach.
    Outside,
    /// It is not a regular file.
    Special,
    /// It has more bytes than this.
    TooLarge(u64),
}

impl ReadError {
    /// Tells whether nothing is there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::NotFound)
    }

    /// Says what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "check that it exists and that you may read it",
            Self::Outside => {
                "move it into the repository; if its folder is to be trusted, name that with --allow-path DIR or in GWPLAN_ALLOW_PATH"
            }
            Self::Special => "name a regular file",
            Self::TooLarge(_) => "split it",
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Outside => f.write_str(
                "it really is outside the repository that holds the project, so it is not looked at",
            ),
            Self::Special => f.write_str("it is not a regular file"),
            Self::TooLarge(bound) => write!(f, "it is larger than {} MiB", bound >> 20),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Knows what a project may read; paths are relative to its folder.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The project's folder, as it was named.
    root: PathBuf,
    /// The repository that holds it, or it itself: the real path, if there is such a folder at all.
    home: Option<PathBuf>,
    /// What the command line names besides: real paths of files and folders.
    named: Vec<PathBuf>,
}

impl Reach {
    /// Begins with the project's folder and the repository that holds it.
    ///
    /// A repository that is the user's home folder doesn't count: it would put every credential in reach.
    pub fn new(root: &Path, user_home: Option<&Path>) -> Self {
        let user_home = user_home.and_then(|folder| fs::canonicalize(folder).ok());
        let real = fs::canonicalize(root).ok();
        let repository = |folder: &Path| {
            let found = folder
                .ancestors()
                .find(|folder| folder.join(GIT).symlink_metadata().is_ok());
            found
                .filter(|found| found.parent().is_some() && Some(*found) != user_home.as_deref())
                .map(Path::to_owned)
        };
        // A repository's link out of it to the project's folder is not what the command line means.
        let above = above_as_written(root).and_then(|folder| repository(&folder));
        let real = real.filter(|real| above.is_none_or(|above| real.starts_with(above)));
        Self {
            root: root.to_owned(),
            home: real.as_deref().and_then(repository).or(real),
            named: Vec::new(),
        }
    }

    /// Returns the project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Adds what the command line names, and all that is in it.
    ///
    /// Of a link in the repository the command line names no more than the link: where that leads is
    /// up to whoever put it there.
    #[must_use]
    pub fn naming<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        for path in paths {
            if let Ok(real) = fs::canonicalize(self.root.join(&path))
                && !self.is_by_way_of_repository(path.as_ref())
            {
                self.named.push(real);
            }
        }
        self
    }

    /// Tells whether one of the folders that a path goes through is in the repository.
    fn is_by_way_of_repository(&self, path: &Path) -> bool {
        let (Some(home), Ok(root)) = (&self.home, fs::canonicalize(&self.root)) else {
            return false;
        };
        let plain = without_parents(&root.join(path));
        let mut above = plain.ancestors().skip(1);
        above.any(|folder| fs::canonicalize(folder).is_ok_and(|real| real.starts_with(home)))
    }

    /// Returns where a file or folder really is, if that is in reach.
    pub fn real(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let real = fs::canonicalize(self.root.join(path));
        let real = real.map_err(|error| {
            if self.is_known_absent(path) {
                ReadError::Io(error)
            } else {
                // Whether something is there is not told either.
                ReadError::Outside
            }
        })?;
        if self.holds(&real) {
            Ok(real)
        } else {
            Err(ReadError::Outside)
        }
    }

    /// Reads a file of no more than so many bytes.
    pub fn read(&self, path: &Path, bound: u64) -> Result<Vec<u8>, ReadError> {
        let file = open(&self.real(path)?)?;
        read_within(&file, bound)
    }

    /// Reads a file that the command line names itself; a pipe will do, such as the shell's `<(…)`.
    pub fn read_named(&self, path: &Path, bound: u64) -> Result<Vec<u8>, ReadError> {
        use std::os::unix::fs::FileTypeExt;
        if !self.is_by_way_of_repository(path) {
            let file = File::open(self.root.join(path))?;
            if file.metadata()?.file_type().is_fifo() {
                return read_within(&file, bound);
            }
        }
        self.clone().naming([path]).read(path, bound)
    }

    /// Refuses a place for a file that may not be there yet, where its folder is out of reach.
    ///
    /// A link to what is not there yet counts as what it leads to.
    pub fn check_place(&self, path: &Path) -> Result<(), ReadError> {
        if self.root.join(path).exists() {
            return self.real(path).map(|_| ());
        }
        let plain = led_to(self.root.join(path));
        let mut above = plain.ancestors().skip(1);
        let there = above.find_map(|folder| Some((folder, fs::canonicalize(folder).ok()?)));
        let is_right = there.is_some_and(|(folder, real)| {
            // Below what is there, a `..` would lead out of the folders that are yet to be made.
            let rest = plain.strip_prefix(folder).unwrap_or(&plain);
            self.holds(&real) && !rest.components().any(|part| part == Component::ParentDir)
        });
        if is_right {
            Ok(())
        } else {
            Err(ReadError::Outside)
        }
    }

    /// Does so for a file that the command line names.
    pub fn check_named_place(&self, path: &Path) -> Result<(), ReadError> {
        let mut above = path.ancestors().skip(1);
        let there = above.find(|folder| self.root.join(folder).exists());
        self.clone().naming(there).check_place(path)
    }

    /// Tells whether the folder of what is not there is in reach.
    fn is_known_absent(&self, path: &Path) -> bool {
        let plain = self.root.join(path);
        if let Ok(target) = fs::read_link(&plain) {
            let from = plain.parent().unwrap_or(Path::new("."));
            let target = from.join(target);
            let folder = target
                .parent()
                .and_then(|folder| fs::canonicalize(folder).ok());
            return folder.is_some_and(|real| self.holds(&real));
        }
        let mut above = plain.ancestors().skip(1);
        let there = above.find_map(|folder| fs::canonicalize(folder).ok());
        there.is_none_or(|real| self.holds(&real))
    }

    fn holds(&self, real: &Path) -> bool {
        if SYSTEM.iter().any(|system| real.starts_with(system)) {
            return false;
        }
        let in_repository = self.home.as_ref().and_then(|home| {
            let inside = real.strip_prefix(home).ok()?;
            let mut parts = inside.components();
            Some(!parts.any(|part| part.as_os_str() == GIT))
        });
        in_repository == Some(true) || self.named.iter().any(|named| real.starts_with(named))
    }
}

/// Returns the real path of the folder above one, as that is written.
fn above_as_written(folder: &Path) -> Option<PathBuf> {
    let plain = without_parents(&std::path::absolute(folder).ok()?);
    fs::canonicalize(plain.parent()?).ok()
}

/// Opens a file at its real path.
fn open(real: &Path) -> Result<File, ReadError> {
    own::open_own_to_read(real).map_err(|error| {
        if own::is_foreign(&error) {
            ReadError::Special
        } else {
            ReadError::Io(error)
        }
    })
}

fn read_within(file: &File, bound: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    // One byte beyond the bound tells that the file is too large without reading all of it.
    file.take(bound + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bound {
        return Err(ReadError::TooLarge(bound));
    }
    Ok(bytes)
}

/// Takes each `..` off with the part before it, as it is written.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const BOUND: u64 = 1 << 20;

    /// A repository with a project in it, and a folder beside it with a secret.
    struct World(tempfile::TempDir);

    impl World {
        fn new() -> Self {
            let world = Self(tempfile::tempdir().expect("a folder"));
            for folder in [
                "repository/.git",
                "repository/project",
                "repository/shared",
                "home",
            ] {
                fs::create_dir_all(world.at(folder)).expect("made");
            }
            for file in [
                "repository/.git/config",
                "repository/shared/x.yaml",
                "repository/project/x.yaml",
                "home/secret",
            ] {
                fs::write(world.at(file), "text").expect("written");
            }
            world
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn reach(&self) -> Reach {
            Reach::new(&self.at("repository/project"), Some(&self.at("home")))
        }

        fn link(&self, name: &str, to: &str) {
            symlink(to, self.at("repository/project").join(name)).expect("linked");
        }
    }

    #[track_caller]
    fn refused(reach: &Reach, path: &str) {
        let outcome = reach.read(Path::new(path), BOUND);
        assert!(
            matches!(outcome, Err(ReadError::Outside)),
            "{path}: {outcome:?}"
        );
    }

    #[test]
    fn what_is_in_the_repository_is_read_however_it_is_named() {
        let world = World::new();
        world.link("link", "../shared");
        world.link("file", "../shared/x.yaml");
        for path in [
            "x.yaml",
            "../shared/x.yaml",
            "link/x.yaml",
            "file",
            "./link/../x.yaml",
        ] {
            let path = Path::new(path);
            // `link/..` is the folder that the link leads to, less its name.
            let outcome = world.reach().read(path, BOUND);
            let outside = matches!(outcome, Err(ReadError::Outside));
            assert!(!outside, "{}: {outcome:?}", path.display());
        }
        assert!(world.reach().read(Path::new("file"), BOUND).is_ok());
    }

    #[test]
    fn what_is_outside_is_refused_whether_it_is_there_or_not() {
        let world = World::new();
        world.link("file", "../../home/secret");
        world.link("folder", "../../home");
        world.link("dangling", "../../home/nothing");
        world.link("git", "../.git/config");
        world.link("environ", "/proc/self/environ");
        for path in [
            "file",
            "folder/secret",
            "folder/nothing",
            "dangling",
            "../../home/secret",
            "../../home/nothing",
            "/proc/self/environ",
            "environ",
            "git",
            "../.git/config",
            "/etc/passwd",
            "/dev/zero",
        ] {
            refused(&world.reach(), path);
        }
        let absent = world.reach().read(Path::new("nothing"), BOUND);
        assert!(absent.expect_err("absent").is_missing());
    }

    #[test]
    fn without_a_repository_the_project_is_its_own_folder_alone() {
        let world = World::new();
        fs::remove_dir_all(world.at("repository/.git")).expect("removed");
        refused(&world.reach(), "../shared/x.yaml");
        assert!(world.reach().read(Path::new("x.yaml"), BOUND).is_ok());
    }

    #[test]
    fn a_home_folder_that_is_a_repository_is_not_in_reach() {
        let world = World::new();
        let reach = Reach::new(
            &world.at("repository/project"),
            Some(&world.at("repository")),
        );
        refused(&reach, "../shared/x.yaml");
    }

    #[test]
    fn the_command_line_names_what_is_outside_but_no_end_of_a_link() {
        let world = World::new();
        world.link("file", "../../home/secret");
        world.link("folder", "../../home");
        let naming = |path: &str| world.reach().naming([path]);
        let outside = "../../home/secret";
        assert!(naming(outside).read(Path::new(outside), BOUND).is_ok());
        assert!(naming("../../home").read(Path::new(outside), BOUND).is_ok());
        let whole = world.at("home/secret");
        let whole = whole.to_str().expect("text");
        assert!(naming(whole).read(Path::new(whole), BOUND).is_ok());
        for link in ["file", "folder/secret"] {
            refused(&naming(link), link);
            let whole = world.at("repository/project").join(link);
            let whole = whole.to_str().expect("text");
            refused(&naming(whole), whole);
            let outcome = world.reach().read_named(Path::new(link), BOUND);
            assert!(matches!(outcome, Err(ReadError::Outside)), "{outcome:?}");
        }
        // Another name of the repository is no way around it.
        symlink(world.at("repository"), world.at("alias")).expect("linked");
        let alias = world.at("alias/project/file");
        let alias = alias.to_str().expect("text");
        refused(&naming(alias), alias);
    }

    #[test]
    fn a_link_in_the_repository_makes_no_project_of_another_folder() {
        let world = World::new();
        fs::write(world.at("home/x.yaml"), "text").expect("written");
        world.link("folder", "../../home");
        world.link("shared", "../shared");
        let project = world.at("repository/project");
        refused(&Reach::new(&project.join("folder"), None), "x.yaml");
        let inside = Reach::new(&project.join("shared"), None);
        assert!(inside.read(Path::new("x.yaml"), BOUND).is_ok());
    }

    #[test]
    fn special_files_and_large_ones_are_not_read() {
        let world = World::new();
        let socket = world.at("repository/project/socket");
        let _socket = std::os::unix::net::UnixListener::bind(socket).expect("bound");
        let outcome = world.reach().read(Path::new("socket"), BOUND);
        assert!(matches!(outcome, Err(ReadError::Special)), "{outcome:?}");
        let folder = world.reach().read(Path::new("../shared"), BOUND);
        assert!(matches!(folder, Err(ReadError::Special)), "{folder:?}");
        let outcome = world.reach().read(Path::new("x.yaml"), 3);
        assert!(
            matches!(outcome, Err(ReadError::TooLarge(3))),
            "{outcome:?}"
        );
    }

    #[test]
    fn a_link_to_nothing_yet_is_where_it_leads() {
        let world = World::new();
        for (name, target, is_right) in [
            ("inside", "../shared/new.json", true),
            ("chain", "inside", true),
            ("outside", "../../home/new.json", false),
            ("chain-out", "outside", false),
        ] {
            world.link(name, target);
            let outcome = world.reach().check_place(Path::new(name));
            assert_eq!(outcome.is_ok(), is_right, "{name}");
        }
    }

    #[test]
    fn a_new_file_has_its_place_in_the_repository_too() {
        let world = World::new();
        world.link("folder", "../../home");
        for (path, is_right) in [
            ("state/new.json", true),
            ("../shared/new.json", true),
            ("../../home/new.json", false),
            ("folder/new.json", false),
            ("folder/deep/new.json", false),
            ("nothing/../../../home/new.json", false),
            ("/elsewhere/new.json", false),
        ] {
            let outcome = world.reach().check_place(Path::new(path));
            assert_eq!(outcome.is_ok(), is_right, "{path}");
        }
    }
}

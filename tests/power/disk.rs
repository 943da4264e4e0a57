//! A disk that may forget what it was not told to sync.
//!
//! Of a file, what was written since its last sync can be lost, be there in part, or have its length and be
//! full of zeros. Of a folder, the names that were given and taken since its last sync can be undone from any
//! of them on. That is what POSIX allows; file systems that are in use keep more, each in its own way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use fastrand::Rng;

use crate::trace::{Descriptor, Event};

type Number = usize;

/// Something done to the bytes of a file.
#[derive(Clone, Debug)]
enum Edit {
    Write(u64, Vec<u8>),
    SetLength(u64),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(Number),
    Folder,
}

/// Something done to the names in a folder.
#[derive(Clone, Debug)]
enum Naming {
    Give(PathBuf, Node),
    Take(PathBuf),
    /// At once: no moment has both names or none.
    Move(PathBuf, PathBuf, Node),
}

/// The bytes of a file, as they are on the disk, and what was done to them since.
#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    edits: Vec<Edit>,
}

/// An open file: its path then, what it is, and where it stands.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    node: Node,
    at: u64,
}

type Names = BTreeMap<PathBuf, Node>;

/// The folder of a project, on a disk and in the memory of the system above it.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    files: Vec<File>,
    /// What each path names, seen by those who use the system.
    names: Names,
    /// What the disk itself knows of that.
    synced: Names,
    /// What has changed since, by folder.
    namings: BTreeMap<PathBuf, Vec<Naming>>,
    open: BTreeMap<Descriptor, Open>,
}

impl Disk {
    /// Reads a folder, all of which is on the disk.
    pub(crate) fn read(root: &Path) -> Self {
        let mut disk = Self {
            root: root.components().collect(),
            files: Vec::new(),
            names: Names::new(),
            synced: Names::new(),
            namings: BTreeMap::new(),
            open: BTreeMap::new(),
        };
        disk.names.insert(disk.root.clone(), Node::Folder);
        disk.read_folder(&disk.root.clone());
        disk.synced = disk.names.clone();
        disk
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.names.insert(path.clone(), Node::Folder);
                self.read_folder(&path);
            } else {
                let node = self.add(fs::read(&path).unwrap());
                self.names.insert(path, node);
            }
        }
    }

    fn add(&mut self, synced: Vec<u8>) -> Node {
        self.files.push(File {
            synced,
            edits: Vec::new(),
        });
        Node::File(self.files.len() - 1)
    }

    /// Follows a call.
    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::Open {
                descriptor,
                path,
                truncates,
            } => self.open(descriptor, &path, truncates),
            Event::Close(descriptor) => {
                self.open.remove(&descriptor);
            }
            Event::Write(descriptor, bytes) => {
                if let Some(open) = self.open.get_mut(&descriptor) {
                    let at = open.at;
                    open.at += bytes.len() as u64;
                    let node = open.node;
                    self.edit(node, Edit::Write(at, bytes));
                }
            }
            Event::WriteAt(descriptor, at, bytes) => {
                if let Some(open) = self.open.get(&descriptor) {
                    self.edit(open.node, Edit::Write(at, bytes));
                }
            }
            Event::Read(descriptor, count) => {
                if let Some(open) = self.open.get_mut(&descriptor) {
                    open.at += count;
                }
            }
            Event::Seek(descriptor, at) => {
                if let Some(open) = self.open.get_mut(&descriptor) {
                    open.at = at;
                }
            }
            Event::SetLength(descriptor, length) => {
                if let Some(open) = self.open.get(&descriptor) {
                    self.edit(open.node, Edit::SetLength(length));
                }
            }
            Event::Sync(descriptor) => self.sync(descriptor),
            Event::Rename(from, to) => self.rename(&from, &to),
            Event::Link(from, to) => {
                if let (Some(from), Some(to)) = (self.inside(&from), self.inside(&to)) {
                    let node = self.names[&from];
                    self.name(Naming::Give(to, node));
                }
            }
            Event::Remove(path) => {
                if let Some(path) = self.inside(&path) {
                    self.name(Naming::Take(path));
                }
            }
            Event::MakeFolder(path) => {
                if let Some(path) = self.inside(&path) {
                    self.name(Naming::Give(path, Node::Folder));
                }
            }
            Event::Unknown(descriptor, call) => {
                assert!(
                    !self.open.contains_key(&descriptor),
                    "{call} is not followed"
                );
            }
        }
    }

    /// Returns the whole path of something in the folder; nothing for what is elsewhere.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = self.root.join(path);
        let plain = path.components().filter(|part| *part != Component::CurDir);
        Some(plain.collect()).filter(|path: &PathBuf| path.starts_with(&self.root))
    }

    fn open(&mut self, descriptor: Descriptor, path: &Path, truncates: bool) {
        let Some(path) = self.inside(path) else {
            return;
        };
        let node = match self.names.get(&path) {
            Some(node) => *node,
            None => {
                let node = self.add(Vec::new());
                self.name(Naming::Give(path.clone(), node));
                node
            }
        };
        if truncates {
            self.edit(node, Edit::SetLength(0));
        }
        let open = Open { path, node, at: 0 };
        self.open.insert(descriptor, open);
    }

    fn edit(&mut self, node: Node, edit: Edit) {
        let Node::File(number) = node else {
            panic!("a folder is written to");
        };
        self.files[number].edits.push(edit);
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        let (Some(from), Some(to)) = (self.inside(from), self.inside(to)) else {
            return;
        };
        assert_eq!(from.parent(), to.parent(), "a file moves between folders");
        let node = self.names[&from];
        self.name(Naming::Move(from, to, node));
    }

    fn name(&mut self, naming: Naming) {
        let (Naming::Give(path, _) | Naming::Take(path) | Naming::Move(path, ..)) = &naming;
        let folder = path.parent().unwrap().to_owned();
        naming.apply(&mut self.names);
        self.namings.entry(folder).or_default().push(naming);
    }

    fn sync(&mut self, descriptor: Descriptor) {
        let Some(open) = self.open.get(&descriptor) else {
            return;
        };
        match open.node {
            Node::File(number) => self.files[number].sync(),
            Node::Folder => {
                for naming in self.namings.remove(&open.path).unwrap_or_default() {
                    naming.apply(&mut self.synced);
                }
            }
        }
    }

    /// Returns all files as those see them who use the system.
    pub(crate) fn whole(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = self.names.iter().filter_map(|(path, node)| match node {
            Node::File(number) => Some((path.clone(), self.files[*number].whole())),
            Node::Folder => None,
        });
        files.collect()
    }

    /// Takes the power away; returns what was lost.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) -> Vec<String> {
        let mut lost = Vec::new();
        for (folder, namings) in std::mem::take(&mut self.namings) {
            let kept = rng.usize(..=namings.len());
            for naming in &namings[..kept] {
                naming.apply(&mut self.synced);
            }
            if kept < namings.len() {
                lost.push(format!("in {}: {:?}", folder.display(), &namings[kept..]));
            }
        }
        self.names = self.synced.clone();
        for (number, file) in self.files.iter_mut().enumerate() {
            let how = file.lose_power(rng);
            // What has no name any more is no loss of its own.
            let name = self
                .names
                .iter()
                .find(|(_, node)| **node == Node::File(number));
            if let (Some(how), Some((path, _))) = (how, name) {
                lost.push(format!("of {}: {how}", path.display()));
            }
        }
        lost
    }

    /// Makes the folder what the disk holds.
    pub(crate) fn write(&self) {
        for entry in fs::read_dir(&self.root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        for (path, node) in &self.names {
            // A folder that is lost takes all with it that it held.
            let has_folder = path.parent().is_some_and(Path::is_dir);
            match node {
                Node::Folder if has_folder && !path.is_dir() => fs::create_dir(path).unwrap(),
                Node::File(number) if has_folder => {
                    fs::write(path, self.files[*number].whole()).unwrap();
                }
                Node::Folder | Node::File(_) => {}
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Give(path, node) => {
                names.insert(path.clone(), *node);
            }
            Self::Take(path) => {
                names.remove(path);
            }
            Self::Move(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, new) => {
                let at = usize::try_from(*at).unwrap();
                let end = at + new.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[at..end].copy_from_slice(new);
            }
            Self::SetLength(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        }
    }

    /// Carries out a part of it: some of the bytes, and of the others their length or not even that.
    fn apply_in_part(&self, bytes: &mut Vec<u8>, rng: &mut Rng) {
        let Self::Write(at, new) = self else {
            return;
        };
        let mut part = new[..rng.usize(..=new.len())].to_vec();
        if rng.bool() {
            part.resize(new.len(), 0);
        }
        Self::Write(*at, part).apply(bytes);
    }
}

impl File {
    fn whole(&self) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for edit in &self.edits {
            edit.apply(&mut bytes);
        }
        bytes
    }

    fn sync(&mut self) {
        self.synced = self.whole();
        self.edits.clear();
    }

    /// Keeps some of what was done since the last sync; says how much that is, if not all.
    fn lose_power(&mut self, rng: &mut Rng) -> Option<String> {
        let edits = std::mem::take(&mut self.edits);
        let kept = rng.usize(..=edits.len());
        for edit in &edits[..kept] {
            edit.apply(&mut self.synced);
        }
        let next = edits.get(kept)?;
        if rng.bool() {
            next.apply_in_part(&mut self.synced, rng);
        }
        Some(format!("{kept} of {} edits are kept", edits.len()))
    }
}

#[test]
fn what_is_synced_stays_and_the_rest_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("old"), "old").unwrap();
    let open = |descriptor, name: &str| Event::Open {
        descriptor,
        path: root.join(name),
        truncates: false,
    };
    let events = [
        open(3, "new"),
        Event::Write(3, b"synced".to_vec()),
        Event::Sync(3),
        Event::Write(3, b", and not".to_vec()),
        open(4, ""),
        Event::Sync(4),
        Event::Rename(root.join("new"), root.join("old")),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut disk = Disk::read(root);
        events.iter().for_each(|event| disk.take(event.clone()));
        disk.lose_power(&mut Rng::with_seed(seed));
        let files = disk.whole();
        let read = |name: &str| {
            files
                .get(&root.join(name))
                .map(|bytes| String::from_utf8_lossy(bytes))
        };
        let (new, old) = (read("new"), read("old"));
        let renamed = new.is_none();
        let moved = if renamed { old } else { new };
        let moved = moved.expect("one of the two has it");
        assert!(moved.starts_with("synced"), "{moved:?}");
        seen.insert((renamed, moved.into_owned()));
    }
    for renamed in [false, true] {
        for text in ["synced", "synced, and not", "synced\0\0\0\0\0\0\0\0\0"] {
            assert!(
                seen.contains(&(renamed, text.to_owned())),
                "{text:?}: {seen:?}"
            );
        }
    }
}

//! The folder of policies.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::config::Project;
use crate::files::{Found, Reach, ReadError, WalkBounds, WalkError, walk};
use crate::model::{Diagnostic, FieldPath, Location, SourceFile, Value};
use crate::policy::Bundle;

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// What to do about a folder of too much.
const ALONE: &str = "name a folder that holds policies alone";
/// How deep folders are looked into, and the most files that they may hold.
const BOUNDS: WalkBounds = WalkBounds {
    depth: 16,
    files: 1000,
};

/// The endings of files that are read; `rego` alone makes a policy.
const ENDINGS: &[&str] = &["rego", "json", "yaml", "yml"];
/// What counts as a policy.
const COUNTS: &str = "policies are the files that end in `.rego`, but for `_test.rego`, and hidden ones are passed over";

/// Reads a project's policies and their data; nothing where it has no folder of them.
///
/// Hidden files and those of tests (`*_test.rego`) are passed over. Links are followed, each folder once.
/// What is not there must not look like what is kept to: a folder that can't be read is an error, and so
/// is one without policies that gwplan.yaml names.
pub(super) fn read(project: &Project, reach: &Reach, diagnostics: &mut Vec<Diagnostic>) -> Bundle {
    let key = FieldPath::from_iter(["rego"]);
    let settings = &project.policy.settings;
    let folder = settings.get("rego").and_then(Value::as_text);
    let folder = folder.unwrap_or_default();
    let named = project.policy.location(&key);
    if folder.is_empty() || (named.is_none() && is_missing(&reach.root().join(folder))) {
        return Bundle::default();
    }
    let contents = match find(reach, Path::new(folder)) {
        Ok(contents) => contents,
        Err(fault) => {
            diagnostics.push(fault.at(named));
            return Bundle::default();
        }
    };
    diagnostics.extend(misspelt(&contents.misspelt));
    if !contents
        .found
        .iter()
        .any(|path| ending(path) == Some("rego"))
    {
        diagnostics.push(no_policy(folder, named));
        return Bundle::default();
    }
    let mut bundle = Bundle {
        files: Vec::new(),
        data: Json::Object(Map::new()),
    };
    for path in contents.found {
        let taken = read_file(reach, &path).and_then(|file| {
            if ending(&path) == Some("rego") {
                bundle.files.push(file);
                return Ok(());
            }
            let data = read_data(&file, &path)?;
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            merge(&mut bundle.data, under_folders(data, inside)).map_err(|key| {
                let summary = format!("another file of data has `{key}` already");
                boxed(fault(summary).at(Some(Location::new(&file, 0, 0))))
            })
        });
        diagnostics.extend(taken.err().map(|fault| *fault));
    }
    bundle
}

/// Tells whether nothing at all is there; a link to nowhere is something.
fn is_missing(place: &Path) -> bool {
    let looked = std::fs::symlink_metadata(place);
    looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Says that a folder holds no policies: an error where gwplan.yaml names it.
fn no_policy(folder: &str, named: Option<Location>) -> Diagnostic {
    let summary = format!("there is no policy in {folder}");
    match named {
        Some(place) => fault(summary).help(COUNTS).at(Some(place)),
        None => Diagnostic::warning("idle-policy", summary).help(COUNTS),
    }
}

/// Warns of files that would be read if their endings were in small letters.
fn misspelt(paths: &[PathBuf]) -> Option<Diagnostic> {
    const SHOWN: usize = 5;
    if paths.is_empty() {
        return None;
    }
    let shown = paths.iter().take(SHOWN);
    let mut names: Vec<String> = shown.map(|path| path.display().to_string()).collect();
    if let Some(more @ 1..) = paths.len().checked_sub(SHOWN) {
        names.push(format!("{more} more"));
    }
    let summary = format!(
        "not read, for the capitals in their endings: {}",
        names.join(", ")
    );
    let warning = Diagnostic::warning("idle-policy", summary);
    Some(warning.help("write the endings in small letters, as in `.rego`"))
}

fn fault(summary: impl Into<String>) -> Diagnostic {
    Diagnostic::error("policy", summary)
}

fn boxed(fault: Diagnostic) -> Box<Diagnostic> {
    Box::new(fault)
}

fn ending(path: &Path) -> Option<&str> {
    path.extension().and_then(|ending| ending.to_str())
}

/// Says what a file's name makes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A policy, or data.
    Read,
    /// What would be one of these if its ending were in small letters.
    Misspelt,
    /// Neither.
    Other,
}

impl Kind {
    fn of(path: &Path, name: &str) -> Self {
        let ending = ending(path).unwrap_or_default();
        let small = ending.to_ascii_lowercase();
        if !ENDINGS.contains(&small.as_str()) || name.to_ascii_lowercase().ends_with("_test.rego") {
            Self::Other
        } else if ending == small {
            Self::Read
        } else {
            Self::Misspelt
        }
    }
}

fn unreadable(path: &Path, error: &ReadError) -> Box<Diagnostic> {
    let summary = format!("the policies in {} can't be read: {error}", path.display());
    boxed(fault(summary).help(match error {
        ReadError::Outside => error.hint(),
        _ => "check `policy.rego` in gwplan.yaml, and that you may read them",
    }))
}

/// Holds the files of a folder of policies.
#[derive(Default)]
struct Contents {
    found: Vec<PathBuf>,
    /// What has an ending that is read, but for capitals in it.
    misspelt: Vec<PathBuf>,
}

fn find(reach: &Reach, folder: &Path) -> Result<Contents, Box<Diagnostic>> {
    let found = walk(reach, folder, BOUNDS, &|_| true).map_err(|error| {
        let (path, what) = match error {
            WalkError::Unreadable(path, error) => return unreadable(&path, &error),
            WalkError::TooDeep(path) => {
                (path, format!("is more than {} folders deep", BOUNDS.depth))
            }
            WalkError::TooMany(path) => (path, format!("holds more than {} files", BOUNDS.files)),
        };
        boxed(fault(format!("{} {what}", path.display())).help(ALONE))
    })?;
    let mut contents = Contents::default();
    for Found { path, error } in found {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match (Kind::of(&path, &name), error) {
            // A link to nowhere may have been meant for a folder of policies.
            (Kind::Other, Some(error)) => return Err(unreadable(&path, &error)),
            (Kind::Read, _) => contents.found.push(path),
            (Kind::Misspelt, _) => contents.misspelt.push(path),
            (Kind::Other, None) => {}
        }
    }
    Ok(contents)
}

fn read_file(reach: &Reach, path: &Path) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    let shown = path.display().to_string();
    let empty = SourceFile::new(shown.clone(), "");
    let at = |fault: Diagnostic| boxed(fault.at(Some(Location::new(&empty, 0, 0))));
    let bytes = reach.read(path, MAX_FILE_BYTES).map_err(|error| {
        let summary = match error {
            ReadError::TooLarge(_) => "the policy is larger than 1 MiB".to_owned(),
            _ => format!("the policy can't be read: {error}"),
        };
        at(fault(summary).help(error.hint()))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| at(fault("the policy is not UTF-8").help("save it as UTF-8")))?;
    Ok(SourceFile::new(shown, text))
}

fn read_data(file: &Arc<SourceFile>, path: &Path) -> Result<Json, Box<Diagnostic>> {
    let at = |line: usize, column: usize| {
        let start = file.line_start(line.max(1)) + column.saturating_sub(1);
        Some(Location::new(file, start, start + 1))
    };
    let wrong = |error: &dyn std::fmt::Display| fault(format!("this data can't be used: {error}"));
    let data: Json = if ending(path) == Some("json") {
        serde_json::from_str(file.text())
            .map_err(|error| boxed(wrong(&error).at(at(error.line(), error.column()))))?
    } else {
        serde_yaml::from_str(file.text()).map_err(|error| {
            let place = error.location();
            let place = place.map(|place| (place.line(), place.column()));
            let (line, column) = place.unwrap_or((1, 1));
            boxed(wrong(&error).at(at(line, column)))
        })?
    };
    if data.is_object() {
        return Ok(data);
    }
    let fault = fault("data for policies must be a map of keys");
    let fault = fault.help("the keys stand under `data` then");
    Err(boxed(fault.at(at(1, 1))))
}

/// Puts data under the names of the folders that it lies in.
fn under_folders(data: Json, inside: &Path) -> Json {
    let folders = inside.parent().into_iter().flat_map(Path::components);
    let names: Vec<String> = folders
        .map(|folder| folder.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.into_iter().rev().fold(data, |data, name| {
        Json::Object([(name, data)].into_iter().collect())
    })
}

/// Merges data, map by map; what stands there already is named.
fn merge(into: &mut Json, data: Json) -> Result<(), String> {
    let (Json::Object(into), Json::Object(data)) = (into, data) else {
        return Ok(());
    };
    for (key, value) in data {
        match into.get_mut(&key) {
            None => {
                into.insert(key, value);
            }
            Some(known) if known.is_object() && value.is_object() => merge(known, value)?,
            Some(_) => return Err(key),
        }
    }
    Ok(())
}

//! Files that are there, describe resources by the record, and were not read.
//!
//! A resource leaves the files when its block is taken out of them. One whose file was not looked at has not left:
//! a path too few on the command line must not destroy what stands in the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::{PROJECT_FILE, Project};
use crate::files::Reach;
use crate::model::{Address, Diagnostic};
use crate::plan::{Plan, Reason};
use crate::view::few;

use super::workspace::Wanted;

/// How many addresses or files one message names.
const SHOWN: usize = 3;

/// Refuses a plan that destroys what stands in a file that was not read.
pub(super) fn check(plan: &mut Plan, wanted: &Wanted, project: &Project, reach: &Reach) {
    let left = plan
        .steps
        .iter()
        .filter(|step| step.reason == Reason::LeftTheFiles);
    let mut unread: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for step in left {
        let places = plan.places.get(&step.address);
        if let Some(block) = places.and_then(|places| places.block.as_ref()) {
            unread.entry(&block.file).or_default().push(&step.address);
        }
    }
    let place = |path: &Path| std::fs::canonicalize(reach.root().join(path)).ok();
    let read: BTreeSet<PathBuf> = wanted.files.iter().filter_map(|path| place(path)).collect();
    // A file that is gone, or out of reach, was not forgotten.
    unread.retain(|file, _| {
        reach
            .real(Path::new(file))
            .is_ok_and(|file| file.is_file() && !read.contains(&file))
    });
    let faults = unread.into_iter().map(|(file, addresses)| {
        let summary = format!(
            "the plan would destroy {}, but {file}, which describes {}, was not read",
            few(&addresses, SHOWN, ToString::to_string),
            if addresses.len() == 1 { "it" } else { "them" }
        );
        Diagnostic::error("unread-file", summary).help(help(file, wanted, project))
    });
    let faults: Vec<Diagnostic> = faults.collect();
    plan.diagnostics.extend(faults);
}

fn help(file: &str, wanted: &Wanted, project: &Project) -> String {
    let read = if wanted.is_given {
        format!(
            "name {file} on the command line too, or name no file, and `--target ADDR` for a part of the plan"
        )
    } else if project.names_files() {
        format!("add {file} to `files` in {PROJECT_FILE}")
    } else {
        format!("name it in {PROJECT_FILE}, as in `files: [\"*.yaml\", \"{file}\"]`")
    };
    format!("{read}; to destroy what it describes, take that out of the file")
}

/// Says which files are another tool's, where there are any.
pub(super) fn skipped_note(files: &[impl AsRef<Path>]) -> Option<String> {
    let named = few(files, SHOWN, |file| file.as_ref().display().to_string());
    (!files.is_empty()).then(|| format!("skipped {named}: no gwplan key at the top level"))
}

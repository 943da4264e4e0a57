//! How a review gets to its readers: the comment, the summary of the job, and files beside it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::files;
use crate::forge::{Comment, Comments, Error, ErrorKind, Marker, Posted, Settings, Target};
use crate::model::{Clock, Fault};

use super::failure::Failure;
use super::workspace::block_on;

/// The most bytes that GitHub takes as the summary of a step, less some for what it counts otherwise.
const MAX_SUMMARY: usize = 1_000_000;

/// Holds what became of the comment.
pub(super) struct Outcome {
    /// The comment that was there before.
    pub(super) found: Option<Comment>,
    /// What was written; nothing where nothing was to be.
    pub(super) posted: Result<Option<Posted>, Obstacle>,
}

/// Says why a comment can't be posted.
pub(super) struct Obstacle {
    pub(super) fault: Fault,
    /// Whether we are not let, as opposed to what may go well the next time.
    pub(super) is_denial: bool,
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        Self {
            is_denial: matches!(error.kind, ErrorKind::Denied | ErrorKind::Gone),
            fault: error.into(),
        }
    }
}

/// Finds our comment and writes what `compose` makes of it; nothing where it makes nothing.
pub(super) fn post(
    target: Result<Target, Fault>,
    clock: &Clock,
    marker: &Marker,
    compose: impl FnOnce(Option<&Comment>) -> Option<String>,
) -> Result<Outcome, Failure> {
    let target = match target {
        Ok(target) => target,
        Err(fault) => {
            let is_denial = true;
            return Ok(Outcome {
                found: None,
                posted: Err(Obstacle { fault, is_denial }),
            });
        }
    };
    block_on(async {
        let comments = Comments::new(target, Settings::default(), clock.clone())?;
        let found = match comments.find(marker).await {
            Ok(found) => found,
            Err(error) => {
                return Ok(Outcome {
                    found: None,
                    posted: Err(error.into()),
                });
            }
        };
        let posted = match compose(found.as_ref()) {
            None => Ok(None),
            Some(body) => {
                let written = comments.write(marker, found.as_ref(), &body).await;
                written.map(Some).map_err(Obstacle::from)
            }
        };
        Ok(Outcome { found, posted })
    })
}

/// Adds to the summary of the job, as far as there is room; `render` is told how many bytes there are.
pub(super) fn summarize(path: &Path, render: impl FnOnce(usize) -> String) -> Result<(), Fault> {
    let unwritable = |error: io::Error| {
        let message = format!(
            "the summary of the job can't be written to {}",
            path.display()
        );
        Fault::new(message).because(error)
    };
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(unwritable)?;
    let taken = file.metadata().map_err(unwritable)?.len();
    let taken = usize::try_from(taken).unwrap_or(usize::MAX);
    let text = render(MAX_SUMMARY.saturating_sub(taken));
    if text.len() > MAX_SUMMARY.saturating_sub(taken) {
        let hint = "give the review a step of its own";
        return Err(Fault::new("the summary of the job is full").hint(hint));
    }
    file.write_all(format!("{text}\n").as_bytes())
        .map_err(unwritable)
}

/// Writes files to a folder, and takes those away that an earlier run left and this one doesn't write.
pub(super) fn keep(folder: &Path, files: &[(&str, Option<String>)]) -> Result<(), Fault> {
    let unwritable = |error: io::Error| {
        Fault::new(format!("{} can't be written to", folder.display())).because(error)
    };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    for (name, text) in files {
        let path = folder.join(name);
        match text {
            // The folder may come with the repository: through a link, a run would write anywhere.
            Some(text) => files::write_over(&path, text.as_bytes()).map_err(unwritable)?,
            None => match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unwritable(error));
                }
                _ => {}
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_in_the_place_of_older_ones_and_never_through_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = [("plan.json", Some("new".to_owned()))];
        std::fs::write(folder.path().join("plan.json"), "an older one").expect("written");
        keep(folder.path(), &file).expect("kept");
        let path = folder.path().join("plan.json");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "new");
        std::fs::remove_file(&path).expect("removed");
        let theirs = folder.path().join("theirs");
        std::os::unix::fs::symlink(&theirs, &path).expect("linked");
        keep(folder.path(), &file).expect_err("refused");
        assert!(!theirs.exists());
    }
}

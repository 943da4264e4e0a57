//! The file that the YAML of what was imported goes to.

use std::io;
use std::path::{Path, PathBuf};

use crate::backend::create_file;
use crate::config::PROJECT_FILE;
use crate::model::Fault;

/// Where many go that are told no file.
pub(super) const DEFAULT: &str = "imported.yaml";

/// Names a file that is to be made.
pub(super) struct Out {
    path: PathBuf,
    /// The path as it was given, for messages.
    pub(super) shown: String,
    /// Whether a plan without paths reads it.
    pub(super) in_project: bool,
}

impl Out {
    /// Checks that a plan could read a file of that name; whether it is there is not looked at yet.
    pub(super) fn new(root: &Path, path: &Path) -> Result<Self, Fault> {
        let shown = path.display().to_string();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let yaml = matches!(ending, Some("yaml" | "yml"));
        if !yaml || name.starts_with('.') || name == PROJECT_FILE {
            let fault = Fault::new(format!("no plan would read gateways from {shown}"));
            return Err(fault.hint(format!(
                "name a file that ends in .yaml, is not hidden and is not {PROJECT_FILE}"
            )));
        }
        let mut folders = path.parent().into_iter().flat_map(Path::components);
        Ok(Self {
            in_project: folders.all(|part| part == std::path::Component::CurDir),
            path: root.join(path),
            shown,
        })
    }

    /// Refuses a file that is there.
    pub(super) fn refuse_existing(&self) -> Result<(), Fault> {
        if self.path.symlink_metadata().is_ok() {
            return Err(self.exists());
        }
        Ok(())
    }

    fn exists(&self) -> Fault {
        Fault::new(format!("{} is there already", self.shown))
            .hint("import overwrites nothing: delete it if an import left it that was cut off, or name another file with --out FILE")
    }

    /// Makes the file; it is durable when this returns.
    pub(super) fn write(&self, text: &str) -> Result<(), Fault> {
        create_file(&self.path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.exists(),
            _ => Fault::new(format!("{} can't be written", self.shown))
                .because(error)
                .hint("nothing was imported; run the command again when the cause is mended"),
        })
    }
}

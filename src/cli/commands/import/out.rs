//! The file that the YAML of what was imported goes to.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::{PROJECT_FILE, Project, is_yaml};
use crate::files;
use crate::model::Fault;

/// Returns where many go that are told no file; a file of its own for each environment.
pub(super) fn default(project: &Project) -> PathBuf {
    let environment = project.environment.as_ref();
    let name = environment.map_or("imported.yaml".to_owned(), |name| {
        format!("imported-{name}.yaml")
    });
    name.into()
}

/// Names a file that is to be made.
pub(super) struct Out {
    path: PathBuf,
    /// The same, for messages.
    pub(super) shown: String,
    /// The path as it was given.
    pub(super) given: PathBuf,
}

impl Out {
    /// Checks that a plan could read a file of that name; whether it is there is not looked at yet.
    pub(super) fn new(root: &Path, path: PathBuf) -> Result<Self, Fault> {
        let shown = path.display().to_string();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if !is_yaml(&path) || name.starts_with('.') || name == PROJECT_FILE {
            let fault = Fault::new(format!("no plan would read gateways from {shown}"));
            return Err(fault.hint(format!(
                "name a file that ends in .yaml, is not hidden and is not {PROJECT_FILE}"
            )));
        }
        Ok(Self {
            path: root.join(&path),
            given: path,
            shown,
        })
    }

    /// Refuses a file that is there, and one that other environments would read.
    ///
    /// `others` is the same project in its other environments.
    pub(super) fn check(&self, project: &Project, others: &[Project]) -> Result<(), Fault> {
        if self.path.symlink_metadata().is_ok() {
            return Err(self.exists());
        }
        match &project.environment {
            Some(environment) => self.check_readers(environment, project, others),
            None => Ok(()),
        }
    }

    /// Refuses a file that isn't the environment's alone: another one would plan to make anew what it
    /// describes.
    fn check_readers(
        &self,
        environment: &str,
        project: &Project,
        others: &[Project],
    ) -> Result<(), Fault> {
        let shown = &self.shown;
        let mut readers = project.environments_with_overlay(&self.given);
        let own = readers.remove(environment);
        if !readers.is_empty() {
            let readers: Vec<&str> = readers.into_iter().collect();
            let fault = Fault::new(format!(
                "{shown} is an overlay of another environment: {}",
                readers.join(", ")
            ));
            return Err(fault.hint(format!(
                "name a file with --out FILE that the overlays of {environment} alone name"
            )));
        }
        if own || !others.iter().any(|other| other.reads(&self.given)) {
            return Ok(());
        }
        let fault = Fault::new(format!(
            "other environments would read {shown} too, and plan to create what {environment} has"
        ));
        Err(fault.hint(format!(
            "nothing was imported: put this line under `environments: {environment}:` in {PROJECT_FILE}, in the place of an `overlays` that is there, and import again: {}",
            project.overlay_line(&self.given)
        )))
    }

    /// Tells whether a plan without paths reads it.
    pub(super) fn is_read_by(&self, project: &Project) -> bool {
        project.reads(&self.given) || !project.environments_with_overlay(&self.given).is_empty()
    }

    /// Says what a file needs that a plan without paths doesn't read.
    pub(super) fn word_on_plans(&self, project: &Project) -> String {
        let shown = &self.shown;
        let line = project.environment.as_ref().map(|environment| {
            let line = project.overlay_line(&self.given);
            format!(" (or put this line under `environments: {environment}:` in {PROJECT_FILE}, in the place of an `overlays` that is there: {line})")
        });
        if project.names_files() {
            return format!(
                "No pattern of `files` in {PROJECT_FILE} matches {shown}: add it there{}, or what it describes is planned to be deleted.",
                line.unwrap_or_default()
            );
        }
        format!(
            "A plan without paths doesn't read {shown}: name it under `files` in {PROJECT_FILE}{}, or pass its path to each plan and apply beside the others; else what it describes is planned to be deleted.",
            line.unwrap_or_default()
        )
    }

    fn exists(&self) -> Fault {
        Fault::new(format!("{} is there already", self.shown))
            .hint("import overwrites nothing: delete it if an import left it that was cut off, or name another file with --out FILE")
    }

    /// Makes the file; it is durable when this returns.
    pub(super) fn write(&self, text: &str) -> Result<(), Fault> {
        files::create(&self.path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.exists(),
            _ => Fault::new(format!("{} can't be written", self.shown))
                .because(error)
                .hint("nothing was imported: fix the cause, then run the command again"),
        })
    }
}

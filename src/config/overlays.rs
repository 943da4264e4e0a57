//! The files that environments lay over the others: whose they are, and how one more is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Value;
use crate::schema::project::OVERLAYS_FIELD;

use super::files::tidy;
use super::project::Project;

impl Project {
    /// Tells whether some environment lays a file over the others.
    pub(super) fn is_overlay(&self, file: &Path) -> bool {
        self.overlay_files.values().flatten().any(|own| own == file)
    }

    /// Returns the environments that lay a file over the others.
    pub fn environments_with_overlay(&self, file: &Path) -> BTreeSet<&str> {
        let file = tidy(file);
        // What variables come to is known for the chosen environment alone.
        let chosen = self.overlay_paths().any(|path| path == file);
        let chosen = self.environment.as_deref().filter(|_| chosen);
        let written = self.overlay_files.iter();
        let written = written.filter(|(_, files)| files.contains(&file));
        written
            .map(|(name, _)| name.as_str())
            .chain(chosen)
            .collect()
    }

    /// Lets an overlay of the chosen environment be missing, since it is about to be made.
    pub fn expect_overlay(&mut self, file: &Path) {
        let file = tidy(file);
        for overlay in &mut self.overlays {
            overlay.is_expected |= overlay.path == file;
        }
    }

    /// Returns the line of gwplan.yaml by which the chosen environment reads one overlay more.
    pub fn overlay_line(&self, file: &Path) -> String {
        let chosen = self.environment.as_ref();
        let written = chosen.and_then(|name| self.overlay_files.get(name));
        let files = written.into_iter().flatten().map(PathBuf::as_path);
        // Any text is YAML in JSON's quotes.
        let quoted = files
            .chain([file])
            .map(|file| Value::from(file.to_string_lossy().as_ref()).to_string());
        let files: Vec<String> = quoted.collect();
        format!("{}: [{}]", OVERLAYS_FIELD.key, files.join(", "))
    }
}

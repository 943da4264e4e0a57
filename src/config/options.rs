//! What a run asks of a project beyond its files.

use std::path::PathBuf;

/// Says how a project is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The environment that is laid over the project.
    pub environment: Option<String>,
    /// Variables by name; the last of the same name counts.
    pub variables: Vec<(String, String)>,
    /// YAML files of variables, relative to the project; the last of the same name counts.
    pub variable_files: Vec<PathBuf>,
}

//! The environment, read once.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Holds the environment's variables; those that are no UTF-8 are left out.
pub(super) struct Environment {
    /// The variables by name.
    pub(super) variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub(super) home: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    pub(super) fn read() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            variables,
            home: std::env::home_dir(),
        }
    }

    /// Returns a variable's value; an empty one is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

//! What a plan is for: which environment, in which cloud, by which state.

use std::fmt;

use crate::model::visible;

/// Names what a plan is for, in the words that people use of it.
///
/// Who applies a plan should see at a glance that it is not that of another environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The environment, where the project has several.
    pub environment: Option<String>,
    /// The cloud: `the simulated cloud`, a site of the vendor's, a server.
    pub cloud: String,
    /// The path of the state, where it is known.
    pub state: Option<String>,
}

/// Prints it as `environment prod on the simulated cloud (state: state/prod.json)`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            environment,
            cloud,
            state,
        } = self;
        if let Some(environment) = environment {
            write!(f, "environment {} on ", visible(environment))?;
        }
        f.write_str(&visible(cloud))?;
        match state {
            Some(state) => write!(f, " (state: {})", visible(state)),
            None => Ok(()),
        }
    }
}

//! YAML to desired state, with a place for every fault.
//!
//! A file goes through three hands: `scan` walks its events and finds what a parser of
//! values can't tell (syntax at its place, duplicate keys, depth, aliases), `serde_yaml` makes values
//! of it, and `read` turns values into attributes by the schema table, filling `variables` in. All
//! faults of all files are collected; nothing stops at the first.
//!
//! What makes up a resource lies in layers, each with its own places: the defaults of the project and
//! of its environment, the gateways file, the environment's overlays.

mod changes;
mod document;
mod environments;
mod express;
mod files;
mod foreign;
mod graph;
mod merge;
mod naming;
mod options;
mod overlays;
mod pattern;
mod policy;
mod project;
mod read;
mod resource;
mod resources;
mod scalar;
mod scan;
mod settings;
mod sources;
mod template;
mod terraform;
mod variables;
mod write;

pub use document::MAX_FILE_BYTES;
pub use environments::join_environments;
pub use express::{Expressed, allow_lines, express};
pub use files::{Files, FilesError, PROJECT_FILE, find_files, find_files_if_any, is_yaml};
pub use naming::Names;
pub use options::Options;
pub use policy::Policy;
pub use project::{Project, Site};
pub use resources::{Loaded, load};
pub use settings::Timeouts;
pub use sources::Sources;
pub use template::is_variable_name;
pub use terraform::{TerraformError, TerraformResource, TerraformState, read_terraform};
pub use write::{Entry, write};

/// Loads one YAML text as a gateways file would be; for fuzzing and tests.
pub fn load_text(schemas: &[&'static crate::schema::ResourceSchema], text: &[u8]) -> Loaded {
    let project = Project::default();
    load_bytes(schemas, &project, "ap-guangzhou", "input.yaml", text)
}

/// Loads the bytes of one gateways file, no matter whether there is such a file yet.
pub fn load_bytes(
    schemas: &[&'static crate::schema::ResourceSchema],
    project: &Project,
    region: &str,
    shown: &str,
    bytes: &[u8],
) -> Loaded {
    let document = document::Document::from_bytes(shown, bytes);
    resources::load_documents(schemas, project, region, &[document], &[])
}

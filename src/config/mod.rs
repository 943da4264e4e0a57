//! YAML to desired state, with a place for every fault.
//!
//! A file goes through three hands: [`scan`](mod@scan) walks its events and finds what a parser of
//! values can't tell (syntax at its place, duplicate keys, depth, aliases), `serde_yaml` makes values
//! of it, and [`read`] turns values into attributes by the schema table, filling [`variables`] in. All
//! faults of all files are collected; nothing stops at the first.
//!
//! What makes up a resource lies in layers, each with its own places: the defaults of the project and
//! of its environment, the gateways file, the environment's overlays.

mod changes;
mod document;
mod environments;
mod files;
mod graph;
mod merge;
mod options;
mod project;
mod read;
mod resource;
mod resources;
mod scan;
mod template;
mod variables;

pub use document::MAX_FILE_BYTES;
pub use environments::join_environments;
pub use files::{FilesError, PROJECT_FILE, find_files};
pub use options::Options;
pub use project::{Project, Site, Timeouts};
pub use resources::{Loaded, load};
pub use template::is_variable_name;

/// Loads one YAML text as a gateways file would be; for fuzzing and tests.
pub fn load_text(schemas: &[&'static crate::schema::ResourceSchema], text: &[u8]) -> Loaded {
    let project = Project::default();
    let document = document::Document::from_bytes("input.yaml", text);
    resources::load_documents(schemas, &project, "ap-guangzhou", &[document], &[])
}

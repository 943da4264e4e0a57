//! YAML to desired state, with a place for every fault.
//!
//! A file goes through three hands: [`scan`](mod@scan) walks its events and finds what a parser of
//! values can't tell (syntax at its place, duplicate keys, depth, aliases), `serde_yaml` makes values
//! of it, and [`read`] turns values into attributes by the schema table. All faults of all files are
//! collected; nothing stops at the first.

mod document;
mod files;
mod graph;
mod project;
mod read;
mod resources;
mod scan;

pub use document::MAX_FILE_BYTES;
pub use files::{FilesError, PROJECT_FILE, find_files};
pub use project::{Defaults, Project, Site, Timeouts};
pub use resources::{Loaded, load};

/// Loads one YAML text as a gateways file would be; for fuzzing and tests.
pub fn load_text(schemas: &[&'static crate::schema::ResourceSchema], text: &[u8]) -> Loaded {
    let project = Project::default();
    let document = document::Document::from_bytes("input.yaml", text);
    resources::load_documents(schemas, &project, "ap-guangzhou", vec![document])
}

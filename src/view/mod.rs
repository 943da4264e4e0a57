//! Values to text, for people and for programs.
//!
//! Everything here but [`Progress`] returns text; the terminal decides on colour when it prints.

mod annotations;
mod apply_json;
mod diagnostics;
mod difference;
mod drift;
mod graph;
mod history;
mod html;
mod import;
mod markdown;
mod orphans;
mod output;
mod plan_json;
mod plan_text;
mod progress;
mod report;
mod state;
mod terraform;
mod words;

pub use annotations::{FilePlace, diagnostic as diagnostic_annotation, render as plan_annotations};
pub use apply_json::JsonLines;
pub use diagnostics::{Format as DiagnosticFormat, render as render_diagnostics};
pub use difference::lines as difference_lines;
pub use drift::{json as drift_json, text as drift_text};
pub use graph::{dot as graph_dot, mermaid as graph_mermaid};
pub use history::{json as history_json, text as history_text};
pub use html::render as plan_html;
pub use import::{proposal as import_proposal, question as import_question, taken as import_table};
pub use markdown::{
    Link, MarkdownOptions, digest_in, failure as failure_markdown, nothing as no_changes_markdown,
    render as plan_markdown,
};
pub use orphans::{Orphan, json as orphans_json, text as orphans_text};
pub use output::{
    OutputError, document as output_document, env as output_env, find as find_output,
    raw as output_raw,
};
pub use plan_json::{render as plan_json, render_summary as plan_json_summary};
pub use plan_text::{question, render as plan_text};
pub use progress::Progress;
pub use report::render as report_text;
pub use state::{
    public_addresses, record_text, state_json, state_list, state_list_json, state_names, state_text,
};
pub(crate) use words::few;

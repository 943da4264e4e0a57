//! The vocabulary that every other module speaks: values, addresses, secrets, diagnostics, time.
//!
//! Nothing here does I/O, and nothing here names another module of the crate.

mod address;
mod clock;
mod counts;
mod diagnostic;
mod fault;
mod hex;
mod owner;
mod path;
mod resource;
pub mod rules;
mod scrub;
mod secret;
mod source;
mod value;
mod visible;

pub use address::{Address, AddressError, MAX_NAME_CHARS};
pub use clock::Clock;
pub use counts::Counts;
pub use diagnostic::{
    Diagnostic, Rule, Severity, has_errors, sort as sort_diagnostics, told as told_diagnostics,
};
pub use fault::Fault;
pub use hex::hex;
pub use owner::{OWNER_KEY, named_owner, owned_address, owner_tag, short_lineage};
pub use path::{FieldPath, get as value_at, leaves, set as set_value_at};
pub use resource::{ADDRESSES, Desired, IdForm, Identity, Kinds, Moved, Observed, Phase, Removed};
pub use scrub::Scrub;
pub use secret::Secret;
pub use source::{Location, Position, SourceFile, SourceLine};
pub use value::{Attributes, Value};
pub use visible::{is_invisible, turns_direction, visible, visible_json};

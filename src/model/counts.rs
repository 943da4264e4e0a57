//! What a plan does, or did, in numbers.

use serde::{Deserialize, Serialize};

/// Counts what is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Resources to be made, replacements among them.
    pub add: usize,
    /// Resources to be changed while they live.
    pub change: usize,
    /// Resources to be deleted, replacements among them.
    pub destroy: usize,
    /// Resources whose create or delete is waited for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resume: usize,
    /// Records to be dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forget: usize,
    /// Records that get another address.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub moved: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

//! What a plan does, or did, in numbers.

use std::ops::Add;

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

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // Taken apart, so that a new count is not forgotten.
        let Self {
            add,
            change,
            destroy,
            resume,
            forget,
            moved,
        } = self;
        Self {
            add: add + other.add,
            change: change + other.change,
            destroy: destroy + other.destroy,
            resume: resume + other.resume,
            forget: forget + other.forget,
            moved: moved + other.moved,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

//! How much there is of a resource: what it can carry, and what is paid for it.

/// Measures one thing that a resource has more or less of.
///
/// Two quantities of the same unit can be compared, so that a plan can say whether a change makes a resource
/// larger or smaller, dearer or cheaper. What isn't known for sure is left out: a direction that is wrong
/// is worse than none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// What is counted, for example `cores`.
    pub unit: &'static str,
    /// How much of it there is; where it is a rung of a ladder, which one.
    pub amount: i64,
    /// The amount as people write it, for example `20`.
    pub shown: String,
    /// Whether less of it carries less.
    pub is_capacity: bool,
    /// Whether more of it costs more.
    pub is_priced: bool,
    /// The paths of the fields that it follows from.
    pub fields: &'static [&'static str],
}

/// Names one thing that a person knows a resource by: what it is, and its value.
pub type Trait = (&'static str, String);

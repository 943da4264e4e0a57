//! Recovery itself, killed at each point.

pub(crate) const STRUCK: &[&str] = &[];

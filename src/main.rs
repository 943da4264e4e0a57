//! The `gwplan` command.

fn main() {}

//! The ways to files: what gwplan writes is its own.
//!
//! A repository can hold a link, a pipe or a name that points anywhere, and gwplan may run with more
//! rights than whoever put it there. So nothing here follows a link to write, and nothing that belongs to
//! others is written over.

mod own;

pub use own::{
    create_own, foreign, is_foreign, make_private, open_own, open_own_to_read, read_own, write_over,
};

//! The ways to files: what gwplan writes is its own and durable, and what it reads is the project's.
//!
//! A repository can hold a link, a pipe or a name that points anywhere, and gwplan may run with more
//! rights than whoever put it there. So `own` follows no link to write and writes over nothing that
//! belongs to others, and [`Reach`] reads nothing that is outside the repository unless the command line
//! names it.

mod durable;
mod own;
mod reach;
mod walk;

pub use durable::{create, folder_of, led_to, make_folder, replace, sweep_beside, sync_folder_of};
pub use own::{
    create_own, foreign, is_foreign, make_private, open_own, open_own_to_read, read_own, write_over,
};
pub use reach::{Reach, ReadError};
pub use walk::{Found, WalkBounds, WalkError, walk};

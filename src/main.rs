//! The `gwplan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gwplan::cli::run(std::env::args_os())
}

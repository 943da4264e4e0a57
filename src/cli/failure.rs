//! How a command fails, and how that is told.

use std::io;

use anstyle::{AnsiColor, Style};

use crate::model::{Diagnostic, Fault};
use crate::view::{DiagnosticFormat, render_diagnostics};

use super::Exit;
use super::terminal::Terminal;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Says why a command can't go on.
#[derive(Debug)]
pub(super) enum Failure {
    /// The input has faults.
    Diagnostics(Vec<Diagnostic>),
    /// Something else went wrong.
    Error(anyhow::Error),
    /// The output can't be written.
    Output(io::Error),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Error(fault.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    /// Tells the user, and returns how the command ends.
    pub(super) fn tell(self, terminal: Terminal) -> Exit {
        match self {
            Self::Diagnostics(diagnostics) => {
                terminal.error(&render_diagnostics(&diagnostics, DiagnosticFormat::Text));
            }
            Self::Error(error) => tell_error(&error, terminal),
            // Whoever closed the pipe has seen what they wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Self::Output(error) => terminal.error(&format!(
                "{ERROR}error{ERROR:#}: the output can't be written: {error}"
            )),
        }
        Exit::Failed
    }
}

fn tell_error(error: &anyhow::Error, terminal: Terminal) {
    terminal.error(&format!("{ERROR}error{ERROR:#}: {error}"));
    for cause in error.chain().skip(1) {
        terminal.error(&format!("  because: {cause}"));
    }
    let hints = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Fault>()?.next_step());
    for hint in hints {
        terminal.hint(hint);
    }
}

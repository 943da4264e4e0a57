//! How a command fails, and how that is told.

use std::fmt;
use std::io;

use anstyle::{AnsiColor, Style};

use crate::model::{Diagnostic, Fault, visible};
use crate::view::{DiagnosticFormat, render_diagnostics};

use super::Exit;
use super::terminal::Terminal;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Says why a command can't go on.
#[derive(Debug)]
pub(super) enum Failure {
    /// The input has faults.
    Diagnostics(Vec<Diagnostic>),
    /// The command line asks for what can't be: a word to the one who wrote it, whatever the output.
    Usage(Fault),
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
    /// Returns it as diagnostics, for output that programs read; nothing where the output is broken.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            Self::Diagnostics(diagnostics) => diagnostics.clone(),
            Self::Error(error) => {
                let hints: Vec<&str> = hints(error).collect();
                vec![Diagnostic::error("error", format!("{error:#}")).help(hints.join("; "))]
            }
            Self::Usage(_) | Self::Output(_) => Vec::new(),
        }
    }

    /// Tells the user, and returns how the command ends.
    pub(super) fn tell(self, terminal: Terminal) -> Exit {
        match self {
            Self::Diagnostics(diagnostics) => {
                terminal.tell(&render_diagnostics(&diagnostics, DiagnosticFormat::Text));
            }
            Self::Usage(fault) => tell_error(&fault.into(), terminal),
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
    terminal.tell(&format!("{ERROR}error{ERROR:#}: {}", shown(error)));
    for cause in error.chain().skip(1) {
        terminal.tell(&format!("  because: {}", shown(&cause)));
    }
    for hint in hints(error) {
        terminal.hint(hint);
    }
}

/// Shows an error; what follows a break in it is set in, or it would look like a line of ours.
fn shown(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    let lines: Vec<String> = text
        .trim_end()
        .split('\n')
        .enumerate()
        .map(|(number, line)| match visible(line) {
            line if number == 0 || line.starts_with("  ") => line.into_owned(),
            line => format!("  {line}"),
        })
        .collect();
    lines.join("\n")
}

/// Says what to do next, as far as the error and its causes know.
fn hints(error: &anyhow::Error) -> impl Iterator<Item = &str> {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Fault>()?.next_step())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_error_looks_like_a_line_of_ours() {
        assert_eq!(
            shown(&"a list:\n  - one\n  - two\n"),
            "a list:\n  - one\n  - two"
        );
        assert_eq!(
            shown(&"no\nerror: forged\r\u{1b}[2J"),
            "no\n  error: forged\\r\\u{1b}[2J"
        );
    }
}

//! Where output goes: stdout carries the product, stderr the talk.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::ColorWhen;
use super::failure::Failure;

const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Writes to the user; quiet and colour are decided here and nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    quiet: bool,
}

impl Terminal {
    /// Takes the user's wishes over, for the whole process.
    pub(super) fn new(color: ColorWhen, quiet: bool) -> Self {
        let choice = match color {
            ColorWhen::Auto => ColorChoice::Auto,
            ColorWhen::Always => ColorChoice::Always,
            ColorWhen::Never => ColorChoice::Never,
        };
        choice.write_global();
        Self { quiet }
    }

    /// Writes the product to stdout.
    pub(super) fn product(self, text: &str) -> Result<(), Failure> {
        let mut stdout = AutoStream::auto(io::stdout().lock());
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        written.map_err(Failure::Output)
    }

    /// Writes progress and the like to stderr, unless it should be quiet.
    pub(super) fn status(self, text: &str) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// Writes what the user must see to stderr.
    ///
    /// A stderr that is closed must not keep the work from being brought to its end.
    pub(super) fn error(self, text: &str) {
        let mut stderr = AutoStream::auto(io::stderr().lock());
        writeln!(stderr, "{}", text.trim_end_matches('\n')).ok();
    }

    /// Writes a hint to stderr, unless it should be quiet.
    pub(super) fn hint(self, text: &str) {
        self.status(&format!("{HINT}hint{HINT:#}: {text}"));
    }

    /// Tells whether progress lines may move.
    pub(super) fn moves(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Tells whether there is somebody to answer a question.
    pub(super) fn can_ask(self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks for the word `yes`; anything else is a no.
    pub(super) fn confirm(self, question: &str) -> Result<bool, Failure> {
        let mut stderr = AutoStream::auto(io::stderr().lock());
        write!(stderr, "{question} Only `yes` is taken as a yes: ")
            .and_then(|()| stderr.flush())
            .map_err(Failure::Output)?;
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(Failure::Output)?;
        Ok(answer.trim() == "yes")
    }
}

//! Where output goes: stdout carries the product, stderr the talk.

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal, Write};

use anstream::adapter::strip_str;
use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::model::visible;

use super::ColorWhen;
use super::disarm::disarm;
use super::failure::Failure;
use super::seen::seen;
use super::signals;
use super::wrap;

/// A space at which no line is broken.
const UNBROKEN: &str = "\u{a0}";

const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Writes to the user; quiet and colour are decided here and nowhere else, and what a terminal or a workflow's
/// runner must not find is broken here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    quiet: bool,
    /// Whether a workflow of GitHub runs us, whose runner reads commands from both streams.
    in_workflow: bool,
}

impl Terminal {
    /// Takes the user's wishes over, for the whole process.
    pub(super) fn new(color: ColorWhen, quiet: bool, in_workflow: bool) -> Self {
        let choice = match color {
            ColorWhen::Auto => ColorChoice::Auto,
            ColorWhen::Always => ColorChoice::Always,
            ColorWhen::Never => ColorChoice::Never,
        };
        choice.write_global();
        Self { quiet, in_workflow }
    }

    /// Writes the product to stdout.
    pub(super) fn product(self, text: &str) -> Result<(), Failure> {
        let mut stdout = AutoStream::auto(io::stdout().lock());
        let text = self.harmless(text, &stdout);
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        written.map_err(Failure::Output)
    }

    /// Writes what a workflow's runner is to read to stdout. It must be nothing but our own commands, with
    /// all that is in them escaped.
    pub(super) fn commands(self, text: &str) -> Result<(), Failure> {
        Self {
            in_workflow: false,
            ..self
        }
        .product(text)
    }

    /// Writes progress and the like to stderr, unless it should be quiet.
    pub(super) fn status(self, text: &str) {
        if !self.quiet {
            self.tell(text);
        }
    }

    /// Writes sentences that the user must see to stderr, broken between words where that is a terminal.
    pub(super) fn tell(self, text: &str) {
        self.error(&wrap::for_stream(text, io::stderr()));
    }

    /// Writes sentences that are the product to stdout, broken between words where that is a terminal.
    pub(super) fn told_product(self, text: &str) -> Result<(), Failure> {
        self.product(&wrap::for_stream(text, io::stdout()))
    }

    /// Writes what the user must see to stderr.
    ///
    /// A stderr that is closed must not keep the work from being brought to its end.
    pub(super) fn error(self, text: &str) {
        let mut stderr = AutoStream::auto(io::stderr().lock());
        let text = self.harmless(text, &stderr);
        writeln!(stderr, "{}", text.trim_end_matches('\n')).ok();
    }

    /// Returns the text as it may be written to a stream.
    fn harmless<'a>(self, text: &'a str, stream: &AutoStream<impl RawStream>) -> Cow<'a, str> {
        let text = seen(text);
        if !self.in_workflow {
            return text;
        }
        if stream.current_choice() != ColorChoice::Never {
            return Cow::Owned(disarm(&text).into_owned());
        }
        // What colours stand between comes together where they are dropped.
        Cow::Owned(disarm(&strip_str(&text).to_string()).into_owned())
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

    /// Asks for the word `yes`; anything else is a no, and a signal ends the process.
    pub(super) fn confirm(self, question: &str) -> Result<bool, Failure> {
        self.confirm_by("yes", question)
    }

    /// Asks for a word, such as the name of what is destroyed; anything else is a no, and a signal ends the
    /// process.
    pub(super) fn confirm_by(self, word: &str, question: &str) -> Result<bool, Failure> {
        signals::leave_at_first(self)?;
        self.ask(word, question)?;
        // No stream may be locked here: whoever ends the process at a signal writes a last word first.
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(Failure::Output)?;
        Ok(answer.trim() == word)
    }

    /// Writes a question, and lets go of stderr again.
    fn ask(self, word: &str, question: &str) -> Result<(), Failure> {
        let mut stderr = AutoStream::auto(io::stderr().lock());
        // What is to be typed stays on one line; the space before the answer is no place to break either.
        let prompt = format!("Type `{word}` to confirm: ").replace(' ', UNBROKEN);
        let question = wrap::for_stream(&format!("{question} {prompt}"), io::stderr());
        let question = question.replace(UNBROKEN, " ");
        let question = self.harmless(&question, &stderr);
        write!(stderr, "{question}")
            .and_then(|()| stderr.flush())
            .map_err(Failure::Output)
    }

    /// Ends the line on which a terminal shows `^C`, so that what follows begins one of its own.
    pub(super) fn end_line(self) {
        if io::stderr().is_terminal() {
            self.status("");
        }
    }
}

/// Takes the lines of a log, each in one piece, to stderr.
pub(super) struct Log(pub(super) Terminal);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        // An event is one line: breaks in it are another's words, and would begin a line of ours.
        self.0.error(&visible(text.trim_end_matches('\n')));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Source files and places in them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::visible::visible;

/// Holds a source file's text and finds lines in it.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: OnceLock<Vec<usize>>,
    /// How many characters begin before each multiple of [`STRIDE`] bytes.
    characters: OnceLock<Vec<usize>>,
}

/// The bytes between two counts of characters: a file that is one long line has many columns.
const STRIDE: usize = 1024;

impl SourceFile {
    /// Takes over a file's text; `path` is shown as it is given.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
            characters: OnceLock::new(),
        })
    }

    /// Returns the path as shown to people.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let after_newlines = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after_newlines).collect()
        })
    }

    /// Returns the line and column of a byte offset.
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.line_starts().partition_point(|start| *start <= byte);
        let start = self.line_starts()[line - 1];
        Position {
            line,
            column: self.characters_before(byte) - self.characters_before(start) + 1,
            byte,
        }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let counts = self.characters.get_or_init(|| {
            let mut total = 0;
            let strides = self.text.as_bytes().chunks(STRIDE).map(|stride| {
                total += count_characters(stride);
                total
            });
            std::iter::once(0).chain(strides).collect()
        });
        let stride = byte / STRIDE;
        counts[stride] + count_characters(&self.text.as_bytes()[stride * STRIDE..byte])
    }

    /// Returns the byte offset at which a line begins, counted from 1.
    pub fn line_start(&self, number: usize) -> usize {
        let starts = self.line_starts();
        let start = number.checked_sub(1).and_then(|index| starts.get(index));
        start.copied().unwrap_or(self.text.len())
    }

    /// Returns the text of a line, counted from 1, without its line break.
    pub fn line(&self, number: usize) -> &str {
        let starts = self.line_starts();
        let Some(start) = number.checked_sub(1).and_then(|index| starts.get(index)) else {
            return "";
        };
        let end = starts.get(number).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }
}

/// Counts the characters that begin in a piece of UTF-8.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// A place in a file: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte offset in the file, from 0.
    pub byte: usize,
}

/// Names a line of a file, long after the file was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLine {
    /// The file, relative to gwplan.yaml.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Prints `file:line`; nothing in the file's name is unseen.
impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line } = self;
        write!(f, "{}:{line}", visible(file))
    }
}

/// A range of bytes in a source file.
#[derive(Clone, Debug)]
pub struct Location {
    file: Arc<SourceFile>,
    start: usize,
    end: usize,
}

impl Location {
    /// Marks the bytes from `start` to `end` (exclusive).
    pub fn new(file: &Arc<SourceFile>, start: usize, end: usize) -> Self {
        let text = file.text();
        let start = text.floor_char_boundary(start);
        Self {
            file: Arc::clone(file),
            start,
            end: text.ceil_char_boundary(end).max(start),
        }
    }

    /// Returns the file.
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Returns where the range begins.
    pub fn start(&self) -> Position {
        self.file.position(self.start)
    }

    /// Returns where the range ends (exclusive).
    pub fn end(&self) -> Position {
        self.file.position(self.end)
    }

    /// Returns the marked text.
    pub fn text(&self) -> &str {
        &self.file.text()[self.start..self.end]
    }

    /// Finds a part of the marked text.
    pub fn part(&self, text: &str) -> Option<Self> {
        let at = self.start + self.text().find(text)?;
        Some(Self {
            file: Arc::clone(&self.file),
            start: at,
            end: at + text.len(),
        })
    }

    /// Returns the line that it begins in.
    pub fn line(&self) -> SourceLine {
        SourceLine {
            file: self.file.path.clone(),
            line: self.start().line,
        }
    }

    /// Returns `file:line:column`.
    pub fn label(&self) -> String {
        let Position { line, column, .. } = self.start();
        format!("{}:{line}:{column}", self.file.path)
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        (self.file.path.as_str(), self.start, self.end)
            == (other.file.path.as_str(), other.start, other.end)
    }
}

impl Eq for Location {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_turns_the_text_around_it_is_written_out() {
        let file = SourceFile::new("g\u{202e}lmay.yaml", "a: 1\n");
        let line = Location::new(&file, 0, 1).line();
        assert_eq!(line.to_string(), r"g\u{202e}lmay.yaml:1");
    }

    #[test]
    fn columns_count_characters_and_lines_end_before_their_break() {
        let file = SourceFile::new("a.yaml", "a: 1\r\n名: 网关\nlast");
        let at = file.text().find("网").expect("there");
        let Position { line, column, .. } = file.position(at);
        assert_eq!((line, column), (2, 4));
        assert_eq!(file.line(1), "a: 1");
        assert_eq!(file.line(3), "last");
        assert_eq!(file.line(9), "");
        assert_eq!(file.position(10_000).line, 3);
    }

    #[test]
    fn columns_are_right_far_into_a_long_line() {
        let file = SourceFile::new("a.yaml", format!("first\n{}", "a网".repeat(5000)));
        for character in [0, 1, 255, 256, 257, 4095, 4096, 9999, 10_000] {
            let byte = "first\n".len() + character / 2 * 4 + character % 2;
            assert_eq!(file.position(byte).column, character + 1);
        }
    }
}

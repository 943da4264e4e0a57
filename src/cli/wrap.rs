//! Breaking lines between words, where a terminal would break them within one.

use std::os::fd::AsFd;

use anstream::adapter::strip_str;
use rustix::termios::{isatty, tcgetwinsize};
use unicode_width::UnicodeWidthStr as _;

/// Breaks the lines of a text that are longer than the terminal is wide; elsewhere nothing is broken, since
/// programs read by lines.
pub(super) fn for_stream(text: &str, stream: impl AsFd) -> String {
    match columns(stream) {
        Some(columns) => wrapped(text, columns),
        None => text.to_owned(),
    }
}

fn columns(stream: impl AsFd) -> Option<usize> {
    if !isatty(&stream) {
        return None;
    }
    let size = tcgetwinsize(&stream).ok()?;
    Some(size.ws_col.into()).filter(|columns| *columns > 0)
}

fn wrapped(text: &str, columns: usize) -> String {
    let lines = text.split('\n');
    let broken: Vec<String> = lines.map(|line| broken(line, columns)).collect();
    broken.join("\n")
}

/// Breaks a line between words; what follows is as far in as its beginning, behind the same marks.
fn broken(line: &str, columns: usize) -> String {
    if width(line) <= columns || is_whole(line) {
        return line.to_owned();
    }
    let rest = line.trim_start_matches(' ');
    let lead = " ".repeat(line.len() - rest.len());
    let next = format!("{lead}{}", mark(rest));
    let (mut out, mut at) = (lead.clone(), lead.len());
    for (number, word) in words(rest).into_iter().enumerate() {
        let length = width(word);
        if number > 0 && at + 1 + length > columns {
            out.push('\n');
            out.push_str(&next);
            at = next.len();
        } else if number > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
    }
    out
}

/// Tells whether a line is to stay whole: a line of a file with its number, or a command that people copy.
fn is_whole(line: &str) -> bool {
    let plain = strip_str(line).to_string();
    let rest = plain.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    rest.starts_with('|') || rest.starts_with("-->") || plain.contains(": gwplan ")
}

/// Returns what stands before the words of the lines that follow: the mark of a note, or room below one.
fn mark(line: &str) -> &'static str {
    let plain = strip_str(line).to_string();
    if plain.starts_with("# ") {
        "#  "
    } else if plain.starts_with("= help: ") || plain.starts_with("= note: ") {
        "        "
    } else {
        ""
    }
}

/// Splits a line at its spaces; a command between backticks stays whole, since people copy it.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut begin, mut is_quoted) = (0, false);
    for (at, character) in line.char_indices() {
        match character {
            '`' => is_quoted = !is_quoted,
            ' ' if !is_quoted => {
                words.push(&line[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[begin..]);
    words
}

/// Counts the columns that a text takes: colours take none, and some scripts two for a character.
fn width(text: &str) -> usize {
    strip_str(text).to_string().width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_stay_as_far_in() {
        let text = "  one two three four\nshort\n\nagoodlongwordthatfitsnowhere x";
        assert_eq!(
            wrapped(text, 12),
            "  one two\n  three four\nshort\n\nagoodlongwordthatfitsnowhere\nx"
        );
        assert_eq!(wrapped(text, 200), text);
    }

    #[test]
    fn notes_keep_their_mark_and_commands_and_source_lines_stay_whole() {
        let text = "  # (one two three)\n  = help: four five six";
        assert_eq!(
            wrapped(text, 16),
            "  # (one two\n  #  three)\n  = help: four\n          five\n          six"
        );
        for whole in [
            "12 |   name: a very long name that stands in a file",
            "  --> gateways/a/very/long/path/of a file.yaml:1:2",
            "Apply exactly this plan with: gwplan apply --expect-digest 00",
        ] {
            assert_eq!(wrapped(whole, 16), whole);
        }
    }

    #[test]
    fn colours_take_no_room() {
        let text = "\u{1b}[1mhint\u{1b}[0m: go on";
        assert_eq!(wrapped(text, 11), text);
        assert_eq!(wrapped(text, 8), "\u{1b}[1mhint\u{1b}[0m: go\non");
    }

    #[test]
    fn a_command_between_backticks_stays_whole() {
        let text = "go on with `gwplan apply x`, or not";
        assert_eq!(wrapped(text, 20), "go on with\n`gwplan apply x`, or\nnot");
    }
}

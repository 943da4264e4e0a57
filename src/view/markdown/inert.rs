//! Text from elsewhere, made so that markdown shows it and does nothing with it.
//!
//! Names, descriptions, messages and file names are anybody's: in a comment they must not end a cell or
//! a fence, make a tag or a link, call a person, or refer to an issue.

use crate::model::visible;

/// Follows a character that would begin a mention or a reference, so that it does not.
const BREAK: char = '\u{200B}';

/// Writes text as a code span: no markdown, HTML, mention or reference is looked for in it.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        // A code span of nothing is none.
        return "` `".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    // A space keeps a tick at the edge from lengthening the delimiter; it is not shown.
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Writes text as words that stand for themselves; what stands between backticks, as code spans.
pub(super) fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1 && !text.contains("``");
    if !paired {
        return plain(text);
    }
    let parts = parts.iter().enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { code(part) } else { plain(part) })
        .collect()
}

fn plain(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if "\\`*_{}[]<>&#|~$!^".contains(c) {
            out.push('\\');
        }
        out.push(c);
        if characters.peek().is_some_and(|next| refers(c, *next, &out)) {
            out.push(BREAK);
        }
    }
    out
}

/// Tells whether GitHub or GitLab would look for a mention, a reference, an address or an emoji here:
/// they look in what markdown has made, where no escape is left.
fn refers(c: char, next: char, so_far: &str) -> bool {
    match c {
        '@' | '#' | '!' | '$' | '%' | '~' | '&' | '^' => !next.is_whitespace(),
        ':' => matches!(next, '/' | '+' | '-') || next.is_ascii_alphabetic(),
        '-' => next.is_ascii_digit() && so_far.ends_with("GH-"),
        'w' => next == '.' && so_far.ends_with("www"),
        _ => false,
    }
}

/// Fits what was written for a line into a cell of a table.
///
/// In a cell a bar ends it even inside a code span, unless it is escaped; the escape is not shown.
pub(super) fn cell(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut before = ' ';
    for c in markdown.chars() {
        if c == '|' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// Writes lines as a fenced block that none of them can end.
pub(super) fn fence(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max();
    let ticks = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    let mut out = format!("{ticks}{language}\n");
    for line in lines {
        out += &visible(line);
        out.push('\n');
    }
    out + &ticks + "\n"
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_any_text() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a\n``b``"), "``` a\\n``b`` ```");
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn words_call_nobody_and_make_no_tag() {
        let made = words("@team </details> [a](b) #1 `x` | https://a.b/ &amp;");
        for hostile in ["@team", " </", " [a](", "#1", "://", " &amp"] {
            assert!(!made.contains(hostile), "{hostile} in {made}");
        }
    }

    #[test]
    fn a_bar_in_a_cell_is_escaped_once() {
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert_eq!(cell(&words("a|b")), "a\\|b");
    }

    #[test]
    fn no_line_ends_a_fence() {
        let block = fence("diff", &["- ````".to_owned(), "+ a\n```".to_owned()]);
        assert!(block.starts_with("`````diff\n"));
        assert_eq!(block.lines().count(), 4);
    }
}

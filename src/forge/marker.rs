//! The line by which our comment is found again.

use std::fmt::{self, Write as _};

/// Names the review that a comment holds; it prints as a line that no reader sees.
///
/// One request can have several: one for each project in the repository and each of its environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// Names the review of a project, by its folder in the repository, in one of its environments.
    pub fn new(folder: &str, environment: Option<&str>) -> Self {
        let folder = if folder.is_empty() { "." } else { folder };
        let mut key = inert(folder);
        if let Some(environment) = environment {
            key.push(' ');
            key += &inert(environment);
        }
        Self(key)
    }

    /// Tells whether a comment begins with it. One that holds it further down only quotes it.
    pub fn begins(&self, comment: &str) -> bool {
        let first = comment.lines().next().unwrap_or_default();
        first.trim_end() == self.to_string()
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!-- gwplan:review {} -->", self.0)
    }
}

/// Writes out, as in a URL, what could end the comment of HTML or the word.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let dash_again = byte == b'-' && out.ends_with('-');
        if !dash_again && (byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_one_hidden_line_whatever_is_named() {
        for (folder, environment, shown) in [
            ("", None, "<!-- gwplan:review . -->"),
            (
                "services/edge",
                Some("prod"),
                "<!-- gwplan:review services/edge prod -->",
            ),
            ("a b", None, "<!-- gwplan:review a%20b -->"),
            ("a---b", None, "<!-- gwplan:review a-%2D-b -->"),
            (
                "x --> y\n",
                None,
                "<!-- gwplan:review x%20-%2D%3E%20y%0A -->",
            ),
            ("网", None, "<!-- gwplan:review %E7%BD%91 -->"),
        ] {
            assert_eq!(Marker::new(folder, environment).to_string(), shown);
        }
    }

    #[test]
    fn only_the_first_line_marks_a_comment() {
        let marker = Marker::new("edge", Some("prod"));
        let line = marker.to_string();
        assert!(marker.begins(&format!("{line}\r\nthe plan")));
        assert!(marker.begins(&line));
        for other in [
            format!("> {line}\nwhat is this?"),
            format!("look:\n{line}"),
            format!("{line} and more"),
            Marker::new("edge", None).to_string(),
            Marker::new("edge", Some("prod2")).to_string(),
            String::new(),
        ] {
            assert!(!marker.begins(&other), "{other}");
        }
    }
}

//! Diagnostics as text, JSON, workflow annotations and SARIF.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;
use std::path::MAIN_SEPARATOR;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Padding, Renderer, Snippet};
use serde_json::{Value as Json, json};

use crate::model::{Diagnostic, Location, Position, Severity, told_diagnostics, visible};

use super::annotations;

/// Names a form of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: the source line and a caret.
    Text,
    /// Terraform's `validate -json`.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

/// The version of Terraform's diagnostic format.
const FORMAT_VERSION: &str = "1.0";

/// Renders diagnostics; text carries colour, which the terminal drops where it does not belong.
///
/// What is too much to be read is counted alone, in every form; JSON says how many there are in all.
pub fn render(diagnostics: &[Diagnostic], format: Format) -> String {
    let all = diagnostics;
    let diagnostics = &*told_diagnostics(all);
    match format {
        Format::Text => diagnostics.iter().map(text).collect(),
        Format::Json => line(&validate_json(diagnostics, all)),
        Format::Github => {
            let as_it_is = |file: &str| Some(file.to_owned());
            let lines = diagnostics.iter();
            lines
                .map(|one| annotations::diagnostic(one, &as_it_is))
                .collect()
        }
        Format::Sarif => line(&sarif(diagnostics)),
    }
}

fn line(json: &Json) -> String {
    format!("{json:#}\n")
}

fn text(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.summary.as_str())
        .id(diagnostic.rule);
    let group = match &diagnostic.location {
        None => Group::with_title(title),
        Some(location) if location.file().text().is_empty() => title.element(
            Origin::path(visible(location.file().path()))
                .line(1)
                .char_column(1),
        ),
        Some(location) => {
            let mut group =
                Excerpt::of(location).show(Group::with_title(title), AnnotationKind::Primary, "");
            for (other, note) in &diagnostic.related {
                group = Excerpt::of(other).show(group, AnnotationKind::Context, note);
            }
            group
        }
    };
    let group = if diagnostic.help.is_empty() {
        group
    } else {
        group.element(Level::HELP.message(diagnostic.help.as_str()))
    };
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    format!("{}\n\n", without_empty_origins(&renderer.render(&[group])))
}

/// Leaves out the lines in which the renderer begins a file of a snippet that is given none: for a
/// cut line the place is told apart.
fn without_empty_origins(rendered: &str) -> String {
    let empty = |line: &str| {
        line.contains(":::") && anstream::adapter::strip_str(line).to_string().trim() == ":::"
    };
    let lines = rendered.split_inclusive('\n');
    lines.filter(|line| !empty(line)).collect()
}

/// The bytes that are shown on either side of a place in a long line.
const EXCERPT_BYTES: usize = 160;

/// The first line that a location touches; of a long line, what surrounds the place.
///
/// A file may be one line of megabytes, and a fault may stand for each of its gateways.
struct Excerpt<'a> {
    path: Cow<'a, str>,
    start: Position,
    code: &'a str,
    /// Whether the line goes on beyond `code`.
    cut: bool,
    /// The marked bytes of `code`.
    span: Range<usize>,
}

impl<'a> Excerpt<'a> {
    fn of(location: &'a Location) -> Self {
        let file = location.file();
        let start = location.start();
        let whole = file.line(start.line);
        let line_start = file.line_start(start.line);
        let from = (start.byte - line_start).min(whole.len());
        let to = (location.end().byte - line_start).clamp(from, whole.len());
        let (left, right) = if whole.len() > 4 * EXCERPT_BYTES {
            (
                whole.floor_char_boundary(from.saturating_sub(EXCERPT_BYTES)),
                whole.ceil_char_boundary(to.min(from + EXCERPT_BYTES) + EXCERPT_BYTES),
            )
        } else {
            (0, whole.len())
        };
        Self {
            path: visible(file.path()),
            start,
            code: &whole[left..right],
            cut: right - left < whole.len(),
            span: (from - left)..(to.min(right) - left),
        }
    }

    /// Adds it to what is shown of a diagnostic.
    fn show(self, to: Group<'a>, kind: AnnotationKind, note: &'a str) -> Group<'a> {
        let annotation = kind.span(self.span);
        let annotation = if note.is_empty() {
            annotation
        } else {
            annotation.label(note)
        };
        let snippet = Snippet::source(self.code)
            .line_start(self.start.line)
            .annotation(annotation);
        if !self.cut {
            return to.element(snippet.path(self.path));
        }
        // The renderer would count the column from where the cut line begins.
        let origin = Origin::path(self.path)
            .line(self.start.line)
            .char_column(self.start.column);
        let to = match kind {
            AnnotationKind::Primary => to,
            _ => to.element(Padding),
        };
        to.element(origin).element(snippet)
    }
}

fn validate_json(diagnostics: &[Diagnostic], all: &[Diagnostic]) -> Json {
    let count = |severity| all.iter().filter(|d| d.severity == severity).count();
    let errors = count(Severity::Error);
    json!({
        "format_version": FORMAT_VERSION,
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": count(Severity::Warning),
        "diagnostics": diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
    })
}

/// Renders one diagnostic as Terraform's diagnostic object.
pub(super) fn diagnostic_json(diagnostic: &Diagnostic) -> Json {
    let mut object = json!({
        "severity": diagnostic.severity.word(),
        "summary": diagnostic.summary,
        "detail": diagnostic.help,
        "rule": diagnostic.rule,
    });
    if let Some(location) = &diagnostic.location {
        object["range"] = range_json(location);
        object["snippet"] = snippet_json(location);
    }
    if !diagnostic.related.is_empty() {
        // Terraform has no word for it, and its readers pass over what they don't know.
        let related = diagnostic
            .related
            .iter()
            .map(|(location, note)| json!({ "summary": note, "range": range_json(location) }));
        object["related"] = related.collect();
    }
    object
}

fn range_json(location: &Location) -> Json {
    let (start, end) = (location.start(), location.end());
    json!({
        "filename": location.file().path(),
        "start": { "line": start.line, "column": start.column, "byte": start.byte },
        "end": { "line": end.line, "column": end.column, "byte": end.byte },
    })
}

fn snippet_json(location: &Location) -> Json {
    let Excerpt {
        start, code, span, ..
    } = Excerpt::of(location);
    let highlight = code[..span.start].chars().count();
    let width = code[span].chars().count();
    json!({
        "context": null,
        "code": code,
        "start_line": start.line,
        "highlight_start_offset": highlight,
        "highlight_end_offset": highlight + width.max(1),
        "values": [],
    })
}

fn sarif(diagnostics: &[Diagnostic]) -> Json {
    let rules: BTreeSet<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.rule)
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gwplan",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| json!({ "id": rule })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(sarif_result).collect::<Vec<_>>(),
        }],
    })
}

fn sarif_result(diagnostic: &Diagnostic) -> Json {
    let text = if diagnostic.help.is_empty() {
        diagnostic.summary.clone()
    } else {
        format!("{}\n{}", diagnostic.summary, diagnostic.help)
    };
    let mut result = json!({
        "ruleId": diagnostic.rule,
        "level": diagnostic.severity.word(),
        "message": { "text": text },
    });
    if let Some(location) = &diagnostic.location {
        result["locations"] = json!([sarif_location(location, None)]);
    }
    if !diagnostic.related.is_empty() {
        let related = diagnostic
            .related
            .iter()
            .map(|(location, note)| sarif_location(location, Some(note)));
        result["relatedLocations"] = related.collect();
    }
    result
}

/// Writes a path as a relative reference: in one, `:`, `%`, `#` and the like would mean something.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'\\' if MAIN_SEPARATOR == '\\' => uri.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn sarif_location(location: &Location, note: Option<&str>) -> Json {
    let (start, end) = (location.start(), location.end());
    let mut object = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(location.file().path()) },
            "region": {
                "startLine": start.line, "startColumn": start.column,
                "endLine": end.line, "endColumn": end.column,
            },
        },
    });
    if let Some(note) = note {
        object["message"] = json!({ "text": note });
    }
    object
}

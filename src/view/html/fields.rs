//! What becomes of the fields of a resource, value by value.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::model::{OWNER_KEY, Value, leaves, visible};
use crate::plan::{Action, FieldChange, How};
use crate::review::Item;

use super::super::markdown::Link;
use super::{line, path as shown_path};

/// Texts longer than this, in characters, are shown under each other.
const LONG_TEXT: usize = 30;

/// Renders what changes, or what a new resource is made with; `lines` says whether the lines of the files
/// are shown, which are those of this resource alone.
pub(super) fn render(item: &Item<'_>, lines: bool, page_of: Option<Link<'_>>) -> Markup {
    let step = item.step;
    match step.action {
        Action::Update | Action::Replace if !step.changes.is_empty() => html! {
            table.fields {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Before → after" } th scope="col" { "Changed by" } @if lines { th scope="col" { "Line" } } } }
                tbody { @for change in &step.changes { (changed(item, change, lines, page_of)) } }
            }
        },
        Action::Create | Action::Replace => made(item),
        _ => Markup::default(),
    }
}

fn changed(
    item: &Item<'_>,
    change: &FieldChange,
    lines: bool,
    page_of: Option<Link<'_>>,
) -> Markup {
    let FieldChange {
        path,
        before,
        after,
        how,
        drifted,
    } = change;
    html! {
        tr {
            th scope="row" { (shown_path(path)) }
            td {
                (difference(before.as_ref(), after.as_ref()))
                @if *drifted { " " span.badge.warn { "was changed outside gwplan" } }
            }
            td.how {
                @match how {
                    How::InPlace(call) => { code { (visible(super::super::words::call_name(change, call))) } }
                    How::Replace => { span.force { "forces replacement" } }
                    How::Record => { span.quiet { "in gwplan's record" } }
                }
            }
            @if lines { td.at { @if let Some(at) = item.line_of(path) { (line(at, page_of)) } } }
        }
    }
}

/// Shows what a value was and what it will be; words that differ are marked in long texts.
pub(super) fn difference(before: Option<&Value>, after: Option<&Value>) -> Markup {
    let long = |value: Option<&Value>| {
        let text = value.and_then(Value::as_text);
        text.is_some_and(|text| text.chars().count() > LONG_TEXT)
    };
    match (before, after) {
        (Some(Value::Text(old)), Some(Value::Text(new))) if long(before) || long(after) => {
            texts(old, new)
        }
        _ => html! {
            (old_value(before))
            span aria-hidden="true" { " → " }
            (new_value(after))
        },
    }
}

fn old_value(value: Option<&Value>) -> Markup {
    html! {
        @match value {
            Some(value) => del.value { span.unseen { "before: " } (shown(value)) },
            None => span.quiet { "not set" },
        }
    }
}

fn new_value(value: Option<&Value>) -> Markup {
    html! {
        @match value {
            Some(value) => ins.value { span.unseen { "after: " } (shown(value)) },
            None => span.quiet { "not set" },
        }
    }
}

/// Shows two texts under each other.
fn texts(old: &str, new: &str) -> Markup {
    let diff = TextDiff::from_words(old, new);
    let side = |other: ChangeTag| {
        let words: Vec<_> = diff
            .iter_all_changes()
            .filter(|word| word.tag() != other)
            .map(|word| (word.tag() != ChangeTag::Equal, word.value()))
            .collect();
        html! {
            "\""
            @for (differs, word) in words {
                @if differs { mark { (visible(word)) } } @else { (visible(word)) }
            }
            "\""
        }
    };
    html! {
        span.texts {
            span { del.value { span.unseen { "before: " } (side(ChangeTag::Insert)) } }
            span { ins.value { span.unseen { "after: " } (side(ChangeTag::Delete)) } }
        }
    }
}

/// Shows what a resource is made with; what every new one has unless told otherwise is left out.
fn made(item: &Item<'_>) -> Markup {
    html! {
        dl.made {
            @for (path, value) in leaves(&item.attributes) {
                div { dt { (shown_path(&path)) } dd { ins.value { (shown(value)) } } }
            }
            div { dt { code { "gatewayId" } } dd.quiet { "known after apply" } }
            @if item.step.owned {
                div { dt { code { "tags." (OWNER_KEY) } } dd.quiet { "gwplan's own" } }
            }
        }
    }
}

/// Writes a value so that nothing in it is unseen.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", visible(text)),
        other => visible(&other.to_string()).into_owned(),
    }
}

//! What is to be done, the most dangerous first, with a filter.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::model::visible;
use crate::plan::{Action, Reason};
use crate::review::{Group, Item, Review};

use super::super::markdown::Link;
use super::super::words::{self, Cause};
use super::{fields, id_of, line, sentence};

/// How many changes are opened beforehand; of more, only the dangerous ones are.
const OPEN: usize = 12;

/// How many changes need no filter.
const UNFILTERED: usize = 4;

/// The groups in their order, each with its heading.
const GROUPS: [(Group, &str); 5] = [
    (Group::Danger, "Dangerous"),
    (Group::Update, "Changed in place"),
    (Group::Create, "Created"),
    (Group::Wait, "Under way already"),
    (Group::Forget, "Forgotten"),
];

/// The words by which the filter and the colours tell actions apart.
const KINDS: [(&str, &str); 6] = [
    ("delete", "Destroy"),
    ("replace", "Replace"),
    ("update", "Update"),
    ("create", "Create"),
    ("wait", "Wait"),
    ("forget", "Forget"),
];

/// Returns the word for an action in [`KINDS`].
pub(super) fn kind(action: Action) -> &'static str {
    match action {
        Action::AwaitCreate | Action::AwaitDelete => "wait",
        // What is changed is a record, and readers filter by what is changed.
        Action::Record => "update",
        Action::Create | Action::Update | Action::Replace | Action::Delete | Action::Forget => {
            action.word()
        }
    }
}

/// Renders the changes; nothing where there are none.
pub(super) fn render(review: &Review<'_>, page_of: Option<Link<'_>>) -> Markup {
    if review.items.is_empty() {
        return Markup::default();
    }
    html! {
        @if review.items.len() > UNFILTERED { (filter(review)) }
        @for (group, title) in GROUPS {
            @if review.group(group).next().is_some() {
                div.group {
                    h3 { (title) }
                    @for item in review.group(group) {
                        (change(item, review.items.len(), page_of))
                    }
                }
            }
        }
    }
}

/// Renders the filter, which shows itself where there is JavaScript to serve it.
fn filter(review: &Review<'_>) -> Markup {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &review.items {
        *numbers.entry(kind(item.step.action)).or_default() += 1;
    }
    html! {
        div #filter .filter role="search" hidden {
            div.row {
                label {
                    span.unseen { "Filter the changes by a word: a name, a field, a value, a file" }
                    input type="search" placeholder="Filter by name, field, value, file" autocomplete="off" spellcheck="false" aria-keyshortcuts="/";
                    kbd aria-hidden="true" { "/" }
                }
                button type="button" data-open { "Open all" }
                button type="button" data-close { "Close all" }
            }
            div.row {
                @for (kind, title) in KINDS {
                    @if let Some(number) = numbers.get(kind) {
                        button class=(kind) type="button" data-action=(kind) aria-pressed="true" { (title) " " (number) }
                    }
                }
                output aria-live="polite" {}
            }
        }
    }
}

fn change(item: &Item<'_>, total: usize, page_of: Option<Link<'_>>) -> Markup {
    let step = item.step;
    let open = item.group == Group::Danger || total <= OPEN;
    let kind = kind(step.action);
    html! {
        details id=(id_of(&step.address)) class={ "item " (kind) } data-action=(kind) open[open] {
            summary {
                span.sign aria-hidden="true" { (words::sign(step)) }
                span {
                    span.name { (step.address) }
                    " " span.what { (words::headline(step)) }
                }
                span.side {
                    span class={ "badge " (item.risk.word()) } { (words::risk(item.risk)) }
                }
            }
            div.body {
                (about(item, page_of))
                (fields::render(item, page_of))
            }
        }
    }
}

/// Tells where the resource is, where it is described, what is lost, why it changes, and how.
fn about(item: &Item<'_>, page_of: Option<Link<'_>>) -> Markup {
    let step = item.step;
    // That of a resource that has left the files is told with the reason.
    let block = item.block.filter(|_| step.reason != Reason::LeftTheFiles);
    html! {
        p.where {
            code { (visible(&words::whereabouts(step))) }
            @if let Some(block) = block { ", described in " (line(block, page_of)) }
        }
        (facts(item, page_of))
    }
}

/// Lists what is lost, why, and how it is done.
fn facts(item: &Item<'_>, page_of: Option<Link<'_>>) -> Markup {
    let step = item.step;
    let causes = words::causes(item);
    let ways = words::ways(step);
    html! {
        @if !(step.losses.is_empty() && causes.is_empty() && ways.is_empty()) {
            ul.facts {
                @for loss in &step.losses {
                    li.loss { "lost for good: " (sentence(&words::loss(loss))) }
                }
                @for Cause { parts, line: at, past } in &causes {
                    li {
                        (sentence(parts))
                        @if let Some(at) = at {
                            (if *past { words::PAST } else { ", " })
                            (line(at, page_of))
                        }
                    }
                }
                @for way in ways { li { (visible(&way)) } }
            }
        }
    }
}

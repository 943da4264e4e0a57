//! What is to be done, the most dangerous first, with a filter.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::model::visible;
use crate::plan::{Action, Loss, Reason};
use crate::review::{Group, Item, Review, Risk};

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
    let groups = GROUPS.map(|(group, title)| (title, review.blocks(group)));
    let total = groups.iter().map(|(_, blocks)| blocks.len()).sum();
    html! {
        @if review.items.len() > UNFILTERED { (filter(review)) }
        @for (title, blocks) in &groups {
            @if !blocks.is_empty() {
                div.group {
                    h3 { (title) }
                    @for block in blocks { (change(block, total, page_of)) }
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

/// Renders one change, or the same change of several resources.
fn change(block: &[&Item<'_>], total: usize, page_of: Option<Link<'_>>) -> Markup {
    let item = block[0];
    let step = item.step;
    let open = item.group == Group::Danger || total <= OPEN;
    let kind = kind(step.action);
    let id = match block {
        [_] => Some(id_of(&step.address)),
        // Each of its members has the name that others lead to.
        _ => None,
    };
    html! {
        details id=[id] class={ "item " (kind) } data-action=(kind) open[open] {
            summary {
                span.sign aria-hidden="true" { (words::sign(step)) }
                span {
                    @match block {
                        [_] => {
                            span.name { (step.address) }
                            " " span.what { (words::headline(step)) }
                        }
                        _ => span.what.many { (words::headline_of_each(block.len(), step)) },
                    }
                    @let gist = words::gist(item);
                    @if !gist.is_empty() { " " span.gist { (visible(&gist)) } }
                }
                span.side {
                    span class={ "badge " (item.risk.word()) } { (words::stake(item)) }
                }
            }
            div.body {
                @match block {
                    [item] => (about(item, page_of)),
                    _ => {
                        (facts(item, false, page_of))
                        (members(block, page_of))
                    }
                }
                (fields::render(item, block.len() == 1, page_of))
            }
        }
    }
}

/// Lists the resources that are changed alike, each with what is its own.
fn members(block: &[&Item<'_>], page_of: Option<Link<'_>>) -> Markup {
    html! {
        ul.members {
            @for item in block {
                li id=(id_of(&item.step.address)) data-member {
                    span.name { (item.step.address) }
                    " " code.quiet { (visible(&words::whereabouts(item.step))) }
                    @if let Some(block) = item.block {
                        " " @if item.step.reason == Reason::LeftTheFiles { "stood at " }
                        (line(block, page_of))
                    }
                    @for words::Of { parts, is_lost } in words::of_each(item) {
                        p.loss[is_lost].quiet[!is_lost] { (sentence(&parts)) }
                    }
                }
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
        (facts(item, true, page_of))
    }
}

/// Lists what is lost, why, and how it is done; `own` says whether what only this resource has is told.
fn facts(item: &Item<'_>, own: bool, page_of: Option<Link<'_>>) -> Markup {
    let step = item.step;
    let losses: &[Loss] = if own { &step.losses } else { &[] };
    let portrait = words::portrait(item);
    let causes = words::causes(item);
    let ways = words::ways(step);
    let growth = words::growth(item);
    let facts = html! {
        @for loss in losses {
            li.loss { "lost for good: " (sentence(&words::loss(loss))) }
        }
        @if own && !portrait.is_empty() { li { (sentence(&portrait)) } }
        @for Cause { parts, line: at, past } in &causes {
            li {
                (sentence(parts))
                @if let Some(at) = at.filter(|_| own) {
                    (if *past { words::PAST } else { ", " })
                    (line(at, page_of))
                }
            }
        }
        @for way in ways { li { (visible(&way)) } }
        @if let Some(growth) = growth {
            li.loss[item.risk == Risk::Shrinks] { (growth) }
        }
    };
    html! { @if !facts.0.is_empty() { ul.facts { (facts) } } }
}

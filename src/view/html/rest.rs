//! What is to be known beside the changes, and how the plan is applied.

use maud::{Markup, html};

use crate::model::{Address, Diagnostic, FieldPath, Location, visible};
use crate::plan::{Drift, DriftedField, Move, Plan};
use crate::policy::Finding;
use crate::review::{Review, alike_drifts};

use super::super::markdown::Link;
use super::fields::difference;
use super::{line, path as shown_path, prose};

/// Lists what the project's policies say.
pub(super) fn policy(findings: &[Finding], page_of: Option<Link<'_>>) -> Markup {
    if findings.is_empty() {
        return Markup::default();
    }
    html! {
        ul.diagnostic {
            @for Finding { level, rule, message, address, location, is_rest: _ } in findings {
                li {
                    span class={ "badge " (level.word()) } { (level.word()) }
                    " " code { (visible(rule)) } " "
                    (about(address.as_ref()))
                    (place(location.as_ref(), page_of))
                    p { bdi { (visible(message)) } }
                }
            }
        }
    }
}

/// Lists what keeps the plan from being applied, and what to be aware of.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], page_of: Option<Link<'_>>) -> Markup {
    if diagnostics.is_empty() {
        return Markup::default();
    }
    html! {
        ul.diagnostic {
            @for Diagnostic { severity, rule, summary, help, about: address, location, related: _ } in diagnostics {
                li {
                    span class={ "badge " (severity.word()) } { (severity.word()) }
                    " " code { (rule) } " "
                    (about(address.as_ref()))
                    (place(location.as_ref(), page_of))
                    p { bdi { (prose(summary)) } }
                    @if !help.is_empty() { p.quiet { bdi { (prose(help)) } } }
                }
            }
        }
    }
}

fn about(address: Option<&Address>) -> Markup {
    html! { @if let Some(address) = address { span.name { (address) } " " } }
}

fn place(location: Option<&Location>, page_of: Option<Link<'_>>) -> Markup {
    html! { @if let Some(location) = location { (line(&location.line(), page_of)) } }
}

/// Lists the records that get another address.
pub(super) fn moves(plan: &Plan) -> Markup {
    if plan.moves.is_empty() {
        return Markup::default();
    }
    html! {
        p { "These are known by another address from now on. The cloud is not touched." }
        ul.list {
            @for Move { from, to } in &plan.moves {
                li { span.name { (from) } " → " span.name { (to) } }
            }
        }
    }
}

/// Tells what others changed in the cloud since the last apply.
pub(super) fn drift(plan: &Plan, page_of: Option<Link<'_>>) -> Markup {
    if plan.drift.is_empty() {
        return Markup::default();
    }
    html! {
        p { "Others changed these since the last apply. What the files set, the plan sets again." }
        table.fields {
            thead { tr { th scope="col" { "Gateway" } th scope="col" { "Field" } th scope="col" { "As applied → as it is now" } th scope="col" { "Line" } } }
            tbody { @for block in alike_drifts(&plan.drift) { (drifted(plan, &block, page_of)) } }
        }
    }
}

/// Tells what others changed of one gateway, or of several alike.
fn drifted(plan: &Plan, block: &[&Drift], page_of: Option<Link<'_>>) -> Markup {
    let Drift {
        address,
        gone,
        fields,
        ..
    } = block[0];
    let names = html! { @for drift in block { span.name { (drift.address) } " " } };
    let alone = block.len() == 1;
    html! {
        @if *gone {
            tr {
                th scope="row" { (names) }
                td {}
                td {
                    @for drift in block { del.value { (visible(&drift.id)) } " " }
                    (if alone { "was deleted" } else { "were deleted" })
                }
                td.at { @if let Some(block) = plan.source_of(address).filter(|_| alone) { (line(block, page_of)) } }
            }
        }
        @for DriftedField { path, applied, now } in fields {
            tr {
                th scope="row" { (names) }
                td { (shown_path(path)) }
                td { (difference(applied.as_ref(), now.as_ref())) }
                td.at { @if alone { (line_of(plan, address, path, page_of)) } }
            }
        }
    }
}

fn line_of(plan: &Plan, address: &Address, path: &FieldPath, page_of: Option<Link<'_>>) -> Markup {
    let places = plan.places.get(address);
    let at = places.and_then(|places| places.fields.get(path));
    html! { @if let Some(at) = at { (line(at, page_of)) } }
}

/// Lists the differences that the files say to leave alone.
pub(super) fn ignored(plan: &Plan, page_of: Option<Link<'_>>) -> Markup {
    if plan.ignored.is_empty() {
        return Markup::default();
    }
    html! {
        p { "These differ, and " code { "ignoreChanges" } " leaves them alone." }
        ul.list {
            @for (address, path) in &plan.ignored {
                li {
                    span.name { (address) } " "
                    (shown_path(path)) " "
                    (line_of(plan, address, path, page_of))
                }
            }
        }
    }
}

/// Tells how this very plan is applied.
pub(super) fn apply(review: &Review<'_>) -> Markup {
    let Some(command) = review.command else {
        return Markup::default();
    };
    html! {
        p { "This command applies exactly this plan, and nothing if the plan has changed meanwhile." }
        div.copied {
            pre.command tabindex="0" aria-label="The command that applies this plan" { code { (visible(command)) } }
            // It shows itself where there is JavaScript to serve it.
            button type="button" data-copy hidden { "Copy" }
        }
        @if let Some(digest) = review.digest {
            dl.digest {
                dt { "Digest" }
                dd { code { (digest) } }
            }
        }
    }
}

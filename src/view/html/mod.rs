//! The plan as one page of HTML that needs nothing beside it.
//!
//! The page loads nothing, not even from its own folder, and a policy in its head forbids that it
//! ever does. Only the filter needs JavaScript; without it everything is shown.

mod changes;
mod fields;
mod graph;
mod layout;
mod rest;
mod svg;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::model::{Address, Counts, FieldPath, SourceLine, told_diagnostics, visible};
use crate::review::{Item, Review, Risk};

use super::markdown::Link;
use super::words::{self, Part, Tense};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// How many resources a row of the table of risks names.
const NAMED_PER_RISK: usize = 12;

/// Renders a plan as an HTML page; the same plan gives the same bytes.
pub fn render(review: &Review<'_>, page_of: Option<Link<'_>>) -> String {
    let sections = sections(review, page_of);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(review))
            body {
                a.skip href="#content" { "Skip to the plan" }
                (banner(review))
                (navigation(&sections))
                main #content {
                    @for notice in words::caveats(review.plan) {
                        p.notice { (notice) }
                    }
                    @for Section { id, title, body, .. } in &sections {
                        section id=(id) aria-labelledby={ (id) "-title" } {
                            h2 id={ (id) "-title" } { (title) }
                            (body)
                        }
                    }
                }
                footer { p { "Made by gwplan " (env!("CARGO_PKG_VERSION")) ". This page loads nothing and sends nothing." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// A part of the page that the navigation names.
struct Section {
    id: &'static str,
    title: &'static str,
    count: Option<usize>,
    body: Markup,
}

/// Lists the sections that have something to say, in their order.
fn sections(review: &Review<'_>, page_of: Option<Link<'_>>) -> Vec<Section> {
    let plan = review.plan;
    let section = |id, title, count, body| Section {
        id,
        title,
        count: Some(count).filter(|count| *count > 0),
        body,
    };
    let ignored = rest::ignored(plan, page_of);
    let sections = [
        section("risks", "Risks", 0, risks(review)),
        section(
            "policy",
            "Policy",
            review.policy.len(),
            rest::policy(review.policy, page_of),
        ),
        section(
            "warnings",
            "Errors and warnings",
            plan.diagnostics.len(),
            rest::diagnostics(&told_diagnostics(&plan.diagnostics), page_of),
        ),
        section(
            "changes",
            "Changes",
            review.items.len(),
            changes::render(review, page_of),
        ),
        section("moves", "Moves", plan.moves.len(), rest::moves(plan)),
        section("graph", "Dependencies", 0, graph::render(review)),
        section(
            "drift",
            "Changed outside gwplan",
            plan.drift.len(),
            rest::drift(plan, page_of),
        ),
        section(
            "ignored",
            "Ignored differences",
            plan.ignored.len(),
            ignored,
        ),
        section("apply", "Apply", 0, rest::apply(review)),
    ];
    let said = sections.into_iter();
    said.filter(|section| !section.body.0.is_empty()).collect()
}

fn navigation(sections: &[Section]) -> Markup {
    html! {
        @if !sections.is_empty() {
            nav aria-label="Sections" {
                ul {
                    @for Section { id, title, count, .. } in sections {
                        li { a href={ "#" (id) } { (title) @if let Some(count) = count { " " span { (count) } } } }
                    }
                }
            }
        }
    }
}

fn head(review: &Review<'_>) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let environment = review.environment().map(visible);
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title {
                "gwplan: " (headline(review))
                @if let Some(environment) = &environment { " (" (environment) ")" }
            }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Names a script or a style by its content, as a Content-Security-Policy does.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Says in a sentence what the plan does.
fn headline(review: &Review<'_>) -> String {
    if review.plan.is_empty() {
        "No changes".to_owned()
    } else {
        format!("This plan {}", words::verdict(&review.verdict))
    }
}

fn banner(review: &Review<'_>) -> Markup {
    let verdict = &review.verdict;
    let blocked = verdict.barrier.map(|_| "blocked");
    html! {
        header class={ "banner " (verdict.risk.word()) " " (blocked.unwrap_or_default()) } {
            div {
                p.project {
                    span { "gwplan plan" }
                    @if let Some(environment) = review.environment() {
                        span.environment { span.unseen { "environment " } bdi { (visible(environment)) } }
                    }
                }
                h1 { (headline(review)) "." }
                @if let Some(barrier) = verdict.barrier {
                    p.barrier { "It " (words::barrier(barrier)) "." }
                }
                @if review.plan.is_empty() {
                    p { (unchanged(review)) }
                } @else {
                    ul.counts { (counts(&verdict.counts, review.plan.unchanged.len())) }
                }
            }
        }
    }
}

fn unchanged(review: &Review<'_>) -> String {
    let kept = words::plural(review.plan.unchanged.len(), "gateway");
    if review.plan.refreshed {
        format!("The cloud matches the files: {kept}.")
    } else {
        format!("The files match the state: {kept}. The cloud was not asked.")
    }
}

fn counts(counts: &Counts, unchanged: usize) -> Markup {
    let mut counted = words::counts(counts, Tense::Planned);
    counted.extend((unchanged > 0).then_some((unchanged, "unchanged")));
    html! {
        @for (number, what) in counted {
            li { b { (number) } " " (what) }
        }
    }
}

fn risks(review: &Review<'_>) -> Markup {
    if review.items.is_empty() {
        return Markup::default();
    }
    let bearing = |risk: Risk| -> Vec<&Item<'_>> {
        let items = review.items.iter();
        items.filter(|item| item.risk == risk).collect()
    };
    html! {
        table.risks {
            thead { tr { th scope="col" { "Risk" } th scope="col" { "Gateways" } th scope="col" { "What is at stake" } th scope="col" { "Which" } } }
            tbody {
                @for risk in Risk::ALL {
                    @let items = bearing(risk);
                    @if !items.is_empty() {
                        tr {
                            th scope="row" { span class={ "badge " (risk.word()) } { (words::risk(risk)) } }
                            td.number { (items.len()) }
                            td.quiet { (at_stake(risk)) }
                            td { span.which { (which(&items)) } }
                        }
                    }
                }
            }
        }
    }
}

fn which(items: &[&Item<'_>]) -> Markup {
    html! {
        @for item in items.iter().take(NAMED_PER_RISK) {
            @let portrait = words::portrait(item);
            span {
                a.name href={ "#" (id_of(&item.step.address)) } { (item.step.address.name()) }
                @if !portrait.is_empty() { " " span.quiet { (sentence(&portrait)) } }
            }
        }
        @if items.len() > NAMED_PER_RISK {
            a href="#changes" { "and " (items.len() - NAMED_PER_RISK) " more" }
        }
    }
}

fn at_stake(risk: Risk) -> &'static str {
    match risk {
        Risk::Destroy => "The gateway is gone for good, and its id with it.",
        Risk::LosesAddress => "Whoever comes in by the public address doesn't get in any more.",
        Risk::Shrinks => "It carries less than before: what it serves may be too much for it.",
        Risk::Replace => "Another gateway, with another id, takes its place.",
        Risk::LiftsProtection => {
            "What kept it from being destroyed, or from being changed, is taken away."
        }
        Risk::Cost => "What is paid to the vendor changes.",
        Risk::Safe | Risk::None => "Nothing is lost, and nothing more is paid for.",
    }
}

/// Names the element that tells about a resource's change.
fn id_of(address: &Address) -> String {
    format!("change-{address}")
}

/// Shows a sentence; what comes from elsewhere, and what stands between backticks, looks like code.
fn sentence(parts: &[Part]) -> Markup {
    html! {
        @for part in parts {
            @match part {
                Part::Word(word) => code { (visible(word)) },
                Part::Words(words) => (prose(words)),
            }
        }
    }
}

/// Shows words, and what stands between backticks as code.
fn prose(words: &str) -> Markup {
    let words = visible(words);
    html! {
        @for (at, piece) in words.split('`').enumerate() {
            @if at % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// Shows a path; where there is little room, it goes on under itself after a dot.
fn path(path: &FieldPath) -> Markup {
    let text = path.to_string();
    html! {
        code {
            @for (at, part) in visible(&text).split('.').enumerate() {
                @if at > 0 { "." wbr; }
                (part)
            }
        }
    }
}

/// Shows a line of the files, as a link where there is a page that shows it.
fn line(line: &SourceLine, page_of: Option<Link<'_>>) -> Markup {
    let shown = line.to_string();
    // Whatever makes the addresses, none of them is a script.
    let page = page_of
        .and_then(|page_of| page_of(line))
        .filter(|page| page.starts_with("https://") || page.starts_with("http://"));
    html! {
        @if let Some(page) = page {
            a href=(page) rel="noopener noreferrer" { code { (visible(&shown)) } }
        } @else {
            code { (visible(&shown)) }
        }
    }
}

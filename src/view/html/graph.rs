//! What depends on what, drawn and told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use maud::{Markup, html};

use crate::model::Address;
use crate::plan::Loss;
use crate::review::{Group, Item, Review};

use super::super::words;
use super::layout::Layout;
use super::svg;

/// How many boxes are drawn; more than that can't be taken in.
const MAX_NODES: usize = 60;

/// What each resource comes after.
type Edges<'a> = BTreeMap<&'a Address, BTreeSet<&'a Address>>;

/// Renders the graph and the same as text; nothing where nothing depends on anything.
pub(super) fn render(review: &Review<'_>) -> Markup {
    let edges = edges(review);
    if edges.is_empty() {
        return Markup::default();
    }
    let nodes: BTreeSet<&Address> = edges
        .iter()
        .flat_map(|(address, before)| before.iter().chain([address]))
        .copied()
        .collect();
    let items: BTreeMap<&Address, &Item<'_>> = review
        .items
        .iter()
        .map(|item| (&item.step.address, item))
        .collect();
    let drawn = drawn(&nodes, &edges, &items);
    let shown: Edges<'_> = edges
        .iter()
        .filter(|(address, _)| drawn.contains(*address))
        .map(|(address, before)| {
            let before = before.iter().copied();
            (*address, before.filter(|one| drawn.contains(one)).collect())
        })
        .collect();
    let layout = Layout::of(&drawn, &shown);
    html! {
        p.quiet { (explained(nodes.len(), drawn.len(), review)) }
        @if let Some(layout) = layout {
            div.graph tabindex="0" role="region" aria-label="The dependencies, drawn; the list below says the same" {
                (svg::render(&layout, &items))
            }
        }
        details.plain {
            summary { "The same as a list" }
            ul {
                @for (address, before) in &edges {
                    li {
                        span.name { (address) } " comes after "
                        @for (at, one) in before.iter().enumerate() {
                            @if at > 0 { ", " }
                            span.name { (one) }
                        }
                    }
                }
            }
        }
    }
}

/// Collects what the plan knows of dependencies: what its steps depend on, and what depends on what it
/// destroys.
fn edges<'a>(review: &Review<'a>) -> Edges<'a> {
    let mut edges = Edges::new();
    for item in &review.items {
        let step = item.step;
        if !step.depends_on.is_empty() {
            let before = edges.entry(&step.address).or_default();
            before.extend(&step.depends_on);
        }
        for loss in &step.losses {
            let Loss::Dependants(dependants) = loss else {
                continue;
            };
            for dependant in dependants {
                edges.entry(dependant).or_default().insert(&step.address);
            }
        }
    }
    edges
}

/// Chooses what is drawn: everything, or what is dangerous with its neighbours.
fn drawn<'a>(
    nodes: &BTreeSet<&'a Address>,
    edges: &Edges<'a>,
    items: &BTreeMap<&Address, &Item<'_>>,
) -> BTreeSet<&'a Address> {
    if nodes.len() <= MAX_NODES {
        return nodes.clone();
    }
    let dangerous = |address: &Address| {
        let item = items.get(address);
        item.is_some_and(|item| item.group == Group::Danger)
    };
    let mut chosen = BTreeSet::new();
    for (address, before) in edges {
        for one in before {
            if dangerous(address) || dangerous(one) {
                chosen.extend([*address, *one]);
            }
        }
    }
    let rest = nodes.iter().copied().filter(|node| !chosen.contains(node));
    let rest: Vec<&Address> = rest.collect();
    chosen.into_iter().chain(rest).take(MAX_NODES).collect()
}

fn explained(nodes: usize, drawn: usize, review: &Review<'_>) -> String {
    let mut text =
        "What is further left is done first; what is destroyed goes the other way round. \
                    A dashed box stays as it is."
            .to_owned();
    if drawn < nodes {
        let _ = write!(
            text,
            " Of {nodes} gateways {drawn} are drawn, the dangerous ones and their neighbours first; the list has all of them."
        );
    }
    let alone = review.items.len() + review.plan.unchanged.len();
    let alone = alone.saturating_sub(nodes);
    if alone > 0 {
        let others = words::plural(alone, "gateway");
        let _ = write!(text, " What has no part in this is not shown: {others}.");
    }
    text
}

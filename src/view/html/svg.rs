//! Draws a graph that is laid out.

use std::collections::BTreeMap;
use std::fmt::Write;

use maud::{Markup, html};

use crate::model::Address;
use crate::review::Item;

use super::super::words;
use super::changes::kind;
use super::id_of;
use super::layout::{Layout, Placed};

/// Draws it; what changes has the colour and the sign of its action, and leads to it.
pub(super) fn render(layout: &Layout<'_>, items: &BTreeMap<&Address, &Item<'_>>) -> Markup {
    let (width, height) = layout.size;
    html! {
        svg width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="img" aria-label="A graph of what depends on what" {
            defs {
                marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" {
                    path d="M0 0 L8 4 L0 8 z" {}
                }
            }
            @for points in &layout.arrows {
                path d=(curve(points)) marker-end="url(#arrow)" {}
            }
            @for placed in &layout.boxes {
                @match items.get(placed.address) {
                    Some(item) => a href={ "#" (id_of(placed.address)) } { (drawn(placed, Some(item))) },
                    None => (drawn(placed, None)),
                }
            }
        }
    }
}

fn drawn(placed: &Placed<'_>, item: Option<&Item<'_>>) -> Markup {
    let Placed {
        address,
        label,
        at: (x, y),
        size: (width, height),
    } = placed;
    let step = item.map(|item| item.step);
    let kind = step.map_or("neighbour", |step| kind(step.action));
    let becomes = step.map_or("stays as it is", words::headline);
    html! {
        g class=(kind) {
            title { (address) " " (becomes) }
            rect x=(x) y=(y) width=(width) height=(height) rx="6" {}
            @if let Some(step) = step {
                text.mark x=(x + 16) y=(y + 20) text-anchor="middle" { (words::sign(step)) }
            }
            text x=(x + 31) y=(y + 20) { (label) }
        }
    }
}

/// Joins points by a line that leaves and enters each of them level.
fn curve(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    let mut last = None;
    for (x, y) in points {
        match last {
            None => {
                let _ = write!(path, "M{x} {y}");
            }
            Some((from, before)) => {
                let bend = (x - from) / 2;
                let _ = write!(path, " C{} {before} {} {y} {x} {y}", from + bend, x - bend);
            }
        }
        last = Some((*x, *y));
    }
    path
}

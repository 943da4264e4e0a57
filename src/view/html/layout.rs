//! Places the boxes of a graph in columns, so that every arrow leads to the right.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;

use crate::model::Address;

/// The height of a box, and of the row that a long arrow keeps free.
const BOX: i32 = 30;
const ROW_GAP: i32 = 14;
const COLUMN_GAP: i32 = 64;
const MARGIN: i32 = 4;
/// The width of a character, and of what surrounds the text of a box.
const CHARACTER: i32 = 8;
const PADDING: i32 = 40;
/// How many characters of a name are shown.
const MAX_CHARS: usize = 28;
/// How often columns are sorted anew by what they are joined to; the last time from the left.
const ROUNDS: usize = 5;

/// Holds where everything is drawn.
pub(super) struct Layout<'a> {
    /// The boxes.
    pub(super) boxes: Vec<Placed<'a>>,
    /// The points that each arrow goes through, from the right side of a box to the left side of another.
    pub(super) arrows: Vec<Vec<(i32, i32)>>,
    /// The size of the whole.
    pub(super) size: (i32, i32),
}

/// Holds where one box is drawn.
pub(super) struct Placed<'a> {
    /// The resource.
    pub(super) address: &'a Address,
    /// What is written in it.
    pub(super) label: String,
    /// Its left upper corner.
    pub(super) at: (i32, i32),
    /// Its size.
    pub(super) size: (i32, i32),
}

/// A place in a column: that of a box, or that of an arrow that goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Box(usize),
    /// The arrow by its number, and the column.
    Pass(usize, usize),
}

impl<'a> Layout<'a> {
    /// Lays a graph out; nothing where it turns in a circle.
    pub(super) fn of(
        nodes: &BTreeSet<&'a Address>,
        before: &BTreeMap<&'a Address, BTreeSet<&'a Address>>,
    ) -> Option<Self> {
        let nodes: Vec<&Address> = nodes.iter().copied().collect();
        let numbers: BTreeMap<&Address, usize> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (*node, at))
            .collect();
        let edges: Vec<(usize, usize)> = before
            .iter()
            .flat_map(|(to, before)| before.iter().map(move |from| (*from, *to)))
            .map(|(from, to)| (numbers[from], numbers[to]))
            .collect();
        let columns = columns(nodes.len(), &edges)?;
        let chains = chains(&edges, &columns);
        let slots = ordered(slots(&columns, &chains), &chains);
        Some(place(&nodes, &slots, &chains))
    }
}

/// Gives each node the first column that is right of all that it comes after.
fn columns(count: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    let mut graph: DiGraphMap<usize, ()> = DiGraphMap::from_edges(edges);
    for node in 0..count {
        graph.add_node(node);
    }
    let mut columns = vec![0; count];
    for node in toposort(&graph, None).ok()? {
        for next in graph.neighbors(node) {
            columns[next] = columns[next].max(columns[node] + 1);
        }
    }
    Some(columns)
}

/// Breaks each arrow up, so that it has a place in every column that it goes by.
fn chains(edges: &[(usize, usize)], columns: &[usize]) -> Vec<Vec<Slot>> {
    let chain = |(number, (from, to)): (usize, &(usize, usize))| {
        let between = columns[*from] + 1..columns[*to];
        let passes = between.map(|column| Slot::Pass(number, column));
        let ends = (Slot::Box(*from), Slot::Box(*to));
        [ends.0].into_iter().chain(passes).chain([ends.1]).collect()
    };
    edges.iter().enumerate().map(chain).collect()
}

fn slots(columns: &[usize], chains: &[Vec<Slot>]) -> Vec<Vec<Slot>> {
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let mut slots = vec![Vec::new(); count];
    for (node, column) in columns.iter().enumerate() {
        slots[*column].push(Slot::Box(node));
    }
    for slot in chains.iter().flatten() {
        if let Slot::Pass(_, column) = slot {
            slots[*column].push(*slot);
        }
    }
    slots
}

/// Sorts each column by the middle of what it is joined to, back and forth, so that few arrows cross.
fn ordered(mut slots: Vec<Vec<Slot>>, chains: &[Vec<Slot>]) -> Vec<Vec<Slot>> {
    let mut left: BTreeMap<Slot, Vec<Slot>> = BTreeMap::new();
    let mut right: BTreeMap<Slot, Vec<Slot>> = BTreeMap::new();
    for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
        left.entry(pair[1]).or_default().push(pair[0]);
        right.entry(pair[0]).or_default().push(pair[1]);
    }
    let count = slots.len();
    for round in 0..ROUNDS {
        let forth = round % 2 == 0;
        for step in 1..count {
            let (at, from, joined) = if forth {
                (step, step - 1, &left)
            } else {
                (count - 1 - step, count - step, &right)
            };
            let ranks: BTreeMap<Slot, usize> = slots[from]
                .iter()
                .enumerate()
                .map(|(rank, slot)| (*slot, rank))
                .collect();
            sort_by_middle(&mut slots[at], joined, &ranks);
        }
    }
    slots
}

fn sort_by_middle(
    column: &mut Vec<Slot>,
    joined: &BTreeMap<Slot, Vec<Slot>>,
    ranks: &BTreeMap<Slot, usize>,
) {
    // What is joined to nothing there keeps its place.
    let middle = |(at, slot): (usize, &Slot)| {
        let joined = joined.get(slot).into_iter().flatten();
        let ranks: Vec<usize> = joined.filter_map(|one| ranks.get(one).copied()).collect();
        // In thousandths, for whole numbers sort well.
        (ranks.iter().sum::<usize>() * 1000)
            .checked_div(ranks.len())
            .unwrap_or(at * 1000)
    };
    let mut middles: Vec<(usize, Slot)> = column
        .iter()
        .enumerate()
        .map(|(at, slot)| (middle((at, slot)), *slot))
        .collect();
    middles.sort_by_key(|(middle, _)| *middle);
    *column = middles.into_iter().map(|(_, slot)| slot).collect();
}

/// Turns columns and ranks into points.
fn place<'a>(nodes: &[&'a Address], slots: &[Vec<Slot>], chains: &[Vec<Slot>]) -> Layout<'a> {
    let labels: Vec<String> = nodes.iter().map(|node| label(node.name())).collect();
    let width = |slot: &Slot| match slot {
        Slot::Box(node) => length(labels[*node].chars().count()) * CHARACTER + PADDING,
        Slot::Pass(..) => 0,
    };
    let rows = slots.iter().map(Vec::len).max().unwrap_or_default();
    let height = length(rows) * (BOX + ROW_GAP) - ROW_GAP;
    let mut areas: BTreeMap<Slot, (i32, i32, i32)> = BTreeMap::new();
    let mut x = MARGIN;
    for column in slots {
        let widest = column.iter().map(&width).max().unwrap_or_default();
        let own = length(column.len()) * (BOX + ROW_GAP) - ROW_GAP;
        let mut y = MARGIN + (height - own) / 2;
        for slot in column {
            areas.insert(*slot, (x, y, widest));
            y += BOX + ROW_GAP;
        }
        x += widest + COLUMN_GAP;
    }
    let boxes = areas.iter().filter_map(|(slot, (x, y, width))| match slot {
        Slot::Box(node) => Some(Placed {
            address: nodes[*node],
            label: labels[*node].clone(),
            at: (*x, *y),
            size: (*width, BOX),
        }),
        Slot::Pass(..) => None,
    });
    Layout {
        boxes: boxes.collect(),
        arrows: chains.iter().map(|chain| arrow(chain, &areas)).collect(),
        size: (x - COLUMN_GAP + MARGIN, height + 2 * MARGIN),
    }
}

fn arrow(chain: &[Slot], areas: &BTreeMap<Slot, (i32, i32, i32)>) -> Vec<(i32, i32)> {
    let last = chain.len() - 1;
    let mut points = Vec::new();
    for (at, slot) in chain.iter().enumerate() {
        let (x, y, width) = areas[slot];
        let middle = y + BOX / 2;
        if at > 0 {
            points.push((x, middle));
        }
        if at < last {
            points.push((x + width, middle));
        }
    }
    points
}

fn label(name: &str) -> String {
    if name.chars().count() <= MAX_CHARS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(MAX_CHARS - 1).collect();
    kept + "…"
}

fn length(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address::new("gateway", name).expect("a valid name")
    }

    /// Lays out a graph that is given as pairs: what comes first, and what comes after it.
    fn check(pairs: &[(&str, &str)], check: impl FnOnce(Option<Layout<'_>>)) {
        let pairs: Vec<(Address, Address)> = pairs
            .iter()
            .map(|(from, to)| (address(from), address(to)))
            .collect();
        let mut before: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
        for (from, to) in &pairs {
            before.entry(to).or_default().insert(from);
        }
        let nodes = pairs.iter().flat_map(|(from, to)| [from, to]).collect();
        check(Layout::of(&nodes, &before));
    }

    #[test]
    fn arrows_lead_to_the_right_and_go_around_the_boxes() {
        let pairs = [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d"), ("d", "c")];
        check(&pairs, |layout| {
            let Layout {
                boxes,
                arrows,
                size: (width, height),
            } = layout.expect("no circle");
            assert_eq!((boxes.len(), arrows.len()), (4, 5));
            for points in &arrows {
                assert!(points.is_sorted_by_key(|(x, _)| *x), "{points:?}");
            }
            for Placed { at, size, .. } in &boxes {
                assert!(at.0 + size.0 <= width && at.1 + size.1 <= height);
                let crossed = |(x, y): &(i32, i32)| {
                    at.0 < *x && *x < at.0 + size.0 && at.1 < *y && *y < at.1 + size.1
                };
                assert!(!arrows.iter().flatten().any(crossed));
            }
        });
    }

    #[test]
    fn a_circle_is_not_drawn() {
        check(&[("a", "b"), ("b", "a")], |layout| {
            assert!(layout.is_none());
        });
    }

    #[test]
    fn long_names_are_cut() {
        let long = "n".repeat(90);
        check(&[(&long, "b")], |layout| {
            let labels: Vec<usize> = layout
                .iter()
                .flat_map(|layout| &layout.boxes)
                .map(|placed| placed.label.chars().count())
                .collect();
            assert_eq!(labels, [1, MAX_CHARS]);
        });
    }
}

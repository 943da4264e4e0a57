//! References between resources: what doesn't exist, and what turns in a circle.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::model::{Address, Desired, Diagnostic, Location};
use crate::schema::suggest;

/// How many unknown references are compared with every address: beyond that it would take long, and
/// the fault is likely one and the same.
const MAX_SUGGESTIONS: usize = 100;

/// Holds where each `dependsOn` entry of a resource stands, in their order.
pub(super) type ReferencePlaces = BTreeMap<Address, Vec<Location>>;

/// Checks that every reference leads to a resource and that none lead back to their start.
pub(super) fn check_references(
    desired: &BTreeMap<Address, Desired>,
    places: &ReferencePlaces,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut graph = DiGraphMap::<&Address, ()>::new();
    let mut suggestions = 0;
    for resource in desired.values() {
        let own = places.get(&resource.address).into_iter().flatten();
        for (target, location) in resource.depends_on.iter().zip(own) {
            if let Some((target, _)) = desired.get_key_value(target) {
                graph.add_edge(&resource.address, target, ());
            } else {
                suggestions += 1;
                let known = (suggestions <= MAX_SUGGESTIONS).then_some(desired);
                diagnostics.push(unknown_reference(target, known, location));
            }
        }
    }
    for component in tarjan_scc(&graph) {
        let turns =
            component.len() > 1 || component.iter().any(|node| graph.contains_edge(node, node));
        if turns {
            diagnostics.push(cycle(&graph, &component, desired, places));
        }
    }
}

fn unknown_reference(
    target: &Address,
    known: Option<&BTreeMap<Address, Desired>>,
    location: &Location,
) -> Diagnostic {
    let known = known.into_iter().flat_map(BTreeMap::keys);
    let names: Vec<String> = known.map(Address::to_string).collect();
    let help = match suggest(&target.to_string(), names.iter().map(String::as_str)) {
        Some(word) => format!("did you mean `{word}`?"),
        None => {
            "name the address of a resource in these files, for example gateway.NAME".to_owned()
        }
    };
    Diagnostic::error("unknown-reference", format!("`{target}` does not exist"))
        .help(help)
        .at(Some(location.clone()))
}

/// Names one cycle, beginning at its smallest address so that the same input gives the same words.
fn cycle(
    graph: &DiGraphMap<&Address, ()>,
    component: &[&Address],
    desired: &BTreeMap<Address, Desired>,
    places: &ReferencePlaces,
) -> Diagnostic {
    let walk = shortest_cycle(graph, component);
    let names: Vec<String> = walk.iter().map(ToString::to_string).collect();
    let location = walk.first().zip(walk.get(1)).and_then(|(from, to)| {
        let position = desired
            .get(*from)?
            .depends_on
            .iter()
            .position(|target| target == *to)?;
        places.get(*from)?.get(position).cloned()
    });
    Diagnostic::error(
        "dependency-cycle",
        format!("dependency cycle: {}", names.join(" → ")),
    )
    .help("none of these can be created first: remove one of the references")
    .at(location)
}

/// Walks the shortest way from the smallest address of a component back to itself.
fn shortest_cycle<'a>(
    graph: &DiGraphMap<&'a Address, ()>,
    component: &[&'a Address],
) -> Vec<&'a Address> {
    let Some(start) = component.iter().copied().min() else {
        return Vec::new();
    };
    let mut came_from: BTreeMap<&Address, &Address> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<&Address> = graph.neighbors(node).collect();
        next.sort();
        for target in next {
            if target == start {
                let mut walk = vec![start];
                let mut at = node;
                while at != start {
                    walk.push(at);
                    at = came_from[at];
                }
                walk.push(start);
                walk.reverse();
                return walk;
            }
            if !came_from.contains_key(target) {
                came_from.insert(target, node);
                queue.push_back(target);
            }
        }
    }
    vec![start]
}

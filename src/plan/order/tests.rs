//! The order over random graphs and actions, played through as the engine does.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::model::{Attributes, Identity};
use crate::plan::{Reason, Step};
use crate::state::Record;

/// What is to be done about one resource, as far as the order goes.
#[derive(Clone, Debug)]
struct Part {
    action: Action,
    creates_first: bool,
    /// Whether the cloud is deleting the old one already.
    leaving: bool,
    /// What it depends on by the files, and by the record.
    wants: Vec<usize>,
    had: Vec<usize>,
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Replace,
        Action::Delete,
        Action::AwaitCreate,
        Action::AwaitDelete,
        Action::Forget,
    ])
}

/// Parts whose references, of the files and of the records, have no cycle, each in an order of its own.
fn parts() -> impl Strategy<Value = Vec<Part>> {
    (1..8_usize).prop_flat_map(|count| {
        let ranks: Vec<usize> = (0..count).collect();
        let ranks = || Just(ranks.clone()).prop_shuffle();
        let edges = || vec(vec(prop::bool::weighted(0.4), count), count);
        let acts = vec((action(), any::<bool>(), prop::bool::weighted(0.1)), count);
        (acts, ranks(), edges(), ranks(), edges()).prop_map(
            |(acts, wanted_rank, wants, had_rank, had)| {
                let below = |at: usize, rank: &[usize], edges: &[Vec<bool>]| {
                    let others = 0..rank.len();
                    others
                        .filter(|other| rank[*other] < rank[at] && edges[at][*other])
                        .collect()
                };
                let acts = acts.into_iter().enumerate();
                acts.map(|(at, (action, creates_first, leaving))| Part {
                    action,
                    creates_first,
                    leaving: leaving && action == Action::Replace,
                    wants: below(at, &wanted_rank, &wants),
                    had: below(at, &had_rank, &had),
                })
                .collect()
            },
        )
    })
}

fn address(at: usize) -> Address {
    Address::new("gateway", &format!("g{at}")).expect("a valid name")
}

fn world(parts: &[Part]) -> (Plan, State) {
    let (mut plan, mut state) = (Plan::default(), State::new());
    for (at, part) in parts.iter().enumerate() {
        let addresses = |all: &[usize]| all.iter().map(|at| address(*at)).collect::<Vec<_>>();
        let makes = !matches!(
            part.action,
            Action::Delete | Action::AwaitDelete | Action::Forget
        );
        let existing = (part.action != Action::Create).then(|| Identity {
            region: "ap-guangzhou".to_owned(),
            id: format!("gateway-{at}"),
        });
        if existing.is_some() {
            let status = if part.leaving {
                Status::Deleting
            } else {
                Status::Ready
            };
            state
                .resources
                .insert(address(at), record(at, status, addresses(&part.had)));
        }
        let depends_on = addresses(if makes { &part.wants } else { &part.had });
        plan.steps.push(step(at, part, existing, depends_on));
    }
    (plan, state)
}

fn record(at: usize, status: Status, depends_on: Vec<Address>) -> Record {
    Record {
        kind: "gateway".to_owned(),
        id: format!("gateway-{at}"),
        task_id: None,
        status,
        cloud_status: String::new(),
        region: "ap-guangzhou".to_owned(),
        depends_on,
        prevent_destroy: false,
        ignore_changes: Some(Vec::new()),
        source: None,
        applied: Attributes::new(),
        observed: Attributes::new(),
        outputs: Attributes::new(),
        made_for: None,
        successor: None,
    }
}

fn step(at: usize, part: &Part, existing: Option<Identity>, depends_on: Vec<Address>) -> Step {
    Step {
        address: address(at),
        action: part.action,
        reason: Reason::Differs,
        region: "ap-guangzhou".to_owned(),
        existing,
        before: Attributes::new(),
        after: Attributes::new(),
        changes: Vec::new(),
        calls: Vec::new(),
        calls_before_delete: Vec::new(),
        create_before_destroy: part.creates_first && !part.leaving,
        owned: false,
        namesakes: Vec::new(),
        seen: None,
        losses: Vec::new(),
        depends_on,
        prevent_destroy: false,
        ignore_changes: Vec::new(),
        successor: None,
        after_steps: Vec::new(),
    }
}

/// Plays a plan through: of all halves that may begin, the one that `pick` says. Returns the moment at
/// which each half ended.
fn played(plan: &Plan, mut pick: impl FnMut(usize) -> usize) -> HashMap<(usize, Half), usize> {
    let mut ended: HashMap<(usize, Half), usize> = HashMap::new();
    loop {
        let halves = plan.steps.iter().enumerate();
        let halves =
            halves.flat_map(|(at, step)| step.halves().iter().map(move |half| (at, *half)));
        let free: Vec<(usize, Half)> = halves
            .filter(|node| !ended.contains_key(node))
            .filter(|(at, half)| {
                let step = &plan.steps[*at];
                let before = step.halves().iter().take_while(|one| *one != half);
                let mut own = before.map(|one| (*at, *one));
                let mut others = step.after_steps.iter();
                own.all(|node| ended.contains_key(&node))
                    && others
                        .all(|one| one.half != *half || ended.contains_key(&(one.step, one.ended)))
            })
            .collect();
        if free.is_empty() {
            return ended;
        }
        let now = ended.len();
        ended.insert(free[pick(free.len())], now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        rng_seed: prop::test_runner::RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_goes_while_it_is_needed_and_nothing_comes_before_what_it_needs(
        parts in parts(),
        picks in vec(any::<prop::sample::Index>(), 20),
    ) {
        let (mut plan, state) = world(&parts);
        link(&mut plan, &state).expect("references without a cycle");
        let mut picks = picks.iter().cycle();
        let ended = played(&plan, |count| picks.next().expect("endless").index(count));

        let all: usize = plan.steps.iter().map(|step| step.halves().len()).sum();
        prop_assert_eq!(ended.len(), all, "halves wait for each other: {:?}", plan.steps);
        for (at, part) in parts.iter().enumerate() {
            let step = &plan.steps[at];
            if step.has(Half::Make) {
                for target in part.wants.iter().filter(|target| plan.steps[**target].has(Half::Make)) {
                    prop_assert!(
                        ended[&(*target, Half::Make)] < ended[&(at, Half::Make)],
                        "g{at} is made before g{target}, which it depends on"
                    );
                }
            }
            if part.action == Action::Create {
                continue;
            }
            for target in &part.had {
                let gone = &plan.steps[*target];
                let is_leaving = parts[*target].leaving || gone.action == Action::AwaitDelete;
                if !gone.has(Half::Unmake) || is_leaving {
                    continue;
                }
                let goes = ended[&(*target, Half::Unmake)];
                if step.has(Half::Unmake) {
                    prop_assert!(ended[&(at, Half::Unmake)] < goes, "g{target} goes before g{at}, which depends on it");
                } else if !part.wants.contains(target) {
                    prop_assert!(ended[&(at, Half::Make)] < goes, "g{target} goes before g{at} is rid of it");
                }
            }
        }
        // Who asked to be made first is made first.
        for (at, part) in parts.iter().enumerate() {
            if part.action == Action::Replace && part.creates_first && !part.leaving {
                prop_assert!(ended[&(at, Half::Make)] < ended[&(at, Half::Unmake)]);
            }
        }
    }
}

#[test]
fn a_dependency_of_what_is_created_first_is_created_first_too_and_that_is_said() {
    let replaced = |creates_first, wants: Vec<usize>| Part {
        action: Action::Replace,
        creates_first,
        leaving: false,
        had: wants.clone(),
        wants,
    };
    let (mut plan, state) = world(&[replaced(false, vec![]), replaced(true, vec![0])]);
    link(&mut plan, &state).expect("an order");
    assert!(plan.steps.iter().all(|step| step.create_before_destroy));
    let [warning] = plan.diagnostics.as_slice() else {
        panic!("{:?}", plan.diagnostics)
    };
    assert_eq!(
        warning.summary,
        "gateway.g0 is created anew before the old one is deleted, because gateway.g1, which depends on it, is"
    );
}

#[test]
fn a_state_whose_dependencies_have_a_cycle_is_refused_by_name() {
    let deleted = |had: Vec<usize>| Part {
        action: Action::Delete,
        creates_first: false,
        leaving: false,
        wants: vec![],
        had,
    };
    let (mut plan, state) = world(&[deleted(vec![1]), deleted(vec![0]), deleted(vec![])]);
    let fault = link(&mut plan, &state).expect_err("a cycle");
    assert_eq!(
        fault.to_string(),
        "the dependencies in the state have a cycle: gateway.g0, gateway.g1"
    );
}

//! Recovery itself, killed at each point.

use crate::points::{Base, Scenario};
use crate::wish::{SUBNETS, Wish};

/// The points that only recovery has.
pub(crate) const STRUCK: &[&str] = &[
    "how requests have ended is known, and not yet recorded",
    "what a request has done is looked at",
];

/// The point that a run passes where the list no longer shows what was being deleted.
pub(crate) const TAKEN_UP: &[&str] = &["a resource is asked for by its id"];

fn recover(name: &str, base: Base, cut: &str, wishes: &[Wish], creates: u64) {
    Scenario {
        name,
        base,
        files: (wishes, ""),
        cut: Some(cut),
        run: &["recover"],
        wishes,
        creates,
        struck: STRUCK,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn recovery_of_creates() {
    let mut last = Wish::new("c").tagged(12, "v");
    last.protected = true;
    let wishes = [Wish::new("a"), Wish::new("b"), last];
    recover(
        "recovery of creates",
        Base::of(&[]),
        "2 an answer is there",
        &wishes,
        3,
    );
}

#[test]
fn recovery_of_a_create_that_was_not_sent() {
    recover(
        "recovery of a create that was not sent",
        Base::of(&[]),
        "1 a request leaves",
        &[Wish::new("a")],
        1,
    );
}

#[test]
fn recovery_of_a_create_that_half_a_record_tells() {
    recover(
        "recovery of a create that half a record tells",
        Base::of(&[]),
        "3 half a record is written",
        &[Wish::new("a")],
        1,
    );
}

#[test]
fn recovery_of_an_update() {
    let mut after = Wish::new("a").tagged(1, "v");
    after.bandwidth = Some(7);
    recover(
        "recovery of an update",
        Base::of(&[Wish::new("a")]),
        "1 an answer is there",
        &[after],
        0,
    );
}

#[test]
fn recovery_of_a_delete() {
    recover(
        "recovery of a delete",
        Base::of(&[Wish::new("a"), Wish::new("b")]),
        "1 an answer is there",
        &[Wish::new("a")],
        0,
    );
}

#[test]
fn recovery_of_a_successor() {
    let mut old = Wish::new("a");
    old.creates_first = true;
    let mut new = old.clone();
    new.subnet = SUBNETS[1];
    recover(
        "recovery of a successor",
        Base::of(&[old]),
        "1 an answer is there",
        &[new],
        1,
    );
}

#[test]
fn an_apply_that_takes_up_creates() {
    let wishes = [Wish::new("a"), Wish::new("b").tagged(12, "v")];
    Scenario {
        name: "an apply that takes up creates",
        files: (&wishes, ""),
        cut: Some("2 an answer is there"),
        wishes: &wishes,
        creates: 2,
        struck: STRUCK,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn an_apply_that_takes_up_a_delete() {
    let all = [Wish::new("a"), Wish::new("b")];
    let wishes = &all[..1];
    Scenario {
        name: "an apply that takes up a delete",
        base: Base::of(&all),
        files: (wishes, ""),
        cut: Some("1 a round of questions is over"),
        wishes,
        struck: TAKEN_UP,
        ..Scenario::default()
    }
    .strike_all();
}

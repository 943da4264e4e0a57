//! What people do with gateways, killed at each point.

use std::thread::sleep;
use std::time::Duration;

use crate::check::{self, Faults};
use crate::points::{Base, Scenario, apply_again};
use crate::recovery;
use crate::support::Project;
use crate::wish::{SUBNETS, Wish};

/// All points that some scenario must strike.
pub(crate) const STRUCK: &[&[&str]] = &[
    CREATE,
    UPDATE,
    TOGETHER,
    IMPORT,
    IMPORT_OUT,
    GIVE_UP,
    ORPHAN,
    recovery::STRUCK,
    NETWORK,
    recovery::TAKEN_UP,
];

const CREATE: &[&str] = &[
    "a file has taken its place",
    "a file is made beside its place",
    "a file is synced beside its place",
    "a file is written beside its place",
    "a list is read",
    "a record is synced",
    "a record is written, and not synced",
    "a request is let through",
    "a request leaves",
    "a round of questions is over",
    "an answer is there",
    "before a record",
    "half a file is written beside its place",
    "half a record is written",
    "tags leave",
    "tags to set are answered",
    "tags to set leave",
    "the journal is removed",
    "the journal is there, and empty",
    "the lock is taken",
    "the lock names its holder",
    "the lock names nobody any more",
    "the name in the lock is synced",
    "the name of a file is synced",
    "the name of the journal is synced",
    "the state is written, its journal not yet removed",
    "the tag service has answered",
];
const UPDATE: &[&str] = &[
    "tags to take off are answered",
    "tags to take off leave",
    "what a change needs to know is answered",
    "what is to be changed is looked at once more",
];
const TOGETHER: &[&str] = &[
    "those that may be gone are asked for once more",
    "what is to be changed is looked at together with others",
];
const NETWORK: &[&str] = &["what no list shows is read"];
const IMPORT: &[&str] = &[
    "an owner tag is answered",
    "an owner tag leaves",
    "what is to be taken over is looked up",
];
const IMPORT_OUT: &[&str] = &[
    "a new file has its name",
    "the name of a new file is synced",
];
const GIVE_UP: &[&str] = &[
    "an owner tag is about to be taken off",
    "an owner tag is taken off",
];
const ORPHAN: &[&str] = &[
    "the delete of an orphan is answered",
    "the delete of an orphan leaves",
];

fn three() -> Vec<Wish> {
    let mut protected = Wish::new("b").tagged(12, "v");
    protected.protected = true;
    vec![Wish::new("a"), protected, Wish::new("c").after("a")]
}

#[test]
fn create() {
    let wishes = three();
    Scenario {
        name: "create",
        files: (&wishes, ""),
        wishes: &wishes,
        creates: 3,
        struck: CREATE,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn update() {
    let mut before = Wish::new("a").tagged(3, "old");
    before.description = "before";
    let mut after = Wish::new("a").tagged(2, "new");
    after.name = "renamed".to_owned();
    after.description = "after";
    after.bandwidth = Some(7);
    after.nodes = 3;
    let wishes = [after];
    Scenario {
        name: "update",
        base: Base::of(&[before]),
        files: (&wishes, ""),
        wishes: &wishes,
        struck: UPDATE,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn update_of_a_network() {
    let mut wider = Wish::new("a");
    wider.bandwidth = Some(5);
    let mut closed = Wish::new("b");
    closed.bandwidth = Some(5);
    closed.protected = true;
    let base = Base::of(&[wider.clone(), closed.clone()]);
    wider.bandwidth = Some(9);
    closed.bandwidth = None;
    closed.protected = false;
    let wishes = [wider, closed];
    Scenario {
        name: "update of a network",
        base,
        files: (&wishes, ""),
        wishes: &wishes,
        struck: NETWORK,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn delete() {
    let all = [Wish::new("a"), Wish::new("b").after("a"), Wish::new("c")];
    let wishes = &all[2..];
    Scenario {
        name: "delete",
        base: Base::of(&all),
        files: (wishes, ""),
        wishes,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn destroy() {
    let all = [Wish::new("a"), Wish::new("b").after("a")];
    let run = &["destroy", "--auto-approve"];
    Scenario {
        name: "destroy",
        base: Base::of(&all),
        files: (&[], ""),
        run,
        again: |project, faults| check::run_well(project, &["destroy", "--auto-approve"], faults),
        ..Scenario::default()
    }
    .strike_all();
}

/// More than a few are looked at together, and confirmed to be gone together.
#[test]
fn destroy_of_many() {
    let all = ["a", "b", "c", "d", "e", "f"].map(Wish::new);
    Scenario {
        name: "destroy of many",
        base: Base::of(&all),
        files: (&[], ""),
        run: &["destroy", "--auto-approve"],
        again: |project, faults| check::run_well(project, &["destroy", "--auto-approve"], faults),
        struck: TOGETHER,
        ..Scenario::default()
    }
    .strike_named();
}

fn replaced(creates_first: bool) -> (Base, Vec<Wish>) {
    let mut old = Wish::new("a").tagged(2, "v");
    old.creates_first = creates_first;
    old.protected = true;
    let follower = Wish::new("b").after("a");
    let base = Base::of(&[old.clone(), follower.clone()]);
    old.subnet = SUBNETS[1];
    old.protected = false;
    (base, vec![old.tagged(12, "v"), follower])
}

fn strike_replacement(name: &str, creates_first: bool) {
    let (base, wishes) = replaced(creates_first);
    Scenario {
        name,
        base,
        files: (&wishes, ""),
        wishes: &wishes,
        creates: 1,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn replace() {
    strike_replacement("replace", false);
}

#[test]
fn replace_that_creates_first() {
    strike_replacement("replace that creates first", true);
}

#[test]
fn moved_and_given_up() {
    let renamed = Wish {
        key: "new".to_owned(),
        ..Wish::new("a")
    };
    let wishes = [renamed];
    Scenario {
        name: "moved and given up",
        base: Base::of(&[Wish::new("a"), Wish::new("b")]),
        files: (
            &wishes,
            "moved: [{ from: gateway.a, to: gateway.new }]\nremoved: [{ from: gateway.b }]\n",
        ),
        wishes: &wishes,
        given_up: &["b"],
        struck: GIVE_UP,
        ..Scenario::default()
    }
    .strike_all();
}

/// Begins with gateways of which the state has forgotten `a`; its id stands in a file.
fn without_a(all: &[Wish]) -> Base {
    Base::with(all, |project| {
        project.write("id-of-a", &project.id("a"));
        project.run(&["state", "rm", "gateway.a"]).well();
    })
}

/// Returns the id of `a`, which the state may not hold.
fn id_of_a(project: &Project) -> String {
    std::fs::read_to_string(project.path("id-of-a")).unwrap()
}

#[test]
fn import() {
    let wishes = [Wish::new("a").tagged(2, "v"), Wish::new("b")];
    let base = without_a(&wishes);
    let id = base.read("id-of-a");
    Scenario {
        name: "import",
        base,
        files: (&wishes, ""),
        run: &["import", "gateway.a", &id],
        twice: false,
        again: import_again,
        wishes: &wishes,
        struck: IMPORT,
        ..Scenario::default()
    }
    .strike_all();
}

/// Imports again, unless the state holds it already.
fn import_again(project: &Project, faults: &mut Faults) {
    if project.record("a").is_null() {
        check::run_well(project, &["import", "gateway.a", &id_of_a(project)], faults);
    }
    apply_again(project, faults);
}

#[test]
fn import_that_writes_the_yaml() {
    let all = [Wish::new("a").tagged(2, "v"), Wish::new("b")];
    let base = without_a(&all);
    let id = base.read("id-of-a");
    Scenario {
        name: "import that writes the YAML",
        base,
        files: (&all[1..], ""),
        run: &["import", "gateway.a", &id, "--out", "a.yaml"],
        twice: false,
        again: |project, faults| {
            if project.record("a").is_null() && !project.path("a.yaml").exists() {
                let id = id_of_a(project);
                check::run_well(
                    project,
                    &["import", "gateway.a", &id, "--out", "a.yaml"],
                    faults,
                );
            }
            import_again(project, faults);
            std::fs::remove_file(project.path("a.yaml")).unwrap();
        },
        wishes: &all,
        struck: IMPORT_OUT,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn state_mv() {
    let renamed = Wish {
        key: "new".to_owned(),
        ..Wish::new("a")
    };
    let wishes = [renamed];
    Scenario {
        name: "state mv",
        base: Base::of(&[Wish::new("a")]),
        files: (&wishes, ""),
        run: &["state", "mv", "gateway.a", "gateway.new"],
        twice: false,
        again: |project, faults| {
            if project.record("new").is_null() {
                check::run_well(
                    project,
                    &["state", "mv", "gateway.a", "gateway.new"],
                    faults,
                );
            }
            apply_again(project, faults);
        },
        wishes: &wishes,
        ..Scenario::default()
    }
    .strike_all();
}

#[test]
fn deleting_an_orphan() {
    let wishes = [Wish::new("b")];
    let base = without_a(&[Wish::new("a"), Wish::new("b")]);
    let id = base.read("id-of-a");
    Scenario {
        name: "deleting an orphan",
        base,
        files: (&wishes, ""),
        run: &["orphans", "--delete", &id, "--auto-approve"],
        again: |project, faults| {
            let id = id_of_a(project);
            // Where it is gone already, this says that there is no such orphan.
            project.run(&["orphans", "--delete", &id, "--auto-approve"]);
            apply_again(project, faults);
            // One whose delete was sent is not an orphan any more, and is gone a moment later.
            sleep(Duration::from_millis(500));
        },
        wishes: &wishes,
        struck: ORPHAN,
        ..Scenario::default()
    }
    .strike_all();
}

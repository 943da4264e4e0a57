//! Disks that are full.

use crate::support::{Cloud, Gateway, fleet, names};

use super::{PROMPT, exactly_once, project};

/// A file may grow to so many blocks of 512 bytes: each limit strikes somewhere else, at the state, in
/// the middle of a record, or only when the journal is folded into the state.
#[test]
fn wherever_the_disk_is_full_nothing_is_lost() {
    std::thread::scope(|scope| {
        // Side by side, because each mostly waits.
        for part in 0..4 {
            scope.spawn(move || {
                for blocks in (part * 2..44).step_by(8) {
                    full_at(blocks, false);
                    full_at(blocks, true);
                }
            });
        }
    });
}

fn full_at(blocks: u32, killed: bool) {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    let names = names(8);
    project.gateways(fleet(&names));
    let run = project.run_within(blocks, killed, &["apply", "--auto-approve"]);
    if !killed && run.code != Some(0) {
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains("can't be written"), "{blocks}: {told}");
    }
    project.apply().well();
    exactly_once(&cloud, &project, &names);
}

#[test]
fn a_destroy_on_a_full_disk_is_brought_to_its_end_later() {
    for blocks in [0, 4, 12, 16, 20, 24] {
        let cloud = Cloud::start(&[]);
        let project = project(&cloud, PROMPT);
        project.gateways(fleet(&names(8)));
        project.apply().well();
        project.run_within(blocks, false, &["destroy", "--auto-approve"]);
        project.destroy().well();
        assert!(cloud.gateways().is_empty());
        assert!(project.statuses().is_empty());
    }
}

#[test]
fn a_state_that_can_not_be_made_is_told_with_what_to_do() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.write("state", "a file where the folder should be\n");
    let run = project.apply().ended(1);
    for part in ["state/default.json", "hint"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(cloud.gateways().is_empty());
}

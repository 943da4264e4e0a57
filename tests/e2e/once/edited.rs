//! States that something other than gwplan has changed, and ids that are none.

use std::fs;

use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project};

use super::{PROMPT, exactly_once, project};

const STATE: &str = "state/default.json";
const CREATE: &str = "CreateCloudNativeAPIGateway";

#[test]
fn an_id_that_is_empty_malformed_or_known_is_an_answer_that_is_lost() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("known")]);
    project.apply().well();
    let known = project.id("known");
    let names = ["known", "empty", "path", "other", "taken"];
    for (at, id) in ["", "../../x", "gateway-\u{1b}[31m", &known]
        .iter()
        .enumerate()
    {
        project.gateways(names[..at + 2].iter().copied().map(Gateway::new));
        cloud.set_faults(&[&format!("{CREATE}=id:{id}#1")]);
        let run = project.apply().well();
        assert!(run.stderr.contains("taken over"), "{id:?}: {}", run.stderr);
        assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
        project.run(&["state", "list"]).well();
    }
    assert_eq!(cloud.calls(CREATE), names.len() as u64);
    exactly_once(&cloud, &project, &names.map(str::to_owned));
}

#[test]
fn a_hand_edit_is_refused_until_it_is_accepted() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let accepted = project.run(&["state", "accept"]).well();
    assert!(
        accepted.stdout.contains("nothing to accept"),
        "{}",
        accepted.stdout
    );
    let text = fs::read_to_string(project.path(STATE)).unwrap();
    project.write(STATE, &text.replace("\"Running\"", "\"Run\""));
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["state", "list"],
    ] {
        let run = project.run(command).ended(1);
        for part in ["changed by something other", "gwplan state accept"] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    let accepted = project.run(&["state", "accept"]).well();
    assert!(
        accepted.stdout.contains("accepted as it stands"),
        "{}",
        accepted.stdout
    );
    assert_eq!(project.record("a")["cloudStatus"], "Run");
    project.run(&["plan"]).well();
    // What no acceptance makes a state of.
    let text = fs::read_to_string(project.path(STATE)).unwrap();
    project.write(STATE, &text.replace("gateway.a", "gatewax.a"));
    let run = project.run(&["state", "accept"]).ended(1);
    for part in [
        "does not know the kind of gatewax.a",
        "the backup has serial",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

/// Writes a state as versions without a checksum did, after an edit.
fn edit(project: &Project, edit: impl FnOnce(&mut Json)) {
    let mut state =
        serde_json::from_str(&fs::read_to_string(project.path(STATE)).unwrap()).unwrap();
    edit(&mut state);
    state.as_object_mut().unwrap().remove("checksum");
    project.write(STATE, &state.to_string());
}

#[test]
fn records_that_got_each_others_addresses_are_refused_by_their_tags() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    edit(&project, |state| {
        let swapped = state["resources"]["gateway.a"].take();
        state["resources"]["gateway.a"] = state["resources"]["gateway.b"].take();
        state["resources"]["gateway.b"] = swapped;
    });
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
    ] {
        let run = project.run(command).ended(1);
        for part in ["was made for gateway.a", "gwplan state retag gateway.b"] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    assert_eq!(cloud.gateways().len(), 2);
    for address in ["gateway.a", "gateway.b"] {
        project.run(&["state", "retag", address]).well();
    }
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
}

#[test]
fn a_record_that_was_moved_is_known_by_the_address_that_it_was_made_for() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    for [from, to] in [["a", "c"], ["b", "a"], ["c", "b"]] {
        let [from, to] = [from, to].map(|name| format!("gateway.{name}"));
        project.run(&["state", "mv", &from, &to]).well();
    }
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(!plan.stderr.contains("wrong-owner"), "{}", plan.stderr);
    // As an earlier version left it, which did not note where a record came from.
    edit(&project, |state| {
        for record in state["resources"].as_object_mut().unwrap().values_mut() {
            record.as_object_mut().unwrap().remove("madeFor").unwrap();
        }
    });
    let plan = project.run(&["plan"]).ended(1);
    assert!(plan.stderr.contains("wrong-owner"), "{}", plan.stderr);
}

#[test]
fn every_command_that_writes_leaves_a_state_with_a_checksum_that_fits() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let id = project.id("a");
    for command in [
        &["state", "mv", "gateway.a", "gateway.b"][..],
        &["state", "rm", "gateway.b"],
        &["import", "gateway.a", &id],
        &["destroy", "--auto-approve"],
    ] {
        edit(&project, |_| {});
        project.run(command).well();
        let text = fs::read_to_string(project.path(STATE)).unwrap();
        assert!(text.contains("\"checksum\""), "{command:?}");
        project.run(&["state", "list"]).well();
    }
}

//! States and journals that are not what they should be.

use std::fs;

use crate::support::{Cloud, Gateway, Project, fleet, names};

use super::{PROMPT, exactly_once, project};

const STATE: &str = "state/default.json";
const JOURNAL: &str = "state/default.journal";
const BACKUP: &str = "state/default.json.backup";

/// Leaves a run that was killed while the cloud was at work on gateway b.
fn cut_off(cloud: &Cloud) -> Project {
    let project = project(cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways(["a", "b"].map(Gateway::new));
    let running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    running.signal("KILL");
    running.end();
    assert!(project.path(JOURNAL).exists());
    project
}

fn both() -> [String; 2] {
    ["a".to_owned(), "b".to_owned()]
}

#[test]
fn the_next_run_goes_on_where_a_killed_one_was() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let plan = project.run(&["plan"]).well();
    let waits = "gateway.b is being created already";
    assert!(plan.stdout.contains(waits), "{}", plan.stdout);
    let digest = project.digest();
    // What was planned before the recovery is what is applied after it.
    project.run(&["apply", "--expect-digest", &digest]).well();
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);
    exactly_once(&cloud, &project, &both());
}

#[test]
fn a_plan_is_kept_only_of_what_is_recorded() {
    let cloud = Cloud::start(&[]);
    let mut project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.set("GWPLAN_CRASH_AT", "1 an answer is there");
    assert_eq!(project.apply().code, None);
    project.set("GWPLAN_CRASH_AT", "");
    let kept = project.run(&["plan", "--out", "plan.json"]).ended(1);
    assert!(kept.stderr.contains("gwplan recover"), "{}", kept.stderr);
    project.run(&["recover"]).well();
    project.run(&["plan", "--out", "plan.json"]).well();
    project.run(&["apply", "plan.json"]).well();
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn many_open_requests_are_asked_about_together() {
    let cloud = Cloud::start(&["--fault", "CreateCloudNativeAPIGateway=latency:10m"]);
    let project = project(&cloud, &PROMPT.replace("1s", "3s"));
    let names = names(60);
    project.gateways(fleet(&names));
    let running = project.start(&["apply", "--auto-approve", "-q"]);
    crate::support::look_until("creates", || {
        cloud.calls("CreateCloudNativeAPIGateway") == 60
    });
    running.signal("KILL");
    running.end();
    let before = cloud.calls("DescribeCloudNativeAPIGateways");
    project.run(&["recover"]).well();
    assert!(project.state()["intents"].is_null());
    // Each is asked for by its name in a few rounds; one after the other they would take 20 times as
    // long, with as many more rounds, and each would read the whole region.
    let asked = cloud.calls("DescribeCloudNativeAPIGateways") - before;
    assert!(asked < 60 * 9, "{asked}");
}

#[test]
fn a_record_that_was_cut_off_is_dropped_and_asked_of_the_cloud() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let journal = fs::read(project.path(JOURNAL)).unwrap();
    // The last record says that the create was accepted.
    fs::write(project.path(JOURNAL), &journal[..journal.len() - 7]).unwrap();
    let run = project.apply().well();
    for part in ["A crash cut off the last record", "gateway.b", "taken over"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);
    exactly_once(&cloud, &project, &both());
}

#[test]
fn a_journal_that_is_spoilt_in_the_middle_is_an_error_and_is_kept() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let mut journal = fs::read(project.path(JOURNAL)).unwrap();
    journal[20] ^= 1;
    fs::write(project.path(JOURNAL), &journal).unwrap();
    for command in [
        &["apply", "--auto-approve"][..],
        &["plan"],
        &["state", "list"],
    ] {
        let run = project.run(command).ended(1);
        for part in ["state/default.journal", "line 1", "orphans"] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    assert_eq!(fs::read(project.path(JOURNAL)).unwrap(), journal);
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);
}

#[test]
fn a_state_that_is_missing_beside_a_journal_is_an_error_that_names_the_backup() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let state = fs::read(project.path(STATE)).unwrap();
    fs::remove_file(project.path(STATE)).unwrap();
    let run = project.apply().ended(1);
    for part in ["there is no state", BACKUP] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    // The backup is what the journal continues.
    fs::copy(project.path(BACKUP), project.path(STATE)).unwrap();
    assert_eq!(fs::read(project.path(STATE)).unwrap(), state);
    project.apply().well();
    exactly_once(&cloud, &project, &both());
}

#[test]
fn a_state_that_was_edited_to_nonsense_is_left_alone_and_the_backup_is_offered() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    project.write(STATE, "{ \"version\": 1, oops\n");
    let run = project.apply().ended(1);
    let way = format!("cp {BACKUP} {STATE}");
    for part in ["line 1", &way, "orphans"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    // The way that was named: the state of before, and b is found as an orphan, not made again.
    fs::copy(project.path(BACKUP), project.path(STATE)).unwrap();
    let run = project.apply().ended(1);
    assert!(run.stderr.contains("stray"), "{}", run.stderr);
    let orphans = project.run(&["orphans", "--format", "json"]).well().json();
    let id = orphans["orphans"][0]["gatewayId"].as_str().unwrap();
    project.run(&["import", "gateway.b", id]).well();
    exactly_once(&cloud, &project, &both());
}

#[test]
fn what_a_newer_gwplan_wrote_is_left_to_that() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let newer = fs::read_to_string(project.path(STATE)).unwrap();
    let newer = newer.replacen("\"version\": 1", "\"version\": 2", 1);
    project.write(STATE, &newer);
    let run = project.apply().ended(1);
    assert!(run.stderr.contains("newer"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(project.path(STATE)).unwrap(), newer);
}

#[test]
fn a_journal_that_another_program_has_rewritten_is_an_error_and_is_kept() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let journal = fs::read_to_string(project.path(JOURNAL)).unwrap();
    for spoilt in [journal.replace('\n', "\r\n"), "garbage\n".to_owned()] {
        project.write(JOURNAL, &spoilt);
        let run = project.apply().ended(1);
        assert!(run.stderr.contains("is corrupt"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(project.path(JOURNAL)).unwrap(), spoilt);
    }
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);
}

#[test]
fn a_journal_beside_a_state_of_somebody_else_is_an_error() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = cut_off(&cloud);
    let mut state: serde_json::Value =
        serde_json::from_slice(&fs::read(project.path(STATE)).unwrap()).unwrap();
    state["serial"] = (state["serial"].as_u64().unwrap() + 50).into();
    // As one of an earlier version: an edit of one that has a checksum is told as that.
    state.as_object_mut().unwrap().remove("checksum");
    project.write(STATE, &state.to_string());
    let run = project.apply().ended(1);
    assert!(
        run.stderr.contains("state/default.journal"),
        "{}",
        run.stderr
    );
    assert!(project.path(JOURNAL).exists());
}

#[test]
fn a_state_that_is_gone_is_no_new_one_while_its_backup_is_there() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    fs::remove_file(project.path(STATE)).unwrap();
    let run = project.apply().ended(1);
    let way = format!("cp {BACKUP} {STATE}");
    assert!(run.stderr.contains(&way), "{}", run.stderr);
    assert_eq!(cloud.gateways().len(), 1);
    // The way that was named leads to the gateway that was made since.
    fs::copy(project.path(BACKUP), project.path(STATE)).unwrap();
    let run = project.apply().ended(1);
    assert!(
        run.stderr.contains("gwplan import gateway.a"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_state_is_not_used_with_a_server_that_knows_none_of_it() {
    let cloud = Cloud::start(&[]);
    let other = Cloud::start(&[]);
    let mut project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.connect(&other);
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["drift"]] {
        let run = project.run(command).ended(1);
        assert!(
            run.stderr.contains("but the project names"),
            "{}",
            run.stderr
        );
    }
    assert!(other.gateways().is_empty());
    project.connect(&cloud);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

//! Gateways that somebody else may manage.

use serde_json::json;

use super::{ALL, agrees, gateway, make, project, refused};
use crate::support::{Cloud, Gateway, Project};

const FROM_OTHER_STATE: &[&str] = &["--from-other-state"];

#[test]
fn what_another_state_manages_is_taken_over_only_when_that_is_said() {
    let cloud = Cloud::start(&[]);
    let theirs = project(&cloud, "");
    theirs.gateways([Gateway::new("theirs")]);
    theirs.apply().well();
    let id = theirs.id("theirs");
    let prod = json!({ "tags": { "env": "prod" } });
    let free = [
        gateway("free-1", &prod),
        gateway("free-2", &json!({})),
        gateway("other", &prod),
    ];
    make(&cloud, "ap-guangzhou", &free);
    let ours = project(&cloud, "");
    let one = &["import", "gateway.it", &id, "--out", "it.yaml"];
    let said = ["tag gwplan:owner of another state", "--from-other-state"];
    refused(&ours, one, &said);
    // The filters go together, and nothing else is taken.
    let narrow = [
        "--name",
        "free-*",
        "--tag",
        "env=prod",
        "--out",
        "some.yaml",
    ];
    ours.run(&[ALL, &narrow].concat()).well();
    let list = ours
        .run(&["state", "list", "--format", "names"])
        .well()
        .stdout;
    assert_eq!(list, "gateway.free-1\n");
    let all = ours.run(ALL).well();
    for part in ["1 left out", &id] {
        assert!(all.stderr.contains(part), "{}", all.stderr);
    }
    assert!(ours.record("theirs").is_null() && !ours.record("other").is_null());
    theirs.run(&["plan", "--detailed-exitcode"]).well();
    ours.run(&[one, FROM_OTHER_STATE].concat()).well();
    agrees(&ours);
    // The first project hears of it before it changes or deletes what is no longer its own.
    let plan = theirs.run(&["plan"]).well();
    assert!(plan.stderr.contains("of another state"), "{}", plan.stderr);
}

const TWO: &str = "environments: { prod: {}, test: {} }\n";

/// Makes a project of two environments, and a gateway in the first.
fn two_environments(cloud: &Cloud, provider: &str) -> (Project, String) {
    let project = Project::on(cloud);
    project.write("gwplan.yaml", &format!("{provider}{TWO}"));
    project.gateways([Gateway::new("a")]);
    project
        .run(&["--env", "prod", "apply", "--auto-approve"])
        .well();
    let id = cloud.gateways()[0]["GatewayId"]
        .as_str()
        .unwrap()
        .to_owned();
    project.gateways([]);
    (project, id)
}

#[test]
fn what_a_sibling_environment_holds_is_taken_over_by_no_flag() {
    let cloud = Cloud::start(&[]);
    // Without tags the sibling's state alone says whose it is.
    let unmarked = "provider: { region: ap-guangzhou, ownershipTag: false }\n";
    let (project, id) = two_environments(&cloud, unmarked);
    let test = ["--env", "test"];
    let all = [&test, ALL, FROM_OTHER_STATE].concat();
    let run = project.run(&all).well();
    let left_out = format!("1 left out that the states of other environments hold: {id}");
    assert!(run.stderr.contains(&left_out), "{}", run.stderr);
    assert!(
        run.stdout.contains("Nothing was imported"),
        "{}",
        run.stdout
    );
    let one = ["import", "gateway.b", &id, "--out", "more/b.yaml"];
    let one = [&test[..], &one, FROM_OTHER_STATE].concat();
    let said = [
        "the environment prod holds",
        "gwplan --env prod state rm gateway.a",
    ];
    refused(&project, &one, &said);
    let list = project.run(&["--env", "test", "state", "list"]).well();
    assert_eq!(list.stdout, "");
}

#[test]
fn what_a_sibling_environment_holds_is_no_orphan_until_its_state_is_lost() {
    let cloud = Cloud::start(&[]);
    let (project, id) = two_environments(&cloud, "provider: { region: ap-guangzhou }\n");
    let listed = || {
        let any = [
            "--env",
            "test",
            "orphans",
            "--any-state",
            "--format",
            "json",
        ];
        project.run(&any).well().json()["orphans"].clone()
    };
    assert_eq!(listed(), json!([]));
    let delete = ["orphans", "--any-state", "--auto-approve", "--delete", &id];
    let delete = [&["--env", "test"][..], &delete].concat();
    refused(&project, &delete, &["is not an orphan of this state"]);
    // A state that can't be read may hold anything.
    let state = project.path("state/prod.json");
    std::fs::write(&state, "{").unwrap();
    let any = ["--env", "test", "orphans", "--any-state"];
    refused(&project, &any, &["state/prod.json"]);
    std::fs::remove_dir_all(project.path("state")).unwrap();
    assert_eq!(listed()[0]["gatewayId"], id.as_str());
}

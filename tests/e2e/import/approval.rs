//! What is shown and asked before many are taken over, and which file they go to.

use serde_json::json;

use super::{ALL, PROJECT, gateway, make, project, refused};
use crate::support::{Cloud, Project};

#[test]
fn all_is_listed_first_and_taken_over_only_with_approval() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let made = ["One", "Two"].map(|name| gateway(name, &json!({})));
    let ids = make(&cloud, "ap-guangzhou", &made);
    let run = project.run(&["import", "--all"]).ended(1);
    for part in ["gateway.one ", &ids[0], "\"Two\"", "2 resources to import."] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
    for part in ["no terminal to ask at", "--auto-approve", "--name"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(project.state().is_null() && !project.path("imported.yaml").exists());
    assert_eq!(cloud.calls("TagResources"), 0);
    let run = project.run(ALL).well();
    assert!(
        run.stdout.contains("Imported 2 resources."),
        "{}",
        run.stdout
    );
    // The list is told once where nobody has to look at it first.
    assert_eq!(run.stdout.matches(&ids[0]).count(), 1, "{}", run.stdout);
}

/// Writes gwplan.yaml with two environments that have these overlays.
fn environments(project: &Project, prod: &str, test: &str) {
    let overlays = |own: &str| format!("{{ overlays: [{own}] }}");
    let (prod, test) = (overlays(prod), overlays(test));
    let content = format!("{PROJECT}environments:\n  prod: {prod}\n  test: {test}\n");
    project.write("gwplan.yaml", &content);
}

#[test]
fn in_an_environment_the_yaml_goes_where_that_environment_alone_reads_it() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    make(&cloud, "ap-guangzhou", &[gateway("Edge", &json!({}))]);
    project.write("more.yaml", "gateways: {}\n");
    environments(&project, "more.yaml", "");
    let prod = [&["--env", "prod"], ALL].concat();
    let line = "overlays: [\"more.yaml\", \"imported-prod.yaml\"]";
    let said = ["other environments would read imported-prod.yaml too", line];
    refused(&project, &prod, &said);
    // A file of another environment's is none of this one's.
    environments(&project, "more.yaml", "theirs.yaml");
    let theirs = [&prod[..], &["--out", "./theirs.yaml"]].concat();
    refused(&project, &theirs, &["overlay of another environment: test"]);
    let nothing = project.run(&["--env", "prod", "state", "list"]).well();
    assert_eq!(nothing.stdout, "");

    // The overlay is named before it is there: that keeps no import from making it.
    environments(&project, "\"more.yaml\", \"imported-prod.yaml\"", "");
    project.run(&prod).well();
    let agrees = |environment| {
        let plan = ["--env", environment, "plan", "--detailed-exitcode"];
        let plan = project.run(&plan).well();
        assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
    };
    agrees("prod");
    project.write("gateways.yaml", "gateways: {}\n");
    agrees("test");
}

#[test]
fn outside_the_folder_an_environment_is_told_how_the_file_is_read() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = make(&cloud, "ap-guangzhou", &[gateway("Edge", &json!({}))]).remove(0);
    environments(&project, "", "");
    let import = ["--env", "prod", "import", "gateway.a", &id];
    let block = project.run(&import).ended(1);
    let where_to = "into an overlay of the environment prod";
    assert!(block.stderr.contains(where_to), "{}", block.stderr);
    let out = [&import[..], &["--out", "prod/a.yaml"]].concat();
    let run = project.run(&out).well();
    for part in ["pass its path to each plan", "overlays: [\"prod/a.yaml\"]"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    environments(&project, "\"prod/a.yaml\"", "");
    let plan = ["--env", "prod", "plan", "--detailed-exitcode"];
    project.run(&plan).well();
}

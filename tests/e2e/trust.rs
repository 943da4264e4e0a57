//! What a repository may make gwplan do: its files are read with the rights of whoever runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Cloud, Gateway, Project, Run};

const CANARY: &str = "the-canary-of-another-folder";
const SIMULATED: &str = "provider: { region: ap-guangzhou, endpoint: simulator }\n";

/// Makes a project beside a folder that holds a secret: as a line that is no YAML, as YAML, as JSON.
fn project() -> Project {
    let project = Project::empty();
    project.write("gwplan.yaml", SIMULATED);
    project.gateways([Gateway::new("a")]);
    for (name, text) in [
        ("credentials", format!("[default]\nsecret = {CANARY}\n")),
        ("values.yaml", format!("word: {CANARY}\n")),
        ("data.json", format!("{{\"word\": \"{CANARY}\"}}")),
        ("broken.json", format!("{{\"word\": {CANARY}}}")),
    ] {
        fs::write(project.path("../home").join(name), text).unwrap();
    }
    project
}

#[track_caller]
fn refused(run: Run) -> Run {
    let told = format!("{}\n{}", run.stdout, run.stderr);
    assert!(!told.contains(CANARY), "a line was shown:\n{told}");
    assert!(told.contains("outside the repository"), "{told}");
    assert!(told.contains("--allow-path"), "{told}");
    run.ended(1)
}

const READERS: [&[&str]; 5] = [
    &["validate"],
    &["validate", "--format", "json"],
    &["validate", "--format", "sarif"],
    &["plan", "--offline"],
    &["apply", "--auto-approve"],
];

#[test]
fn a_gateways_file_that_leads_out_of_the_repository_is_refused_and_not_shown() {
    for target in [
        "../home/credentials",
        "../home/values.yaml",
        "/proc/self/environ",
    ] {
        let project = project();
        symlink(target, project.path("x.yaml")).unwrap();
        for arguments in READERS {
            refused(project.run(arguments));
        }
        refused(project.run(&["validate", "x.yaml"]));
        refused(project.run(&["validate", "-vv", "."]));
    }
}

#[test]
fn overlays_states_and_folders_outside_the_repository_are_refused_and_not_shown() {
    let project = project();
    for overlay in [
        "../home/values.yaml",
        "/proc/self/environ",
        "../home/nothing.yaml",
    ] {
        let text = format!("{SIMULATED}environments: {{ e: {{ overlays: [{overlay}] }} }}\n");
        project.write("gwplan.yaml", &text);
        refused(project.run(&["validate", "--env", "e"]));
    }
    for state in [
        "../home/data.json",
        "../home/new/state.json",
        "/proc/self/environ",
    ] {
        project.write(
            "gwplan.yaml",
            &format!("{SIMULATED}state: {{ path: {state} }}\n"),
        );
        refused(project.run(&["plan"]));
        refused(project.run(&["state", "list"]));
    }
    assert!(!project.path("../home/new").exists());
    project.write("gwplan.yaml", SIMULATED);
    symlink("../home", project.path("folder")).unwrap();
    refused(project.run(&["validate", "folder"]));
    refused(project.run(&["validate", "folder/values.yaml"]));
}

#[test]
fn data_of_policies_outside_the_repository_is_refused_and_not_shown() {
    const PRINTS: &str =
        "package main\nimport rego.v1\ndeny contains msg if { msg := sprintf(\"%v\", [data]) }\n";
    for target in ["data.json", "broken.json", "credentials"] {
        let project = project();
        fs::create_dir(project.path("policies")).unwrap();
        project.write("policies/a.rego", PRINTS);
        let place = project.path("policies/c.json");
        symlink(project.path("../home").join(target), place).unwrap();
        refused(project.run(&["validate"]));
        refused(project.run(&["plan"]));
    }
}

#[test]
fn what_the_command_line_names_is_read_wherever_it_is() {
    let project = project();
    let vars = "--var-file=../home/values.yaml";
    let file = Gateway::new("b").yaml();
    fs::write(
        project.path("../home/more.yaml"),
        format!("gateways:\n{file}"),
    )
    .unwrap();
    project
        .run(&[
            "plan",
            "--offline",
            vars,
            "gateways.yaml",
            "../home/more.yaml",
        ])
        .well();
    project
        .run(&["plan", "--out", "../home/new/plan.json"])
        .well();
    project.run(&["apply", "../home/new/plan.json"]).well();
    let moved = format!("{SIMULATED}state: {{ path: ../home/states/a.json }}\n");
    project.write("gwplan.yaml", &moved);
    let mut project = project;
    project.run(&["--allow-path", "../home", "plan"]).well();
    project.set("GWPLAN_ALLOW_PATH", "../nowhere:../home");
    project.apply().well();
    assert!(project.path("../home/states/a.json").exists());
}

#[test]
fn what_is_kept_is_kept_through_no_link() {
    let project = project();
    symlink("../home", project.path("folder")).unwrap();
    symlink("../home/new.json", project.path("plan.json")).unwrap();
    for out in ["folder/new.json", "plan.json"] {
        project.run(&["plan", "--out", out]).ended(1);
    }
    assert!(!project.path("../home/new.json").exists());
    let fresh = Project::empty();
    symlink("../home", fresh.path(".gwplan")).unwrap();
    fresh.run(&["init"]).ended(1);
    assert_eq!(fs::read_dir(fresh.path("../home")).unwrap().count(), 0);
}

#[test]
fn a_lock_beside_the_state_that_is_none_stays_as_it_is() {
    const THEIRS: &str = "# made by cargo\nversion = 4\n";
    let project = project();
    project.write(
        "gwplan.yaml",
        &format!("{SIMULATED}state: {{ path: Cargo }}\n"),
    );
    project.write("Cargo.lock", THEIRS);
    for arguments in [
        &["apply", "--auto-approve"][..],
        &["destroy", "--auto-approve"],
    ] {
        let run = project.run(arguments).ended(1);
        for part in ["Cargo.lock", "not gwplan's", "state.path"] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    assert_eq!(
        fs::read_to_string(project.path("Cargo.lock")).unwrap(),
        THEIRS
    );
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    symlink("../home/credentials", project.path("Cargo.lock")).unwrap();
    let run = project.apply().ended(1);
    assert!(run.stderr.contains("link"), "{}", run.stderr);
    let kept = fs::read_to_string(project.path("../home/credentials")).unwrap();
    assert!(kept.contains(CANARY), "{kept}");
}

#[test]
fn what_gwplan_keeps_is_its_owners_alone() {
    let project = project();
    project.apply().well();
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    project.apply().well();
    let mut modes = Vec::new();
    for folder in ["state", "."] {
        for entry in fs::read_dir(project.path(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            if folder == "state" || name == "plan.json" {
                modes.push((name, mode));
            }
        }
    }
    assert!(modes.len() >= 5, "{modes:?}");
    for (name, mode) in &modes {
        assert_eq!(*mode, 0o600, "{name}: {modes:?}");
    }
}

#[test]
fn an_endpoint_of_a_file_that_is_neither_here_nor_the_vendors_takes_consent() {
    let mut project = project();
    project.set("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE0000000000");
    project.set("TENCENTCLOUD_SECRET_KEY", CANARY);
    for host in ["cloud.example.com", "tencentcloudapi.com.example.com:8443"] {
        let text = SIMULATED.replace("simulator", &format!("\"https://{host}\""));
        project.write("gwplan.yaml", &text);
        project.set("GWPLAN_ALLOW_ENDPOINT", "example.com,other.example.com");
        for arguments in [&["plan"][..], &["apply", "--auto-approve"], &["drift"]] {
            let run = project.run(arguments).ended(1);
            assert!(!run.stderr.contains(CANARY), "{}", run.stderr);
            let consent = format!("GWPLAN_ALLOW_ENDPOINT={host}");
            assert!(run.stderr.contains(&consent), "{}", run.stderr);
        }
    }
}

#[test]
fn an_endpoint_of_a_file_on_this_machine_gets_requests_and_no_question_who_calls() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.set("GWPLAN_ENDPOINT", "");
    let text = SIMULATED.replace("simulator", &format!("\"{}\"", cloud.url));
    project.write("gwplan.yaml", &text);
    project.gateways([Gateway::new("a")]);
    let run = project.run(&["plan"]).well();
    assert!(
        run.stderr.contains("does not check the account"),
        "{}",
        run.stderr
    );
    assert_eq!(cloud.calls("GetCallerIdentity"), 0);
    assert!(cloud.calls("DescribeCloudNativeAPIGateways") > 0);
}

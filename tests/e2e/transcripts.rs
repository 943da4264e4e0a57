//! What users see, word for word.
//!
//! `INSTA_UPDATE=always cargo test --test e2e transcripts` writes the transcripts anew; read each of
//! them with a user's eyes before it is committed.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Cloud, Gateway, Project, Run};

/// What differs from run to run, and what stands for it: the one place for all transcripts.
const VARYING: [(&str, &str); 14] = [
    (r"\b[0-9a-f]{64}\b", "[digest]"),
    (r"gateway-[0-9a-f]{8}\b", "gateway-[id]"),
    (r"task-[0-9a-f]{8}\b", "task-[id]"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[uuid]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    (r"after \d+s( \[|:)", "after [time]$1"),
    (r"after waiting \d+s", "after waiting [time]"),
    (r"\(\d+s so far\)", "([time] so far)"),
    (r"/\S*/home/", "[home]/"),
    (
        r" on \S+ \(process \d+\), since \S+",
        " on [host] (process [number]), since [time]",
    ),
    (r"Timestamp=\d+", "Timestamp=[time]"),
    (
        r"another state \([0-9a-f]{12}\)",
        "another state ([lineage])",
    ),
    (r"others: \[[0-9a-f]{12}\]", "others: [[lineage]]"),
    (r"\(os error \d+\)", "(os error [number])"),
];

/// Runs the program and keeps all that it says.
pub(crate) fn transcript(project: &Project, arguments: &[&str]) -> String {
    let Run {
        code,
        stdout,
        stderr,
    } = project.run(arguments);
    let mut text = format!("$ gwplan {}\n", arguments.join(" "));
    for (stream, said) in [("stdout", stdout), ("stderr", stderr)] {
        if !said.is_empty() {
            let _ = write!(text, "--- {stream}\n{said}");
        }
    }
    let _ = writeln!(text, "--- exit code {}", code.unwrap());
    text
}

/// Compares transcripts with those that are kept.
#[track_caller]
pub(crate) fn check(name: &str, texts: &[String]) {
    let mut settings = insta::Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (varying, stand_in) in VARYING {
        settings.add_filter(varying, stand_in);
    }
    settings.bind(|| insta::assert_snapshot!(name, texts.join("\n")));
}

const FULL: &str = "\
gateways:
  prod-ingress:
    name: gateway-prod
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: 2 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
    description: Public ingress, live
    tags: { env: prod, team: edge }
    internetConfig:
      internetPayMode: TRAFFIC
      internetMaxBandwidthOut: 100
";

#[test]
fn a_plan_to_create() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write("gateways.yaml", FULL);
    check(
        "plan_create",
        &[
            transcript(&project, &["validate"]),
            transcript(&project, &["plan"]),
            transcript(&project, &["plan", "--offline", "--detailed-exitcode"]),
        ],
    );
}

#[test]
fn a_life() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("edge"), Gateway::new("inner").after(&["edge"])]);
    check(
        "life",
        &[
            transcript(&project, &["apply", "--auto-approve"]),
            transcript(&project, &["plan"]),
            transcript(&project, &["plan", "--offline"]),
            transcript(&project, &["apply", "--auto-approve"]),
            transcript(&project, &["state", "list"]),
            transcript(&project, &["state", "show", "gateway.inner"]),
            transcript(&project, &["state", "show", "gateway.iner"]),
            transcript(&project, &["state", "show", "inner"]),
            transcript(&project, &["show"]),
            transcript(&project, &["destroy", "--auto-approve"]),
            transcript(&project, &["show"]),
            transcript(&project, &["destroy", "--auto-approve"]),
        ],
    );
}

#[test]
fn a_plan_with_everything_in_it() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("changed").with("description: The words before the change, which are many"),
        Gateway::new("ignoring").with("description: Before"),
        Gateway::new("kept"),
        Gateway::new("left"),
        Gateway::new("moving").with("tags: { env: test, team: edge }"),
        Gateway::new("vanished"),
    ]);
    project.apply().well();
    cloud.delete(&project.id("vanished"));
    project.gateways([
        Gateway::new("changed").with("description: The words after the change, which are many"),
        Gateway::new("ignoring")
            .with("description: After\n    lifecycle: { ignoreChanges: [description] }"),
        Gateway::new("kept"),
        Gateway::new("moving").with("ingressClassName: other\n    tags: { env: prod, owner: me }"),
        Gateway::new("new").after(&["moving"]),
        Gateway::new("vanished"),
    ]);
    check(
        "plan_mixed",
        &[
            transcript(&project, &["plan", "--detailed-exitcode"]),
            transcript(&project, &["plan", "--offline"]),
            transcript(&project, &["apply"]),
        ],
    );
}

#[test]
fn an_update_in_place() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: Before")]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("description: After\n    tags: { env: prod }")]);
    check(
        "update",
        &[
            transcript(&project, &["apply", "--auto-approve"]),
            transcript(&project, &["plan"]),
        ],
    );
}

#[test]
fn protection() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let protected = Gateway::new("safe").with("lifecycle: { preventDestroy: true }");
    project.gateways([protected, Gateway::new("other")]);
    project.apply().well();
    let in_the_files = transcript(&project, &["destroy", "--auto-approve"]);
    project.gateways([Gateway::new("other")]);
    let removed = [
        transcript(&project, &["plan"]),
        transcript(&project, &["apply", "--auto-approve"]),
    ];
    assert_eq!(cloud.gateways().len(), 2);
    check("protection", &[in_the_files, removed.concat()]);
}

#[test]
fn a_failure_on_the_way() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("bad"), Gateway::new("upon").after(&["bad"])]);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=fail-task#1"]);
    let failed = transcript(&project, &["apply", "--auto-approve"]);
    let shown = transcript(&project, &["state", "show", "gateway.bad"]);
    let planned = transcript(&project, &["plan"]);
    let mended = transcript(&project, &["apply", "--auto-approve"]);
    check("failed_task", &[failed, shown, planned, mended]);
}

#[test]
fn a_lost_answer() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=garbage#1"]);
    let lost = transcript(&project, &["apply", "--auto-approve"]);
    let planned = transcript(&project, &["plan"]);
    check("lost_answer", &[lost, planned]);
}

#[test]
fn a_namesake() {
    let cloud = Cloud::start(&[]);
    let theirs = Project::on(&cloud);
    theirs.gateways([Gateway::new("same")]);
    theirs.apply().well();
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("same")]);
    check("namesake", &[transcript(&project, &["plan"])]);
}

#[test]
fn what_others_do() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["broken", "changed", "gone"].map(Gateway::new));
    project.apply().well();
    cloud.patch(&project.id("broken"), &json!({ "Status": "Abnormal" }));
    cloud.patch(
        &project.id("changed"),
        &json!({ "NodeConfig": { "Number": 4 } }),
    );
    cloud.delete(&project.id("gone"));
    check(
        "outside",
        &[
            transcript(&project, &["plan"]),
            transcript(&project, &["destroy", "--auto-approve", "-q"]),
        ],
    );
}

#[test]
fn nowhere_to_start() {
    let mut project = Project::empty();
    let nothing = [
        transcript(&project, &["plan"]),
        transcript(&project, &["validate"]),
        transcript(&project, &["-C", "nowhere", "plan"]),
        transcript(&project, &["plan", "nowhere.yaml"]),
    ];
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    let no_files = [
        transcript(&project, &["plan"]),
        transcript(&project, &["plan", "nowhere.yaml"]),
        transcript(&project, &["validate", "nowhere.yaml"]),
        transcript(&project, &["show", "nowhere.json"]),
        transcript(&project, &["apply", "nowhere.json"]),
        transcript(&project, &["apply", "nowhere.json", "--auto-approve"]),
    ];
    project.gateways([Gateway::new("a")]);
    let no_credentials = transcript(&project, &["plan"]);
    project.set(
        "TENCENTCLOUD_SECRET_ID",
        "AKIDhalfapair0000000000000000000000",
    );
    let half = transcript(&project, &["plan"]);
    project.write("gwplan.yaml", "state: { path: state/default.json }\n");
    let no_region = [
        transcript(&project, &["validate"]),
        transcript(&project, &["plan", "--offline"]),
    ];
    project.set("TENCENTCLOUD_REGION", "ap-guangzhou");
    let region = transcript(&project, &["plan", "--offline", "-q"]);
    check(
        "nowhere_to_start",
        &[
            nothing.join("\n"),
            no_files.join("\n"),
            no_credentials,
            half,
            no_region.join("\n"),
            region,
        ],
    );
}

#[test]
fn no_way_to_the_cloud() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let mut texts = Vec::new();
    for endpoint in [
        "http://tse.example.com",
        "tse.example.com",
        "ftp://127.0.0.1",
        "https://tse.example.com/v3",
    ] {
        project.set("GWPLAN_ENDPOINT", endpoint);
        texts.push(format!(
            "# GWPLAN_ENDPOINT={endpoint}\n{}",
            transcript(&project, &["plan"])
        ));
    }
    project.connect(&cloud);
    project.set("TENCENTCLOUD_SECRET_KEY", "not-the-key");
    texts.push(format!(
        "# a wrong key\n{}",
        transcript(&project, &["plan"])
    ));
    project.connect(&cloud);
    cloud.set_faults(&["*=code:UnauthorizedOperation"]);
    texts.push(format!(
        "# no permission\n{}",
        transcript(&project, &["plan"])
    ));
    check("no_way_to_the_cloud", &texts);
}

#[test]
fn no_terminal() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    check(
        "no_terminal",
        &[
            transcript(&project, &["apply"]),
            transcript(&project, &["destroy"]),
            transcript(&project, &["apply", "--format", "json"]),
        ],
    );
}

#[test]
fn wrong_words() {
    let project = Project::empty();
    check(
        "wrong_words",
        &[
            transcript(&project, &["aply"]),
            transcript(&project, &["plan", "--formt", "json"]),
            transcript(&project, &["plan", "--format", "xml"]),
            transcript(&project, &["state", "show"]),
            transcript(&project, &["apply", "--parallelism", "0"]),
            transcript(&project, &["simulator", "--fault", "raed=lost"]),
        ],
    );
}

#[test]
fn a_spoilt_state() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    std::fs::create_dir(project.path("state")).unwrap();
    project.write("state/default.json", "{\n  \"version\": 1,\n<<<<<<< ours\n");
    let conflict = transcript(&project, &["plan"]);
    project.write("state/default.json", "{ \"version\": 99 }\n");
    let newer = transcript(&project, &["apply", "--auto-approve"]);
    check("spoilt_state", &[conflict, newer]);
}

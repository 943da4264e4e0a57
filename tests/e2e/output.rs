//! What the state says, for people and scripts: the list, the values, the graph.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project};

const PUBLIC: &str = "internetConfig: { internetPayMode: TRAFFIC, internetMaxBandwidthOut: 10 }";

#[test]
fn what_the_cloud_alone_says_is_recorded_and_printed() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with(PUBLIC), Gateway::new("long-b")]);
    let run = project.apply().well();
    let id = project.id("a");
    let address = "203.0.113.";
    assert!(
        run.stdout
            .contains(&format!("Public addresses:\n  gateway.a: {address}")),
        "{}",
        run.stdout
    );
    let outputs = &project.record("a")["outputs"];
    assert_eq!(outputs["instancePort"]["httpsPort"], "443");

    let list = project.run(&["state", "list"]).well().stdout;
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["ADDRESS", "ID", "STATUS", "PUBLIC", "ADDRESS"]);
    assert_eq!(lines[1][..3], ["gateway.a", &id, "ready"]);
    assert!(lines[1][3].starts_with(address), "{list}");
    assert_eq!(lines[2][3], "-");
    let column = list.find("STATUS");
    assert!(
        list.lines()
            .all(|line| line.get(column.unwrap() - 2..column.unwrap()) == Some("  "))
    );
    let names = project.run(&["state", "list", "--format", "names"]).well();
    assert_eq!(names.stdout, "gateway.a\ngateway.long-b\n");
    let rows = project
        .run(&["state", "list", "--format", "json"])
        .well()
        .json();
    assert_eq!(rows[0]["gatewayId"], json!(id));
    assert_eq!(rows[1]["publicIpAddresses"], json!([]));

    let output = |more: &[&str]| project.run(&[&["output"], more].concat());
    let whole = output(&["gateway.a"]).well().json();
    assert_eq!(whole["gatewayId"], json!(id));
    let raw = output(&["gateway.a", "publicIpAddresses.0", "--format", "raw"]).well();
    assert!(raw.stdout.starts_with(address) && raw.stdout.lines().count() == 1);
    assert_eq!(
        output(&["gateway.a", "nodeConfig.number"]).well().stdout,
        "2\n"
    );
    let env = output(&["gateway.a", "--format", "env"]).well().stdout;
    assert!(env.contains(&format!("GATEWAY_ID={id}\n")), "{env}");
    assert!(env.contains("INSTANCE_PORT_HTTP_PORT=80\n"), "{env}");
    for (arguments, told) in [
        (&["gateway.a", "gatewayid"][..], "did you mean `gatewayId`?"),
        (
            &["gateway.a", "nodeConfig.x"],
            "known there: number, specification",
        ),
        (
            &["gateway.a", "nodeConfig", "--format", "raw"],
            "`nodeConfig` has no raw form",
        ),
        (&["gateway.b"], "the state holds no gateway.b"),
    ] {
        let run = output(arguments).ended(1);
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    // What is new in the record is nothing that a plan would change.
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn the_graph_is_drawn_by_graphviz_and_by_mermaid() {
    let project = Project::empty();
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.gateways([Gateway::new("a-1"), Gateway::new("b").after(&["a-1"])]);
    let dot = project.run(&["graph"]).well().stdout;
    assert!(
        dot.starts_with("digraph gwplan {\n") && dot.ends_with("}\n"),
        "{dot}"
    );
    assert!(
        dot.contains("  \"gateway.b\" -> \"gateway.a-1\"\n"),
        "{dot}"
    );
    let mermaid = project.run(&["graph", "--format", "mermaid"]).well().stdout;
    assert_eq!(
        mermaid,
        "flowchart LR\n  n0[\"gateway.a-1\"]\n  n1[\"gateway.b\"]\n  n1 --> n0\n"
    );
}

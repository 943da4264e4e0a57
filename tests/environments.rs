//! Environments, overlays and variables, as the command line shows them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn gwplan(project: &Path, arguments: &str, variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_gwplan"))
        .args(arguments.split_whitespace())
        .current_dir(project)
        .env_remove("TENCENTCLOUD_REGION")
        .env_remove("GWPLAN_ENDPOINT")
        .env_remove("GWPLAN_ENV")
        .envs(variables.iter().copied())
        .output()
        .expect("gwplan runs");
    Ran {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Writes a project of files and their texts.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

/// Plans offline and returns what the resource `name` will be.
#[track_caller]
fn planned(project: &Path, arguments: &str, name: &str) -> Json {
    let ran = gwplan(
        project,
        &format!("plan --offline --format json {arguments}"),
        &[],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let plan: Json = serde_json::from_str(&ran.stdout).expect("JSON");
    let changes = plan["resource_changes"].as_array().expect("a list");
    let change = changes.iter().find(|change| change["name"] == name);
    change.unwrap_or_else(|| panic!("no {name} in {plan:#}"))["change"]["after"].clone()
}

const GATEWAY: &str = "
    gatewayVersion: 2.5.1
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
";

fn gateways(rest: &str) -> String {
    format!("gateways:\n  a:{GATEWAY}{rest}")
}

#[test]
fn variables_are_taken_from_the_nearest_that_sets_them() {
    let text = gateways(
        "    name: ${var.a}-${var.b}-${var.c}-${var.d}\n    nodeConfig: { specification: 1c2g, number: 2 }\n",
    );
    let folder = project(&[
        (
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }
vars: { a: base, b: base, c: base, d: base }
environments:
  one: { vars: { b: env, c: env, d: env } }
",
        ),
        ("gateways.yaml", &text),
        ("vars/one.yaml", "{ c: first, d: first }"),
        ("vars/two.yaml", "c: file\nd: file\n"),
    ]);
    let arguments =
        "--env one --var d=none --var d=flag --var-file vars/one.yaml --var-file vars/two.yaml";
    let after = planned(folder.path(), arguments, "a");
    assert_eq!(after["name"], "base-env-file-flag");
    let without = planned(folder.path(), "--env one", "a");
    assert_eq!(without["name"], "base-env-env-env");
}

#[test]
fn a_variable_alone_keeps_its_type_and_its_spelling() {
    let text = gateways(
        "    name: $${var.n}-$5-${ var.n }
    nodeConfig: { specification: '${var.spec}', number: '${var.n}' }
    enableCls: ${var.flag}
    description: ${var.version}
    tags: { version: '${var.version}', n: '${var.n}', both: '${var.n}.${var.flag}' }
",
    );
    let folder = project(&[
        (
            "gwplan.yaml",
            "provider: { region: '${var.region}' }
vars: { n: 3, spec: 1c2g, flag: true, version: 2.10, region: ap-tokyo }
",
        ),
        ("gateways.yaml", &text),
    ]);
    let after = planned(folder.path(), "", "a");
    assert_eq!(after["name"], "${var.n}-$5-3");
    assert_eq!(after["nodeConfig"]["number"], 3);
    assert_eq!(after["enableCls"], true);
    assert_eq!(after["description"], "2.10");
    assert_eq!(after["tags"]["version"], "2.10");
    assert_eq!(after["tags"]["n"], "3");
    assert_eq!(after["tags"]["both"], "3.true");
    assert_eq!(after["engineRegion"], "ap-tokyo");
    let given = planned(
        folder.path(),
        "--var n=4 --var flag=false --var version=2.50",
        "a",
    );
    assert_eq!(given["nodeConfig"]["number"], 4);
    assert_eq!(given["enableCls"], false);
    assert_eq!(given["description"], "2.50");
    let wrong = gwplan(folder.path(), "validate --var n=many", &[]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong
            .stdout
            .contains("`nodeConfig.number` must be a whole number"),
        "{}",
        wrong.stdout
    );
}

#[test]
fn overlays_change_and_add_and_stand_for_nothing_of_their_own() {
    let text = gateways(
        "    name: a\n    nodeConfig: { specification: 1c2g, number: 2 }\n    tags: { one: base, two: base }\n",
    );
    let added = format!(
        "gateways:\n  b:{GATEWAY}    name: b\n    nodeConfig: {{ specification: 1c2g, number: 2 }}\n"
    );
    let folder = project(&[
        (
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }
defaults: { tags: { zero: base, one: default } }
environments:
  plain: {}
  rich:
    defaults: { tags: { zero: environment } }
    overlays: [prod.yaml, overlays/more.yml]
",
        ),
        ("gateways.yaml", &text),
        (
            "prod.yaml",
            "gateways: { a: { nodeConfig: { number: 3 }, tags: { two: prod, three: prod } } }",
        ),
        (
            "overlays/more.yml",
            "gateways: { a: { tags: { three: more } } }",
        ),
        ("overlays/unused.yaml", &added),
    ]);
    let after = planned(folder.path(), "--env rich", "a");
    assert_eq!(after["nodeConfig"]["number"], 3);
    assert_eq!(after["nodeConfig"]["specification"], "1c2g");
    let tags = &after["tags"];
    assert_eq!(
        [&tags["zero"], &tags["one"], &tags["two"], &tags["three"]],
        ["environment", "base", "prod", "more"]
    );
    let plain = planned(folder.path(), "--env plain", "a");
    assert_eq!(plain["nodeConfig"]["number"], 2);
    assert_eq!(plain["tags"]["zero"], "base");
    for paths in ["", "prod.yaml", "gateways.yaml prod.yaml"] {
        let ran = gwplan(folder.path(), &format!("validate {paths}"), &[]);
        assert_eq!(ran.code, 0, "{paths}: {}", ran.stdout);
    }
}

#[test]
fn paths_to_ignore_are_united_over_all_layers() {
    let text = gateways(
        "    name: a
    nodeConfig: { specification: 1c2g, number: 2 }
    lifecycle: { ignoreChanges: [description] }
",
    );
    let folder = project(&[
        (
            "gwplan.yaml",
            "provider: { region: ap-guangzhou, endpoint: simulator, requestsPerSecond: 0 }
defaults: { lifecycle: { ignoreChanges: [tags] } }
environments:
  one:
    defaults: { lifecycle: { ignoreChanges: [enableCls, tags] } }
    overlays: [overlays/one.yaml]
",
        ),
        ("gateways.yaml", &text),
        (
            "overlays/one.yaml",
            "gateways: { a: { lifecycle: { ignoreChanges: [nodeConfig.number] } } }",
        ),
    ]);
    let applied = gwplan(folder.path(), "--env one apply --auto-approve", &[]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let changed = text.replace("number: 2", "number: 4").replace(
        "    lifecycle",
        "    description: other\n    tags: { a: b }\n    lifecycle",
    );
    fs::write(folder.path().join("gateways.yaml"), changed).expect("written");
    let plan = gwplan(folder.path(), "--env one plan --detailed-exitcode", &[]);
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
}

const TWO: &[(&str, &str)] = &[
    (
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, endpoint: simulator, requestsPerSecond: 0 }
state: { path: state/base.json }
environments:
  staging: { vars: { nodes: 2 } }
  prod: { vars: { nodes: 3 }, provider: { region: ap-shanghai } }
",
    ),
    (
        "gateways.yaml",
        "gateways:
  a:
    name: a
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: '${var.nodes}' }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
",
    ),
];

#[test]
fn two_environments_share_neither_state_nor_simulated_cloud() {
    let folder = project(TWO);
    let applied = gwplan(folder.path(), "--env staging apply --auto-approve", &[]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let prod = gwplan(folder.path(), "plan --detailed-exitcode --env prod", &[]);
    assert_eq!(prod.code, 2, "{}", prod.stderr);
    assert!(prod.stdout.contains("1 to add"), "{}", prod.stdout);
    assert!(
        prod.stdout.contains("gateway.a [ap-shanghai]"),
        "{}",
        prod.stdout
    );
    let applied = gwplan(
        folder.path(),
        "apply --auto-approve",
        &[("GWPLAN_ENV", "prod")],
    );
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let mut kept: Vec<String> = fs::read_dir(folder.path().join("state"))
        .expect("the states")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|ending| ending == "json")
        })
        .collect();
    kept.sort();
    assert_eq!(
        kept,
        [
            "prod.json",
            "prod.simulator.json",
            "staging.json",
            "staging.simulator.json"
        ]
    );
    // The flag wins over the environment variable.
    for name in ["staging", "prod"] {
        let again = format!("--env {name} plan --detailed-exitcode");
        let again = gwplan(folder.path(), &again, &[("GWPLAN_ENV", "staging")]);
        assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    }
}

#[test]
fn a_saved_plan_is_bound_to_its_environment() {
    let folder = project(TWO);
    let arguments = "--env staging --var nodes=2 plan --out plan.json";
    let saved = gwplan(folder.path(), arguments, &[]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let other = gwplan(
        folder.path(),
        "--env prod apply plan.json --auto-approve",
        &[],
    );
    assert_eq!(other.code, 1);
    assert!(
        other
            .stderr
            .contains("made for another environment: staging, not prod"),
        "{}",
        other.stderr
    );
}

#[test]
fn an_environment_must_be_chosen_and_must_exist() {
    let folder = project(TWO);
    for command in [
        "plan",
        "plan --offline",
        "apply --auto-approve",
        "show",
        "state list",
    ] {
        let ran = gwplan(folder.path(), command, &[]);
        assert_eq!(ran.code, 1, "{command}");
        for words in ["staging, prod", "--env NAME", "GWPLAN_ENV"] {
            assert!(ran.stderr.contains(words), "{command}: {}", ran.stderr);
        }
    }
    for command in ["plan", "validate"] {
        let ran = gwplan(folder.path(), &format!("--env stagin {command}"), &[]);
        assert_eq!(ran.code, 1);
        for words in [
            "no environment stagin",
            "did you mean staging?",
            "staging, prod",
        ] {
            assert!(ran.stderr.contains(words), "{command}: {}", ran.stderr);
        }
    }
    let none = project(&[("gwplan.yaml", "{}"), ("gateways.yaml", "gateways: {}")]);
    for command in ["plan --offline", "validate"] {
        let ran = gwplan(none.path(), command, &[("GWPLAN_ENV", "prod")]);
        assert_eq!(ran.code, 1);
        assert!(
            ran.stderr.contains("holds no environments"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_variable_that_nothing_uses_is_a_warning() {
    let folder = project(TWO);
    let ran = gwplan(folder.path(), "validate --var node=3", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    for words in [
        "unused-variable",
        "nothing uses the variable node",
        "did you mean --var nodes=VALUE?",
    ] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    let ran = gwplan(
        folder.path(),
        "--env prod plan --offline --var nodes=3",
        &[],
    );
    assert!(!ran.stderr.contains("unused-variable"), "{}", ran.stderr);
    for (arguments, words) in [
        ("validate --var nodes", "NAME=VALUE"),
        ("validate --var 2=3", "not a valid name for a variable"),
    ] {
        let ran = gwplan(folder.path(), arguments, &[]);
        assert_ne!(ran.code, 0);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    let absent = gwplan(folder.path(), "validate --var-file absent.yaml", &[]);
    assert_eq!(absent.code, 1);
    assert!(absent.stdout.contains("absent.yaml"), "{}", absent.stdout);
}

#[test]
fn moves_and_removals_reach_the_plan() {
    let folder = project(TWO);
    let applied = gwplan(folder.path(), "--env prod apply --auto-approve", &[]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let path = folder.path().join("gateways.yaml");
    let text = fs::read_to_string(&path).expect("text");
    let moved =
        text.replace("  a:\n", "  b:\n") + "moved:\n  - { from: gateway.a, to: gateway.b }\n";
    fs::write(&path, &moved).expect("written");
    let applied = gwplan(folder.path(), "--env prod apply --auto-approve", &[]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    assert!(applied.stdout.contains("0 added"), "{}", applied.stdout);
    let listed = gwplan(folder.path(), "--env prod state list --format names", &[]);
    assert_eq!(listed.stdout, "gateway.b\n");
    fs::write(&path, "removed: [{ from: gateway.b }]\n").expect("written");
    let applied = gwplan(folder.path(), "--env prod apply --auto-approve", &[]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    assert!(applied.stdout.contains("0 destroyed"), "{}", applied.stdout);
    let listed = gwplan(folder.path(), "--env prod state list --format names", &[]);
    assert_eq!(listed.stdout, "");
}

#[test]
fn the_example_is_valid_in_each_environment() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/environments");
    let ran = gwplan(&example, "validate --strict", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("3 files checked"), "{}", ran.stdout);
    let staging = planned(&example, "--env staging", "ingress");
    assert_eq!(staging["name"], "ingress-staging");
    let prod = planned(&example, "--env prod", "ingress");
    assert_eq!(prod["nodeConfig"]["number"], 3);
    assert_eq!(prod["nodeConfig"]["specification"], "2c4g");
    assert_eq!(
        planned(&example, "--env prod", "partners")["tags"]["env"],
        "prod"
    );
}

#[test]
fn a_region_from_the_environment_is_checked_where_it_is_what_counts() {
    let yaml = gateways("    name: a\n    nodeConfig: { specification: 1c2g, number: 2 }\n");
    let folder = project(&[("gwplan.yaml", "state: {}\n"), ("gateways.yaml", &yaml)]);
    let run = |arguments: &str, region: &str| {
        gwplan(folder.path(), arguments, &[("TENCENTCLOUD_REGION", region)])
    };
    for region in ["ap_guangzhou", "  ", "ap-guangzhou "] {
        let refused = run("validate", region);
        let told =
            format!("error[unknown-value]: TENCENTCLOUD_REGION is {region:?}, which is not known");
        assert_eq!(refused.code, 1, "{region:?}: {}", refused.stdout);
        assert!(refused.stdout.starts_with(&told), "{}", refused.stdout);
        let refused = run("plan --offline", region);
        assert_eq!(refused.code, 1, "{region:?}: {}", refused.stderr);
        assert!(refused.stderr.starts_with(&told), "{}", refused.stderr);
    }
    let refused = run("validate", "ap_guangzhou");
    assert!(
        refused.stdout.contains("did you mean `ap-guangzhou`?"),
        "{}",
        refused.stdout
    );
    assert_eq!(run("validate", "ap-guangzhou").code, 0);

    let allowed = "allow: { region: [mars-north] }\n";
    fs::write(folder.path().join("gwplan.yaml"), allowed).expect("written");
    assert_eq!(run("validate", "mars-north").code, 0);
    let named = "provider: { region: ap-guangzhou }\n";
    fs::write(folder.path().join("gwplan.yaml"), named).expect("written");
    assert_eq!(run("validate", "ap_guangzhou").code, 0);
}

//! What a project's policies keep from being done, and how that is told.

use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project, Run};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const DELETE: &str = "DeleteCloudNativeAPIGateway";

/// The examples, which the page about policies shows too.
const DESTROYS: &str = include_str!("../../examples/policies/destroys.rego");
const OWNERS: &str = include_str!("../../examples/policies/owners.rego");
const OWNERS_DATA: &str = include_str!("../../examples/policies/owners.yaml");
const NODES: &str = include_str!("../../examples/policies/nodes.rego");
const PAGE: &str = include_str!("../../docs/policy.md");

/// Begins a project with a section `policy`, and gateways.
fn project(cloud: &Cloud, policy: &str, gateways: &[Gateway<'_>]) -> Project {
    let project = Project::on(cloud);
    held_to(&project, policy);
    project.gateways(gateways.iter().copied());
    project
}

/// Gives a project a section `policy`.
fn held_to(project: &Project, policy: &str) {
    let text = format!("provider: {{ region: ap-guangzhou }}\n{policy}\n");
    project.write("gwplan.yaml", &text);
}

/// Gives a project a policy in Rego.
fn with_rego(project: &Project, files: &[(&str, &str)]) {
    std::fs::create_dir_all(project.path("policies")).unwrap();
    for (name, text) in files {
        project.write(&format!("policies/{name}"), text);
    }
}

#[track_caller]
fn says(text: &str, words: &str) {
    assert!(text.contains(words), "{words:?} is not in\n{text}");
}

/// The findings of a plan in JSON, in short.
fn findings(plan: &Run) -> Vec<String> {
    let json = plan.json();
    let told = json["gwplan"]["policy"].as_array().unwrap().iter();
    let text = |json: &Json| json.as_str().unwrap_or("-").to_owned();
    told.map(|f| {
        let [level, rule, address] = ["level", "rule", "address"].map(|key| text(&f[key]));
        format!("{level} {rule} {address}")
    })
    .collect()
}

#[test]
fn each_guard_denies_or_warns() {
    let cloud = Cloud::start(&[]);
    let wide = Gateway::new("a")
        .with("internetConfig: { internetPayMode: TRAFFIC, internetMaxBandwidthOut: 300 }");
    let project = project(&cloud, "", &[wide]);
    for (guard, rule) in [
        ("requiredTags: { tags: [team]", "required-tags"),
        (
            "allowedRegions: { regions: [ap-shanghai]",
            "allowed-regions",
        ),
        (
            "allowedSpecifications: { specifications: [2c4g]",
            "allowed-specifications",
        ),
        ("allowedVersions: { versions: [2.4.1]", "allowed-versions"),
        ("maxBandwidth: { limit: 200", "max-bandwidth"),
    ] {
        held_to(&project, &format!("policy:\n  {guard} }}"));
        let denied = project.run(&["plan", "--format", "json"]).ended(1);
        assert_eq!(findings(&denied), [format!("deny {rule} gateway.a")]);
        says(&denied.stderr, &format!("policy denies this plan: {rule}"));
        let refused = project.apply().ended(1);
        says(&refused.stderr, "--override-policy REASON");

        held_to(&project, &format!("policy:\n  {guard}, level: warn }}"));
        let warned = project.run(&["plan", "--format", "json"]).well();
        assert_eq!(findings(&warned), [format!("warn {rule} gateway.a")]);
    }
    assert_eq!(cloud.calls(CREATE), 0);
    let warned = project.apply().well();
    says(&warned.stdout, "max-bandwidth");
    // What is there already is not judged.
    held_to(&project, "policy:\n  maxBandwidth: { limit: 200 }");
    project.run(&["plan"]).well();
}

#[test]
fn what_is_protected_is_not_destroyed_and_many_are_not_at_once() {
    let cloud = Cloud::start(&[]);
    let policy =
        "policy:\n  maxDestroys: { limit: 1 }\n  protected: { addresses: [gateway.prod-*] }";
    let all = ["prod-a", "test-a", "test-b"].map(Gateway::new);
    let project = project(&cloud, policy, &all);
    project.apply().well();

    project.gateways(all[..2].iter().copied());
    project.run(&["plan"]).well();
    project.gateways(all[1..].iter().copied());
    let denied = project.run(&["plan"]).ended(1);
    says(
        &denied.stdout,
        "gateway.prod-a is protected by gateway.prod-*",
    );
    let denied = project
        .run(&["plan", "--replace", "gateway.test-a"])
        .ended(1);
    says(&denied.stdout, "the plan destroys 2");

    let denied = project.destroy().ended(1);
    says(
        &denied.stderr,
        "policy denies this plan: max-destroys, protected",
    );
    assert_eq!(cloud.calls(DELETE), 0);
    assert_eq!(project.state()["history"].as_array().unwrap().len(), 1);

    let reason = "the region is given up";
    let done = project.run(&["destroy", "--auto-approve", "--override-policy", reason]);
    let done = done.well();
    says(
        &done.stderr,
        "policy is overridden: max-destroys, protected",
    );
    let run = &project.state()["history"][1];
    assert_eq!(run["command"], "destroy");
    assert_eq!(run["planned"]["destroy"], 3);
    assert_eq!(run["override"]["reason"], reason);
    assert_eq!(
        run["override"]["rules"],
        serde_json::json!(["max-destroys", "protected"])
    );
}

#[test]
fn what_is_protected_stays_so_under_another_address() {
    let cloud = Cloud::start(&[]);
    let policy = "policy:\n  protected: { addresses: [gateway.prod-*] }";
    let project = project(&cloud, policy, &[Gateway::new("prod-a")]);
    project.apply().well();
    let protected =
        "gateway.tmp, until now gateway.prod-a, is protected by gateway.prod-*, and would be ";
    let chain =
        "moved: [{ from: gateway.prod-a, to: gateway.b }, { from: gateway.b, to: gateway.tmp }]";

    project.write("gateways.yaml", &format!("gateways: {{}}\n{chain}\n"));
    let denied = project.run(&["plan"]).ended(1);
    says(&denied.stdout, &format!("{protected}destroyed"));
    project.apply().ended(1);
    project.destroy().ended(1);
    let rego = "package main\ndeny contains c.previous_address if { some c in input.resource_changes; \"delete\" in c.change.actions }\n";
    with_rego(&project, &[("a.rego", rego)]);
    let denied = project.run(&["plan", "--format", "json"]).ended(1).json();
    assert_eq!(denied["gwplan"]["policy"][0]["message"], "gateway.prod-a");

    std::fs::remove_dir_all(project.path("policies")).unwrap();
    project.gateways([Gateway::new("tmp")]);
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &format!("{yaml}{chain}\n"));
    let warned = project.run(&["plan"]).well();
    says(&warned.stderr, "but not gateway.tmp, which it becomes");
    let denied = project.run(&["plan", "--replace", "gateway.tmp"]).ended(1);
    says(&denied.stdout, &format!("{protected}replaced"));
    assert_eq!(cloud.calls(DELETE), 0);
}

#[test]
fn a_guard_can_keep_what_is_protected_from_being_given_up() {
    let cloud = Cloud::start(&[]);
    let guard = |actions: &str| {
        format!("policy:\n  protected: {{ addresses: [gateway.prod-*], actions: [{actions}] }}")
    };
    let project = project(&cloud, &guard("forget"), &[Gateway::new("prod-a")]);
    project.apply().well();
    project.write(
        "gateways.yaml",
        "gateways: {}\nremoved: [{ from: gateway.prod-a }]\n",
    );
    let denied = project.run(&["plan", "--format", "json"]).ended(1);
    assert_eq!(findings(&denied), ["deny protected gateway.prod-a"]);
    held_to(&project, &guard("destroy, replace"));
    project.run(&["plan"]).well();
}

#[test]
fn a_denied_plan_is_not_kept_and_a_kept_one_is_held_to_what_holds_now() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    held_to(&project, "policy:\n  requiredTags: { tags: [team] }");
    let shown = project.run(&["show", "plan.json"]).well();
    says(&shown.stdout, "gateway.a lacks the tag team");
    let denied = project.run(&["apply", "plan.json"]).ended(1);
    says(&denied.stderr, "policy denies this plan: required-tags");
    assert_eq!(cloud.calls(CREATE), 0);
    project.run(&["plan", "--out", "other.json"]).ended(1);
    assert!(!project.path("other.json").exists());
    let over = ["apply", "plan.json", "--override-policy", "a fire"];
    project.run(&over).well();
    assert_eq!(cloud.calls(CREATE), 1);
    let history = project.run(&["state", "history"]).well();
    says(&history.stdout, "apply by ");
    says(&history.stdout, "1 to add, 0 to change, 0 to destroy");
    says(&history.stdout, "policy overridden (required-tags): a fire");
}

#[test]
fn an_override_says_why_and_is_recorded_only_where_it_was_needed() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    for empty in ["", " "] {
        let refused = project.run(&["apply", "--auto-approve", "--override-policy", empty]);
        says(&refused.ended(1).stderr, "say why");
    }
    let over = ["apply", "--auto-approve", "--override-policy", "why not"];
    let done = project.run(&over).well();
    says(&done.stderr, "no policy denies this plan");
    let history = project.run(&["state", "history", "--format", "json"]);
    let history = history.well().json()["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 1);
    assert_eq!(history[0]["override"], Json::Null);
    // A run that finds nothing to do leaves no trace.
    project.apply().well();
    assert_eq!(project.state()["history"].as_array().unwrap().len(), 1);
}

#[test]
fn an_environment_has_bounds_of_its_own() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\n\
         policy:\n  requiredTags: { tags: [team] }\n  protected: { addresses: [gateway.prod-*] }\n\
         environments:\n  test:\n    policy: { requiredTags: { level: warn } }\n  prod: {}\n",
    );
    let warned = project
        .run(&["plan", "--env", "test", "--format", "json"])
        .well();
    assert_eq!(findings(&warned), ["warn required-tags gateway.a"]);
    assert!(
        !warned.stderr.contains("no resource fits"),
        "{}",
        warned.stderr
    );
    let denied = project
        .run(&["plan", "--env", "prod", "--format", "json"])
        .ended(1);
    assert_eq!(findings(&denied), ["deny required-tags gateway.a"]);
}

#[test]
fn a_pattern_that_protects_nothing_is_told() {
    let cloud = Cloud::start(&[]);
    let policy = "policy:\n  protected: { addresses: [gateway.a, gateway.pord-*] }";
    let project = project(&cloud, policy, &[Gateway::new("a")]);
    let warned = project.run(&["plan"]).well();
    says(
        &warned.stderr,
        "names gateway.pord-*, and no resource fits that",
    );
    says(&warned.stderr, "gwplan.yaml:3:39");
}

#[test]
fn the_lines_of_apply_tell_of_policies() {
    let cloud = Cloud::start(&[]);
    let policy = "policy:\n  requiredTags: { tags: [team] }\n  maxBandwidth: { limit: 1 }";
    let project = project(&cloud, policy, &[Gateway::new("a")]);
    let arguments = ["apply", "--auto-approve", "--format", "json"];
    let denied = project.run(&arguments).ended(1);
    let severities = |run: &Run| -> Vec<String> {
        let lines = run.json_lines();
        let told = lines.iter().filter(|line| line["type"] == "diagnostic");
        told.map(|line| {
            let diagnostic = &line["diagnostic"];
            format!("{}: {}", diagnostic["severity"], diagnostic["summary"])
        })
        .collect()
    };
    let told = severities(&denied);
    assert_eq!(told.len(), 2, "{told:?}");
    says(
        &told[0],
        "\"error\": \"required-tags: gateway.a lacks the tag team\"",
    );
    says(&told[1], "policy denies this plan");
    let over = [&arguments[..], &["--override-policy", "a fire"]].concat();
    let done = project.run(&over).well();
    let told = severities(&done);
    assert_eq!(told.len(), 1, "{told:?}");
    says(&told[0], "\"warning\"");
}

#[test]
fn policies_for_plans_of_terraform_run_as_they_are() {
    let cloud = Cloud::start(&[]);
    let live = Gateway::new("live").with("tags: { env: prod, team: edge }");
    let test = Gateway::new("test").with("tags: { env: test, team: edge }");
    let project = project(&cloud, "", &[live, test]);
    project.apply().well();
    with_rego(&project, &[("destroys.rego", DESTROYS)]);
    project.gateways([live]);
    project.run(&["plan"]).well();
    project.gateways([test]);
    let denied = project.run(&["plan"]).ended(1);
    says(
        &denied.stdout,
        "gateway.live is live and would be destroyed",
    );
    says(&denied.stderr, "policy denies this plan: main.deny");
    let denied = project.run(&["plan", "--format", "json"]).ended(1);
    let told = &denied.json()["gwplan"]["policy"][0];
    assert_eq!(told["line"]["file"], "policies/destroys.rego");
    assert_eq!(told["line"]["line"], 4);
}

#[test]
fn policies_of_both_spellings_and_their_data_work_together() {
    let cloud = Cloud::start(&[]);
    let gateway = Gateway::new("a").with("tags: { env: prod, team: egde }");
    let project = project(&cloud, "", &[gateway]);
    let files = [
        ("destroys.rego", DESTROYS),
        ("owners.rego", OWNERS),
        ("owners.yaml", OWNERS_DATA),
        ("nodes.rego", NODES),
        ("nodes_test.rego", "package gwplan\nthis is no Rego"),
    ];
    with_rego(&project, &files);
    let denied = project.run(&["plan", "--format", "json"]).ended(1);
    assert_eq!(findings(&denied), ["deny gwplan.deny gateway.a"]);
    let one = "{ env: prod, team: edge }\n    nodeConfig: { specification: 1c2g, number: 1 }";
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    let yaml = yaml
        .replace("    nodeConfig: { specification: 1c2g, number: 2 }\n", "")
        .replace("{ env: prod, team: egde }", one);
    project.write("gateways.yaml", &yaml);
    let warned = project.run(&["plan", "--format", "json"]).well();
    assert_eq!(findings(&warned), ["warn gwplan.warn_nodes gateway.a"]);
}

#[test]
fn a_broken_policy_is_an_error_wherever_it_is_met() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    let broken = "package main\n\ndeny contains msg if {\n  msg := http.send({})\n}\n";
    with_rego(&project, &[("a.rego", broken)]);
    for arguments in [
        &["plan"][..],
        &["plan", "--offline"],
        &["apply", "--auto-approve"],
        &["apply", "--auto-approve", "--override-policy", "a fire"],
        &["destroy", "--auto-approve"],
    ] {
        let refused = project.run(arguments).ended(1);
        says(&refused.stderr, "there is no function http.send");
        says(&refused.stderr, "policies/a.rego:4:10");
    }
    let refused = project.run(&["validate"]).ended(1);
    says(&refused.stdout, "policies/a.rego:4:10");
    assert_eq!(cloud.calls(CREATE), 0);
    let refused = project.run(&["plan", "--format", "json"]).ended(1).json();
    assert_eq!(refused["errored"], true);

    with_rego(
        &project,
        &[("a.rego", "package terraform\ndeny contains \"x\" if true\n")],
    );
    let told = project.run(&["plan"]).well();
    says(&told.stderr, "the rule terraform.deny is not in force");
}

#[test]
fn the_folder_of_policies_must_be_there_where_it_is_named() {
    let cloud = Cloud::start(&[]);
    let policy = "policy:\n  rego: polices";
    let project = project(&cloud, policy, &[Gateway::new("a")]);
    let refused = project.run(&["plan"]).ended(1);
    says(&refused.stderr, "the policies in polices can't be read");
    says(&refused.stderr, "gwplan.yaml:3:9");
    // A link to itself, a file that is too large, and one that nobody may read.
    std::fs::create_dir(project.path("polices")).unwrap();
    std::os::unix::fs::symlink(".", project.path("polices/again")).unwrap();
    project.write(
        "polices/a.rego",
        "package main\ndeny contains \"no\" if true\n",
    );
    let denied = project.run(&["plan", "--format", "json"]).ended(1);
    assert_eq!(findings(&denied), ["deny main.deny -"]);
    project.write("polices/a.rego", &"#".repeat(1024 * 1024 + 1));
    let refused = project.run(&["plan"]).ended(1);
    says(&refused.stderr, "larger than 1 MiB");
    std::fs::remove_file(project.path("polices/a.rego")).unwrap();
    std::os::unix::fs::symlink("nowhere", project.path("polices/a.rego")).unwrap();
    let refused = project.run(&["plan"]).ended(1);
    says(&refused.stderr, "polices/a.rego");
}

#[test]
fn a_folder_without_policies_does_not_pass_for_one() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    let folder = project.path("policies");
    let plan = |code: i32, words: &str| {
        for arguments in [&["plan"][..], &["validate"]] {
            let run = project.run(arguments).ended(code);
            says(&format!("{}{}", run.stdout, run.stderr), words);
        }
    };
    // What is no folder, as a module that was not checked out.
    std::os::unix::fs::symlink("nowhere", &folder).unwrap();
    plan(1, "the policies in policies can't be read");
    std::fs::remove_file(&folder).unwrap();
    project.write("policies", "");
    plan(1, "the policies in policies can't be read");
    std::fs::remove_file(&folder).unwrap();

    std::fs::create_dir(&folder).unwrap();
    plan(0, "there is no policy in policies");
    for (name, text) in [("p_test.rego", ""), ("owners.yaml", "{}"), ("P.REGO", "")] {
        project.write(&format!("policies/{name}"), text);
        plan(0, "policies are the files that end in `.rego`");
    }
    plan(
        0,
        "not read, for the capitals in their endings: policies/P.REGO",
    );
    held_to(&project, "policy:\n  rego: policies");
    plan(1, "there is no policy in policies");
    plan(1, "gwplan.yaml:3:9");

    project.write(
        "policies/a.rego",
        "package main\ndeny contains \"no\" if false\n",
    );
    plan(0, "policies/P.REGO");
    std::os::unix::fs::symlink("nowhere", folder.join("shared")).unwrap();
    plan(1, "the policies in policies/shared can't be read");
}

#[test]
fn the_page_about_policies_shows_the_examples() {
    for example in [DESTROYS, OWNERS, OWNERS_DATA, NODES] {
        assert!(PAGE.contains(example), "not on the page:\n{example}");
    }
}

#[test]
fn a_run_is_remembered_before_its_first_request() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "", &[Gateway::new("a")]);
    cloud.set_faults(&[&format!("{CREATE}=code:InvalidParameterValue#1")]);
    project.apply().ended(1);
    assert!(cloud.gateways().is_empty());
    let history = project.state()["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 1);
    assert_eq!(history[0]["planned"]["add"], 1);
    // What moves and forgets records keeps it.
    project.apply().well();
    let before = project.state()["history"].clone();
    project
        .run(&["state", "mv", "gateway.a", "gateway.b"])
        .well();
    project.run(&["state", "rm", "gateway.b"]).well();
    assert_eq!(project.state()["history"], before);
    assert_eq!(before.as_array().unwrap().len(), 2);
}

#[test]
fn a_policy_that_asks_for_too_much_memory_denies() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    std::fs::create_dir(project.path("policies")).unwrap();
    let rule = "package main\nimport rego.v1\nwarn contains sprintf(\"%2000000000d\", [1])\n";
    project.write("policies/greedy.rego", rule);
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let run = project.run(command).ended(1);
        let says = "the policies asked for more memory than 10";
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
    assert_eq!(cloud.gateways().len(), 0);
}

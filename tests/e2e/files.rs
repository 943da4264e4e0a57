//! Which files make up the desired state.

use std::path::Path;

use crate::support::{Cloud, Gateway, Project, Run};

const NOT_OURS: &str = "services:\n  web:\n    image: nginx\n    ports: [\"80:80\"]\n";

/// Writes files of the project, with the folders that they lie in.
fn write(project: &Project, files: &[(&str, &str)]) {
    for (name, text) in files {
        let folder = project.path(name);
        std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
        project.write(name, text);
    }
}

fn gateways(names: &[&str]) -> String {
    let blocks: String = names.iter().map(|name| Gateway::new(name).yaml()).collect();
    format!("gateways:\n{blocks}")
}

fn project(settings: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    let region = "provider: { region: ap-guangzhou }\n";
    write(&project, &[("gwplan.yaml", &format!("{region}{settings}"))]);
    write(&project, files);
    project
}

/// Returns the names of the gateways that a plan would create.
#[track_caller]
fn planned(run: Run) -> Vec<String> {
    let plan = run.well().json();
    let changes = plan["resource_changes"].as_array().unwrap().iter();
    changes
        .map(|change| change["name"].as_str().unwrap().to_owned())
        .collect()
}

fn plan(project: &Project, more: &[&str]) -> Run {
    let arguments = ["plan", "--offline", "--format", "json"];
    project.run(&[&arguments, more].concat())
}

#[test]
fn patterns_say_which_files_are_read_and_paths_take_their_place() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| gateways(&[name]));
    let project = project(
        "files: [\"gateways/**/*.yaml\", \"more/[cx].yml\"]\n",
        &[
            ("gateways/a.yaml", &a),
            ("gateways/eu/deep/B.YAML", &b),
            ("more/c.yml", &c),
            ("more/d.yml", &d),
            ("beside.yaml", &d),
            ("gateways/.hidden/d.yaml", &d),
            ("gateways/other/gwplan.yaml", "{}\n"),
            ("gateways/other/d.yaml", &d),
        ],
    );
    assert_eq!(planned(plan(&project, &[])), ["a", "b", "c"]);
    project.run(&["validate"]).well();
    assert_eq!(planned(plan(&project, &["more"])), ["c", "d"]);
    assert_eq!(planned(plan(&project, &["more/d.yml"])), ["d"]);
}

#[test]
fn an_environment_and_its_variables_can_name_files_of_their_own() {
    let [a, b, c] = ["a", "b", "c"].map(|name| gateways(&[name]));
    let environments =
        "environments:\n  test: { vars: { stage: low } }\n  prod: { files: [high/c.yaml] }\n";
    let project = project(
        &format!("vars: {{ stage: none }}\nfiles: [\"${{var.stage}}/*.yaml\"]\n{environments}"),
        &[("low/a.yaml", &a), ("high/b.yaml", &b), ("high/c.yaml", &c)],
    );
    assert_eq!(planned(plan(&project, &["--env", "test"])), ["a"]);
    assert_eq!(planned(plan(&project, &["--env", "prod"])), ["c"]);
}

#[test]
fn a_pattern_that_is_wrong_or_finds_nothing_is_an_error_at_its_line() {
    for (files, told) in [
        (
            "[\"gatways/*.yaml\"]",
            "gwplan.yaml:2: no YAML file matches `gatways/*.yaml`",
        ),
        ("[nothing.yaml]", "no YAML file matches `nothing.yaml`"),
        ("[\"gateways/[a.yaml\"]", "is not a valid pattern of paths"),
        ("[]", "`files` names no files"),
    ] {
        let a = gateways(&["a"]);
        let project = project(&format!("files: {files}\n"), &[("gateways/a.yaml", &a)]);
        for command in [&["validate"][..], &["plan", "--offline"]] {
            let run = project.run(command).ended(1);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(all.contains(told), "{files}: {all}");
        }
    }
}

#[test]
fn files_of_variables_are_no_gateways_files() {
    let a = gateways(&["a-${var.cell}"]).replace("  a-${var.cell}:", "  a:");
    let project = project("", &[("gateways.yaml", &a), ("cell.yaml", "cell: one\n")]);
    let run = plan(&project, &["--var-file", "cell.yaml"]);
    assert!(!run.stderr.contains("skipped"), "{}", run.stderr);
    assert_eq!(planned(run), ["a"]);
}

#[test]
fn a_file_of_another_tool_is_skipped_with_a_note() {
    let a = gateways(&["a"]);
    let manifests = "kind: Service\nmetadata: { name: web }\n---\nkind: Job\n";
    let project = project(
        "",
        &[
            ("GATEWAYS.YML", &a),
            ("docker-compose.yml", NOT_OURS),
            ("manifests.yaml", manifests),
            ("playbook.yaml", "- hosts: all\n  tasks: []\n"),
        ],
    );
    let run = plan(&project, &[]);
    let note =
        "skipped docker-compose.yml, manifests.yaml, playbook.yaml: no gwplan key at the top level";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert_eq!(planned(run), ["a"]);
    let run = project.run(&["validate", "--strict"]).well();
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert!(run.stdout.contains("2 files checked"), "{}", run.stdout);
    // One that is named is meant.
    let run = project.run(&["validate", "docker-compose.yml"]).ended(1);
    assert!(run.stdout.contains("unknown-key"), "{}", run.stdout);
}

#[test]
fn a_file_that_could_be_ours_is_never_skipped() {
    let a = gateways(&["a"]);
    let b = gateways(&["b"]);
    let block = b.replacen("gateways:\n", "", 1);
    for text in [
        b.replacen("gateways", "gateway", 1),
        b.replacen("gateways", "Gateways", 1),
        b.replacen("gateways", "things", 1),
        block.replace("\n  ", "\n").replacen("  ", "", 1),
        format!("{NOT_OURS}{b}"),
        "- name: b\n  nodeConfig: {}\n".to_owned(),
        "move: []\n".to_owned(),
        "services\n".to_owned(),
    ] {
        let project = project("", &[("gateways.yaml", &a), ("b.yaml", &text)]);
        let run = project.run(&["validate"]).ended(1);
        assert!(run.stdout.contains("b.yaml:"), "{text}\n{}", run.stdout);
        plan(&project, &[]).ended(1);
    }
    // Where no other file is left, one of them was meant.
    let project = project("", &[("docker-compose.yml", NOT_OURS)]);
    plan(&project, &[]).ended(1);
}

#[test]
fn what_stands_in_a_file_that_was_not_read_is_not_destroyed() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let [a, b] = ["a", "b"].map(|name| gateways(&[name]));
    write(&project, &[("a.yaml", &a), ("more/b.yaml", &b)]);
    let both = ["a.yaml", "more/b.yaml"];
    project
        .run(&[&["apply", "--auto-approve"][..], &both].concat())
        .well();
    for (command, told) in [
        (
            &["plan", "a.yaml"][..],
            "name more/b.yaml on the command line too",
        ),
        (&["plan"], "files: [\"*.yaml\", \"more/b.yaml\"]"),
        (
            &["plan", "--offline"],
            "more/b.yaml, which describes it, was not read",
        ),
        (
            &["apply", "--auto-approve", "a.yaml"],
            "the plan would destroy gateway.b",
        ),
    ] {
        let run = project.run(command).ended(1);
        assert!(
            run.stderr.contains("unread-file") || run.stdout.contains("unread-file"),
            "{}{}",
            run.stdout,
            run.stderr
        );
        let all = format!("{}{}", run.stdout, run.stderr);
        let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(told), "{command:?}: {all}");
    }
    // A part that leaves it alone is as good as ever, and so is the whole.
    project
        .run(&["plan", "a.yaml", "--target", "gateway.a"])
        .well();
    project.run(&["plan", "./more/../a.yaml", "more"]).well();
    let settings = "provider: { region: ap-guangzhou }\nfiles: [a.yaml]\n";
    project.write("gwplan.yaml", settings);
    let run = project.run(&["plan"]).ended(1);
    assert!(format!("{}{}", run.stdout, run.stderr).contains("add more/b.yaml to `files`"));
    project.write("gwplan.yaml", &settings.replace("a.yaml", "\"**/*.yaml\""));
    project.run(&["plan", "--detailed-exitcode"]).well();
    // What has left its file, or whose file is gone, is destroyed as ever.
    project.write("more/b.yaml", "gateways: {}\n");
    let gone = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(gone.stdout.contains("1 to destroy"), "{}", gone.stdout);
    std::fs::remove_file(project.path("more/b.yaml")).unwrap();
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
    project.destroy().well();
    assert!(cloud.names().is_empty());
}

#[test]
fn destroy_reads_the_files_that_the_project_names_and_bears_that_they_are_gone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let a = gateways(&["a"]);
    let over = "gateways:\n  a: { description: Over }\n";
    write(
        &project,
        &[("fleet/a.yaml", &a), ("overlays/prod.yaml", over)],
    );
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\nfiles: [\"fleet/*.yaml\"]\nenvironments:\n  prod: { overlays: [overlays/prod.yaml] }\n",
    );
    project
        .run(&["--env", "prod", "apply", "--auto-approve"])
        .well();
    project
        .run(&["--env", "prod", "destroy", "--auto-approve"])
        .well();
    assert!(cloud.names().is_empty());
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\nfiles: [\"fleet/*.yaml\"]\n",
    );
    project.apply().well();
    std::fs::remove_file(project.path("fleet/a.yaml")).unwrap();
    project.write("docker-compose.yml", NOT_OURS);
    project.run(&["plan"]).ended(1);
    project.destroy().well();
    assert!(cloud.names().is_empty());
}

#[test]
fn the_project_is_found_from_a_subfolder_and_paths_are_those_of_the_shell() {
    let [a, b] = ["a", "b"].map(|name| gateways(&[name]));
    let project = project(
        "files: [\"fleet/**/*.yaml\"]\n",
        &[("fleet/eu/a.yaml", &a), ("fleet/b.yaml", &b)],
    );
    let within = |folder: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        let output = command.current_dir(project.path(folder)).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let names = |(code, text): (Option<i32>, String)| {
        assert_eq!(code, Some(0), "{text}");
        ["gateway.a", "gateway.b"].map(|name| text.contains(&format!("# {name} ")))
    };
    assert_eq!(
        names(within("fleet/eu", &["plan", "--offline"])),
        [true, true]
    );
    assert_eq!(
        names(within("fleet/eu", &["plan", "--offline", "a.yaml"])),
        [true, false]
    );
    assert_eq!(
        names(within("fleet/eu", &["plan", "--offline", "../b.yaml"])),
        [false, true]
    );
    assert_eq!(
        names(within("", &["-C", "fleet/eu", "plan", "--offline", "."])),
        [true, false]
    );
    let (code, text) = within("fleet", &["validate"]);
    assert_eq!(
        (code, text.contains("3 files checked")),
        (Some(0), true),
        "{text}"
    );
    // What it prints works where it is printed.
    let (_, text) = within("fleet/eu", &["plan", "--offline", "a.yaml"]);
    assert!(!text.contains("gwplan apply a.yaml"), "{text}");
    // init begins a project where it is started.
    within("fleet", &["init"]);
    assert!(Path::new(&project.path("fleet/gwplan.yaml")).exists());
}

#[test]
fn a_project_file_of_nearly_the_right_name_is_told_of() {
    let project = Project::empty();
    project.write("gwplan.yml", "provider: { region: ap-guangzhou }\n");
    let run = project.run(&["plan"]).ended(1);
    assert!(
        run.stderr.contains("rename gwplan.yml to gwplan.yaml"),
        "{}",
        run.stderr
    );
}

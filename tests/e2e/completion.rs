//! What a shell is offered where a value is to be typed.

use crate::support::{Cloud, Gateway, Project};

/// Asks as a shell's script does; the last word is the one that is being typed.
fn offered(project: &mut Project, words: &[&str]) -> Vec<String> {
    project.set("GWPLAN_COMPLETE", "fish");
    let run = project.run(&[&["--", "gwplan"], words].concat()).well();
    project.set("GWPLAN_COMPLETE", "");
    assert_eq!(run.stderr, "", "{words:?}");
    // What follows the tab explains.
    let lines = run.stdout.lines();
    lines
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn completions_offer_the_addresses_of_the_files_and_of_the_state() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("recorded")]);
    project.apply();
    project.gateways([Gateway::new("wanted")]);
    let both = ["gateway.recorded", "gateway.wanted"];
    for before in [
        &["plan", "--target"][..],
        &["apply", "--replace"],
        &["destroy", "--exclude"],
        &["state", "show"],
        &["state", "rm"],
        &["state", "mv"],
        &["import"],
    ] {
        let all = offered(&mut project, &[before, &["g"]].concat());
        assert_eq!(all, both, "{before:?}");
    }
    let one = offered(&mut project, &["plan", "--target", "gateway.w"]);
    assert_eq!(one, ["gateway.wanted"]);
    // An address of the network is none of a gateway's.
    assert_eq!(
        offered(&mut project, &["simulator", "--listen", "g"]),
        [""; 0]
    );
}

#[test]
fn completions_offer_environments_regions_and_saved_plans() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.write("notes.txt", "no plan\n");
    project.run(&["plan", "--out", "a.plan"]).well();
    let show = offered(&mut project, &["show", ""]);
    assert!(show.contains(&"a.plan".to_owned()), "{show:?}");
    assert!(!show.contains(&"gateways.yaml".to_owned()), "{show:?}");
    let apply = offered(&mut project, &["apply", ""]);
    assert!(apply.contains(&"a.plan".to_owned()), "{apply:?}");
    assert!(apply.contains(&"gateways.yaml".to_owned()), "{apply:?}");
    assert!(!apply.contains(&"notes.txt".to_owned()), "{apply:?}");
    let plan = offered(&mut project, &["plan", ""]);
    assert!(!plan.contains(&"gwplan.yaml".to_owned()), "{plan:?}");
    assert_eq!(
        offered(&mut project, &["import", "--region", "ap-sing"]),
        ["ap-singapore"]
    );

    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\nenvironments: { dev: {}, prod: {} }\n",
    );
    assert_eq!(offered(&mut project, &["--env", ""]), ["dev", "prod"]);
    // Where the words before say which project and which environment, that one is asked.
    let folder = project.path("").display().to_string();
    let words = ["-C", &folder, "--env", "prod", "plan", "--target", ""];
    assert_eq!(offered(&mut project, &words), ["gateway.a"]);
    // A project that can't be read offers nothing, and says nothing.
    project.write("gwplan.yaml", "provider: [");
    assert_eq!(offered(&mut project, &["--env", ""]), [""; 0]);
}

#[test]
fn each_shell_gets_a_script_that_asks_the_program() {
    let project = Project::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = project.run(&["completions", shell]).well().stdout;
        assert!(script.contains("GWPLAN_COMPLETE"), "{shell}: {script}");
        assert!(!script.contains(env!("CARGO_MANIFEST_DIR")), "{shell}");
    }
}

//! What the README shows is what is printed.

use crate::support::Project;

const README: &str = include_str!("../../README.md");

#[track_caller]
fn assert_shown(printed: &str) {
    assert!(README.contains(printed), "not in the README:\n{printed}");
}

#[test]
fn the_readme_shows_what_the_commands_print() {
    let project = Project::empty();
    let init = project.run(&["init"]).well();
    assert_shown(&format!(
        "$ mkdir edge && cd edge && gwplan init\n{}",
        init.stderr
    ));
    let plan = project.run(&["plan"]).well();
    assert_shown(&format!("$ gwplan plan\n{}\n", plan.stdout));
    assert_eq!(plan.stderr, "");

    let apply = project.apply().well();
    let (_, end) = apply.stdout.rsplit_once("\n\n").unwrap();
    assert_shown(&format!("\n\n{end}\n"));
    let again = project.run(&["plan"]).well();
    assert_shown(&format!("$ gwplan plan\n{}\n", again.stdout));

    let path = project.path("gateways.yaml");
    let yaml = std::fs::read_to_string(path).unwrap();
    project.write("gateways.yaml", &yaml.replace("nodeConfig", "nodeconfig"));
    let validate = project.run(&["validate"]).ended(1);
    assert_shown(&format!(
        "$ gwplan validate\n{}{}```",
        validate.stdout, validate.stderr
    ));
}

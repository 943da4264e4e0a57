//! What `--help` says.

use crate::support::Project;

#[test]
fn global_options_stand_apart_from_those_of_the_command() {
    let project = Project::empty();
    for command in ["plan", "apply"] {
        let help = project.run(&[command, "--help"]).well().stdout;
        let (own, rest) = help.split_once("\nGlobal options:\n").unwrap();
        let (global, _) = rest.split_once("\nExamples:\n").unwrap();
        for option in ["--target", "--format", "--help"] {
            assert!(own.contains(option) && !global.contains(option), "{help}");
        }
        for option in ["-C ", "--color", "--quiet", "--verbose", "--env", "--var "] {
            assert!(global.contains(option) && !own.contains(option), "{help}");
        }
    }
}

#[test]
fn the_help_of_the_simulator_names_every_kind_of_fault() {
    let project = Project::empty();
    let refused = project.run(&["simulator", "--fault", "read=nonsense"]);
    let told = refused.ended(1).stderr;
    let (_, known) = told.split_once("known: ").unwrap();
    let help = project.run(&["simulator", "--help"]).well().stdout;
    for kind in known.lines().next().unwrap().split(", ") {
        assert!(
            help.contains(&format!("\n            {kind}")),
            "{kind}: {help}"
        );
    }
}

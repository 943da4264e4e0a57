//! Prompts at a terminal, and the signals that come while one waits for an answer.

use anstream::adapter::strip_str;

use crate::pty::AtTerminal;
use crate::support::{Cloud, Gateway, Project, fleet, names};

const QUESTION: &str = "Type `yes` to confirm: ";

fn project(cloud: &Cloud) -> Project {
    let project = Project::on(cloud);
    project.gateways([Gateway::new("a")]);
    project
}

/// Fails the test unless a signal ends a command that asks, at once and with 130, and nothing is done.
fn ended_by(signal: &str, project: &Project, arguments: &[&str]) {
    let run = AtTerminal::start(project, arguments);
    run.wait_for(QUESTION);
    run.signal(signal);
    let (status, shown) = run.end();
    assert_eq!(
        status.code(),
        Some(130),
        "{arguments:?}, {signal}:\n{shown}"
    );
    let after = shown.split_once(QUESTION).unwrap().1;
    assert!(
        after.starts_with("\r\ninterrupted before anything was started"),
        "{shown}"
    );
}

#[test]
fn no_word_is_broken_at_the_edge_of_the_terminal_and_no_row_of_the_progress_is_left() {
    let cloud = Cloud::start(&["--create-time", "1h"]);
    let project = Project::on(&cloud);
    let words = "a public ingress of the shop that nobody should ever take down on a whim";
    let description = format!("description: {words}");
    project.gateways([Gateway::new("long").with(&description)]);
    let plan = AtTerminal::start(&project, &["plan", "--var", "nothing=1"]);
    let (_, shown) = plan.end();
    let text = strip_str(&shown).to_string();
    let long = text.lines().filter(|line| line.chars().count() > 80);
    let long: Vec<&str> = long.filter(|line| !line.contains(": gwplan ")).collect();
    assert!(long.is_empty(), "{long:?}");
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(whole.contains(words) && !text.contains(words), "{text}");
    let hint = "no value holds `${var.nothing}`: leave it out";
    assert!(whole.contains(hint), "{text}");

    project.gateways(fleet(&names(20)));

    let mut run = AtTerminal::start(&project, &["apply", "--auto-approve"]);
    run.wait_for("8 more under way");
    run.press("\x03");
    run.signal("INT");
    let (_, shown) = run.end();
    let rows = shown.rfind("under way)").unwrap();
    assert!(shown[rows..].contains("\x1b[2K"), "{:?}", &shown[rows..]);
    let after = strip_str(shown.rsplit("\x1b[2K").next().unwrap()).to_string();
    for row in ["so far", "creating (", "Creating ("] {
        assert!(!after.contains(row), "{after}");
    }
}

#[test]
fn a_signal_at_the_prompt_of_apply_and_destroy_ends_the_run_at_once() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud);
    for signal in ["INT", "TERM", "HUP"] {
        ended_by(signal, &project, &["apply"]);
    }
    assert!(cloud.gateways().is_empty());
    // The lock went with each of them.
    project.apply().well();
    for signal in ["INT", "TERM"] {
        ended_by(signal, &project, &["destroy"]);
    }
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn a_signal_at_the_prompt_of_orphans_ends_the_run_at_once() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud);
    project.apply().well();
    let id = project.id("a");
    // What the state no longer knows is an orphan.
    project.run(&["state", "rm", "gateway.a"]).well();
    ended_by("INT", &project, &["orphans", "--delete", &id]);
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn a_yes_at_the_prompt_goes_on_and_anything_else_does_not() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud);
    for (answer, code) in [("y\n", 1), ("yes\n", 0)] {
        let mut run = AtTerminal::start(&project, &["apply"]);
        run.wait_for(QUESTION);
        run.press(answer);
        let (status, shown) = run.end();
        assert_eq!(status.code(), Some(code), "{answer:?}:\n{shown}");
    }
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn whoever_destroys_several_gateways_types_what_they_belong_to() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    let name = project.path("").canonicalize().unwrap();
    let name = name.file_name().unwrap().to_str().unwrap();
    let question = format!("Type `{name}` to confirm: ");
    for (answer, code, left) in [("yes".to_owned(), 1, 2), (name.to_owned(), 0, 0)] {
        let mut run = AtTerminal::start(&project, &["destroy"]);
        run.wait_for(&question);
        run.press(&format!("{answer}\n"));
        let (status, shown) = run.end();
        assert_eq!(status.code(), Some(code), "{answer:?}:\n{shown}");
        assert!(
            shown.contains("Destroy 2 gateways of a server on this machine (state: "),
            "{shown}"
        );
        assert_eq!(cloud.gateways().len(), left);
    }
}

//! Two runs at once.

use crate::support::{Cloud, Running, fleet, look_until, names};

use super::{PROMPT, asked_for, exactly_once, project};

#[test]
fn two_applies_at_once_make_each_gateway_once() {
    for round in 0..asked_for("GWPLAN_ROUNDS", 20) {
        let cloud = Cloud::start(&[]);
        let project = project(&cloud, PROMPT);
        let names = names(3);
        project.gateways(fleet(&names));
        let arguments: &[&str] = if round % 2 == 0 {
            &["apply", "--auto-approve"]
        } else {
            &["apply", "--auto-approve", "--lock-timeout", "1m"]
        };
        let both = [project.start(arguments), project.start(arguments)].map(Running::end);
        for run in &both {
            let told = run.code == Some(1) && run.stderr.contains("is locked by");
            assert!(run.code == Some(0) || (told && round % 2 == 0), "{run:?}");
        }
        assert!(both.iter().any(|run| run.code == Some(0)), "{both:?}");
        exactly_once(&cloud, &project, &names);
    }
}

#[test]
fn those_who_read_see_a_whole_state_while_one_writes() {
    let cloud = Cloud::start(&["--create-time", "1s"]);
    let project = project(&cloud, PROMPT);
    let names = names(40);
    project.gateways(fleet(&names));
    let running = project.start(&["apply", "--auto-approve", "--under-way", "5", "-q"]);
    let mut seen = 0;
    look_until("all of them in the list", || {
        let listed = project.run(&["state", "list", "--format", "names"]).well();
        let count = listed.stdout.lines().count();
        assert!(count >= seen, "{count} after {seen}");
        seen = count;
        project.run(&["plan", "--offline"]).well();
        seen == names.len()
    });
    running.end().well();
    exactly_once(&cloud, &project, &names);
}

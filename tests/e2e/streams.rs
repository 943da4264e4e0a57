//! What goes to stdout, what to stderr, and in what colours.

use crate::support::{Cloud, Gateway, Project, fleet, names};

#[test]
fn stdout_has_the_product_and_stderr_the_talk() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let applied = project.apply().well();
    for line in [
        "gateway.a: creating...",
        "gateway.a: accepted by the cloud as ",
        "gateway.a: created after ",
    ] {
        assert!(applied.stderr.contains(line), "{}", applied.stderr);
        assert!(!applied.stdout.contains(line), "{}", applied.stdout);
    }
    assert!(
        applied.stdout.contains("Plan: 1 to add"),
        "{}",
        applied.stdout
    );
    let destroyed = project.run(&["-q", "destroy", "--auto-approve"]).well();
    assert_eq!(destroyed.stderr, "");
    assert!(
        destroyed.stdout.contains("Destroy complete!"),
        "{}",
        destroyed.stdout
    );
    let listed = project.run(&["state", "list"]).well();
    assert_eq!((listed.stdout.as_str(), listed.stderr.as_str()), ("", ""));
}

#[test]
fn quiet_silences_hints_but_no_errors() {
    let project = Project::empty();
    let run = project.run(&["-q", "plan"]).ended(1);
    assert!(
        run.stderr.starts_with("error: there is no gwplan.yaml"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("hint"), "{}", run.stderr);
}

#[test]
fn a_reader_that_goes_away_causes_no_fuss() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    // More than a pipe holds, so that the program is still writing when the reader is gone.
    let names = names(1000);
    project.gateways(fleet(&names));
    let mut run = project.start(&["plan"]);
    run.close_stdout();
    let run = run.end();
    assert_eq!(run.stderr, "");
    assert!(matches!(run.code, Some(0 | 1)), "{:?}", run.code);
}

#[test]
fn an_apply_is_brought_to_its_end_even_if_nobody_reads() {
    let cloud = Cloud::start(&["--create-time", "1s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b").after(&["a"])]);
    let mut run = project.start(&["apply", "--auto-approve", "--format", "json"]);
    project.wait_for("creating", 1);
    run.close_stdout();
    drop(run.stderr());
    let code = run.end().code;
    assert!(matches!(code, Some(0 | 1)), "{code:?}");
    assert_eq!(project.statuses(), [("ready".to_owned(), 2)].into());
}

#[test]
fn colours_come_and_go_as_asked() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let coloured = |project: &Project, arguments: &[&str]| {
        project.run(arguments).well().stdout.contains('\u{1b}')
    };
    assert!(!coloured(&project, &["plan"]), "a pipe is no terminal");
    assert!(coloured(&project, &["plan", "--color", "always"]));
    assert!(!coloured(
        &project,
        &["plan", "--format", "json", "--color", "always"]
    ));
    project.set("CLICOLOR_FORCE", "1");
    assert!(coloured(&project, &["plan"]));
    assert!(!coloured(&project, &["plan", "--color", "never"]));
    project.set("NO_COLOR", "1");
    assert!(!coloured(&project, &["plan"]));
    assert!(
        coloured(&project, &["plan", "--color", "always"]),
        "the flag is the nearer wish"
    );
}

#[test]
fn a_file_name_that_turns_the_text_around_it_is_written_out() {
    let project = Project::empty();
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    let gateway = "    name: a\n    gatewayVersion: 2.5.1\n    nodeConfig: { specification: 1c2g, number: 2 }\n    vpcConfig: { vpcId: vpc-1, subnetId: subnet-1 }\n";
    project.write("g\u{202e}lmay.yaml", &format!("gateways:\n  a:\n{gateway}"));
    let plan = project.run(&["plan", "--offline"]).well();
    project.write("h\u{202e}lmay.yaml", "gateways: { b: { nam: x } }\n");
    let faults = project.run(&["validate"]).ended(1);
    for (name, shown) in [('g', plan.stdout), ('h', faults.stdout + &faults.stderr)] {
        assert!(!shown.contains('\u{202e}'), "{shown}");
        assert!(
            shown.contains(&format!(r"{name}\u{{202e}}lmay.yaml:")),
            "{shown}"
        );
    }
}

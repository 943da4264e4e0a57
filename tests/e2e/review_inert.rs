//! What runs in a workflow of GitHub, whose runner reads commands from stdout and stderr.

use std::fs;

use crate::review::Job;
use crate::support::{Gateway, Run};

/// A description that is a command in the new form, and holds one in the old form.
const HOSTILE: &str = "description: '::set-output name=x::pwn ##[set-output name=x]pwn'";

/// Fails the test if the runner would take any line for a command that is none of our annotations.
#[track_caller]
fn assert_inert(run: &Run) {
    for (stream, may_annotate) in [(&run.stdout, true), (&run.stderr, false)] {
        for line in stream.split(['\n', '\r']) {
            assert!(!line.contains("##["), "{line}");
            let is_command = line.trim_start().starts_with("::");
            let is_ours = line.starts_with("::error ") || line.starts_with("::warning ");
            assert!(!is_command || (may_annotate && is_ours), "{line}");
        }
    }
}

#[test]
fn no_text_of_the_files_is_a_command() {
    let job = Job::on_github();
    let mut seen = String::new();
    let mut run = |arguments: &[&str]| {
        let run = job.project.run(arguments);
        assert_inert(&run);
        seen += &run.stdout;
        seen += &run.stderr;
        run
    };
    job.project.gateways([Gateway::new("a").with(HOSTILE)]);
    for command in ["plan", "review", "validate"] {
        run(&[command]).well();
    }
    run(&["-vv", "plan"]).well();
    run(&["apply", "--auto-approve"]).well();
    run(&["show"]).well();
    run(&["drift"]).well();
    run(&["plan", "--format", "html"]).well();
    let shown = run(&["show", "--format", "json"]).well().json();
    let description = shown.to_string();
    assert!(description.contains("##[set-output name=x]pwn"), "{shown}");
    // The description is refused, and so shown with its line; as is each word of the command line.
    for bad in [
        "nam: '##[set-output name=x]pwn'",
        "description: [ '##[set-output name=x]pwn' ]",
        "description: \"a\\n::set-output name=x::pwn\"",
        "'::set-output name=x::pwn': 1",
    ] {
        job.project.gateways([Gateway::new("a").with(bad)]);
        for command in ["plan", "review", "validate"] {
            run(&[command]).ended(1);
        }
        run(&["validate", "--format", "github"]).ended(1);
        for format in ["json", "sarif"] {
            run(&["validate", "--format", format]).ended(1).json();
        }
    }
    for word in ["::set-output name=x::pwn", "##[set-output name=x]pwn"] {
        run(&["plan", word]).ended(1);
        run(&["plan", "--target", word]).ended(1);
        run(&["state", "show", word]).ended(1);
        run(&["plan", "--var", word]).ended(1);
    }
    assert!(seen.contains("## [set-output name=x]pwn"), "{seen}");
    assert!(seen.contains(r"#\u0023[set-output name=x]pwn"), "{seen}");
    assert!(seen.contains("::error file=gateways.yaml,"), "{seen}");
}

#[test]
fn elsewhere_texts_stay_as_they_are() {
    let mut job = Job::on_github();
    job.project.set("GITHUB_ACTIONS", "");
    job.project.gateways([Gateway::new("a").with(HOSTILE)]);
    let run = job.project.run(&["plan"]).well();
    assert!(run.stdout.contains("##[set-output name=x]pwn"));
}

#[test]
fn an_annotation_shows_what_can_not_be_seen() {
    let job = Job::on_github();
    job.project
        .gateways([Gateway::new("a").with("\"evil\u{200b}\u{202e}##[error]x\": 1")]);
    for arguments in [&["review"][..], &["validate", "--format", "github"]] {
        let run = job.project.run(arguments).ended(1);
        let mut lines = run.stdout.lines();
        let line = lines.find(|line| line.starts_with("::error ")).unwrap();
        assert!(!line.contains(['\u{200b}', '\u{202e}']), "{line}");
        assert!(line.contains("## [error]x"), "{line}");
    }
}

#[test]
fn the_message_of_a_policy_hides_nothing_and_is_no_command() {
    let job = Job::on_github();
    fs::create_dir(job.project.path("policies")).unwrap();
    job.project.write(
        "policies/a.rego",
        "package main\n\nwarn contains \"a\\u202eb ##[x]y\\n::error::z\"\n",
    );
    let run = job.review().well();
    assert_inert(&run);
    let mut lines = run.stdout.lines();
    let line = lines.find(|line| line.starts_with("::warning ")).unwrap();
    let expected = "a\\u{202e}b ## [x]y%0A::error::z";
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn outside_of_any_repository_nothing_is_linked() {
    let mut job = Job::on_github();
    let link = "https://github.example/acme/edge/blob";
    job.project.run(&["review"]).well();
    assert!(job.summary().contains(link));
    fs::remove_dir(job.project.path("../.git")).unwrap();
    fs::remove_file(job.project.path("../summary.md")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();
    job.project.set("GITHUB_WORKSPACE", elsewhere);
    job.project.run(&["review"]).well();
    assert!(job.summary().contains("`gateway.a`"));
    assert!(!job.summary().contains(link), "{}", job.summary());
    let page = job.project.run(&["plan", "--format", "html"]).well();
    assert!(!page.stdout.contains(link));
    job.project.write("gateways.yaml", "gateways: { a: 1 }\n");
    let run = job.project.run(&["review"]).ended(1);
    assert!(!run.stdout.contains("file="), "{}", run.stdout);
}

#[test]
fn values_of_variables_are_not_in_the_comment() {
    let job = Job::on_github();
    job.project
        .gateways([Gateway::new("a").with("description: 'for ${var.who}'")]);
    fs::create_dir(job.project.path("-odd")).unwrap();
    fs::rename(
        job.project.path("gateways.yaml"),
        job.project.path("-odd/gateways.yaml"),
    )
    .unwrap();
    let arguments = ["review", "--var", "who=s3cret", "--", "-odd"];
    job.project.run(&arguments).well();
    let comment: String = job.forge.bodies().concat();
    let command = comment.lines().find(|line| line.contains("gwplan apply"));
    let command = command.unwrap();
    assert!(!command.contains("s3cret"), "{command}");
    assert!(
        command.ends_with("--var 'who=<value>' -- -odd"),
        "{command}"
    );
}

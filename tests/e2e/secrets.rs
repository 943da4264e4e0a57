//! Secrets stay where they are.

use std::path::Path;

use crate::support::{Cloud, Gateway, Project, Run};

const ID: &str = "AKIDthecanarysid00000000000000000000";
const KEY: &str = "the-canary-key-sings-no-song";
const TOKEN: &str = "the-canary-token-sings-no-song";

/// Fails where a file or a text holds a canary.
fn silent(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in [KEY, TOKEN] {
        assert!(!text.contains(canary), "{what} holds a secret:\n{text}");
    }
}

fn silent_folder(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += silent_folder(&path);
        } else {
            silent(&path.display().to_string(), &std::fs::read(&path).unwrap());
            files += 1;
        }
    }
    files
}

fn silent_run(run: &Run) {
    silent("stdout", run.stdout.as_bytes());
    silent("stderr", run.stderr.as_bytes());
}

const COMMANDS: [&[&str]; 11] = [
    &["validate"],
    &["plan"],
    &["plan", "--format", "json"],
    &["apply", "--auto-approve"],
    &["plan"],
    &["show"],
    &["show", "--format", "json"],
    &["state", "list"],
    &["state", "show", "gateway.a"],
    &["state", "show", "gateway.unknown"],
    &["destroy", "--auto-approve", "--format", "json"],
];

#[test]
fn no_output_and_no_file_holds_the_secrets() {
    let store = tempfile::tempdir().unwrap();
    let file = store.path().join("cloud.json");
    let pair = format!("{ID}:{KEY}");
    let cloud = Cloud::start(&[
        "--credential",
        &pair,
        "--store",
        file.to_str().unwrap(),
        "--create-time",
        "1s",
    ]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.set("TENCENTCLOUD_SECRET_ID", ID);
    project.set("TENCENTCLOUD_SECRET_KEY", KEY);
    let mut logged = 0;
    for token in [None, Some(TOKEN)] {
        if let Some(token) = token {
            project.set("TENCENTCLOUD_TOKEN", token);
        }
        for faults in [
            &[][..],
            &["*=status:500@0.2"],
            &["*=code:AuthFailure.SignatureFailure"],
            &["write=garbage", "read=garbage@0.1"],
        ] {
            cloud.set_faults(faults);
            for command in COMMANDS {
                let mut arguments = vec!["-vv"];
                arguments.extend(command);
                let run = project.run(&arguments);
                silent_run(&run);
                logged += run.stderr.matches("request body").count();
            }
        }
    }
    assert!(logged > 10, "the log was not on");
    assert!(silent_folder(&project.path("")) >= 3);
    assert!(silent_folder(store.path()) >= 1);
}

#[test]
fn a_wrong_key_and_an_odd_one_are_not_repeated() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    for key in [KEY.to_owned(), format!("{KEY}\n"), format!("{KEY}钥")] {
        project.set("TENCENTCLOUD_SECRET_KEY", &key);
        project.set("TENCENTCLOUD_TOKEN", &format!("{TOKEN}\u{7}"));
        let run = project.run(&["-vv", "plan"]).ended(1);
        silent_run(&run);
        assert!(run.stderr.contains("error"), "{}", run.stderr);
    }
}

#[test]
fn an_endpoint_with_a_password_is_not_repeated() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.set(
        "GWPLAN_ENDPOINT",
        &format!("https://user:{KEY}@tse.example.com"),
    );
    let run = project.run(&["-vv", "plan"]).ended(1);
    silent_run(&run);
    assert!(run.stderr.contains("password"), "{}", run.stderr);
}

#[test]
fn the_simulator_does_not_show_its_credentials() {
    let project = Project::empty();
    let run = project.run(&["simulator", "--credential", KEY]).ended(1);
    silent_run(&run);
    let run = project
        .run(&[
            "-vv",
            "simulator",
            "--listen",
            "0.0.0.0:0",
            "--credential",
            &format!("{ID}:{KEY}"),
        ])
        .ended(1);
    silent_run(&run);
    assert!(run.stderr.contains("loopback"), "{}", run.stderr);
}

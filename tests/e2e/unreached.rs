//! A cloud that can't be reached, and certificates that can't be used.

use std::io::BufRead;
use std::time::{Duration, Instant};

use crate::support::{Gateway, Project};

fn project(endpoint: &str) -> Project {
    let mut project = Project::empty();
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.gateways([Gateway::new("a")]);
    project.set("GWPLAN_ENDPOINT", endpoint);
    project.set("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE");
    project.set(
        "TENCENTCLOUD_SECRET_KEY",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    );
    project
}

/// Plans, and returns what is said first.
fn first_line(project: &Project) -> String {
    let mut line = String::new();
    let mut run = project.start(&["plan"]);
    run.stderr().read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn a_refused_connection_is_told_after_the_first_try() {
    let project = project("http://127.0.0.1:1");
    let begun = Instant::now();
    let told = first_line(&project);
    assert!(begun.elapsed() < Duration::from_secs(5), "{told}");
    assert!(told.starts_with("no connection to 127.0.0.1: "), "{told}");
    assert!(told.ends_with("; trying again for up to 1m"), "{told}");
}

#[test]
fn certificates_that_cant_be_used_are_named_and_an_empty_variable_is_none() {
    let mut project = project("https://cloud.invalid");
    project.write("none.pem", "no certificate\n");
    for (file, told) in [
        (
            "nowhere.pem",
            "SSL_CERT_FILE names nowhere.pem, which can't be read",
        ),
        (
            "none.pem",
            "SSL_CERT_FILE names none.pem, which holds no certificate in PEM",
        ),
    ] {
        project.set("SSL_CERT_FILE", file);
        let run = project.run(&["plan"]).ended(1);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(
            run.stderr.contains("correct or unset SSL_CERT_FILE"),
            "{}",
            run.stderr
        );
    }
    project.set("SSL_CERT_FILE", "");
    project.set("SSL_CERT_DIR", "");
    // Nobody listens there, so nothing of it is looked up.
    let proxy = "127.0.0.1:1".to_owned();
    project.set("HTTPS_PROXY", &format!("http://{proxy}"));
    let told = first_line(&project);
    let through = format!("no connection through the proxy {proxy}: ");
    assert!(told.starts_with(&through), "{told}");
    // All else goes on in the program that was started anew.
    let run = project
        .run(&["plan", "--offline", "--detailed-exitcode"])
        .ended(2);
    assert!(run.stdout.contains("1 to add"), "{}", run.stdout);
    project.set("SSL_CERT_DIR", "nowhere");
    let run = project.run(&["plan"]).ended(1);
    assert!(
        run.stderr.contains("SSL_CERT_DIR names no folder"),
        "{}",
        run.stderr
    );
}

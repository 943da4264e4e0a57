//! One writer at a time.

use std::io::BufRead;

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project, Run, Running};

const LOCK: &str = "state/default.json.lock";

/// Starts an apply of one gateway, and waits until it waits for the cloud.
fn busy(project: &Project) -> Running {
    project.gateways([Gateway::new("a")]);
    let run = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    run
}

/// Looks at the lock as programs do.
fn status(project: &Project) -> Json {
    let run = project.run(&["lock", "status", "--format", "json"]);
    run.well().json()
}

/// Returns the id of the lock, which is held.
fn lock_id(project: &Project) -> String {
    let id = status(project)["holder"]["id"].clone();
    id.as_str().unwrap().to_owned()
}

/// Reads stderr until a line begins so, and returns that.
fn line_of(stderr: &mut impl BufRead, begin: &str) -> String {
    let mut line = String::new();
    while !line.starts_with(begin) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "no {begin}");
    }
    line
}

#[track_caller]
fn tells(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.stderr.contains(word), "{word} in {}", run.stderr);
    }
}

/// Lets the lock's text name a run on another machine, as a shared folder would.
fn as_if_elsewhere(project: &Project) {
    let text = std::fs::read_to_string(project.path(LOCK)).unwrap();
    let mut holder: Json = serde_json::from_str(&text).unwrap();
    holder["host"] = json!("elsewhere");
    project.write(LOCK, &holder.to_string());
}

#[test]
fn a_second_apply_is_told_who_holds_the_state_and_a_plan_is_not_kept_out() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let first = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    for command in ["apply", "destroy"] {
        let second = project.run(&[command, "--auto-approve"]).ended(1);
        let told = second.stderr;
        assert!(
            told.contains("state/default.json is locked by `gwplan apply` of tester on "),
            "{told}"
        );
        assert!(
            told.contains(&format!("(process {}), since 2", first.process())),
            "{told}"
        );
        assert!(told.contains("hint: wait until it has ended"), "{told}");
        assert_eq!(second.stdout, "");
    }
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("is being created already"),
        "{}",
        plan.stdout
    );
    project.run(&["state", "list"]).well();
    project.run(&["show"]).well();
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 1);
    first.signal("INT");
    first.end().ended(130);
}

#[test]
fn a_lock_dies_with_its_holder() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let first = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    first.signal("KILL");
    assert_eq!(first.end().code, None);
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
}

#[test]
fn of_two_applies_at_once_one_works_and_the_other_is_told() {
    let cloud = Cloud::start(&["--create-time", "5s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let both = [0, 1].map(|_| project.start(&["apply", "--auto-approve"]));
    let mut both = both.map(Running::end);
    both.sort_by_key(|run| run.code);
    let [first, second] = both;
    first.well();
    let second = second.ended(1);
    tells(&second, &["is locked by `gwplan apply` of tester on "]);
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 1);
}

#[test]
fn who_waits_for_the_lock_goes_on_once_it_is_free() {
    let cloud = Cloud::start(&["--create-time", "4s"]);
    let project = Project::on(&cloud);
    let first = busy(&project);
    let rename = ["state", "mv", "gateway.a", "gateway.b"];
    let mut waiting = project.start(&[&rename[..], &["--lock-timeout", "5m"]].concat());
    let mut stderr = waiting.stderr();
    let told = line_of(&mut stderr, "waiting for the lock that `gwplan apply` of ");
    assert!(told.starts_with("waiting for the lock that `gwplan apply` of tester on "));
    assert!(told.trim_end().ends_with(", for 5m at most"), "{told}");
    first.end().well();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    assert_eq!(rest, "", "it is told once");
    waiting.end().well();
    assert_eq!(project.record("b")["status"], "ready");
}

#[test]
fn every_command_that_locks_can_wait_and_tells_how_long_it_has() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    let _first = busy(&project);
    for command in [
        &["apply", "--auto-approve"][..],
        &["destroy", "--auto-approve"],
        &["import", "--all"],
        &["state", "mv", "gateway.a", "gateway.b"],
        &["state", "rm", "gateway.a"],
    ] {
        let run = project.run(&[command, &["--lock-timeout", "300ms"]].concat());
        let run = run.ended(1);
        tells(
            &run,
            &[
                "waiting for the lock that ",
                "is locked by `gwplan apply` of tester on ",
                "; waited 300ms",
                "hint: ",
            ],
        );
        assert_eq!(run.stdout, "");
    }
    let run = project.run(&["apply", "--auto-approve", "--lock-timeout", "soon"]);
    tells(&run.ended(1), &["write it like 2s"]);
}

#[test]
fn an_interrupt_ends_the_wait_at_once() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    let _first = busy(&project);
    for signal in ["INT", "TERM"] {
        let mut waiting = project.start(&["apply", "--auto-approve", "--lock-timeout", "10m"]);
        line_of(&mut waiting.stderr(), "waiting for the lock");
        waiting.signal(signal);
        waiting.end().ended(130);
    }
}

#[test]
fn an_apply_that_has_waited_is_interrupted_in_order() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    let first = busy(&project);
    let mut waiting = project.start(&["apply", "--auto-approve", "--lock-timeout", "10m"]);
    let mut stderr = waiting.stderr();
    line_of(&mut stderr, "waiting for the lock");
    first.signal("INT");
    first.end().ended(130);
    line_of(&mut stderr, "gateway.a: ");
    waiting.signal("INT");
    line_of(&mut stderr, "hint: all that was started is recorded");
    waiting.end().ended(130);
    assert_eq!(status(&project)["left_over"], Json::Null);
}

#[test]
fn the_lock_says_who_holds_it() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let mut project = Project::on(&cloud);
    project.gateways([]);
    let free = json!({ "locked": false, "holder": null, "left_over": null, "place": "state/default.json" });
    assert_eq!(status(&project), free);
    assert!(!project.path("state").exists(), "a look makes nothing");

    project.set("CI_JOB_URL", "https://ci.example/jobs/7");
    let first = busy(&project);
    // Whoever only looks needs to prove nothing to the cloud.
    project.set("TENCENTCLOUD_SECRET_ID", "");
    let shown = status(&project);
    assert_eq!(shown["locked"], true);
    assert_eq!(shown["left_over"], Json::Null);
    let holder = &shown["holder"];
    for (key, value) in [
        ("user", json!("tester")),
        ("command", json!("apply")),
        ("process", json!(first.process())),
        ("url", json!("https://ci.example/jobs/7")),
    ] {
        assert_eq!(holder[key], value, "{holder}");
    }
    let text = project.run(&["lock", "status"]).well().stdout;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "The state state/default.json is locked.");
    for (line, key) in lines[1..]
        .iter()
        .zip(["id", "command", "user", "host", "process", "since", "url"])
    {
        let value = match &holder[key] {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert!(line.ends_with(&value), "{line}: {value}");
    }
    assert_eq!(lines.len(), 8, "{text}");
    let since = holder["since"].as_str().unwrap();
    assert_eq!(since.len(), "2026-01-01T00:00:00Z".len(), "{since}");

    first.signal("INT");
    first.end().ended(130);
    assert_eq!(status(&project), free);
    let text = project.run(&["lock", "status"]).well().stdout;
    assert_eq!(text, "The state state/default.json is not locked.\n");
}

#[test]
fn the_lock_of_a_run_that_was_killed_is_taken_over() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = Project::on(&cloud);
    let first = busy(&project);
    let (id, process) = (lock_id(&project), first.process());
    first.signal("KILL");
    first.end();
    let shown = status(&project);
    assert_eq!(
        (&shown["locked"], &shown["holder"]),
        (&json!(false), &Json::Null)
    );
    assert_eq!(shown["left_over"]["process"], process);
    let text = project.run(&["lock", "status"]).well().stdout;
    assert!(
        text.contains("is not locked. A run ended without"),
        "{text}"
    );
    assert!(text.contains(&process.to_string()), "{text}");
    let unlock = project.run(&["force-unlock", &id, "--force"]).ended(1);
    tells(
        &unlock,
        &["nothing locks the state", "takes it over by itself"],
    );

    let next = project.apply().well();
    let told = format!("the lock of `gwplan apply` (process {process} on ");
    tells(&next, &[&told, "ended without releasing it, is taken over"]);
    assert_eq!(status(&project)["left_over"], Json::Null);
    let last = project.apply().well();
    assert!(!last.stderr.contains("taken over"), "{}", last.stderr);
}

#[test]
fn a_run_on_this_machine_is_not_robbed_of_its_lock() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    project.gateways([]);
    let unlock = project.run(&["force-unlock", "0", "--force"]).ended(1);
    tells(&unlock, &["nothing locks the state state/default.json"]);

    let first = busy(&project);
    let id = lock_id(&project);
    let unlock = project.run(&["force-unlock", "0", "--force"]).ended(1);
    let told = format!("not locked under the id 0: the lock's id is {id}");
    tells(&unlock, &[&told]);
    let unlock = project.run(&["force-unlock", &id, "--force"]).ended(1);
    let told = format!("hint: end process {}, ", first.process());
    tells(&unlock, &["is under way on this machine", &told]);
    assert_eq!(lock_id(&project), id);
}

#[test]
fn a_run_elsewhere_can_be_robbed_of_its_lock() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    let _first = busy(&project);
    as_if_elsewhere(&project);
    let id = lock_id(&project);
    assert_eq!(status(&project)["holder"]["host"], "elsewhere");
    let unlock = project.run(&["force-unlock", &id]).ended(1);
    tells(&unlock, &["no terminal to ask at", "pass --force"]);
    assert_eq!(lock_id(&project), id);

    let unlock = project.run(&["force-unlock", &id, "--force"]).well();
    assert!(unlock.stdout.contains("is unlocked"), "{}", unlock.stdout);
    assert_eq!(status(&project)["locked"], false);
    let rename = ["state", "mv", "gateway.a", "gateway.b"];
    let next = project.run(&rename).well();
    assert!(!next.stderr.contains("taken over"), "{}", next.stderr);
}

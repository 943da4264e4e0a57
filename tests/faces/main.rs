//! The faces of a plan: kept as files, looked at by people, and held to what they promise.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod alike;
mod markdown;
mod page;
mod scenarios;
mod terminal;
mod world;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use gwplan::model::SourceLine;
use gwplan::review::{Context, Destination, Review};
use gwplan::view::{MarkdownOptions, plan_html, plan_json, plan_markdown, plan_text};

use scenarios::{Scenario, all};
use world::schema_of;

/// What GitHub takes of a comment, and a little less.
const MAX_BYTES: usize = 65_000;

/// What stands for the command that applies a plan.
const COMMAND: &str = "gwplan apply --expect-digest \
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef --env prod";

/// Where all of them go.
static DESTINATION: LazyLock<Destination> = LazyLock::new(|| Destination {
    environment: Some("prod".to_owned()),
    cloud: "the simulated cloud".to_owned(),
    state: Some("state/prod.json".to_owned()),
});

fn context(scenario: &Scenario) -> Context<'_> {
    Context {
        destination: Some(&DESTINATION),
        digest: &scenario.digest,
        command: Some(COMMAND),
        policy: &scenario.policy,
        schemas: &schema_of,
    }
}

fn review(scenario: &Scenario) -> Review<'_> {
    Review::new(&scenario.plan, context(scenario))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form of a function that finds pages"
)]
fn link(line: &SourceLine) -> Option<String> {
    let SourceLine { file, line } = line;
    Some(format!(
        "https://git.example/edge/blob/0a1b2c3d/{file}#L{line}"
    ))
}

fn markdown_of(scenario: &Scenario, max_bytes: usize) -> String {
    let options = MarkdownOptions {
        max_bytes: Some(max_bytes),
        link: Some(&link),
        ..MarkdownOptions::default()
    };
    plan_markdown(&review(scenario), &options)
}

/// Renders the page, but for its style and its script, which are the same for all.
fn html_of(scenario: &Scenario) -> String {
    let mut page = plan_html(&review(scenario), Some(&link));
    for (from, to) in [
        ("<meta http-equiv", ">"),
        ("<style>", "</style>"),
        ("<script>", "</script>"),
    ] {
        let start = page.find(from).unwrap();
        let end = start + page[start..].find(to).unwrap() + to.len();
        page.replace_range(start..end, "");
    }
    // For whoever reads how it has changed.
    page.replace("><", ">\n<")
}

/// Renders all faces, each with the ending of its file.
fn faces(scenario: &Scenario) -> Vec<(&'static str, String)> {
    let review = review(scenario);
    let text = anstream::adapter::strip_str(&plan_text(&review)).to_string();
    vec![
        ("txt", text),
        ("md", markdown_of(scenario, MAX_BYTES)),
        ("html", html_of(scenario)),
        (
            "json",
            plan_json(&review, &scenario.world.state, &schema_of),
        ),
    ]
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line of its own"
)]
fn every_face_is_as_it_was_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faces/golden");
    let update = std::env::var_os("UPDATE_FACES").is_some();
    let mut differing = Vec::new();
    for scenario in all() {
        for (ending, made) in faces(&scenario) {
            let path = folder.join(format!("{}.{ending}", scenario.name));
            if update {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &made).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != made {
                differing.push(path);
            }
        }
    }
    assert!(
        differing.is_empty(),
        "these are not as they were: {differing:?}\nrun `UPDATE_FACES=1 cargo test --test faces`, and look at what has changed"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let both = all().into_iter().zip(all());
    for (one, other) in both {
        assert_eq!(faces(&one), faces(&other), "{}", one.name);
    }
}

#[test]
fn nothing_hostile_reaches_a_terminal() {
    for scenario in all() {
        for (ending, face) in faces(&scenario) {
            let breaks = |c: char| c.is_control() && c != '\n';
            let turns = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            let found = face.chars().find(|c| breaks(*c) || turns(*c));
            assert_eq!(found, None, "{}.{ending}", scenario.name);
        }
    }
    let hostile = all().into_iter().find(|one| one.name == "hostile").unwrap();
    for (ending, face) in faces(&hostile) {
        let there = [
            "alert(1)",
            "a | b",
            "code",
            "team",
            "red",
            "gnp.exe",
            "evil.example",
            "other",
        ];
        let all_there = there.iter().all(|text| face.contains(text));
        assert!(all_there, "{ending} drops what it should show");
    }
}

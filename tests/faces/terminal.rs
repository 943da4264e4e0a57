//! The plan at a terminal: what stands out, and what a long plan says again at its end.

use anstyle::{AnsiColor, Style};

use gwplan::view::plan_text;

use super::review;
use super::scenarios::{self, Scenario, all};

const RED: Style = AnsiColor::Red.on_default();

/// Returns the lines of a plan that hold some words, with their colours.
fn lines_with(scenario: &Scenario, words: &str) -> Vec<String> {
    let text = plan_text(&review(scenario));
    let lines = text.lines().filter(|line| line.contains(words));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    assert!(!lines.is_empty(), "{words} in {}", scenario.name);
    lines
}

#[test]
fn what_is_lost_and_what_is_destroyed_is_red_and_nothing_is_redder() {
    let (mixed, resized) = (scenarios::mixed(), scenarios::resized());
    for line in lines_with(&mixed, "lost for good") {
        assert!(line.starts_with(&RED.to_string()), "{line:?}");
    }
    for line in lines_with(&mixed, "will be destroyed") {
        assert!(line.starts_with(&RED.bold().to_string()), "{line:?}");
    }
    for line in lines_with(&resized, "(shrinks: ") {
        assert!(
            !line.contains(&Style::new().dimmed().to_string()),
            "{line:?}"
        );
    }
    for line in lines_with(&mixed, "forces replacement") {
        assert!(!line.contains(&RED.to_string()), "{line:?}");
    }
}

#[test]
fn a_plan_says_where_it_goes_and_a_long_one_says_it_again_at_its_end() {
    let place = "Where: environment prod on the simulated cloud (state: state/prod.json).";
    for scenario in all() {
        let text = plan_text(&review(&scenario));
        assert!(text.lines().any(|line| line == place), "{}", scenario.name);
    }
    let text = plan_text(&review(&scenarios::many()));
    let end: Vec<&str> = text.lines().rev().take(8).collect();
    assert!(end.contains(&place), "{end:?}");
    assert!(
        end.iter()
            .any(|line| line.contains("DANGER: this plan destroys 30")),
        "{end:?}"
    );
    let short = scenarios::one_create();
    assert_eq!(plan_text(&review(&short)).matches(place).count(), 1);
}

//! The manual pages, and what `--help` shows beside the options.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::Project;

#[test]
fn every_manual_page_has_what_a_reader_looks_for() {
    let project = Project::empty();
    project.run(&["man", "--out", "pages"]).well();
    let pages = std::fs::read_dir(project.path("pages")).unwrap();
    let mut count = 0;
    for page in pages {
        let path = page.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for section in [
            "NAME",
            "SYNOPSIS",
            "\"EXIT STATUS\"",
            "ENVIRONMENT",
            "FILES",
        ] {
            let heading = format!("\n.SH {section}\n");
            assert_eq!(text.matches(&heading).count(), 1, "{path:?} {section}");
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
    let plan = std::fs::read_to_string(project.path("pages/gwplan-plan.1")).unwrap();
    assert!(plan.contains("[\\-\\-out FILE]"), "{plan}");
    assert!(plan.contains("[\\-\\-target ADDR]..."), "{plan}");
    assert!(plan.contains("\n.SH EXAMPLES\n"), "{plan}");
}

#[test]
fn the_manual_names_each_variable_of_the_environment_that_users_set() {
    let page = Project::empty().run(&["man"]).well().stdout;
    let mut names = BTreeSet::new();
    collect_variables(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut names,
    );
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        let ending = name.strip_prefix("TENCENTCLOUD_ASSUME_ROLE");
        let is_there = page.contains(name.as_str())
            || ending.is_some_and(|ending| page.contains(&format!(", {ending}")));
        assert!(is_there, "{name}");
    }
}

/// What is for the tests, and for the scripts of shells.
const INNER: &[&str] = &[
    "GWPLAN_CLOCK_AHEAD",
    "GWPLAN_COMPLETE",
    "GWPLAN_CRASH_AT",
    "GWPLAN_STOP_AT",
];

/// Finds the names of our own and of the vendor's variables in the sources.
fn collect_variables(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_variables(&path, names);
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for word in text.split('"') {
            let is_name = word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            let ours = ["GWPLAN_", "TENCENTCLOUD_", "TKE_", "TCCLI_"];
            let is_ours = ours.iter().any(|prefix| word.starts_with(prefix));
            let is_inner = INNER.contains(&word);
            if is_name && is_ours && !is_inner {
                names.insert(word.to_owned());
            }
        }
    }
}

#[test]
fn the_help_of_the_main_commands_shows_two_examples() {
    let project = Project::empty();
    for command in ["plan", "apply", "review", "import", "destroy"] {
        let help = project.run(&[command, "--help"]).well().stdout;
        let (_, examples) = help.split_once("\nExamples:\n").unwrap();
        assert_eq!(examples.matches("$ gwplan").count(), 2, "{examples}");
    }
}

#[test]
fn the_help_of_destroy_says_that_dependents_go_too() {
    let help = Project::empty().run(&["destroy", "--help"]).well().stdout;
    let told = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("and all that depends on it"), "{help}");
    assert!(told.contains("to destroy, what depends on it"), "{help}");
}

//! Holds the generated pages of the documentation to what they are made from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gwplan::model::rules::{self, RULES};

/// Compares a page with what it is made of now, or renews it where that is asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line of its own"
)]
fn assert_current(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, made).expect("docs can be written");
        return;
    }
    assert!(
        made == kept,
        "{name} is out of date: run `UPDATE_REFERENCE=1 cargo test --test reference` and commit it"
    );
}

#[test]
fn the_reference_page_is_what_the_tables_say() {
    let made = gwplan::schema::reference::page(&gwplan::kinds::schemas());
    assert_current("docs/reference.md", &made);
}

#[test]
fn the_page_of_diagnostics_is_what_the_list_says() {
    assert_current("docs/diagnostics.md", &rules::page());
    assert!(RULES.is_sorted_by(|one, next| one.id < next.id));
    for entry in RULES {
        let texts = [entry.cause, entry.way_out];
        assert!(texts.iter().all(|text| text.ends_with('.')), "{}", entry.id);
    }
}

/// Lists the source files, but for the list of diagnostics itself.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("model/rules.rs")
        {
            found.push(path);
        }
    }
}

/// Lists the rules that are named where a diagnostic or a finding is made; of a finding, the rule comes after
/// its path. A rule that comes by a variable is checked when the diagnostic is made, by debug builds.
fn named_rules(source: &str) -> BTreeSet<String> {
    let makers = [
        ("Diagnostic::error(", 0),
        ("Diagnostic::warning(", 0),
        ("Finding::error(", 1),
        ("Finding::warning(", 1),
        ("rule: ", 0),
    ];
    let mut found = BTreeSet::new();
    for (maker, position) in makers {
        for (at, _) in source.match_indices(maker) {
            let argument = argument(&source[at + maker.len()..], position);
            let text = argument
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'));
            found.extend(text.map(str::to_owned));
        }
    }
    found
}

/// Returns one of the arguments of a call, from what follows its bracket.
fn argument(source: &str, position: usize) -> &str {
    let (mut depth, mut is_text, mut start, mut number) = (0_usize, false, 0, 0);
    for (at, c) in source.char_indices() {
        match c {
            '"' => is_text = !is_text,
            _ if is_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' | ',' if depth == 0 => {
                if number == position || c != ',' {
                    return source[start..at].trim();
                }
                (start, number) = (at + 1, number + 1);
            }
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    ""
}

#[test]
fn every_diagnostic_has_an_entry_with_its_cause_and_way_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut texts = String::new();
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("text");
        named.extend(named_rules(&text));
        texts += &text;
    }
    assert!(
        named.len() > 50,
        "the sources name rules otherwise: {named:?}"
    );
    let unlisted: Vec<&String> = named.iter().filter(|id| !rules::is_known(id)).collect();
    assert!(
        unlisted.is_empty(),
        "no entry in src/model/rules.rs: {unlisted:?}"
    );
    let idle = RULES
        .iter()
        .filter(|entry| !texts.contains(&format!("\"{}\"", entry.id)));
    let idle: Vec<&str> = idle.map(|entry| entry.id).collect();
    assert!(idle.is_empty(), "nothing reports these: {idle:?}");
}

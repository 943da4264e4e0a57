//! Holds the imports between the modules to the table of `docs/ARCHITECTURE.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules each module may name. What is absent here is absent on purpose.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("crash", &[]),
    ("files", &["crash"]),
    ("schema", &["model"]),
    ("api", &["model"]),
    ("state", &["model"]),
    ("forge", &["model"]),
    ("event", &["model", "plan"]),
    ("config", &["model", "files", "schema"]),
    ("backend", &["model", "files", "state", "crash"]),
    ("kinds", &["model", "schema", "api"]),
    ("plan", &["model", "schema", "state"]),
    (
        "engine",
        &[
            "model", "crash", "schema", "api", "state", "backend", "kinds", "plan", "event",
        ],
    ),
    ("sim", &["model", "files", "schema", "api", "kinds"]),
    ("policy", &["model", "schema", "state", "plan"]),
    ("review", &["model", "schema", "plan", "policy"]),
    (
        "view",
        &[
            "model", "schema", "state", "plan", "policy", "review", "event",
        ],
    ),
];

fn sources(under: &Path) -> Vec<PathBuf> {
    if under.is_file() {
        return vec![under.to_owned()];
    }
    let entries = fs::read_dir(under).expect("a folder of sources");
    let mut found: Vec<PathBuf> = entries
        .flat_map(|entry| sources(&entry.expect("readable").path()))
        .collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    found.sort();
    found
}

/// Returns the crate's modules that a text names: `crate::NAME`, or several in braces.
fn named(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let code = code.collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let group = after
            .strip_prefix('{')
            .and_then(|group| group.split_once('}'))
            .map(|(inside, _)| inside);
        for part in group.unwrap_or(after).split(',') {
            let name: String = part
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            names.insert(name);
            if group.is_none() {
                break;
            }
        }
    }
    names
}

#[test]
fn imports_run_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for (module, allowed) in ALLOWED {
        let folder = src.join(module);
        let place = if folder.is_dir() {
            folder
        } else {
            src.join(format!("{module}.rs"))
        };
        for path in sources(&place) {
            let text = fs::read_to_string(&path).expect("readable");
            for name in named(&text) {
                if name != *module && !allowed.contains(&name.as_str()) {
                    faults.push(format!(
                        "{} names {name}",
                        path.strip_prefix(&src).expect("inside").display()
                    ));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "these imports are against docs/ARCHITECTURE.md:\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_module_has_its_row() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"))
        .expect("readable");
    let modules: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let rows: BTreeSet<&str> = ALLOWED
        .iter()
        .map(|(module, _)| *module)
        .chain(["cli"])
        .collect();
    assert_eq!(modules, rows);
}

#[test]
fn only_the_kinds_name_a_kind() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for module in [
        "plan", "policy", "engine", "view", "state", "backend", "config",
    ] {
        for path in sources(&src.join(module)) {
            let text = fs::read_to_string(&path).expect("readable");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let offence = code.lines().find(|line| {
                line.contains("CloudNativeAPIGateway") && !line.trim_start().starts_with("//")
            });
            assert_eq!(offence, None, "{} names a kind's call", path.display());
        }
    }
}

//! How diagnostics look: as text, and in the forms that other programs read.
//!
//! The text is a contract too: after a change of it, run with `INSTA_UPDATE=always` and read what
//! changed in `tests/snapshots`.

use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

/// An error, a warning, a place that belongs to another, and Chinese text before the faults.
const GATEWAYS: &str = "\
gateways:
  入口: {}
  a:
    name: 公网入口
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: 12 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
  b:
    name: 公网入口
    tags: { 部门: 网关, 项目: 一 }
    gatewayVersion: 2.5
    nodeConfig: { specification: 1c2g, numbr: 2 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
";

fn validate(file: &str, text: &str, arguments: &[&str]) -> String {
    let project = TempDir::new().expect("a folder");
    std::fs::write(project.path().join(file), text).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_gwplan"))
        .arg("validate")
        .args(arguments)
        .current_dir(project.path())
        .env_remove("TENCENTCLOUD_REGION")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("gwplan runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn validate_json(file: &str, text: &str, format: &str) -> Json {
    let stdout = validate(file, text, &["--format", format]);
    serde_json::from_str(&stdout).expect("JSON")
}

#[test]
fn text_shows_the_line_the_place_and_what_to_do() {
    let text = validate("gateways.yaml", GATEWAYS, &["--color", "never"]);
    assert!(!text.contains('\u{1b}'));
    insta::assert_snapshot!("text", text);
}

#[test]
fn colour_is_kept_where_it_is_forced_and_changes_no_words() {
    let coloured = validate("gateways.yaml", GATEWAYS, &["--color", "always"]);
    insta::assert_snapshot!("text_in_colour", coloured.replace('\u{1b}', "␛"));
    let plain = validate("gateways.yaml", GATEWAYS, &["--color", "never"]);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn of_a_very_long_line_only_what_surrounds_the_fault_is_shown() {
    let gateways = |name: &str| {
        format!(
            "{name}: {{ name: {name}, gatewayVersion: 2.5.1, nodeConfig: {{ specification: 1c2g, number: 0 }}, vpcConfig: {{ vpcId: vpc-1, subnetId: subnet-1 }} }}"
        )
    };
    let all: Vec<_> = (0..30).map(|i| gateways(&format!("网关{i}"))).collect();
    let ascii: Vec<_> = (0..30).map(|i| gateways(&format!("g{i}"))).collect();
    let line = format!("gateways: {{ {}, {} }}\n", all.join(", "), ascii.join(", "));
    let text = validate("gateways.yaml", &line, &["--color", "never"]);
    let last = text.trim_end().rsplit("\n\n").next().expect("diagnostics");
    insta::assert_snapshot!("text_of_a_long_line", last);

    let twice = format!("gateways: {{ a: 1, {}, a: 2 }}\n", ascii.join(", "));
    let text = validate("gateways.yaml", &twice, &["--color", "never"]);
    insta::assert_snapshot!("text_of_two_places_in_a_long_line", text.trim_end());
    for colour in ["always", "never"] {
        let deep = format!("gateways: {}\n", "[".repeat(1000));
        let text = validate("gateways.yaml", &deep, &["--color", colour]);
        assert!(!text.contains(":::"), "{text}");
    }

    let json = validate_json("gateways.yaml", &line, "json");
    for diagnostic in json["diagnostics"].as_array().expect("a list") {
        let code = diagnostic["snippet"]["code"].as_str().expect("code");
        assert!(code.len() < 600, "{} bytes", code.len());
        if diagnostic["rule"] == "out-of-range" {
            assert_eq!(highlighted(diagnostic), "0");
        }
    }
}

#[test]
fn json_has_the_shape_of_terraform() {
    let json = validate_json("gateways.yaml", GATEWAYS, "json");
    assert_eq!(json["format_version"], "1.0");
    assert_eq!(json["valid"], false);
    let diagnostics = json["diagnostics"].as_array().expect("a list");
    let count = |severity: &str| {
        let of = diagnostics.iter().filter(|d| d["severity"] == severity);
        of.count()
    };
    assert_eq!(json["error_count"], count("error"));
    assert_eq!(json["warning_count"], count("warning"));
    assert_eq!(count("error") + count("warning"), diagnostics.len());
    for diagnostic in diagnostics {
        assert!(diagnostic["summary"].is_string() && diagnostic["detail"].is_string());
        let range = &diagnostic["range"];
        assert_eq!(range["filename"], "gateways.yaml");
        let lines: Vec<&str> = GATEWAYS.lines().collect();
        let at = |end: &str, key: &str| {
            let number = range[end][key].as_u64().expect("a number");
            usize::try_from(number).expect("small")
        };
        let marked = &GATEWAYS[at("start", "byte")..at("end", "byte")];
        let line = lines[at("start", "line") - 1];
        let from_columns: String = line
            .chars()
            .skip(at("start", "column") - 1)
            .take(at("end", "column") - at("start", "column"))
            .collect();
        assert_eq!(from_columns, marked);
        let snippet = &diagnostic["snippet"];
        assert_eq!(snippet["code"], line);
        assert_eq!(snippet["start_line"], range["start"]["line"]);
        assert_eq!(highlighted(diagnostic), marked);
        assert!(snippet["context"].is_null() && snippet["values"].is_array());
    }
    insta::assert_snapshot!("json", format!("{json:#}"));
}

/// Returns what the snippet of a diagnostic highlights.
fn highlighted(diagnostic: &Json) -> String {
    let snippet = &diagnostic["snippet"];
    let at = |key: &str| {
        let offset = snippet[key].as_u64().expect("an offset");
        usize::try_from(offset).expect("small")
    };
    let (start, end) = (at("highlight_start_offset"), at("highlight_end_offset"));
    let code = snippet["code"].as_str().expect("code");
    code.chars().skip(start).take(end - start).collect()
}

#[test]
fn github_gets_an_annotation_a_line() {
    let github = validate("gateways.yaml", GATEWAYS, &["--format", "github"]);
    insta::assert_snapshot!("github", github);
}

#[cfg(unix)]
#[test]
fn github_takes_file_names_with_signs_that_mean_something_to_it() {
    let file = "a,b: 100%\n::error::.yaml";
    let github = validate(file, "gateways: { a: x }\n", &["--format", "github"]);
    assert_eq!(
        github,
        "::error file=a%2Cb%3A 100%25%0A%3A%3Aerror%3A%3A.yaml,line=1,endLine=1,col=16,endColumn=17,\
         title=wrong-type::`gateways.a` must be a map of keys, but is text%0Awrite a map of keys\n"
    );
}

#[test]
fn github_takes_messages_with_percent_signs() {
    let text = "gateways: {}\n\"100%\\nx\": 1\n";
    let github = validate("g.yaml", text, &["--format", "github"]);
    assert!(
        github.contains("`100%25\\nx` is not a known key%0A"),
        "{github}"
    );
    assert_eq!(github.lines().count(), 1);
}

#[test]
fn sarif_has_what_its_version_requires() {
    let sarif = validate_json("gateways.yaml", GATEWAYS, "sarif");
    assert_sarif(&sarif);
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    let related = results
        .iter()
        .find(|result| result["ruleId"] == "duplicate-name")
        .expect("there");
    assert_eq!(related["level"], "warning");
    let place = &related["relatedLocations"][0];
    assert_eq!(place["message"]["text"], "first here");
    assert_eq!(place["physicalLocation"]["region"]["startLine"], 4);
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("{sarif:#}").replace(
        &format!("\"version\": \"{version}\""),
        "\"version\": \"VERSION\"",
    );
    insta::assert_snapshot!("sarif", text);
}

#[cfg(unix)]
#[test]
fn sarif_names_files_by_references_that_are_uris() {
    for (file, uri) in [
        ("a b#c?.yaml", "a%20b%23c%3F.yaml"),
        ("100%:x.yaml", "100%25%3Ax.yaml"),
        ("网.yaml", "%E7%BD%91.yaml"),
        ("a\\b.yaml", "a%5Cb.yaml"),
    ] {
        let sarif = validate_json(file, "gateways: 1\n", "sarif");
        assert_sarif(&sarif);
        let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], uri);
    }
}

#[test]
fn sarif_of_a_file_without_text_has_a_place_all_the_same() {
    let sarif = validate_json("empty.yaml", "", "sarif");
    assert_sarif(&sarif);
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"]),
        (&1.into(), &1.into())
    );
}

/// Checks the keys that SARIF 2.1.0 requires, and that what refers to a rule finds it.
fn assert_sarif(sarif: &Json) {
    assert_eq!(sarif["version"], "2.1.0");
    let schema = sarif["$schema"].as_str().expect("a schema");
    assert!(schema.contains("sarif") && schema.contains("2.1.0"));
    let runs = sarif["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "gwplan");
    let rules = driver["rules"].as_array().expect("rules");
    let ids: Vec<&str> = rules
        .iter()
        .map(|rule| rule["id"].as_str().expect("an id"))
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "each once: {ids:?}");
    assert_eq!(runs[0]["columnKind"], "unicodeCodePoints");
    let results = runs[0]["results"].as_array().expect("results");
    assert!(!results.is_empty());
    for result in results {
        assert!(ids.contains(&result["ruleId"].as_str().expect("a rule")));
        assert!(["error", "warning"].contains(&result["level"].as_str().expect("a level")));
        assert!(!result["message"]["text"].as_str().expect("text").is_empty());
        let places = result["locations"].as_array().expect("locations");
        let related = result["relatedLocations"].as_array();
        for place in places.iter().chain(related.into_iter().flatten()) {
            let place = &place["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
            assert!(
                uri.is_ascii() && !uri.contains([' ', '\\', '#', '?', ':']),
                "{uri}"
            );
            let region = &place["region"];
            let at = |key: &str| region[key].as_u64().expect("a number");
            assert!(at("startLine") >= 1 && at("startColumn") >= 1);
            let (start, end) = (
                (at("startLine"), at("startColumn")),
                (at("endLine"), at("endColumn")),
            );
            assert!(start <= end, "{region}");
        }
    }
}

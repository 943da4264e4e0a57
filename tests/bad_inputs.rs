//! What `gwplan validate` says about bad inputs.
//!
//! Each file of `tests/bad_inputs` holds a project and what is to be said of it. A line
//! `-- NAME --` begins each of the project's files. Under `-- expected --` stands a line for each
//! diagnostic, in order: severity, rule, place, and words of its message and help between `|`.
//! What is large or is no text is made here.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

/// A diagnostic in short: severity, rule, file, line, column.
type Short = (String, String, String, u64, u64);

struct Said {
    short: Short,
    words: String,
}

fn validate(project: &Path) -> Vec<Said> {
    let output = Command::new(env!("CARGO_BIN_EXE_gwplan"))
        .args(["validate", "--format", "json"])
        .current_dir(project)
        .env_remove("TENCENTCLOUD_REGION")
        .output()
        .expect("gwplan runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    let json: Json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: no JSON on stdout, and on stderr: {stderr}"));
    let refused = json["error_count"] != 0;
    assert_eq!(output.status.code(), Some(i32::from(refused)), "{stderr}");
    assert_eq!(json["valid"], !refused);
    let diagnostics = json["diagnostics"].as_array().expect("a list");
    diagnostics.iter().map(said).collect()
}

fn said(json: &Json) -> Said {
    let text = |json: &Json| json.as_str().expect("text").to_owned();
    let start = &json["range"]["start"];
    let number = |key: &str| start[key].as_u64().expect("a number");
    Said {
        short: (
            text(&json["severity"]),
            text(&json["rule"]),
            text(&json["range"]["filename"]),
            number("line"),
            number("column"),
        ),
        words: format!("{}. {}", text(&json["summary"]), text(&json["detail"])),
    }
}

fn short(severity: &str, rule: &str, file: &str, line: u64, column: u64) -> Short {
    (
        severity.to_owned(),
        rule.to_owned(),
        file.to_owned(),
        line,
        column,
    )
}

/// Splits a case into the files of its project; the last is `expected`.
fn files(case: &str) -> Vec<(&str, String)> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in case.split_inclusive('\n') {
        let heading = line.strip_prefix("-- ");
        match heading.and_then(|rest| rest.strip_suffix(" --\n")) {
            Some(name) => files.push((name, String::new())),
            None => files.last_mut().expect("a heading first").1.push_str(line),
        }
    }
    files
}

fn expected(line: &str) -> (Short, Vec<&str>) {
    let mut parts = line.splitn(4, ' ');
    let mut next = || parts.next().expect("severity, rule, place, words");
    let (severity, rule, place, words) = (next(), next(), next(), next());
    let mut place = place.rsplitn(3, ':');
    let mut next = || place.next().expect("file:line:column");
    let (column, line, file) = (next(), next(), next());
    let number = |text: &str| text.parse().expect("a number");
    (
        short(severity, rule, file, number(line), number(column)),
        words.split(" | ").collect(),
    )
}

/// Tells in what the program says something else about a case than it should.
fn differences(case: &str, change: fn(String) -> String) -> Result<(), String> {
    let project = TempDir::new().expect("a folder");
    let mut files = files(case);
    let (last, expectations) = files.pop().expect("files");
    assert_eq!(last, "expected");
    for (name, text) in files {
        let path = project.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, change(text)).expect("written");
    }
    let expected: Vec<_> = expectations.lines().map(expected).collect();
    assert!(!expected.is_empty(), "a bad input has a diagnostic");
    let said = validate(project.path());
    let told = said.iter().fold(String::new(), |mut told, said| {
        writeln!(told, "  {:?} {}", said.short, said.words).expect("text");
        told
    });
    let same = said
        .iter()
        .map(|said| &said.short)
        .eq(expected.iter().map(|(short, _)| short));
    if !same {
        return Err(format!("expected\n{expectations}but was\n{told}"));
    }
    for (said, (_, words)) in said.iter().zip(&expected) {
        if let Some(absent) = words.iter().find(|words| !said.words.contains(**words)) {
            return Err(format!("{absent:?} is not in\n  {}", said.words));
        }
    }
    Ok(())
}

fn check_all(change: fn(String) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_inputs");
    let mut failures = String::new();
    let mut count = 0;
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let case = std::fs::read_to_string(&path).expect("a case");
        count += 1;
        if let Err(difference) = differences(&case, change) {
            let name = path.file_stem().expect("a name").display();
            writeln!(failures, "{name}: {difference}").expect("text");
        }
    }
    assert!(count >= 65, "only {count} cases");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_bad_input_gets_exactly_its_diagnostics_at_their_places() {
    check_all(|text| text);
}

#[test]
fn line_ends_of_windows_change_no_place() {
    check_all(|text| text.replace('\n', "\r\n"));
}

/// Validates one file of bytes.
fn validate_bytes(bytes: &[u8]) -> Vec<Said> {
    let project = TempDir::new().expect("a folder");
    std::fs::write(project.path().join("g.yaml"), bytes).expect("written");
    validate(project.path())
}

#[track_caller]
fn assert_only(said: &[Said], rule: &str, line: u64, column: u64, words: &str) {
    let [one] = said else {
        let all: Vec<_> = said.iter().map(|said| (&said.short, &said.words)).collect();
        panic!("not one diagnostic: {all:?}");
    };
    assert_eq!(one.short, short("error", rule, "g.yaml", line, column));
    assert!(one.words.contains(words), "{}", one.words);
}

const GOOD: &str = "gateways:
  a:
    name: gateway-a
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: 2 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
";

#[test]
fn a_good_file_gets_no_diagnostic_with_or_without_a_byte_order_mark() {
    assert!(validate_bytes(GOOD.as_bytes()).is_empty());
    let marked = format!("\u{feff}{GOOD}");
    assert!(validate_bytes(marked.as_bytes()).is_empty());
}

#[test]
fn a_byte_order_mark_moves_no_place_beyond_the_first_line() {
    let text = format!("\u{feff}{GOOD}").replace("number: 2", "number: 0");
    assert_only(
        &validate_bytes(text.as_bytes()),
        "out-of-range",
        5,
        48,
        "is 0",
    );
}

#[test]
fn an_empty_file_is_told_as_such() {
    for bytes in [&b""[..], b"\n\n", b"   ", b"---\n", b"\xEF\xBB\xBF"] {
        assert_only(&validate_bytes(bytes), "empty-file", 1, 1, "gateways: {}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_told_at_their_place() {
    let latin = b"gateways:\n  caf\xE9: {}\n";
    assert_only(&validate_bytes(latin), "not-utf8", 2, 6, "0xE9");
    let cut = "gateways: 网".as_bytes();
    assert_only(
        &validate_bytes(&cut[..cut.len() - 1]),
        "not-utf8",
        1,
        11,
        "save it as UTF-8",
    );
}

#[test]
fn utf_16_is_recognised() {
    for (mark, to_bytes) in [
        (0xFEFF_u16, u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (0xFEFF, u16::to_be_bytes),
    ] {
        let units = std::iter::once(mark).chain(GOOD.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(to_bytes).collect();
        assert_only(&validate_bytes(&bytes), "not-utf8", 1, 1, "UTF-16");
    }
}

#[test]
fn control_bytes_are_refused_where_they_stand() {
    let text = GOOD.replace("gateway-a", "网a\u{0}b");
    assert_only(
        &validate_bytes(text.as_bytes()),
        "yaml-syntax",
        3,
        13,
        "unprintable",
    );
}

#[test]
fn a_bomb_of_aliases_is_refused_in_no_time() {
    let mut text = String::from("x-0: &a0 [v, v, v, v, v, v, v, v, v, v]\n");
    for level in 1..12 {
        let of = format!("*a{}", level - 1);
        let list = [of.as_str(); 10].join(", ");
        writeln!(text, "x-{level}: &a{level} [{list}]").expect("text");
    }
    let said = validate_bytes(text.as_bytes());
    let [one] = said.as_slice() else {
        panic!("not one diagnostic")
    };
    assert_eq!((one.short.1.as_str(), one.short.3), ("alias-bomb", 7));
}

#[test]
fn a_bomb_of_one_long_text_is_refused_too() {
    let long = "v".repeat(100_000);
    let aliases = vec!["*long"; 20_000].join(", ");
    let text = format!("x-long: &long {long}\nx-bomb: [{aliases}]\n");
    let said = validate_bytes(text.as_bytes());
    let [one] = said.as_slice() else {
        panic!("not one diagnostic")
    };
    assert_eq!((one.short.1.as_str(), one.short.3), ("alias-bomb", 2));
}

#[test]
fn nesting_thousands_deep_is_refused() {
    let flow = format!("gateways: {}", "[".repeat(20_000));
    assert_only(
        &validate_bytes(flow.as_bytes()),
        "too-deep",
        1,
        266,
        "64 levels",
    );
    let maps = format!("gateways: {}", "{a: ".repeat(20_000));
    assert_only(
        &validate_bytes(maps.as_bytes()),
        "too-deep",
        1,
        263,
        "64 levels",
    );
    let block = (0..3000).fold(String::new(), |mut text, level| {
        writeln!(text, "{}k:", " ".repeat(level)).expect("text");
        text
    });
    assert_only(
        &validate_bytes(block.as_bytes()),
        "too-deep",
        65,
        65,
        "64 levels",
    );
}

#[test]
fn a_file_of_50_megabytes_is_refused_unread() {
    let project = TempDir::new().expect("a folder");
    let file = std::fs::File::create(project.path().join("g.yaml")).expect("created");
    file.set_len(50_000_000).expect("a length");
    assert_only(&validate(project.path()), "file-too-large", 1, 1, "16 MiB");
}

#[test]
fn a_folder_without_yaml_is_an_error_that_says_what_is_missing() {
    let project = TempDir::new().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_gwplan"))
        .arg("validate")
        .current_dir(project.path())
        .output()
        .expect("gwplan runs");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no YAML files"), "{stderr}");
}

//! Policies good and bad, over a small plan.

use serde_json::json;

use super::*;
use crate::model::Severity;

fn input() -> String {
    json!({ "resource_changes": [
        { "address": "gateway.a", "change": { "actions": ["delete"], "before": {}, "after": null } },
        { "address": "gateway.b", "change": { "actions": ["create"], "after": { "name": "b" } } },
    ]})
    .to_string()
}

fn bundle(files: &[(&str, &str)]) -> Bundle {
    let files = files.iter();
    Bundle {
        files: files
            .map(|(name, text)| SourceFile::new(*name, *text))
            .collect(),
        data: json!({ "owners": { "gateway.b": "edge" } }),
    }
}

/// Tells what came of it, a line each.
fn said(files: &[(&str, &str)]) -> Vec<String> {
    let Outcome {
        findings,
        diagnostics,
    } = evaluate(&bundle(files), input());
    let place = |location: &Option<Location>| {
        let label = location.as_ref().map(Location::label);
        label.unwrap_or_else(|| "-".to_owned())
    };
    let findings = findings.iter().map(|finding| {
        let address = finding.address.as_ref();
        let address = address.map_or("-".to_owned(), ToString::to_string);
        format!(
            "{} {} {address} {} {}",
            finding.level.word(),
            finding.rule,
            place(&finding.location),
            finding.message
        )
    });
    let faults = diagnostics.iter().map(|fault| {
        let word = match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{word} {} {}", place(&fault.location), fault.summary)
    });
    findings.chain(faults).collect()
}

const OLD: &str = r#"package main

deny[msg] {
    change := input.resource_changes[_]
    change.change.actions[_] == "delete"
    msg := sprintf("%s would be destroyed", [change.address])
}
"#;

const NEW: &str = r#"package gwplan

import rego.v1

deny contains {"msg": "no owner", "address": change.address} if {
    some change in input.resource_changes
    not data.owners[change.address]
}

warn_names contains "short name" if {
    some change in input.resource_changes
    count(change.change.after.name) < 2
}
"#;

const TODAY: &str = r#"package main

violation contains msg if {
    some change in input.resource_changes
    "create" in change.change.actions
    msg := sprintf("%s is new", [change.address])
}
"#;

#[test]
fn old_and_new_spellings_live_side_by_side() {
    assert_eq!(
        said(&[("a.rego", OLD), ("b.rego", NEW), ("c.rego", TODAY)]),
        [
            "deny gwplan.deny gateway.a b.rego:5:1 no owner",
            "deny main.deny - a.rego:3:1 gateway.a would be destroyed",
            "deny main.violation - c.rego:3:1 gateway.b is new",
            "warn gwplan.warn_names - b.rego:10:1 short name",
        ]
    );
}

#[test]
fn several_definitions_of_a_rule_are_told_apart() {
    let second = "package main\ndeny contains \"always\" if true\ndeny contains \"too\" if true\n";
    assert_eq!(
        said(&[("a.rego", OLD), ("b.rego", second)]),
        [
            "deny main.deny - b.rego:2:1 always",
            "deny main.deny - a.rego:3:1 gateway.a would be destroyed",
            "deny main.deny - b.rego:3:1 too",
        ]
    );
}

#[test]
fn libraries_are_called_and_what_is_in_no_package_of_ours_is_told() {
    let own = "package main\nimport data.lib.text as t\ndeny contains t.shout(\"no\") if true\n";
    let library = "package lib.text\nshout(word) := upper(word)\n";
    assert_eq!(
        said(&[("a.rego", own), ("lib.rego", library)]),
        ["deny main.deny - a.rego:3:1 NO"]
    );
    let other = "package terraform\ndeny contains \"x\" if true\n";
    assert_eq!(
        said(&[("a.rego", other)]),
        [
            "warning a.rego:2:1 the rule terraform.deny is not in force",
            "warning a.rego:1:1 no policy is in force",
        ]
    );
    let nothing = "package main\ndenied contains \"x\" if true\n";
    assert_eq!(
        said(&[("a.rego", nothing)]),
        ["warning a.rego:1:1 no rule of the package main is asked for"]
    );
}

#[test]
fn broken_policies_are_errors_at_their_places() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        (
            "package main\n\tdeny contains msg if { msg := ) }\n",
            "error a.rego:2:29 expecting `}` while parsing set",
        ),
        (
            "package main\ndeny[msg] {\n  msg := = 1\n}\n",
            "error a.rego:3:10 expecting expression",
        ),
        (
            "deny contains \"x\" if true\n",
            "error a.rego:1:1 the policy names no package",
        ),
        (
            "package main\ndeny contains msg if { x > 1; msg := \"x\" }\n",
            "error a.rego:2:24 use of undefined variable `x` is unsafe",
        ),
        (
            "package main\ndeny contains msg if { msg := 1 / 0 }\n",
            "error a.rego:2:33 divide by zero",
        ),
        (
            "package main\ndeny := true\n",
            "error a.rego:2:1 the rule main.deny is a truth value",
        ),
        (
            "package main\ndeny contains 7 if true\n",
            "error a.rego:2:1 the rule main.deny has a number among its messages",
        ),
        (
            "package main\ndeny[msg] if { msg := \"x\" }\n",
            "error a.rego:2:1 the rule main.deny is an object",
        ),
        (
            "package main\ndeny contains {\"message\": \"x\"} if true\n",
            "error a.rego:2:1 the rule main.deny has an object without a text `msg`",
        ),
        (
            "package main\ndeny contains msg if { deny[msg] }\n",
            "error a.rego:2:1 the rule depends on itself",
        ),
        (
            "package main\ndeny contains r.body if { 1 == 2; r := http.send({}) }\n",
            "error a.rego:2:40 there is no function http.send",
        ),
        (
            "package main\ndeny contains lib.f(1) if 1 == 2\nlib_f(x) := x\n",
            "error a.rego:2:15 there is no function lib.f",
        ),
        (
            "package main\nimport data.lib\ndeny contains lib.f(1) if 1 == 2\n",
            "error a.rego:3:15 there is no function lib.f",
        ),
        (
            "package main\nf(x) := f(x + 1)\ndeny contains f(1) if true\n",
            "error a.rego:2:1 the function main.f calls itself",
        ),
        (
            "package main\nf(x) := g(x)\ng(x) := f(x)\ndeny contains f(1) if true\n",
            "error a.rego:2:1 the function main.f calls itself",
        ),
    ] {
        let said = said(&[("a.rego", text)]);
        if said != [expected] {
            wrong.push(format!("{text}{said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_loop_without_end_is_cut_off() {
    let text = "package main\nxs := numbers.range(1, 2000)\ndeny contains \"x\" if { some a in xs; some b in xs; some c in xs; a + b + c == -1 }\n";
    assert_eq!(
        said(&[("a.rego", text)]),
        ["error - data.main.deny: the policy took longer than 5s"]
    );
}

#[test]
fn of_many_findings_the_first_are_told_and_the_rest_counted() {
    let text = "package main\nxs := numbers.range(1, 150)\ndeny contains {\"msg\": sprintf(\"%d%s\", [x, concat(\"\", [\"x\" | some _ in xs])]), \"address\": \"gateway.a\"} if some x in xs\ndeny contains sprintf(\"%d\", [x]) if some x in xs\nwarn contains \"one\" if true\n";
    let told = said(&[("a.rego", text)]);
    assert_eq!(told.len(), 102, "{told:#?}");
    assert_eq!(
        told[100],
        "deny main.deny - - 200 more of this rule, which are not listed"
    );
    assert_eq!(told[101], "warn main.warn - a.rego:5:1 one");
    // What is told one by one has its place.
    assert!(told[..100].iter().all(|told| told.contains(" a.rego:4:1 ")));
    // A fault among those that are not listed is one all the same.
    let bad = format!("{text}deny contains {{\"other\": \"x\"}} if true\n");
    assert_eq!(
        said(&[("a.rego", &bad)])[1],
        "error a.rego:3:1 the rule main.deny has an object without a text `msg`"
    );
}

#[test]
fn a_long_message_is_cut_short() {
    let text = "package main\ndeny contains concat(\"\", [\"é\" | some _ in numbers.range(1, 3000)]) if true\n";
    let told = said(&[("a.rego", text)]);
    let expected = format!("deny main.deny - a.rego:2:1 {}…", "é".repeat(2000));
    assert_eq!(told, [expected]);
}

//! What a rule answers, read as findings.

use std::collections::BTreeSet;

use regorus::Value;

use crate::model::{Address, Diagnostic};

use super::{Finding, Question};

/// The most findings of one rule that are told one by one.
const MAX_FINDINGS: usize = 100;

/// The most characters of a message that are told.
const MAX_MESSAGE: usize = 2000;

/// Reads the value of a rule: messages, or objects with a `msg`.
///
/// A rule can make any number of them. Each is looked at, but only the first are kept, in the order of
/// the interpreter, which is the same for the same plan; the last finding says how many there were
/// besides. So those that a definition gives alone have among them all that are kept of the whole rule.
pub(super) fn read(
    question: &Question<'_>,
    value: &Value,
) -> Result<Vec<Finding>, Box<Diagnostic>> {
    let items: Vec<&Value> = match value {
        Value::Undefined => Vec::new(),
        Value::Set(items) => items.iter().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(_) => {
            return Err(fault(
                question,
                "is an object",
                "write `contains`, as in `deny contains msg if { … }`: with brackets alone, `deny[msg] if { … }` makes an object of its messages",
            ));
        }
        other => {
            return Err(fault(
                question,
                &format!("is {}", named(other)),
                "it must be a set of messages: `deny contains msg if { … }`, or `deny[msg] { … }` as it was written before",
            ));
        }
    };
    let finding = |message, address, is_rest| Finding {
        level: question.level,
        rule: question.id(),
        message,
        address,
        location: None,
        is_rest,
    };
    let mut kept = BTreeSet::new();
    let mut further = 0_usize;
    for item in items {
        let told = one(question, item)?;
        if kept.len() < MAX_FINDINGS {
            kept.insert(told);
        } else if !kept.contains(&told) {
            further += 1;
        }
    }
    let kept = kept.into_iter();
    let mut findings: Vec<Finding> = kept
        .map(|(message, address)| finding(message, address, false))
        .collect();
    if further > 0 {
        let message = format!("{further} more of this rule, which are not listed");
        findings.push(finding(message, None, true));
    }
    Ok(findings)
}

/// Reads one message, with the address that it is about.
fn one(
    question: &Question<'_>,
    item: &Value,
) -> Result<(String, Option<Address>), Box<Diagnostic>> {
    let (message, address) = match item {
        Value::String(text) => (text.to_string(), None),
        Value::Object(_) => (
            text(item, "msg").ok_or_else(|| {
                let what = "has an object without a text `msg`";
                fault(question, what, "write {\"msg\": \"…\", \"address\": \"…\"}")
            })?,
            ["address", "resource"]
                .iter()
                .find_map(|key| text(item, key)?.parse().ok()),
        ),
        other => {
            let what = format!("has {} among its messages", named(other));
            let help =
                "a message is text, or an object with a `msg`; `sprintf` makes text of anything";
            return Err(fault(question, &what, help));
        }
    };
    if message.trim().is_empty() {
        return Err(fault(question, "has an empty message", "say what is wrong"));
    }
    Ok((cut_short(message), address))
}

fn cut_short(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}

fn text(object: &Value, key: &str) -> Option<String> {
    match &object[key] {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "one text",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "nothing",
    }
}

fn fault(question: &Question<'_>, what: &str, help: &str) -> Box<Diagnostic> {
    let summary = format!("the rule {} {what}", question.id());
    let fault = Diagnostic::error("policy", summary).help(help);
    Box::new(fault.at(question.location()))
}

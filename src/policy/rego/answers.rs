//! What a rule answers, read as findings.

use regorus::Value;

use crate::model::Diagnostic;

use super::{Finding, Question};

/// Reads the value of a rule: messages, or objects with a `msg`.
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
    items.into_iter().map(|item| one(question, item)).collect()
}

fn one(question: &Question<'_>, item: &Value) -> Result<Finding, Box<Diagnostic>> {
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
    Ok(Finding {
        level: question.level,
        rule: question.id(),
        message,
        address,
        location: None,
    })
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

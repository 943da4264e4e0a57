//! Checks attributes against a table of fields.

use crate::model::{Attributes, FieldPath, Value, turns_direction};

use super::{
    Choice, Context, Field, Finding, Need, ResourceSchema, Shape, Text, Usual, Whole, suggest,
};

/// Checks the attributes of one resource: presence, ranges, words, and the kind's own rules.
///
/// The types are expected to be right already; a value of a wrong type is passed over here, since
/// the reader of the YAML has reported it with its place.
pub fn check(
    schema: &ResourceSchema,
    attributes: &Attributes,
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_fields(
        schema.fields,
        attributes,
        &FieldPath::root(),
        context,
        &mut findings,
    );
    findings.extend((schema.rules)(attributes, context));
    findings
}

/// Checks attributes against fields, without any rule that spans several of them.
pub fn check_fields(
    fields: &[Field],
    attributes: &Attributes,
    at: &FieldPath,
    context: &Context<'_>,
    findings: &mut Vec<Finding>,
) {
    for field in fields {
        let path = at.child(field.key);
        match attributes.get(field.key) {
            Some(value) => check_value(&field.shape, value, &path, context, findings),
            None if matches!(field.need, Need::Required) => {
                findings.push(
                    Finding::error(
                        path.clone(),
                        "missing-key",
                        format!("`{path}` is missing"),
                        format!("`{}` is required: {}", field.key, first_sentence(field.doc)),
                    )
                    .on_key(),
                );
            }
            None => {}
        }
    }
}

fn check_value(
    shape: &Shape,
    value: &Value,
    path: &FieldPath,
    context: &Context<'_>,
    findings: &mut Vec<Finding>,
) {
    match (shape, value) {
        (Shape::Whole(whole), Value::Int(number)) => {
            findings.extend(check_whole(whole, *number, path));
        }
        (Shape::Text(text), Value::Text(written)) => {
            findings.extend(check_text(text, written, path));
        }
        (Shape::Choice(choice), Value::Text(written)) => {
            findings.extend(check_choice(choice, written, path, context));
        }
        (Shape::Object(fields), Value::Map(map)) => {
            check_fields(fields, map, path, context, findings);
        }
        (Shape::Choices(choice), Value::List(items)) => {
            let words = items.iter().enumerate();
            let words = words.filter_map(|(at, item)| Some((at, item.as_text()?)));
            findings.extend(words.filter_map(|(at, word)| {
                check_choice(choice, word, &path.child(at.to_string()), context)
            }));
        }
        (Shape::Tags, Value::Map(tags)) => check_tags(tags, path, findings),
        _ => {}
    }
}

fn check_whole(whole: &Whole, number: i64, path: &FieldPath) -> Option<Finding> {
    if !(whole.min..=whole.max).contains(&number) {
        return Some(Finding::error(
            path.clone(),
            "out-of-range",
            format!("`{path}` is {number}, which is out of range"),
            format!("use a whole number from {}", whole.range()),
        ));
    }
    let Usual { low, high, beyond } = whole.usual.as_ref()?;
    (!(*low..=*high).contains(&number)).then(|| {
        let unit = whole.unit_after_space();
        let summary = format!("`{path}` is {number}; usual is {low} to {high}{unit}");
        Finding::warning(path.clone(), "unusual-value", summary, *beyond)
    })
}

fn check_text(text: &Text, written: &str, path: &FieldPath) -> Option<Finding> {
    if let Some(finding) = check_visible(text, written, path) {
        return Some(finding);
    }
    let length = written.chars().count();
    if !(text.min..=text.max).contains(&length) {
        let limit = if text.min == 0 {
            format!("up to {} characters", text.max)
        } else {
            format!("{} to {} characters", text.min, text.max)
        };
        return Some(Finding::error(
            path.clone(),
            "out-of-range",
            format!("`{path}` has {length} characters"),
            format!("use {limit}"),
        ));
    }
    let prefix = text.prefix?;
    let valid = written
        .strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()));
    (!valid).then(|| {
        Finding::error(
            path.clone(),
            "wrong-form",
            format!("`{path}` is {written:?}, which is not a valid id"),
            format!("write the id as the console shows it: `{prefix}` and letters or digits"),
        )
    })
}

/// Refuses what people can't see, or would see as something else.
fn check_visible(text: &Text, written: &str, path: &FieldPath) -> Option<Finding> {
    let hidden = written
        .chars()
        .find(|c| c.is_control() || turns_direction(*c));
    let Some(hidden) = hidden else {
        let blank = text.min > 0 && !written.is_empty() && written.trim().is_empty();
        return blank.then(|| {
            Finding::error(
                path.clone(),
                "wrong-form",
                format!("`{path}` is nothing but white space"),
                "write at least one character that can be seen",
            )
        });
    };
    let code = u32::from(hidden);
    let (what, help) = match hidden {
        '\n' => (
            "a line break".to_owned(),
            "write it on one line; after `|` or `>` write `-` to leave the last line break out",
        ),
        _ if turns_direction(hidden) => (
            format!("U+{code:04X}, which turns the direction of the text after it"),
            "leave it out: with it, what is shown is not what is written",
        ),
        _ => (
            format!("the control character U+{code:04X}"),
            "write it on one line, with printable characters only",
        ),
    };
    Some(Finding::error(
        path.clone(),
        "control-character",
        format!("`{path}` holds {what}"),
        help,
    ))
}

fn check_choice(
    choice: &Choice,
    written: &str,
    path: &FieldPath,
    context: &Context<'_>,
) -> Option<Finding> {
    let allowed = choice.allow.and_then(|key| context.allow.get(key));
    let extra = allowed.into_iter().flatten().map(String::as_str);
    let words: Vec<&str> = choice.known.iter().copied().chain(extra).collect();
    if words.contains(&written) {
        return None;
    }
    let likely = suggest(written, words.iter().copied())
        .map(|word| format!("did you mean `{word}`? "))
        .unwrap_or_default();
    let way_out = choice.allow.map(|key| {
        format!("; if the cloud has learnt a new one, add it to `allow.{key}` in gwplan.yaml")
    });
    Some(Finding::error(
        path.clone(),
        "unknown-value",
        format!("`{path}` is {written:?}, which is not known"),
        format!(
            "{likely}known: {}{}",
            words.join(", "),
            way_out.unwrap_or_default()
        ),
    ))
}

/// The most tags on one resource. Source: the tag service's page of limits, September 2025.
pub const MAX_TAGS: usize = 50;
/// The most new tag pairs that one call may bring. Source: as for [`MAX_TAGS`].
pub const MAX_NEW_TAGS_PER_CALL: usize = 10;
/// The most characters of a tag's key. Source: as for [`MAX_TAGS`].
pub const MAX_TAG_KEY_CHARS: usize = 127;
/// The most characters of a tag's value. Source: as for [`MAX_TAGS`].
pub const MAX_TAG_VALUE_CHARS: usize = 255;
const TAG_SIGNS: &str = "+-=._:/@()[],;><";

fn check_tags(tags: &Attributes, path: &FieldPath, findings: &mut Vec<Finding>) {
    if tags.len() > MAX_TAGS {
        findings.push(Finding::error(
            path.clone(),
            "out-of-range",
            format!("`{path}` holds {} tags", tags.len()),
            format!("a resource takes up to {MAX_TAGS} tags"),
        ));
    }
    for (key, value) in tags {
        let at = path.child(key);
        if let Some((summary, help)) = tag_text_fault("key", key, MAX_TAG_KEY_CHARS) {
            findings.push(Finding::error(at.clone(), "bad-tag", summary, help).on_key());
        } else if let Some(finding) = reserved_tag_key(key, &at) {
            findings.push(finding);
        }
        if let Some(value) = value.as_text()
            && let Some((summary, help)) = tag_text_fault("value", value, MAX_TAG_VALUE_CHARS)
        {
            findings.push(Finding::error(at, "bad-tag", summary, help));
        }
    }
}

fn tag_text_fault(what: &str, text: &str, max: usize) -> Option<(String, String)> {
    let length = text.chars().count();
    if !(1..=max).contains(&length) {
        return Some((
            format!("a tag {what} has {length} characters"),
            format!("use 1 to {max} characters"),
        ));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Some((
            format!("the tag {what} {text:?} begins or ends with a space"),
            "spaces are allowed inside only".to_owned(),
        ));
    }
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || TAG_SIGNS.contains(c);
    text.chars().find(|c| !allowed(*c)).map(|bad| {
        (
            format!("the tag {what} {text:?} holds the character {bad:?}"),
            format!("use letters, digits, spaces and {TAG_SIGNS}"),
        )
    })
}

fn reserved_tag_key(key: &str, at: &FieldPath) -> Option<Finding> {
    let begins = |prefixes: &[&'static str]| {
        let lower = key.to_lowercase();
        prefixes
            .iter()
            .copied()
            .find(|prefix| lower.starts_with(*prefix))
    };
    if let Some(prefix) = begins(&["qcs:", "project", "项目", "gwplan:"]) {
        let owner = if prefix == "gwplan:" {
            "gwplan itself"
        } else {
            "the tag service"
        };
        return Some(
            Finding::error(
                at.clone(),
                "bad-tag",
                format!(
                    "the tag key {key:?} begins with `{prefix}`, which is reserved for {owner}"
                ),
                "choose another key",
            )
            .on_key(),
        );
    }
    begins(&["qcloud", "tencent"]).map(|prefix| {
        Finding::warning(
            at.clone(),
            "reserved-tag",
            format!("the tag key {key:?} begins with `{prefix}`, which some services reserve"),
            "the cloud may refuse it: choose another key",
        )
        .on_key()
    })
}

/// Fills in the fixed defaults of fields that are absent.
pub fn fill_defaults(fields: &[Field], attributes: &mut Attributes, region: &str) {
    for field in fields {
        let default = match &field.need {
            Need::Default(literal) => Some(literal.value()),
            Need::RegionOfCall if !region.is_empty() => Some(region.into()),
            Need::RegionOfCall | Need::Required | Need::Optional => None,
        };
        if let Some(default) = default {
            attributes.entry(field.key.to_owned()).or_insert(default);
        }
        if let (Shape::Object(inner), Some(Value::Map(map))) =
            (&field.shape, attributes.get_mut(field.key))
        {
            fill_defaults(inner, map, region);
        }
    }
}

/// Takes out what [`fill_defaults`] fills in: what remains is what somebody chose.
pub fn strip_defaults(fields: &[Field], attributes: &mut Attributes, region: &str) {
    for field in fields {
        if let (Shape::Object(inner), Some(Value::Map(map))) =
            (&field.shape, attributes.get_mut(field.key))
        {
            strip_defaults(inner, map, region);
        }
        let default = match &field.need {
            Need::Default(literal) => Some(literal.value()),
            Need::RegionOfCall => Some(region.into()),
            Need::Required | Need::Optional => None,
        };
        if default.is_some() && attributes.get(field.key) == default.as_ref() {
            attributes.remove(field.key);
        }
    }
}

/// Returns the first sentence of a doc text.
pub fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ")
        .map_or(doc, |(first, _)| first)
        .trim_end_matches('.')
}

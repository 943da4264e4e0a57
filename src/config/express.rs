//! What a gateways file has to say to get what the cloud shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Attributes, FieldPath, Severity, Value, set_value_at, value_at};
use crate::schema::{
    Allowances, Change, Context, Field, Finding, Need, ResourceSchema, Shape, Text, check,
    check::check_fields, field_at, fill_defaults, meta,
};

use super::project::Project;
use super::scalar::scalar;

/// Holds what a file says of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expressed {
    /// The region, where the file has to name it.
    pub region: Option<String>,
    /// The attributes, without what follows from the project and from the table of fields.
    pub attributes: Attributes,
    /// The fields whose values no file can have, and which therefore stay as they are.
    pub ignore_changes: Vec<FieldPath>,
    /// The words that the project doesn't allow yet, by the key under `allow`.
    pub words: Allowances,
    /// What the file can't say, and why.
    pub left_out: Vec<Finding>,
}

/// Finds what a file has to say to get these attributes in this region.
///
/// `files_region` is the region that a file gets without naming one.
///
/// # Errors
/// The finding because of which no file can describe the resource.
pub fn express(
    schema: &ResourceSchema,
    project: &Project,
    files_region: &str,
    region: &str,
    attributes: &Attributes,
) -> Result<Expressed, Finding> {
    let mut attributes = attributes.clone();
    drop_empty(schema.fields, &mut attributes);
    drop_partners(schema.fields, &mut attributes);
    let mut expressed = Expressed::default();
    let mut allow = project.allow.clone();
    note_region(region, &mut allow, &mut expressed.words);
    fit(schema, region, &mut allow, &mut attributes, &mut expressed)?;
    shorten(
        schema.fields,
        &mut attributes,
        Some(&project.defaults),
        region,
    );
    expressed.attributes = attributes;
    let default = project.defaults.get("region").and_then(Value::as_text);
    let default = default
        .or(project.region.as_deref())
        .unwrap_or(files_region);
    expressed.region = (default != region).then(|| region.to_owned());
    Ok(expressed)
}

/// Drops what means "not set", and the tags by which gwplan knows its own.
fn drop_empty(fields: &[Field], attributes: &mut Attributes) {
    for field in fields {
        match (&field.shape, attributes.get_mut(field.key)) {
            (Shape::Object(inner), Some(Value::Map(map))) => drop_empty(inner, map),
            (Shape::Tags, Some(Value::Map(tags))) => {
                // They name the record that made the resource, which is another one now.
                tags.retain(|key, _| !key.starts_with("gwplan:"));
                if tags.is_empty() {
                    attributes.remove(field.key);
                }
            }
            (_, Some(Value::Text(text))) if text.is_empty() => {
                attributes.remove(field.key);
            }
            _ => {}
        }
    }
}

/// Drops a field where its partner says the same already.
fn drop_partners(fields: &[Field], attributes: &mut Attributes) {
    for field in fields {
        let Change::Presence { partner, .. } = field.change else {
            continue;
        };
        let said = attributes
            .get(partner)
            .and_then(Value::as_map)
            .and_then(|partner| partner.get(field.key));
        if said.is_some() && said == attributes.get(field.key) {
            attributes.remove(field.key);
        }
    }
}

fn note_region(region: &str, allow: &mut Allowances, words: &mut Allowances) {
    let own = Attributes::from([("region".to_owned(), region.into())]);
    let mut findings = Vec::new();
    let context = Context { region, allow };
    check_fields(
        meta::META,
        &own,
        &FieldPath::root(),
        &context,
        &mut findings,
    );
    for finding in findings {
        if let Some((key, word)) = new_word(meta::META, &own, &finding) {
            allow.entry(key.clone()).or_default().push(word.clone());
            words.entry(key).or_default().push(word);
        }
    }
}

/// Takes out what the checks of a file refuse, until they refuse nothing.
fn fit(
    schema: &ResourceSchema,
    region: &str,
    allow: &mut Allowances,
    attributes: &mut Attributes,
    expressed: &mut Expressed,
) -> Result<(), Finding> {
    loop {
        let mut filled = attributes.clone();
        fill_defaults(schema.fields, &mut filled, region);
        let context = Context { region, allow };
        let mut findings = check(schema, &filled, &context);
        findings.retain(|finding| finding.severity == Severity::Error);
        let Some(finding) = findings.into_iter().next() else {
            return Ok(());
        };
        if let Some((key, word)) = new_word(schema.fields, &filled, &finding) {
            allow.entry(key.clone()).or_default().push(word.clone());
            expressed.words.entry(key).or_default().push(word);
            continue;
        }
        let Some(field) = field_at(schema.fields, &finding.path) else {
            return Err(finding);
        };
        let optional = matches!(field.need, Need::Optional);
        let required = matches!(field.need, Need::Required);
        if required || value_at(attributes, &finding.path).is_none() {
            return Err(finding);
        }
        set_value_at(attributes, &finding.path, None);
        if !optional || field.is_never_filled_in() {
            // Its default would be taken for a wish to change it, and its absence for drift.
            expressed.ignore_changes.push(finding.path.clone());
        }
        expressed.left_out.push(finding);
    }
}

/// Returns the word that a project could allow so that the finding goes away, and the key for it.
fn new_word(
    fields: &[Field],
    attributes: &Attributes,
    finding: &Finding,
) -> Option<(String, String)> {
    let Shape::Choice(choice) = &field_at(fields, &finding.path)?.shape else {
        return None;
    };
    let word = value_at(attributes, &finding.path)?.as_text()?;
    let unknown = finding.rule == "unknown-value" && !word.chars().any(char::is_control);
    Some((
        choice.allow.filter(|_| unknown)?.to_owned(),
        word.to_owned(),
    ))
}

/// Drops what loading the file fills in anyway.
fn shorten(
    fields: &[Field],
    attributes: &mut Attributes,
    defaults: Option<&Attributes>,
    region: &str,
) {
    for field in fields {
        let default = defaults.and_then(|defaults| defaults.get(field.key));
        let drop = match (&field.shape, attributes.get_mut(field.key)) {
            (Shape::Object(inner), Some(Value::Map(map))) => {
                let default = default.and_then(Value::as_map);
                shorten(inner, map, default, region);
                map.is_empty() && default.is_some()
            }
            (Shape::Tags, Some(Value::Map(tags))) => {
                let default = default.and_then(Value::as_map);
                tags.retain(|key, value| default.and_then(|tags| tags.get(key)) != Some(value));
                tags.is_empty()
            }
            (_, Some(value)) => stand_in(field, default, region).as_ref() == Some(value),
            (Shape::Text(Text { min: 0, .. }), None) if default.is_some() => {
                attributes.insert(field.key.to_owned(), "".into());
                false
            }
            _ => false,
        };
        if drop {
            attributes.remove(field.key);
        }
    }
}

/// Returns the value that a field gets without being written.
fn stand_in(field: &Field, default: Option<&Value>, region: &str) -> Option<Value> {
    default.cloned().or_else(|| match &field.need {
        Need::Default(literal) => Some(literal.value()),
        Need::RegionOfCall => Some(region.into()),
        Need::Required | Need::Optional => None,
    })
}

/// Writes the section `allow` of a project file that allows further words too.
pub fn allow_lines(project: &Project, words: &Allowances) -> String {
    let mut all: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (key, words) in project.allow.iter().chain(words) {
        all.entry(key).or_default().extend(words);
    }
    let mut lines = vec!["allow:".to_owned()];
    for (key, words) in all {
        lines.push(format!("  {key}:"));
        lines.extend(
            words
                .into_iter()
                .map(|word| format!("    - {}", scalar(word))),
        );
    }
    lines.join("\n") + "\n"
}

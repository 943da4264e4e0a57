//! The reference page of the YAML files, in Markdown.

use std::fmt::Write;

use crate::model::FieldPath;

use super::json_schema::default_text;
use super::meta::{META, MOVED, MOVED_DOC, MOVED_KEY, REMOVED, REMOVED_DOC, REMOVED_KEY};
use super::project::{
    DEFAULTS_DOC, DEFAULTS_KEY, ENVIRONMENTS_DOC, ENVIRONMENTS_KEY, OVERLAYS_FIELD, PROJECT,
    VARS_DOC, VARS_KEY,
};
use super::{Change, Choice, Field, Need, ResourceSchema, Shape, Text, Unset, Whole};

/// Returns the page.
pub fn page(schemas: &[&ResourceSchema]) -> String {
    let mut out = String::from(
        "# Reference of the YAML files\n\n\
         <!-- Made from the schema tables by `UPDATE_REFERENCE=1 cargo test --test reference`; edit those, not this page. -->\n\n",
    );
    for schema in schemas {
        let _ = writeln!(out, "## `{}`\n\n{}\n", schema.collection, schema.doc);
        out.push_str("Keys that begin with `x-` at the top of a file are passed over: they hold anchors and notes.\n\n");
        fields(&mut out, schema.fields, &FieldPath::root(), true);
        fields(&mut out, META, &FieldPath::root(), false);
    }
    for (key, doc, table) in [
        (MOVED_KEY, MOVED_DOC, MOVED),
        (REMOVED_KEY, REMOVED_DOC, REMOVED),
    ] {
        let _ = writeln!(out, "## `{key}`\n\n{doc}\n");
        fields(&mut out, table, &FieldPath::from_iter([key]), false);
    }
    out.push_str("## `gwplan.yaml`\n\n");
    for (key, doc) in [
        (DEFAULTS_KEY, DEFAULTS_DOC),
        (VARS_KEY, VARS_DOC),
        (ENVIRONMENTS_KEY, ENVIRONMENTS_DOC),
    ] {
        let _ = writeln!(out, "### `{key}`\n\n{doc}\n");
    }
    out.push_str(
        "An environment takes `overlays` beside all keys of gwplan.yaml but `environments`.\n\n",
    );
    let environment = FieldPath::from_iter([ENVIRONMENTS_KEY, "NAME"]);
    fields(&mut out, &[OVERLAYS_FIELD], &environment, false);
    fields(&mut out, PROJECT, &FieldPath::root(), false);
    out
}

fn fields(out: &mut String, fields_of: &[Field], at: &FieldPath, changes: bool) {
    for field in fields_of {
        let path = at.child(field.key);
        let _ = writeln!(out, "### `{path}`\n\n{}\n", field.doc);
        let mut facts = vec![format!("Value: {}", value(&field.shape))];
        match (&field.need, default_text(field)) {
            (Need::Required, _) => facts.push("Required".to_owned()),
            (_, Some(default)) => facts.push(format!("Default: `{default}`")),
            (_, None) => facts.push("May be left out".to_owned()),
        }
        if changes {
            facts.push(change(field.change));
            facts.extend(unset(field.unset()));
        }
        for fact in facts {
            let _ = writeln!(out, "- {fact}.");
        }
        out.push('\n');
        if let Shape::Object(inner) = &field.shape {
            fields(out, inner, &path, changes);
        }
    }
}

fn value(shape: &Shape) -> String {
    match shape {
        Shape::Whole(Whole { min, max, unit, .. }) => {
            let unit = if unit.is_empty() {
                String::new()
            } else {
                format!(" {unit}")
            };
            format!("a whole number from {min} to {max}{unit}")
        }
        Shape::Text(Text {
            min: _,
            max,
            prefix: Some(prefix),
        }) => format!("an id that begins with `{prefix}`, up to {max} characters"),
        Shape::Text(Text {
            min,
            max,
            prefix: None,
        }) => format!("text of {min} to {max} characters"),
        Shape::Choice(choice) => format!("one of {}", words(choice)),
        Shape::Choices(choice) => format!("a list of words out of {}", words(choice)),
        Shape::Texts => "a list of texts".to_owned(),
        Shape::Flag | Shape::Object(_) | Shape::Tags => shape.expects().to_owned(),
    }
}

fn words(choice: &Choice) -> String {
    let words = choice.known.iter().map(|word| format!("`{word}`"));
    let more = choice
        .allow
        .map(|key| format!("; `allow.{key}` in gwplan.yaml adds more"));
    words.collect::<Vec<_>>().join(", ") + &more.unwrap_or_default()
}

/// Says what becomes of a value that is no longer set, where the other facts do not.
fn unset(unset: Unset) -> Option<String> {
    let becomes = match unset {
        Unset::Cleared => "the same call clears it",
        Unset::Kept => "it stays as it is in the cloud, and the plan says so",
        Unset::Never | Unset::TakenAway | Unset::Replaced => return None,
    };
    Some(format!("Where it is no longer set, {becomes}"))
}

fn change(change: Change) -> String {
    match change {
        Change::InPlace(call) => format!("A change is made in place, by {call}"),
        Change::OnlyToTrue(call) => format!(
            "A change to true is made in place, by {call}; a change to false needs a replacement"
        ),
        Change::AfterCreate(call) => {
            format!("It is set after the create, and changed in place, by {call}")
        }
        Change::Presence {
            add,
            remove,
            change,
            partner: _,
        } => {
            format!("It is changed in place by {change}, added by {add}, and removed by {remove}")
        }
        Change::Replace => "A change needs a replacement".to_owned(),
        Change::Local => "A change never reaches the cloud".to_owned(),
    }
}

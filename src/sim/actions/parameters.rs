//! The names and types of parameters, which the front of the API checks for every action.

use serde_json::{Map, Value as Json};

use crate::kinds::GATEWAY;
use crate::schema::{Change, Field, Need, Shape};

use super::super::answer::Refusal;

/// Describes what an action takes.
#[derive(Debug)]
pub(in crate::sim) enum Parameters {
    /// These.
    Listed(&'static [Parameter]),
    /// The fields of a kind of resource.
    Table(&'static [Field]),
}

/// Describes one parameter.
#[derive(Debug)]
pub(in crate::sim) struct Parameter {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// Says what JSON a parameter takes.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Whole,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of objects of these.
    Objects(&'static [Parameter]),
    /// An object of fields.
    Fields(&'static [Field]),
    /// What the create of a gateway takes under this name.
    AsInCreate(&'static str),
}

/// Describes a parameter that must be there.
pub(super) const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        required: true,
    }
}

/// Describes a parameter that may be left out.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
    }
}

/// The parameters of a filter.
pub(super) const FILTER: &[Parameter] = &[
    required("Name", Kind::Text),
    required("Values", Kind::Texts),
];

/// The parameters of a filter by tags.
pub(super) const TAG_FILTER: &[Parameter] = &[
    required("TagKey", Kind::Text),
    optional("TagValue", Kind::Texts),
];

/// The parameters of a tag pair.
pub(super) const TAG: &[Parameter] = &[
    optional("TagKey", Kind::Text),
    optional("TagValue", Kind::Text),
];

/// The parameters of a tag that is named by its key alone.
pub(super) const TAG_KEY: &[Parameter] = &[required("TagKey", Kind::Text)];

/// Parameters that gwplan fills in itself, and the API demands.
const DEMANDED: [&str; 1] = ["Type"];

/// Parameters that gwplan demands, and the API's front lets pass: the gateway's own checks name
/// them.
const LET_PASS: [&str; 2] = ["VpcId", "SubnetId"];

impl Parameters {
    /// Checks names, types and presence, and drops nulls, which mean the same as nothing.
    pub(in crate::sim) fn check(
        &self,
        body: Map<String, Json>,
    ) -> Result<Map<String, Json>, Refusal> {
        match self {
            Self::Listed(parameters) => check_listed(parameters, body, ""),
            Self::Table(fields) => check_fields(fields, body, ""),
        }
    }
}

fn check_listed(
    parameters: &[Parameter],
    body: Map<String, Json>,
    at: &str,
) -> Result<Map<String, Json>, Refusal> {
    let find = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.map(|parameter| parameter.kind)
    };
    let checked = check_each(body, at, find)?;
    let mut needed = parameters.iter().filter(|parameter| parameter.required);
    match needed.find(|parameter| !checked.contains_key(parameter.name)) {
        Some(parameter) => Err(missing(at, parameter.name)),
        None => Ok(checked),
    }
}

fn check_fields(
    fields: &'static [Field],
    body: Map<String, Json>,
    at: &str,
) -> Result<Map<String, Json>, Refusal> {
    let find = |name: &str| {
        let found = sent(fields).find(|field| field.wire == Some(name));
        found.map(|field| kind_of(&field.shape))
    };
    let checked = check_each(body, at, find)?;
    for field in sent(fields) {
        let Some(name) = field.wire else { continue };
        let needed = matches!(field.need, Need::Required) && !LET_PASS.contains(&name);
        let needed = needed || (at.is_empty() && DEMANDED.contains(&name));
        if needed && !checked.contains_key(name) {
            return Err(missing(at, name));
        }
    }
    Ok(checked)
}

/// Returns the fields that a create can carry.
fn sent(fields: &'static [Field]) -> impl Iterator<Item = &'static Field> {
    fields
        .iter()
        .filter(|field| !matches!(field.change, Change::AfterCreate(_)))
}

fn check_each(
    body: Map<String, Json>,
    at: &str,
    find: impl Fn(&str) -> Option<Kind>,
) -> Result<Map<String, Json>, Refusal> {
    let mut checked = Map::new();
    for (name, value) in body {
        let path = join(at, &name);
        let Some(kind) = find(&name) else {
            return Err(Refusal::new(
                "UnknownParameter",
                format!("there is no parameter {path}"),
            ));
        };
        if !value.is_null() {
            checked.insert(name, check_value(kind, value, &path)?);
        }
    }
    Ok(checked)
}

fn check_value(kind: Kind, value: Json, path: &str) -> Result<Json, Refusal> {
    match (resolved(kind), value) {
        (Kind::Text, Json::String(text)) => Ok(Json::String(text)),
        (Kind::Flag, Json::Bool(flag)) => Ok(Json::Bool(flag)),
        (Kind::Whole, Json::Number(number)) if number.is_i64() => Ok(Json::Number(number)),
        (Kind::Fields(fields), Json::Object(map)) => {
            check_fields(fields, map, path).map(Json::Object)
        }
        (Kind::Texts, Json::Array(items)) => check_items(items, path, |item, path| {
            check_value(Kind::Text, item, path)
        }),
        (Kind::Objects(parameters), Json::Array(items)) => check_objects(items, path, parameters),
        (kind, _) => Err(wrong_type(path, expected(kind))),
    }
}

/// Looks up what the create of a gateway takes, where a kind refers to that.
fn resolved(kind: Kind) -> Kind {
    let Kind::AsInCreate(name) = kind else {
        return kind;
    };
    let found = GATEWAY.fields.iter().find(|field| field.wire == Some(name));
    found.map_or(kind, |field| kind_of(&field.shape))
}

fn check_items(
    items: Vec<Json>,
    path: &str,
    check: impl Fn(Json, &str) -> Result<Json, Refusal>,
) -> Result<Json, Refusal> {
    let numbered = items.into_iter().enumerate();
    numbered
        .map(|(index, item)| check(item, &format!("{path}.{index}")))
        .collect()
}

fn check_objects(items: Vec<Json>, path: &str, parameters: &[Parameter]) -> Result<Json, Refusal> {
    check_items(items, path, |item, path| match item {
        Json::Object(map) => check_listed(parameters, map, path).map(Json::Object),
        _ => Err(wrong_type(path, "an object")),
    })
}

fn kind_of(shape: &Shape) -> Kind {
    match shape {
        Shape::Flag => Kind::Flag,
        Shape::Whole(_) => Kind::Whole,
        Shape::Text(_) | Shape::Choice(_) => Kind::Text,
        Shape::Object(fields) => Kind::Fields(fields),
        Shape::Tags => Kind::Objects(TAG),
        Shape::Texts | Shape::Choices(_) => Kind::Texts,
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Whole => "a whole number",
        Kind::Flag => "true or false",
        Kind::Texts => "a list of texts",
        Kind::Objects(_) => "a list of objects",
        Kind::Fields(_) | Kind::AsInCreate(_) => "an object",
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn missing(at: &str, name: &str) -> Refusal {
    Refusal::new(
        "MissingParameter",
        format!("the parameter {} is missing", join(at, name)),
    )
}

fn wrong_type(path: &str, expected: &str) -> Refusal {
    Refusal::new(
        "InvalidParameter",
        format!("the parameter {path} takes {expected}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::named;
    use super::*;

    fn check(action: &str, body: &Json) -> String {
        let body = body.as_object().unwrap().clone();
        match named(action).unwrap().parameters.check(body) {
            Ok(_) => "ok".to_owned(),
            Err(Refusal { code, message }) => format!("{code}: {message}"),
        }
    }

    #[test]
    fn names_types_and_presence_are_checked_at_every_depth() {
        let list = "DescribeCloudNativeAPIGateways";
        for (body, expected) in [
            (json!({}), "ok"),
            (json!({ "Limit": null }), "ok"),
            (
                json!({ "Limt": 1 }),
                "UnknownParameter: there is no parameter Limt",
            ),
            (
                json!({ "Limit": "1" }),
                "InvalidParameter: the parameter Limit takes a whole number",
            ),
            (
                json!({ "Limit": 1.5 }),
                "InvalidParameter: the parameter Limit takes a whole number",
            ),
            (
                json!({ "Filters": [{ "Name": "Name", "Values": [1] }] }),
                "InvalidParameter: the parameter Filters.0.Values.0 takes text",
            ),
            (
                json!({ "Filters": [{ "Name": "Name" }] }),
                "MissingParameter: the parameter Filters.0.Values is missing",
            ),
            (
                json!({ "Filters": [{ "Name": "Name", "Values": [], "Value": 1 }] }),
                "UnknownParameter: there is no parameter Filters.0.Value",
            ),
        ] {
            assert_eq!(check(list, &body), expected, "{body}");
        }
    }

    fn visit(fields: &'static [Field], seen: &mut impl FnMut(&'static Field)) {
        for field in fields {
            seen(field);
            if let Shape::Object(inner) = field.shape {
                visit(inner, seen);
            }
        }
    }

    #[test]
    fn every_field_that_a_call_changes_is_a_parameter_of_it() {
        let mut count = 0;
        visit(GATEWAY.fields, &mut |field| {
            let (Change::InPlace(call) | Change::OnlyToTrue(call) | Change::AfterCreate(call)) =
                field.change
            else {
                return;
            };
            // An update of the nodes takes them whole, and tags have a service of their own.
            if ["Specification", "Number", "Tags"]
                .map(Some)
                .contains(&field.wire)
            {
                return;
            }
            let Parameters::Listed(listed) = &named(call).unwrap().parameters else {
                panic!("listed");
            };
            let takes = |name| listed.iter().any(|parameter| parameter.name == name);
            assert!(field.wire.is_some_and(takes), "{call} {}", field.key);
            count += 1;
        });
        assert!(count > 5);
    }

    #[test]
    fn what_is_set_after_the_create_is_no_parameter_of_it() {
        assert_eq!(
            check(
                "CreateCloudNativeAPIGateway",
                &json!({ "DeleteProtect": true })
            ),
            "UnknownParameter: there is no parameter DeleteProtect"
        );
    }
}

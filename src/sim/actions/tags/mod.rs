//! The tag service, as far as it is about gateways.
//!
//! It knows nothing of tasks: the tags of a gateway change at once, whatever else is under way. That
//! is a choice, since the vendor does not say.

mod look;
mod named;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::model::{Attributes, FieldPath, Severity, Value};
use crate::schema::check::{MAX_TAG_KEY_CHARS, MAX_TAG_VALUE_CHARS, MAX_TAGS, check_fields};
use crate::schema::{Allowances, Context};

use super::super::answer::Refusal;
use super::super::cloud::Cloud;
use super::super::gateway::Gateway;
use super::Ask;
use super::create::refuse_many_new;

pub(super) use look::{of_each, of_resources, with_tags};
use named::Named;

/// A gateway's tags, value by key.
type Tags = BTreeMap<String, String>;

/// The most resources, and the most tags, of one call. Source: the pages of the calls.
const MAX_PER_CALL: usize = 10;
/// `TagResources`: a key that a resource has already gets the new value.
pub(super) fn set(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let resources = resources(ask)?;
    let wanted = wanted_tags(ask)?;
    change_each(cloud, ask.now, &resources, |tags| {
        tags.extend(wanted.clone());
        refuse_too_many(tags)
    })
}

/// `UnTagResources`: a key that a resource does not have is as good as taken off.
pub(super) fn unset(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let resources = resources(ask)?;
    let keys: Vec<&str> = ask.texts("TagKeys").collect();
    within("TagKeys", keys.len(), "LimitExceeded.TagNumPerRequest")?;
    refuse_empty_key(&keys)?;
    change_each(cloud, ask.now, &resources, |tags| {
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    })
}

/// Refuses a value by a word of the tag service's own.
fn value_fault(word: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(format!("InvalidParameterValue.{word}"), message)
}

/// `ModifyResourceTags`: sets some tags of one resource and takes others off.
///
/// Either all of it is done or nothing. The page sets no bound of its own on the tags of a call, so
/// those of an account and of a resource stand here.
pub(super) fn modify(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let resource = Named::parse(ask.text("Resource"))?;
    for name in ["ReplaceTags", "DeleteTags"] {
        if ask.body.get(name) == Some(&json!([])) {
            let message = format!("{name} is empty: leave it out instead");
            return Err(Refusal::new("InvalidParameter.Tag", message));
        }
    }
    let wanted = pairs(ask, "ReplaceTags")?;
    let keys: Vec<&str> = objects(ask, "DeleteTags")
        .map(|one| text_of(one, "TagKey"))
        .collect();
    if wanted.is_empty() && keys.is_empty() {
        let message = "neither ReplaceTags nor DeleteTags is there";
        return Err(Refusal::new("MissingParameter", message));
    }
    refuse_empty_key(&keys)?;
    if let Some(both) = keys.iter().find(|key| wanted.contains_key(**key)) {
        let message = format!("the tag key {both:?} is to be set and to be taken off");
        return Err(value_fault("DeleteTagsParamError", message));
    }
    let new = wanted
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    refuse_many_new(cloud, new, "LimitExceeded.TagNumPerRequest")?;
    let gateway = resource.find(cloud)?.clone();
    let gateway = with_changed_tags(gateway, |tags| {
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        tags.extend(wanted);
        refuse_too_many(tags)
    })?;
    record(cloud, gateway, ask.now)?;
    Ok(Map::new())
}

fn refuse_too_many(tags: &mut Tags) -> Result<(), Refusal> {
    if tags.len() <= MAX_TAGS {
        return Ok(());
    }
    let count = tags.len();
    Err(Refusal::new(
        "LimitExceeded.ResourceAttachedTags",
        format!("a resource takes {MAX_TAGS} tags, and would have {count}"),
    ))
}

fn refuse_empty_key(keys: &[&str]) -> Result<(), Refusal> {
    if keys.contains(&"") {
        return Err(value_fault("TagKeyEmpty", "a tag key is empty"));
    }
    Ok(())
}

/// Reads the names of the resources; one of a wrong form spoils the whole call.
fn resources(ask: &Ask) -> Result<Vec<Named<'_>>, Refusal> {
    let named: Vec<_> = ask
        .texts("ResourceList")
        .map(Named::parse)
        .collect::<Result<_, _>>()?;
    within(
        "ResourceList",
        named.len(),
        "LimitExceeded.ResourceNumPerRequest",
    )?;
    Ok(named)
}

fn within(name: &str, count: usize, code: &'static str) -> Result<(), Refusal> {
    match count {
        0 => Err(Refusal::new("MissingParameter", format!("{name} is empty"))),
        1..=MAX_PER_CALL => Ok(()),
        _ => Err(Refusal::new(
            code,
            format!("{name} holds {count}; a call takes {MAX_PER_CALL}"),
        )),
    }
}

/// Reads the tags that `TagResources` is to set.
fn wanted_tags(ask: &Ask) -> Result<Tags, Refusal> {
    let count = objects(ask, "Tags").count();
    within("Tags", count, "LimitExceeded.TagNumPerRequest")?;
    pairs(ask, "Tags")
}

/// Reads the pairs of a list, and refuses them all if one can't be set.
fn pairs(ask: &Ask, name: &str) -> Result<Tags, Refusal> {
    let mut wanted = Tags::new();
    for pair in objects(ask, name) {
        let (key, value) = (text_of(pair, "TagKey"), text_of(pair, "TagValue"));
        refuse_bad_pair(key, value)?;
        if wanted.insert(key.to_owned(), value.to_owned()).is_some() {
            let message = format!("the tag key {key:?} stands there twice");
            return Err(value_fault("TagKeyDuplicate", message));
        }
    }
    Ok(wanted)
}

fn objects<'a>(ask: &'a Ask, name: &str) -> impl Iterator<Item = &'a Json> {
    let list = ask.body.get(name).and_then(Json::as_array);
    list.into_iter().flatten()
}

fn text_of<'a>(object: &'a Json, name: &str) -> &'a str {
    object.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Finds the vendor's code for what the table of fields refuses.
fn refuse_bad_pair(key: &str, value: &str) -> Result<(), Refusal> {
    for (what, text, max) in [
        ("Key", key, MAX_TAG_KEY_CHARS),
        ("Value", value, MAX_TAG_VALUE_CHARS),
    ] {
        let count = text.chars().count();
        let word = match count {
            0 => "Empty",
            _ if count > max => "LengthExceeded",
            // The signs that a key takes are those of a value.
            _ if !table_takes("k", text) => "CharacterIllegal",
            _ => continue,
        };
        let message = format!("the tag {} {text:?} can't be used", what.to_lowercase());
        return Err(value_fault(&format!("Tag{what}{word}"), message));
    }
    // gwplan keeps this prefix from its users, and not from itself or from the cloud.
    let plain = key
        .strip_prefix("gwplan:")
        .map(|rest| format!("gwplan-{rest}"));
    if table_takes(plain.as_deref().unwrap_or(key), value) {
        return Ok(());
    }
    let message = format!("the tag key {key:?} is reserved");
    Err(value_fault("ReservedTagKey", message))
}

fn table_takes(key: &str, value: &str) -> bool {
    let tags = Attributes::from([(key.to_owned(), Value::from(value))]);
    let attributes = Attributes::from([("tags".to_owned(), Value::Map(tags))]);
    let context = Context {
        region: "",
        allow: &Allowances::new(),
    };
    let mut findings = Vec::new();
    let root = FieldPath::root();
    check_fields(GATEWAY.fields, &attributes, &root, &context, &mut findings);
    !findings
        .iter()
        .any(|finding| finding.rule == "bad-tag" && finding.severity == Severity::Error)
}

/// Changes the tags of each resource, and answers with those that it could not be done to.
fn change_each(
    cloud: &mut Cloud,
    now: i64,
    resources: &[Named<'_>],
    change: impl Fn(&mut Tags) -> Result<(), Refusal>,
) -> Result<Map<String, Json>, Refusal> {
    let mut failed = Vec::new();
    for resource in resources {
        let changed = resource.find(cloud).cloned();
        match changed.and_then(|gateway| with_changed_tags(gateway, &change)) {
            Ok(gateway) => record(cloud, gateway, now)?,
            Err(Refusal { code, message }) => failed.push(json!({
                "Resource": resource.text, "Code": code, "Message": message,
            })),
        }
    }
    Ok(Map::from_iter([(
        "FailedResources".to_owned(),
        json!(failed),
    )]))
}

fn with_changed_tags(
    mut gateway: Gateway,
    change: impl FnOnce(&mut Tags) -> Result<(), Refusal>,
) -> Result<Gateway, Refusal> {
    let mut tags: Tags = gateway
        .tags()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    change(&mut tags)?;
    let pairs: Vec<Json> = tags
        .iter()
        .map(|(key, value)| json!({ "TagKey": key, "TagValue": value }))
        .collect();
    gateway.body.insert("Tags".to_owned(), json!(pairs));
    Ok(gateway)
}

fn record(cloud: &mut Cloud, gateway: Gateway, now: i64) -> Result<(), Refusal> {
    cloud
        .change(gateway, now)
        .map_err(|error| Refusal::not_recorded(&error))
}

//! `CreateCloudNativeAPIGateway`, and the checks that it shares with changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::kinds::GATEWAY;
use crate::model::{Attributes, FieldPath, Severity, Value};
use crate::schema::check::MAX_NEW_TAGS_PER_CALL;
use crate::schema::{
    Allowances, Context, Field, Finding, Need, Shape, check, check::check_fields, fill_defaults,
    wire,
};

use super::super::answer::Refusal;
use super::super::cloud::{Cloud, later};
use super::super::gateway::{Gateway, settle_public_network};
use super::{Ask, accepted, invalid};

/// The region that a gateway runs in where the create names none. Source: the vendor's page.
const DEFAULT_ENGINE_REGION: &str = "ap-guangzhou";

/// Makes a gateway.
///
/// The same request sent twice makes two: the API has no client token, and takes a name twice.
pub(super) fn create(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let attributes = validated(ask)?;
    within_limits(cloud, &attributes)?;
    let ready = later(ask.now, cloud.options.create_time);
    let body = wire::encode(GATEWAY.fields, &attributes);
    let gateway = Gateway {
        number: cloud.store.next_number(),
        region: ask.region.clone(),
        id: cloud.new_gateway_id(),
        task_id: cloud.new_task_id(),
        group_id: cloud.new_group_id(),
        networks: u64::from(body.contains_key("InternetConfig")),
        body,
        overlay: Map::new(),
        delete_protect: false,
        created: ask.now,
        modified: ask.now,
        ready,
        fails: ask.fail_task,
        gone: None,
        task: None,
        change_failed: false,
        private: Map::new(),
        appears: cloud.after_lag(ask.now),
        late: None,
    };
    let answer = accepted(&gateway, "Creating", Some(&gateway.task_id));
    cloud
        .store
        .put(gateway)
        .map_err(|error| Refusal::not_recorded(&error))?;
    Ok(answer)
}

/// Reads the request by the table, refuses what the table refuses, and fills the defaults in.
fn validated(ask: &Ask) -> Result<Attributes, Refusal> {
    let mut body = ask.body.clone();
    drop_unset_numbers(GATEWAY.fields, &mut body);
    refuse_unread(&body)?;
    tag_keys_are_unique(&body)?;
    let mut attributes = wire::decode(GATEWAY.fields, &body);
    let findings = check(
        GATEWAY,
        &with_plain_tag_keys(attributes.clone()),
        &Context {
            region: DEFAULT_ENGINE_REGION,
            allow: &Allowances::new(),
        },
    );
    refuse_errors(findings)?;
    fill_defaults(GATEWAY.fields, &mut attributes, DEFAULT_ENGINE_REGION);
    settle_public_network(&mut attributes, DEFAULT_ENGINE_REGION);
    Ok(attributes)
}

/// Checks parameters that are changes of a gateway, so that none is missing.
pub(super) fn check_changes(body: &Map<String, Json>) -> Result<(), Refusal> {
    refuse_unread(body)?;
    let attributes = wire::decode(GATEWAY.fields, body);
    let mut findings = Vec::new();
    let context = Context {
        region: DEFAULT_ENGINE_REGION,
        allow: &Allowances::new(),
    };
    let root = FieldPath::root();
    check_fields(GATEWAY.fields, &attributes, &root, &context, &mut findings);
    findings.retain(|finding| finding.rule != "missing-key");
    refuse_errors(findings)
}

/// Checks the parameters of a public network for a gateway that is there.
pub(super) fn check_network(
    gateway: &Gateway,
    internet: &Map<String, Json>,
) -> Result<(), Refusal> {
    let mut body = gateway.body.clone();
    body.remove("InternetMaxBandwidthOut");
    body.insert("InternetConfig".to_owned(), Json::Object(internet.clone()));
    refuse_unread(&body)?;
    let attributes = wire::decode(GATEWAY.fields, &body);
    let context = Context {
        region: DEFAULT_ENGINE_REGION,
        allow: &Allowances::new(),
    };
    let mut findings = check(GATEWAY, &attributes, &context);
    findings.retain(|finding| {
        finding
            .path
            .segments()
            .first()
            .is_some_and(|key| key == "internetConfig")
    });
    refuse_errors(findings)
}

fn refuse_errors(findings: Vec<Finding>) -> Result<(), Refusal> {
    let mut errors = findings
        .into_iter()
        .filter(|f| f.severity == Severity::Error);
    match errors.next() {
        Some(finding) => Err(refusal(&finding)),
        None => Ok(()),
    }
}

/// Finds the vendor's code for what the table refuses.
fn refusal(finding: &Finding) -> Refusal {
    let first = finding.path.segments().first().map_or("", String::as_str);
    let last = finding.path.segments().last().map_or("", String::as_str);
    let code = match (first, finding.rule) {
        ("name", _) => "InvalidParameterValue.Name",
        ("type", _) => "InvalidParameterValue.Type",
        ("engineRegion", _) => "InvalidParameterValue.Region",
        (_, "missing-key") => "MissingParameter.MissParameter",
        // The flag itself is never wrong: what it asks for is missing.
        (_, "contradiction") if last == "multiZoneFlag" => "MissingParameter.MissParameter",
        ("nodeConfig", _) => "InvalidParameterValue.Specification",
        ("tags", "out-of-range") => "LimitExceeded.LimitExceeded",
        ("tradeType", "unsupported") => "OperationDenied.OperationDenied",
        (_, "contradiction") => "InvalidParameterValue.CreateError",
        _ => "InvalidParameterValue.InvalidParameterValue",
    };
    Refusal::new(code, finding.summary.clone())
}

/// Refuses what the table's reader would take for "not set", which in a request it is not.
fn refuse_unread(body: &Map<String, Json>) -> Result<(), Refusal> {
    for (name, code) in [
        ("Name", "InvalidParameterValue.Name"),
        ("Type", "InvalidParameterValue.Type"),
    ] {
        if body.get(name).and_then(Json::as_str) == Some("") {
            return Err(Refusal::new(code, format!("{name} is empty")));
        }
    }
    refuse_low_numbers(GATEWAY.fields, body, &FieldPath::root())
}

/// Drops zeros that say in a create what leaving the number out says.
///
/// Clients made from a table of fields send them: the vendor's Terraform provider sends each field
/// of `InternetConfig` that its user leaves out as an empty value, and the example on its page has
/// an `internet_max_bandwidth_out` of 0.
fn drop_unset_numbers(fields: &[Field], body: &mut Map<String, Json>) {
    for field in fields {
        let Some(name) = field.wire else { continue };
        let is_unset = match (&field.shape, body.get_mut(name)) {
            (Shape::Object(inner), Some(Json::Object(map))) => {
                drop_unset_numbers(inner, map);
                false
            }
            (Shape::Whole(whole), Some(number)) => {
                whole.min > 0 && *number == 0 && !matches!(field.need, Need::Required)
            }
            _ => false,
        };
        if is_unset {
            body.remove(name);
        }
    }
}

fn refuse_low_numbers(
    fields: &[Field],
    body: &Map<String, Json>,
    at: &FieldPath,
) -> Result<(), Refusal> {
    for field in fields {
        let Some(value) = field.wire.and_then(|name| body.get(name)) else {
            continue;
        };
        let path = at.child(field.key);
        match (&field.shape, value) {
            (Shape::Object(inner), Json::Object(map)) => refuse_low_numbers(inner, map, &path)?,
            (Shape::Whole(whole), Json::Number(number))
                if number.as_i64().is_some_and(|number| number < whole.min) =>
            {
                let summary = format!("{path} is {number}; the least is {}", whole.min);
                return Err(refusal(&Finding::error(path, "out-of-range", summary, "")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Two tags of one key in a call can't both be.
fn tag_keys_are_unique(body: &Map<String, Json>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let tags = body.get("Tags").and_then(Json::as_array);
    for pair in tags.into_iter().flatten() {
        let key = pair
            .get("TagKey")
            .and_then(Json::as_str)
            .unwrap_or_default();
        if !seen.insert(key) {
            return Err(invalid(format!("the tag key {key:?} stands there twice")));
        }
    }
    Ok(())
}

/// Hides the prefix that gwplan keeps from its users, and not from itself or from the cloud.
fn with_plain_tag_keys(mut attributes: Attributes) -> Attributes {
    if let Some(Value::Map(tags)) = attributes.get_mut("tags") {
        let renamed: BTreeMap<_, _> = std::mem::take(tags)
            .into_iter()
            .map(|(key, value)| match key.strip_prefix("gwplan:") {
                Some(rest) => (format!("gwplan-{rest}"), value),
                None => (key, value),
            })
            .collect();
        *tags = renamed;
    }
    attributes
}

fn within_limits(cloud: &Cloud, attributes: &Attributes) -> Result<(), Refusal> {
    let quota = cloud.options.gateway_quota;
    if cloud.store.len() >= quota {
        return Err(Refusal::new(
            "FailedOperation.Resource",
            format!("the account may hold {quota} gateways, and holds as many"),
        ));
    }
    let tags = attributes.get("tags").and_then(Value::as_map);
    let pairs = tags.into_iter().flatten();
    let pairs = pairs.map(|(key, value)| (key.as_str(), value.as_text().unwrap_or_default()));
    refuse_many_new(cloud, pairs, "LimitExceeded.LimitExceeded")
}

/// Refuses a call that brings the account too many tag pairs that it has not seen yet.
pub(super) fn refuse_many_new<'a>(
    cloud: &Cloud,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    code: &'static str,
) -> Result<(), Refusal> {
    match cloud.store.count_new(pairs) {
        0..=MAX_NEW_TAGS_PER_CALL => Ok(()),
        count => Err(Refusal::new(
            code,
            format!(
                "{count} of the tags are new to the account: \
                 a call may bring {MAX_NEW_TAGS_PER_CALL}"
            ),
        )),
    }
}

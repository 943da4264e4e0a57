//! The tag service, as far as it is about gateways.
//!
//! It knows nothing of tasks: the tags of a gateway change at once, whatever else is under way. That
//! is a choice, since the vendor does not say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::model::{Attributes, FieldPath, Severity, Value};
use crate::schema::check::{MAX_TAG_KEY_CHARS, MAX_TAG_VALUE_CHARS, MAX_TAGS, check_fields};
use crate::schema::meta::REGIONS;
use crate::schema::{Allowances, Context};

use super::super::answer::Refusal;
use super::super::cloud::Cloud;
use super::super::gateway::Gateway;
use super::Ask;

/// The most resources, and the most tags, of one call. Source: the pages of the calls.
const MAX_PER_CALL: usize = 10;
/// The most filters of `GetResources`, and the most values of one. Source: its page.
const MAX_FILTERS: usize = 6;
const MAX_FILTER_VALUES: usize = 10;
/// How many resources `GetResources` shows at most, and unless told. Source: its page.
const MAX_RESULTS: i64 = 200;
const DEFAULT_RESULTS: i64 = 50;

/// The number of the account, as resource names show it.
///
/// A request may leave the number out, and any other passes too, so that nobody has to find out
/// which one a simulated account has.
const ACCOUNT: &str = "100000000001";

/// `TagResources`: a key that a resource has already gets the new value.
pub(super) fn set(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let resources = resources(ask)?;
    let wanted = wanted_tags(ask)?;
    change_each(cloud, ask.now, &resources, |tags| {
        tags.extend(wanted.clone());
        if tags.len() > MAX_TAGS {
            return Err(Refusal::new(
                "LimitExceeded.ResourceAttachedTags",
                format!(
                    "a resource takes {MAX_TAGS} tags, and would have {}",
                    tags.len()
                ),
            ));
        }
        Ok(())
    })
}

/// `UnTagResources`: a key that a resource does not have is as good as taken off.
pub(super) fn unset(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let resources = resources(ask)?;
    let keys: Vec<&str> = ask.texts("TagKeys").collect();
    within("TagKeys", keys.len(), "LimitExceeded.TagNumPerRequest")?;
    if keys.contains(&"") {
        return Err(value_fault("TagKeyEmpty", "a tag key is empty"));
    }
    change_each(cloud, ask.now, &resources, |tags| {
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    })
}

/// `GetResources`: what has all of the tags, a page at a time, or the named resources alone.
///
/// Resources without any tag are not shown, as they never were the tag service's.
pub(super) fn get(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let named = match ask.body.get("ResourceList") {
        Some(list) if list != &json!([]) => Some(resources(ask)?),
        _ => None,
    };
    let filters = filters(ask)?;
    let limit = match named {
        // What was named is shown whole.
        Some(_) => usize::MAX,
        None => page_size(ask)?,
    };
    let after = start(ask.text("PaginationToken"))?;
    let is_named = |gateway: &Gateway| {
        named.as_ref().is_none_or(|named| {
            let mut named = named.iter();
            named.any(|one| one.region == gateway.region && one.id == gateway.id)
        })
    };
    let mut found = cloud.store.all().filter(|gateway| {
        let mut pairs = gateway.tags().peekable();
        !ask.empty
            && gateway.has_appeared(ask.now)
            && gateway.number > after
            && pairs.peek().is_some()
            && is_named(gateway)
            && filters.iter().all(|filter| filter.matches(gateway))
    });
    let page: Vec<&Gateway> = found.by_ref().take(limit).collect();
    let token = match (found.next(), page.last()) {
        (Some(_), Some(last)) => last.number.to_string(),
        _ => String::new(),
    };
    let shown: Vec<Json> = page.into_iter().map(shown).collect();
    Ok(Map::from_iter([
        ("PaginationToken".to_owned(), json!(token)),
        ("ResourceTagMappingList".to_owned(), json!(shown)),
    ]))
}

fn page_size(ask: &Ask) -> Result<usize, Refusal> {
    let limit = ask.whole("MaxResults").unwrap_or(DEFAULT_RESULTS);
    usize::try_from(limit)
        .ok()
        .filter(|_| (1..=MAX_RESULTS).contains(&limit))
        .ok_or_else(|| {
            Refusal::new(
                "InvalidParameter",
                format!("MaxResults is {limit}: use 1 to {MAX_RESULTS}"),
            )
        })
}

fn shown(gateway: &Gateway) -> Json {
    let tags: Vec<Json> = gateway
        .tags()
        .map(|(key, value)| json!({ "TagKey": key, "TagValue": value, "Category": "Custom" }))
        .collect();
    let (region, id) = (&gateway.region, &gateway.id);
    json!({
        "Resource": format!("qcs::tse:{region}:uin/{ACCOUNT}:gateway/{id}"),
        "Tags": tags,
    })
}

/// Names a gateway in the six parts of the vendor's notation.
struct Named<'a> {
    text: &'a str,
    region: &'a str,
    id: &'a str,
}

impl<'a> Named<'a> {
    /// Reads a name; the part for the project is empty.
    fn parse(text: &'a str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split(':').collect();
        let [head, project, service, region, account, resource] = parts[..] else {
            return Err(bad_name(
                "ResourceDescriptionError",
                text,
                "it has six parts",
            ));
        };
        let Some((prefix, id)) = resource.split_once('/') else {
            return Err(bad_name(
                "ResourceDescriptionError",
                text,
                "its last part is a prefix, a slash and an id",
            ));
        };
        let number = account.strip_prefix("uin/");
        for (is_right, word, form) in [
            (
                head == "qcs" && project.is_empty(),
                "ResourceDescriptionError",
                "it begins with qcs::",
            ),
            (
                service == "tse",
                "ServiceTypeInvalid",
                "the service of gateways is tse",
            ),
            (
                REGIONS.contains(&region),
                "RegionInvalid",
                "its region is one that serves gateways",
            ),
            (
                number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())),
                "UinInvalid",
                "its account is uin/ and maybe a number",
            ),
            (
                prefix == "gateway",
                "ResourcePrefixInvalid",
                "the prefix of gateways is gateway",
            ),
            (!id.is_empty(), "ResourceIdInvalid", "it names an id"),
        ] {
            if !is_right {
                return Err(bad_name(word, text, form));
            }
        }
        Ok(Self { text, region, id })
    }

    fn find<'c>(&self, cloud: &'c Cloud) -> Result<&'c Gateway, Refusal> {
        let found = cloud.store.get(self.id);
        found
            .filter(|gateway| gateway.region == self.region)
            .ok_or_else(|| bad_name("ResourceIdInvalid", self.text, "there is no such gateway"))
    }
}

fn bad_name(word: &str, text: &str, form: &str) -> Refusal {
    value_fault(word, format!("the resource {text:?} can't be used: {form}"))
}

/// Refuses a value by a word of the tag service's own.
fn value_fault(word: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(format!("InvalidParameterValue.{word}"), message)
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

/// Reads the tags that are to be set, and refuses them all if one can't be.
fn wanted_tags(ask: &Ask) -> Result<BTreeMap<String, String>, Refusal> {
    let pairs = ask.body.get("Tags").and_then(Json::as_array);
    let pairs = pairs.map_or(&[][..], Vec::as_slice);
    within("Tags", pairs.len(), "LimitExceeded.TagNumPerRequest")?;
    let mut wanted = BTreeMap::new();
    for pair in pairs {
        let part = |name: &str| pair.get(name).and_then(Json::as_str).unwrap_or_default();
        let (key, value) = (part("TagKey"), part("TagValue"));
        refuse_bad_pair(key, value)?;
        if wanted.insert(key.to_owned(), value.to_owned()).is_some() {
            let message = format!("the tag key {key:?} stands there twice");
            return Err(value_fault("TagKeyDuplicate", message));
        }
    }
    Ok(wanted)
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
    change: impl Fn(&mut BTreeMap<String, String>) -> Result<(), Refusal>,
) -> Result<Map<String, Json>, Refusal> {
    let mut failed = Vec::new();
    for resource in resources {
        let changed = resource.find(cloud).cloned().and_then(|mut gateway| {
            let mut tags: BTreeMap<String, String> = gateway
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
        });
        match changed {
            Ok(gateway) => cloud
                .change(gateway, now)
                .map_err(|error| Refusal::not_recorded(&error))?,
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

/// Asks for a key with one of some values, or with any if there are none.
struct Filter<'a> {
    key: &'a str,
    values: BTreeSet<&'a str>,
}

impl Filter<'_> {
    fn matches(&self, gateway: &Gateway) -> bool {
        gateway.tags().any(|(key, value)| {
            key == self.key && (self.values.is_empty() || self.values.contains(value))
        })
    }
}

fn filters(ask: &Ask) -> Result<Vec<Filter<'_>>, Refusal> {
    let filters = ask.body.get("TagFilters").and_then(Json::as_array);
    let filters: Vec<_> = filters
        .into_iter()
        .flatten()
        .map(|filter| {
            let values = filter.get("TagValue").and_then(Json::as_array);
            Filter {
                key: filter
                    .get("TagKey")
                    .and_then(Json::as_str)
                    .unwrap_or_default(),
                values: values
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_str)
                    .collect(),
            }
        })
        .collect();
    let is_long = |filter: &Filter<'_>| filter.values.len() > MAX_FILTER_VALUES;
    if filters.len() > MAX_FILTERS || filters.iter().any(is_long) {
        return Err(value_fault(
            "TagFiltersLengthExceeded",
            format!("use up to {MAX_FILTERS} filters of up to {MAX_FILTER_VALUES} values"),
        ));
    }
    if filters.iter().any(|filter| filter.key.is_empty()) {
        return Err(value_fault("TagFilters", "a filter's TagKey is empty"));
    }
    Ok(filters)
}

/// Reads where a page begins: after the gateway of this number.
fn start(token: &str) -> Result<u64, Refusal> {
    if token.is_empty() {
        return Ok(0);
    }
    token.parse().map_err(|_| {
        Refusal::new(
            "InvalidParameter.PaginationTokenInvalid",
            format!("no answer held the token {token:?}"),
        )
    })
}

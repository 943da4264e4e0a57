//! The actions of the tag service that change nothing.

use std::collections::BTreeSet;

use md5::{Digest, Md5};
use serde_json::{Map, Value as Json, json};

use crate::model::hex;

use super::super::super::answer::Refusal;
use super::super::super::cloud::Cloud;
use super::super::super::gateway::Gateway;
use super::super::Ask;
use super::named::{SERVICE, name_of, refuse_strangers};
use super::{objects, resources, text_of, value_fault};

/// The most filters of `GetResources`, and the most values of one. Source: its page.
const MAX_FILTERS: usize = 6;
const MAX_FILTER_VALUES: usize = 10;
/// How many resources `GetResources` shows at most, and unless told. Source: its page.
const MAX_RESULTS: i64 = 200;
const DEFAULT_RESULTS: i64 = 50;

/// The most ids of `DescribeResourceTagsByResourceIds`. Source: its page.
const MAX_IDS: usize = 50;
/// How many tags a page shows unless told. Source: the pages and their examples.
const DEFAULT_TAGS: i64 = 15;

/// `DescribeResourceTagsByResourceIds`: the tags of up to 50 gateways of one region.
///
/// An id that no gateway has is passed over, as one without tags is.
pub(in super::super) fn of_each(
    cloud: &mut Cloud,
    ask: &Ask,
) -> Result<Map<String, Json>, Refusal> {
    let ids: BTreeSet<&str> = ask.texts("ResourceIds").collect();
    match ask.texts("ResourceIds").count() {
        0 => return Err(Refusal::new("MissingParameter", "ResourceIds is empty")),
        1..=MAX_IDS => {}
        count => {
            return Err(Refusal::new(
                "LimitExceeded.ResourceNumPerRequest",
                format!("ResourceIds holds {count}; a call takes {MAX_IDS}"),
            ));
        }
    }
    let shows_custom = match ask.text("Category") {
        "" | "All" | "Custom" => true,
        // Nothing here sets tags of the system's.
        "System" => false,
        other => {
            let message = format!("Category is {other:?}: use Custom, System or All");
            return Err(Refusal::new("InvalidParameter", message));
        }
    };
    tags_of(cloud, ask, "Tags", |gateway| {
        shows_custom && ids.contains(gateway.id.as_str())
    })
}

/// `DescribeResourceTags`: the tags of what matches all that is said.
pub(in super::super) fn of_resources(
    cloud: &mut Cloud,
    ask: &Ask,
) -> Result<Map<String, Json>, Refusal> {
    let id = ask.text("ResourceId");
    // A gateway is not an object of the storage service, and has no creator here.
    let can_match = ask.whole("CosResourceId").unwrap_or_default() == 0;
    tags_of(cloud, ask, "Rows", |gateway| {
        can_match && (id.is_empty() || id == gateway.id)
    })
}

/// Answers with a page of the tags of the gateways that are meant.
fn tags_of(
    cloud: &Cloud,
    ask: &Ask,
    list: &str,
    is_meant: impl Fn(&Gateway) -> bool,
) -> Result<Map<String, Json>, Refusal> {
    let [service, prefix, region] =
        ["ServiceType", "ResourcePrefix", "ResourceRegion"].map(|name| ask.text(name));
    refuse_strangers(service, prefix, region)?;
    let (offset, limit) = page_of_tags(ask)?;
    let rows: Vec<Json> = cloud
        .store
        .all()
        .filter(|gateway| !ask.empty && gateway.has_appeared(ask.now))
        .filter(|gateway| region.is_empty() || region == gateway.region)
        .filter(|gateway| is_meant(gateway))
        .flat_map(|gateway| gateway.tags().map(|(key, value)| row(gateway, key, value)))
        .collect();
    let page: Vec<&Json> = rows.iter().skip(offset).take(limit).collect();
    Ok(Map::from_iter([
        ("TotalCount".to_owned(), json!(rows.len())),
        ("Offset".to_owned(), json!(offset)),
        ("Limit".to_owned(), json!(limit)),
        (list.to_owned(), json!(page)),
    ]))
}

/// Reads where a page begins and how long it is; the vendor names no longest one.
fn page_of_tags(ask: &Ask) -> Result<(usize, usize), Refusal> {
    let limit = ask.whole("Limit").unwrap_or(DEFAULT_TAGS);
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| Refusal::new("InvalidParameter", "Limit is less than 1"))?;
    let offset = usize::try_from(ask.whole("Offset").unwrap_or_default()).ok();
    let offset = offset.filter(|offset| offset.is_multiple_of(limit));
    let offset = offset.ok_or_else(|| {
        let message = format!("Offset is no multiple of the Limit, {limit}");
        value_fault("OffsetInvalid", message)
    })?;
    Ok((offset, limit))
}

fn row(gateway: &Gateway, key: &str, value: &str) -> Json {
    json!({
        "ServiceType": SERVICE,
        "TagKey": key,
        "TagValue": value,
        "TagKeyMd5": hex(&Md5::digest(key)),
        "TagValueMd5": hex(&Md5::digest(value)),
        "ResourceId": gateway.id,
        "Category": "Custom",
    })
}

/// `GetResources`: what has all of the tags, a page at a time, or the named resources alone.
///
/// Resources without any tag are not shown, as they never were the tag service's.
pub(in super::super) fn with_tags(
    cloud: &mut Cloud,
    ask: &Ask,
) -> Result<Map<String, Json>, Refusal> {
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
    json!({
        "Resource": name_of(gateway),
        "Tags": tags,
    })
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
    let filters: Vec<_> = objects(ask, "TagFilters")
        .map(|filter| {
            let values = filter.get("TagValue").and_then(Json::as_array);
            Filter {
                key: text_of(filter, "TagKey"),
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

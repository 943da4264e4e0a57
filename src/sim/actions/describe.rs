//! The actions that change nothing.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::super::answer::Refusal;
use super::super::cloud::Cloud;
use super::super::gateway::Gateway;
use super::super::{ListOrder, store::Store};
use super::{Ask, invalid, result};

const DEFAULT_LIMIT: i64 = 20;
/// The longest page. Source: the vendor's page of `DescribeCloudNativeAPIGateways`.
const MAX_LIMIT: i64 = 100;

/// Finds the gateway that is asked for, unless it has not appeared yet.
fn appeared<'a>(cloud: &'a Cloud, ask: &Ask) -> Result<&'a Gateway, Refusal> {
    let gateway = ask.gateway(cloud)?;
    if gateway.has_appeared(ask.now) {
        Ok(gateway)
    } else {
        Err(Refusal::no_gateway(&gateway.id))
    }
}

/// `DescribeCloudNativeAPIGateway`.
pub(super) fn one(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = appeared(cloud, ask)?;
    Ok(result(Json::Object(gateway.shown(ask.now))))
}

/// `DescribeCloudNativeAPIGateways`.
///
/// A gateway has to match every filter, and of each filter any value.
pub(super) fn list(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let page = Page::of(ask)?;
    let filters = filters(ask, &["Name", "GatewayId", "Tag"])?;
    let matching = if ask.empty {
        Cow::Borrowed(&[][..])
    } else {
        matching(&cloud.store, ask, &filters)
    };
    let numbers = matching.iter().copied();
    let numbers: Vec<u64> = match cloud.options.list_order {
        ListOrder::NewestFirst => page.cut(numbers.rev()).collect(),
        ListOrder::OldestFirst => page.cut(numbers).collect(),
    };
    let shown: Vec<_> = numbers
        .into_iter()
        .filter_map(|number| cloud.store.numbered(number)?.as_listed(ask.now))
        .map(|gateway| gateway.shown(ask.now))
        .collect();
    Ok(result(
        json!({ "TotalCount": matching.len(), "GatewayList": shown }),
    ))
}

/// `DescribeNativeGatewayServerGroups`: the default group, which every gateway has.
pub(super) fn groups(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let page = Page::of(ask)?;
    let filters = filters(ask, &["Name", "GroupId"])?;
    let gateway = appeared(cloud, ask)?;
    let matches = filters.iter().all(|filter| match filter.name {
        "Name" => filter.values().any(|value| "default".contains(value)),
        _ => filter.values().any(|value| value == gateway.group_id),
    });
    let groups: Vec<_> = Some(gateway)
        .filter(|_| matches && !ask.empty)
        .map(|gateway| gateway.shown_group(ask.now))
        .into_iter()
        .collect();
    Ok(result(json!({
        "TotalCount": groups.len(),
        "GatewayGroupList": page.cut(groups.into_iter()).collect::<Vec<_>>(),
    })))
}

/// `DescribeCloudNativeAPIGatewayConfig`.
pub(super) fn config(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = appeared(cloud, ask)?;
    ask.group_of(gateway)?;
    Ok(result(json!({
        "GatewayId": gateway.id,
        "ConfigList": gateway.shown_networks(ask.now),
        "GroupSubnetId": gateway.subnet(),
        "GroupVpcId": gateway.vpc(),
        "GroupId": gateway.group_id,
    })))
}

/// `DescribePublicNetwork`.
pub(super) fn public_network(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = appeared(cloud, ask)?;
    ask.group_of(gateway)?;
    let id = ask.text("NetworkId");
    let shown = gateway
        .shown_public(ask.now)
        .filter(|network| network["NetworkId"] == id && gateway.is_up(ask.now))
        .ok_or_else(|| Refusal::no_part(&gateway.id, &format!("public network {id}")))?;
    Ok(result(json!({
        "GatewayId": gateway.id,
        "GroupId": gateway.group_id,
        "PublicNetwork": shown,
    })))
}

struct Page {
    offset: usize,
    limit: usize,
}

impl Page {
    fn of(ask: &Ask) -> Result<Self, Refusal> {
        let limit = ask.whole("Limit").unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(invalid(format!("Limit is {limit}: use 1 to {MAX_LIMIT}")));
        }
        let offset = ask.whole("Offset").unwrap_or_default();
        match (usize::try_from(offset), usize::try_from(limit)) {
            (Ok(offset), Ok(limit)) => Ok(Self { offset, limit }),
            _ => Err(invalid(format!("Offset is {offset}: use 0 or more"))),
        }
    }

    fn cut<T>(&self, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        items.skip(self.offset).take(self.limit)
    }
}

struct Filter<'a> {
    name: &'a str,
    values: &'a [Json],
}

impl<'a> Filter<'a> {
    fn values(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.values.iter().filter_map(Json::as_str)
    }

    /// Tells whether a gateway matches.
    ///
    /// The vendor does not say whether a name has to match as a whole, nor how the value of a tag
    /// filter is written. Here a part of the name is enough, because a client has to compare then,
    /// and a tag is written `KEY:VALUE`.
    fn matches(&self, gateway: &Gateway) -> bool {
        match self.name {
            "GatewayId" => self.values().any(|id| id == gateway.id),
            "Tag" => self
                .values()
                .any(|value| gateway.tags().any(|(key, tag)| is_pair(value, key, tag))),
            _ => {
                let name = gateway.body.get("Name").and_then(Json::as_str);
                let name = name.unwrap_or_default();
                self.values().any(|value| name.contains(value))
            }
        }
    }
}

/// Tells whether a text is `KEY:VALUE`; the key may hold colons of its own.
fn is_pair(text: &str, key: &str, value: &str) -> bool {
    text.strip_prefix(key)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|rest| rest == value)
}

fn filters<'a>(ask: &'a Ask, known: &[&str]) -> Result<Vec<Filter<'a>>, Refusal> {
    let filters = ask.body.get("Filters").and_then(Json::as_array);
    filters
        .into_iter()
        .flatten()
        .map(|filter| {
            let name = filter
                .get("Name")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let values = filter.get("Values").and_then(Json::as_array);
            if !known.contains(&name) {
                let known = known.join(", ");
                return Err(invalid(format!(
                    "there is no filter {name:?}; known: {known}"
                )));
            }
            Ok(Filter {
                name,
                values: values.map_or(&[], Vec::as_slice),
            })
        })
        .collect()
}

/// Returns the numbers of the gateways that match, in the order of their creation.
fn matching<'a>(store: &'a Store, ask: &Ask, filters: &[Filter<'_>]) -> Cow<'a, [u64]> {
    let all = store.in_region(&ask.region);
    if filters.is_empty() && store.all_have_appeared(ask.now) {
        return Cow::Borrowed(all);
    }
    let fits = |gateway: &Gateway| {
        let listed = gateway.as_listed(ask.now);
        listed.is_some_and(|listed| filters.iter().all(|filter| filter.matches(listed)))
    };
    let by_id = filters.iter().find(|filter| filter.name == "GatewayId");
    let Some(by_id) = by_id else {
        let numbered = all.iter().filter_map(|number| store.numbered(*number));
        return numbered
            .filter(|gateway| fits(gateway))
            .map(|gateway| gateway.number)
            .collect();
    };
    // Ids are looked up, however many gateways there are.
    let mut numbers: Vec<u64> = by_id
        .values()
        .filter_map(|id| store.get(id))
        .filter(|gateway| gateway.region == ask.region && fits(gateway))
        .map(|gateway| gateway.number)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    Cow::Owned(numbers)
}

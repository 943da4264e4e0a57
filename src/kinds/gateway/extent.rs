//! How large a gateway is, and what a person knows it by.

use crate::model::{Attributes, Value};
use crate::schema::{Quantity, Trait};

use super::fields::{EDITIONS, SLA_TYPES};

const SPECIFICATION: &str = "nodeConfig.specification";
const NUMBER: &str = "nodeConfig.number";

/// Measures a gateway: its nodes, its public network, its edition, what its logs cost.
pub(super) fn extent(attributes: &Attributes) -> Vec<Quantity> {
    let mut found = nodes(attributes);
    found.extend(bandwidth(attributes));
    let internet = attributes.get("internetConfig").and_then(Value::as_map);
    let load_balancer = internet.and_then(|inner| inner.get("slaType"));
    // Where none is named it is shared, and the vendor doesn't say how much that carries.
    found.extend(rung(
        "load balancer",
        load_balancer,
        SLA_TYPES,
        &["internetConfig.slaType"],
    ));
    found.extend(rung(
        "edition",
        attributes.get("featureVersion"),
        EDITIONS,
        &["featureVersion"],
    ));
    if let Some(logs) = attributes.get("enableCls").and_then(Value::as_bool) {
        found.push(Quantity {
            unit: "log service",
            amount: logs.into(),
            shown: if logs { "on" } else { "off" }.to_owned(),
            is_capacity: false,
            is_priced: true,
            fields: &["enableCls"],
        });
    }
    found
}

/// Lists what a person knows a gateway by.
pub(super) fn portrait(attributes: &Attributes) -> Vec<Trait> {
    let name = attributes.get("name").and_then(Value::as_text);
    let size = node_config(attributes).map(|(size, number)| format!("{number} × {size}"));
    let tags = attributes.get("tags").and_then(Value::as_map);
    let tags = tags.filter(|tags| !tags.is_empty()).map(|tags| {
        let pairs = tags.iter();
        let pairs = pairs.map(|(key, value)| format!("{key}={}", value.as_text().unwrap_or("")));
        pairs.collect::<Vec<_>>().join(", ")
    });
    let traits = [
        ("name", name.map(str::to_owned)),
        ("size", size),
        ("tags", tags),
    ];
    let known = traits.into_iter();
    known
        .filter_map(|(what, value)| Some((what, value?)))
        .collect()
}

/// Returns the specification of the nodes and their number.
fn node_config(attributes: &Attributes) -> Option<(&str, i64)> {
    let nodes = attributes.get("nodeConfig")?.as_map()?;
    let specification = nodes.get("specification")?.as_text()?;
    Some((specification, nodes.get("number")?.as_int()?))
}

/// Measures the nodes together, since fewer that are larger can carry more.
fn nodes(attributes: &Attributes) -> Vec<Quantity> {
    let Some((specification, number)) = node_config(attributes) else {
        return Vec::new();
    };
    let counted = |unit, amount: i64, fields| Quantity {
        unit,
        amount,
        shown: amount.to_string(),
        is_capacity: true,
        is_priced: true,
        fields,
    };
    match cores_and_memory(specification) {
        Some([cores, memory]) => vec![
            counted(
                "cores",
                number.saturating_mul(cores),
                &[SPECIFICATION, NUMBER],
            ),
            counted(
                "GiB of memory",
                number.saturating_mul(memory),
                &[SPECIFICATION, NUMBER],
            ),
        ],
        // The size has a name that says nothing: their number can still be compared.
        None => vec![counted("nodes", number, &[NUMBER])],
    }
}

/// Reads `4c8g`: the vendor's specifications name their cores and GiB.
fn cores_and_memory(specification: &str) -> Option<[i64; 2]> {
    let (cores, memory) = specification.strip_suffix('g')?.split_once('c')?;
    Some([cores.parse().ok()?, memory.parse().ok()?])
}

/// Measures the bandwidth of the public network, which is paid for where it is paid by bandwidth.
fn bandwidth(attributes: &Attributes) -> Option<Quantity> {
    let internet = attributes.get("internetConfig").and_then(Value::as_map);
    let inner = internet.and_then(|inner| inner.get("internetMaxBandwidthOut"));
    let amount = inner
        .or(attributes.get("internetMaxBandwidthOut"))?
        .as_int()?;
    let paid_by = internet.and_then(|inner| inner.get("internetPayMode"));
    Some(Quantity {
        unit: "Mbit/s of public bandwidth",
        amount,
        shown: amount.to_string(),
        is_capacity: true,
        is_priced: paid_by.and_then(Value::as_text) == Some("BANDWIDTH"),
        fields: &[
            "internetMaxBandwidthOut",
            "internetConfig.internetMaxBandwidthOut",
        ],
    })
}

/// Finds the rung of a ladder that a word names; nothing for a word that isn't on it.
fn rung(
    unit: &'static str,
    value: Option<&Value>,
    ladder: &[&str],
    fields: &'static [&'static str],
) -> Option<Quantity> {
    let word = value?.as_text()?;
    let at = ladder.iter().position(|known| *known == word)?;
    Some(Quantity {
        unit,
        amount: i64::try_from(at).ok()?,
        shown: word.to_owned(),
        is_capacity: true,
        is_priced: true,
        fields,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attributes(json: serde_json::Value) -> Attributes {
        serde_json::from_value(json).expect("attributes")
    }

    fn measured(json: serde_json::Value) -> Vec<String> {
        let found = extent(&attributes(json)).into_iter();
        found
            .map(|one| format!("{} {}", one.shown, one.unit))
            .collect()
    }

    #[test]
    fn nodes_are_measured_together_and_unknown_sizes_by_their_number() {
        let of =
            |size: &str| measured(json!({ "nodeConfig": { "specification": size, "number": 3 } }));
        assert_eq!(of("4c8g"), ["12 cores", "24 GiB of memory"]);
        assert_eq!(of("huge"), ["3 nodes"]);
        assert_eq!(measured(json!({})), [""; 0]);
    }

    #[test]
    fn bandwidth_is_priced_only_where_it_is_what_is_paid_for() {
        let priced = |mode: &str| {
            let internet = json!({ "internetPayMode": mode, "internetMaxBandwidthOut": 5 });
            let found = extent(&attributes(json!({ "internetConfig": internet })));
            found.iter().any(|one| one.is_priced)
        };
        assert!(priced("BANDWIDTH"));
        assert!(!priced("TRAFFIC"));
    }

    #[test]
    fn a_portrait_has_what_is_set() {
        let whole = portrait(&attributes(json!({
            "name": "edge",
            "nodeConfig": { "specification": "1c2g", "number": 2 },
            "tags": { "env": "prod", "team": "edge" },
        })));
        let texts: Vec<String> = whole
            .iter()
            .map(|(what, value)| format!("{what} {value}"))
            .collect();
        assert_eq!(
            texts,
            ["name edge", "size 2 × 1c2g", "tags env=prod, team=edge"]
        );
        assert_eq!(portrait(&attributes(json!({ "tags": {} }))), []);
    }
}

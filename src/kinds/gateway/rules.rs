//! The rules of a gateway that look at several fields at once.

use crate::model::{Attributes, FieldPath, Value};
use crate::schema::{Context, Finding};

/// Checks what no single field can tell.
pub(super) fn rules(attributes: &Attributes, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(prepaid(attributes));
    if let Some(Value::Map(internet)) = attributes.get("internetConfig") {
        findings.extend(bandwidths_agree(attributes, internet));
        zones(
            internet,
            &gateway_region(attributes, context),
            &mut findings,
        );
    }
    findings
}

fn prepaid(attributes: &Attributes) -> Option<Finding> {
    (attributes.get("tradeType")?.as_int()? == 1).then(|| {
        Finding::error(
            FieldPath::from_iter(["tradeType"]),
            "unsupported",
            "`tradeType: 1` (prepaid) can't be created through the API",
            "use 0 (postpaid), or buy the gateway in the console",
        )
    })
}

fn bandwidths_agree(attributes: &Attributes, internet: &Attributes) -> Option<Finding> {
    let outer = attributes.get("internetMaxBandwidthOut")?.as_int()?;
    let inner = internet.get("internetMaxBandwidthOut")?.as_int()?;
    (outer != inner).then(|| {
        Finding::error(
            FieldPath::from_iter(["internetConfig", "internetMaxBandwidthOut"]),
            "contradiction",
            format!("`internetConfig.internetMaxBandwidthOut` is {inner}, but `internetMaxBandwidthOut` is {outer}"),
            "both name the bandwidth of the same public network: keep one, or make them equal",
        )
    })
}

/// The region whose zones the gateway may use.
fn gateway_region(attributes: &Attributes, context: &Context<'_>) -> String {
    let engine = attributes.get("engineRegion").and_then(Value::as_text);
    engine.unwrap_or(context.region).to_owned()
}

fn zones(internet: &Attributes, region: &str, findings: &mut Vec<Finding>) {
    let multi = internet.get("multiZoneFlag").and_then(Value::as_bool) == Some(true);
    let at = |key: &str| FieldPath::from_iter(["internetConfig", key]);
    let zone = |key: &str| internet.get(key).and_then(Value::as_text);
    for key in ["masterZoneId", "slaveZoneId"] {
        match zone(key) {
            None if multi => findings.push(Finding::error(
                at("multiZoneFlag"),
                "contradiction",
                format!("`multiZoneFlag: true` needs `internetConfig.{key}`"),
                "name two different zones of the gateway's region",
            )),
            Some(_) if !multi => findings.push(Finding::error(
                at(key),
                "contradiction",
                format!("`internetConfig.{key}` needs `multiZoneFlag: true`"),
                format!("add `multiZoneFlag: true`, or remove `{key}`"),
            )),
            Some(id) if !region.is_empty() && !is_zone_of(id, region) => {
                findings.push(Finding::error(
                    at(key),
                    "contradiction",
                    format!("`internetConfig.{key}` is {id:?}, which is not a zone of {region}"),
                    format!("name a zone of the gateway's region, for example `{region}-3`"),
                ));
            }
            _ => {}
        }
    }
    if multi && zone("masterZoneId").is_some() && zone("masterZoneId") == zone("slaveZoneId") {
        findings.push(Finding::error(
            at("slaveZoneId"),
            "contradiction",
            "`masterZoneId` and `slaveZoneId` are the same zone",
            "name two different zones of the gateway's region",
        ));
    }
}

fn is_zone_of(zone: &str, region: &str) -> bool {
    zone.strip_prefix(region)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

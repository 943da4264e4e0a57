//! The calls that change a gateway while it lives.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::api::{Call, Effect, Service};
use crate::kinds::{Handles, Target};
use crate::model::{FieldPath, Value, value_at};
use crate::schema::{field_at, wire};

use super::fields::{ADD_NETWORK_CALL, MODIFY_CALL, NETWORK_CALL, REMOVE_NETWORK_CALL, SPEC_CALL};
use super::{Enveloped, SCHEMA, network};

/// Asks for what a call needs beside the gateway's id.
pub(super) fn lookup(action: &str, id: &str) -> Option<Call<Handles>> {
    match action {
        SPEC_CALL => Some(default_group(id)),
        NETWORK_CALL | ADD_NETWORK_CALL | REMOVE_NETWORK_CALL => {
            let Call {
                service,
                action,
                body,
                effect,
                ..
            } = network::details(id);
            Some(Call::new(
                service,
                action,
                body,
                effect,
                network::read_handles,
            ))
        }
        _ => None,
    }
}

/// Builds one call that changes the named fields.
pub(super) fn update(action: &str, target: &Target<'_>) -> Option<Call<()>> {
    let mut body = Map::new();
    body.insert("GatewayId".to_owned(), json!(target.id));
    let action = match action {
        MODIFY_CALL => {
            body.extend(changed(target));
            MODIFY_CALL
        }
        SPEC_CALL => {
            // The call takes the whole of it, whichever part changes.
            body.extend(whole(target, &["nodeConfig"]));
            with_group(&mut body, target.handles);
            SPEC_CALL
        }
        NETWORK_CALL => {
            body.extend(changed(target));
            with_group(&mut body, target.handles);
            body.insert("NetworkType".to_owned(), json!(target.handles.network_type));
            body.insert("Vip".to_owned(), json!(target.handles.vip));
            NETWORK_CALL
        }
        ADD_NETWORK_CALL => {
            body.insert("InternetConfig".to_owned(), new_network(target));
            with_group(&mut body, target.handles);
            ADD_NETWORK_CALL
        }
        REMOVE_NETWORK_CALL => {
            with_group(&mut body, target.handles);
            let version = network::address_version(target.handles);
            body.insert("InternetAddressVersion".to_owned(), json!(version));
            if let Some(vip) = &target.handles.vip {
                body.insert("Vip".to_owned(), json!(vip));
            }
            REMOVE_NETWORK_CALL
        }
        _ => return None,
    };
    // A network that is added twice would be there twice.
    let effect = if action == ADD_NETWORK_CALL {
        Effect::Create
    } else {
        Effect::Repeatable
    };
    Some(Call::new(Service::Tse, action, body.into(), effect, |_| {
        Ok(())
    }))
}

/// The named fields alone, under their own wire names: that is how these calls are made up.
fn changed(target: &Target<'_>) -> Map<String, Json> {
    let mut body = Map::new();
    for path in target.paths {
        let Some(field) = field_at(SCHEMA.fields, path) else {
            continue;
        };
        let Some(name) = field.wire else { continue };
        // What is no longer wanted is cleared: only text can be.
        let value = value_at(target.after, path).map_or_else(
            || json!(""),
            |value| wire::encode_value(&field.shape, value),
        );
        body.insert(name.to_owned(), value);
    }
    body
}

fn whole(target: &Target<'_>, keys: &[&str]) -> Map<String, Json> {
    let mut body = Map::new();
    for key in keys {
        let path = FieldPath::from_iter([*key]);
        if let (Some(field), Some(value)) = (
            field_at(SCHEMA.fields, &path),
            value_at(target.after, &path),
        ) && let Some(name) = field.wire
        {
            body.insert(name.to_owned(), wire::encode_value(&field.shape, value));
        }
    }
    body
}

/// A network may be asked for by `internetConfig`, or by a bandwidth alone.
fn new_network(target: &Target<'_>) -> Json {
    let mut network = whole(target, &[network::KEY])
        .remove("InternetConfig")
        .unwrap_or_else(|| json!({}));
    let bandwidth = target
        .after
        .get("internetMaxBandwidthOut")
        .and_then(Value::as_int);
    if let (Some(bandwidth), None) = (bandwidth, network.get("InternetMaxBandwidthOut")) {
        network["InternetMaxBandwidthOut"] = json!(bandwidth);
    }
    network
}

fn with_group(body: &mut Map<String, Json>, handles: &Handles) {
    if let Some(group) = &handles.group {
        body.insert("GroupId".to_owned(), json!(group));
    }
}

/// Asks for the default server group. A gateway has few groups, so one page shows all.
fn default_group(id: &str) -> Call<Handles> {
    let body = json!({ "GatewayId": id, "Offset": 0, "Limit": 100 });
    Call::new(
        Service::Tse,
        "DescribeNativeGatewayServerGroups",
        body,
        Effect::Read,
        read_default_group,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupPage {
    gateway_group_list: Option<Vec<ServerGroup>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServerGroup {
    group_id: String,
    status: Option<String>,
    is_first_group: Option<i64>,
}

fn read_default_group(answer: Json) -> Result<Handles, serde_json::Error> {
    let GroupPage { gateway_group_list } =
        serde_json::from_value::<Enveloped<GroupPage>>(answer)?.result;
    let first = gateway_group_list
        .unwrap_or_default()
        .into_iter()
        .find(|group| group.is_first_group == Some(1));
    Ok(first.map_or_else(Handles::default, |group| Handles {
        settled: group.status.as_deref() == Some("Running"),
        group: Some(group.group_id),
        ..Handles::default()
    }))
}

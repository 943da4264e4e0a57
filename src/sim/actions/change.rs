//! The actions that change or delete a gateway.

use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::schema::wire;

use super::super::answer::Refusal;
use super::super::cloud::{Cloud, later};
use super::super::gateway::Gateway;
use super::{Ask, accepted, create};

/// `ModifyCloudNativeAPIGateway`: it takes effect at once.
pub(super) fn modify(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let mut gateway = ask.gateway(cloud)?.clone();
    refuse_if_busy(&gateway, ask.now)?;
    refuse_bad_values(ask)?;
    if ask.flag("EnableCls") == Some(false) && gateway.body.get("EnableCls") == Some(&json!(true)) {
        return Err(denied("EnableCls can be switched on, and not off again"));
    }
    for name in ["Name", "Description", "EnableCls"] {
        if let Some(value) = ask.body.get(name) {
            gateway.body.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(mode) = ask.body.get("InternetPayMode") {
        let internet = gateway.body.get_mut("InternetConfig");
        let Some(Json::Object(internet)) = internet else {
            return Err(denied(
                "there is no public network whose InternetPayMode could change",
            ));
        };
        internet.insert("InternetPayMode".to_owned(), mode.clone());
    }
    if let Some(protect) = ask.flag("DeleteProtect") {
        gateway.delete_protect = protect;
    }
    gateway.modified = ask.now;
    put(cloud, gateway)?;
    Ok(Map::new())
}

/// Checks the new values by the table of fields, at the places where a create would set them.
fn refuse_bad_values(ask: &Ask) -> Result<(), Refusal> {
    create::refuse_empty(&ask.body)?;
    let mut body = ask.body.clone();
    if let Some(mode) = body.remove("InternetPayMode") {
        body.insert(
            "InternetConfig".to_owned(),
            json!({ "InternetPayMode": mode }),
        );
    }
    create::check_changes(&wire::decode(GATEWAY.fields, &body))
}

/// `DeleteCloudNativeAPIGateway`.
///
/// While it is being made, a gateway can't be deleted: the vendor does not say how it answers then;
/// here with the common code `ResourceInUse`, because the same request will do later. A delete of
/// one that is being deleted already is answered like the first.
pub(super) fn delete(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let mut gateway = ask.gateway(cloud)?.clone();
    if gateway.gone.is_none() {
        refuse_if_busy(&gateway, ask.now)?;
        if gateway.delete_protect {
            return Err(denied(format!("{} is protected from deletion", gateway.id)));
        }
        gateway.gone = Some(later(ask.now, cloud.options.delete_time));
        // A status that was forced on it would hide that it is leaving.
        gateway.overlay.remove("Status");
        put(cloud, gateway.clone())?;
    }
    Ok(accepted(&gateway, "Deleting", None))
}

fn refuse_if_busy(gateway: &Gateway, now: i64) -> Result<(), Refusal> {
    if !gateway.is_busy(now) {
        return Ok(());
    }
    let (id, status) = (&gateway.id, gateway.status(now));
    Err(Refusal::new(
        "ResourceInUse",
        format!("a task is under way on {id}, which is {status}"),
    ))
}

fn denied(message: impl Into<String>) -> Refusal {
    Refusal::new("OperationDenied.OperationDenied", message)
}

fn put(cloud: &mut Cloud, gateway: Gateway) -> Result<(), Refusal> {
    cloud
        .store
        .put(gateway)
        .map_err(|error| Refusal::not_recorded(&error))
}

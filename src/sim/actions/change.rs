//! The actions that change or delete a gateway.

use serde_json::{Map, Value as Json, json};

use super::super::answer::Refusal;
use super::super::cloud::{Cloud, later};
use super::super::gateway::{Gateway, Task, Work};
use super::{Ask, accepted, create};

/// `ModifyCloudNativeAPIGateway`: it takes effect at once.
///
/// An empty description takes the description away.
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
    put(cloud, ask, gateway)?;
    Ok(Map::new())
}

/// Checks the new values by the table of fields, at the places where a create would set them.
fn refuse_bad_values(ask: &Ask) -> Result<(), Refusal> {
    let mut body = ask.body.clone();
    if let Some(mode) = body.remove("InternetPayMode") {
        body.insert(
            "InternetConfig".to_owned(),
            json!({ "InternetPayMode": mode }),
        );
    }
    create::check_changes(&body)
}

/// `UpdateCloudNativeAPIGatewaySpec`: the nodes change after a while.
///
/// Nodes that are as asked for already go the same way, since the vendor says nothing else.
pub(super) fn update_spec(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = ask.gateway(cloud)?.clone();
    ask.group_of(&gateway)?;
    refuse_if_unfit(&gateway, ask.now)?;
    if gateway.body.get("TradeType") == Some(&json!(1)) {
        return Err(denied("the nodes of a prepaid gateway can't be changed so"));
    }
    let mut body = ask.body.clone();
    body.retain(|name, _| name == "NodeConfig");
    create::check_changes(&body)?;
    let nodes = body.remove("NodeConfig").unwrap_or_default();
    let gateway = begin(cloud, ask, gateway, Work::Nodes(nodes))?;
    let task_id = gateway.task.as_ref().map(|task| task.id.as_str());
    Ok(accepted(&gateway, "Updating", task_id))
}

/// Begins a task that changes a gateway.
pub(super) fn begin(
    cloud: &mut Cloud,
    ask: &Ask,
    mut gateway: Gateway,
    work: Work,
) -> Result<Gateway, Refusal> {
    gateway.task = Some(Task {
        id: cloud.new_task_id(),
        ends: later(ask.now, cloud.options.update_time),
        fails: ask.fail_task,
        work,
    });
    put(cloud, ask, gateway.clone())?;
    Ok(gateway)
}

/// Refuses a task for a gateway that is busy, or was never made.
///
/// The vendor does not say how it answers for one whose creation failed.
pub(super) fn refuse_if_unfit(gateway: &Gateway, now: i64) -> Result<(), Refusal> {
    refuse_if_busy(gateway, now)?;
    if gateway.fails {
        let id = &gateway.id;
        return Err(denied(format!(
            "{id} was never made: it can only be deleted"
        )));
    }
    Ok(())
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
        put(cloud, ask, gateway.clone())?;
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

fn put(cloud: &mut Cloud, ask: &Ask, gateway: Gateway) -> Result<(), Refusal> {
    cloud
        .change(gateway, ask.now)
        .map_err(|error| Refusal::not_recorded(&error))
}

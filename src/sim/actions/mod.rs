//! The actions of the API: a table, and one handler each.

mod change;
mod create;
mod describe;
mod identity;
mod network;
mod parameters;
mod tags;

use serde_json::{Map, Value as Json, json};

use crate::api::{Effect, Service};
use crate::kinds::GATEWAY;

use super::answer::Refusal;
use super::cloud::Cloud;
use super::gateway::Gateway;

use parameters::{
    FILTER, Kind, Parameter, Parameters, TAG, TAG_FILTER, TAG_KEY, optional, required,
};

/// Describes one action.
#[derive(Debug)]
pub(super) struct Action {
    /// The service that has it.
    pub(super) service: Service,
    /// Its name.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) effect: Effect,
    /// Whether its answer is a list.
    pub(super) lists: bool,
    /// Whether it starts a task that can fail.
    pub(super) can_fail: bool,
    /// What it takes.
    pub(super) parameters: Parameters,
    /// Carries it out.
    pub(super) run: Handler,
}

/// Carries a request out and returns the fields of its answer.
pub(super) type Handler = fn(&mut Cloud, &Ask) -> Result<Map<String, Json>, Refusal>;

/// Holds one request as a handler sees it.
#[derive(Debug)]
pub(super) struct Ask {
    /// The region that it was sent to; empty where the service has none.
    pub(super) region: String,
    /// Its parameters: names and types are right, and no null is left.
    pub(super) body: Map<String, Json>,
    /// The time in milliseconds.
    pub(super) now: i64,
    /// Whether the task that it starts is to fail.
    pub(super) fail_task: bool,
    /// Whether the list that it asks for is to look empty.
    pub(super) empty: bool,
}

impl Ask {
    /// Returns a text parameter, empty if it was left out.
    fn text(&self, name: &str) -> &str {
        self.body
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
    }

    /// Returns a number parameter, if it is there.
    fn whole(&self, name: &str) -> Option<i64> {
        self.body.get(name).and_then(Json::as_i64)
    }

    /// Returns a flag parameter, if it is there.
    fn flag(&self, name: &str) -> Option<bool> {
        self.body.get(name).and_then(Json::as_bool)
    }

    /// Returns a list parameter of texts, empty if it was left out.
    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = self.body.get(name).and_then(Json::as_array);
        items.into_iter().flatten().filter_map(Json::as_str)
    }

    /// Finds the gateway that `GatewayId` names in the request's region.
    fn gateway<'a>(&self, cloud: &'a Cloud) -> Result<&'a Gateway, Refusal> {
        let id = self.text("GatewayId");
        cloud
            .store
            .get(id)
            .filter(|gateway| gateway.region == self.region)
            .ok_or_else(|| Refusal::no_gateway(id))
    }

    /// Checks that `GroupId`, if it is there, names the gateway's only group.
    fn group_of(&self, gateway: &Gateway) -> Result<(), Refusal> {
        let group = self.text("GroupId");
        if group.is_empty() || group == gateway.group_id {
            return Ok(());
        }
        Err(Refusal::no_part(&gateway.id, &format!("group {group}")))
    }
}

const GATEWAY_ID: Parameter = required("GatewayId", Kind::Text);
const GROUP_ID: Parameter = required("GroupId", Kind::Text);
const ANY_GROUP_ID: Parameter = optional("GroupId", Kind::Text);

/// Every action that this cloud has.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        service: Service::Tse,
        name: "CreateCloudNativeAPIGateway",
        effect: Effect::Create,
        lists: false,
        can_fail: true,
        parameters: Parameters::Table(GATEWAY.fields),
        run: create::create,
    },
    Action {
        service: Service::Tse,
        name: "DescribeCloudNativeAPIGateway",
        effect: Effect::Read,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[GATEWAY_ID]),
        run: describe::one,
    },
    Action {
        service: Service::Tse,
        name: "DescribeCloudNativeAPIGateways",
        effect: Effect::Read,
        lists: true,
        can_fail: false,
        parameters: Parameters::Listed(&[
            optional("Limit", Kind::Whole),
            optional("Offset", Kind::Whole),
            optional("Filters", Kind::Objects(FILTER)),
        ]),
        run: describe::list,
    },
    Action {
        service: Service::Tse,
        name: "DescribeNativeGatewayServerGroups",
        effect: Effect::Read,
        lists: true,
        can_fail: false,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            optional("Offset", Kind::Whole),
            optional("Limit", Kind::Whole),
            optional("Filters", Kind::Objects(FILTER)),
        ]),
        run: describe::groups,
    },
    Action {
        service: Service::Tse,
        name: "DescribeCloudNativeAPIGatewayConfig",
        effect: Effect::Read,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[GATEWAY_ID, ANY_GROUP_ID]),
        run: describe::config,
    },
    Action {
        service: Service::Tse,
        name: "ModifyCloudNativeAPIGateway",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            optional("Name", Kind::Text),
            optional("Description", Kind::Text),
            optional("EnableCls", Kind::Flag),
            optional("InternetPayMode", Kind::Text),
            optional("DeleteProtect", Kind::Flag),
        ]),
        run: change::modify,
    },
    Action {
        service: Service::Tse,
        name: "DeleteCloudNativeAPIGateway",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[GATEWAY_ID, optional("DeleteClsTopic", Kind::Flag)]),
        run: change::delete,
    },
    Action {
        service: Service::Tse,
        name: "UpdateCloudNativeAPIGatewaySpec",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: true,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            GROUP_ID,
            required("NodeConfig", Kind::AsInCreate("NodeConfig")),
        ]),
        run: change::update_spec,
    },
    Action {
        service: Service::Tse,
        name: "ModifyNetworkBasicInfo",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: true,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            GROUP_ID,
            required("NetworkType", Kind::Text),
            required("Vip", Kind::Text),
            optional("InternetMaxBandwidthOut", Kind::Whole),
            optional("Description", Kind::Text),
            optional("SlaType", Kind::Text),
        ]),
        run: network::modify,
    },
    Action {
        service: Service::Tse,
        name: "CreateCloudNativeAPIGatewayPublicNetwork",
        effect: Effect::Create,
        lists: false,
        can_fail: true,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            ANY_GROUP_ID,
            optional("InternetConfig", Kind::AsInCreate("InternetConfig")),
        ]),
        run: network::add,
    },
    Action {
        service: Service::Tse,
        name: "DeleteCloudNativeAPIGatewayPublicNetwork",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: true,
        parameters: Parameters::Listed(&[
            GATEWAY_ID,
            ANY_GROUP_ID,
            optional("InternetAddressVersion", Kind::Text),
            optional("Vip", Kind::Text),
        ]),
        run: network::remove,
    },
    Action {
        service: Service::Tse,
        name: "DescribePublicNetwork",
        effect: Effect::Read,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[GATEWAY_ID, GROUP_ID, required("NetworkId", Kind::Text)]),
        run: describe::public_network,
    },
    Action {
        service: Service::Tag,
        name: "TagResources",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[
            required("ResourceList", Kind::Texts),
            required("Tags", Kind::Objects(TAG)),
        ]),
        run: tags::set,
    },
    Action {
        service: Service::Tag,
        name: "UnTagResources",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[
            required("ResourceList", Kind::Texts),
            required("TagKeys", Kind::Texts),
        ]),
        run: tags::unset,
    },
    Action {
        service: Service::Tag,
        name: "ModifyResourceTags",
        effect: Effect::Repeatable,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[
            required("Resource", Kind::Text),
            optional("ReplaceTags", Kind::Objects(TAG)),
            optional("DeleteTags", Kind::Objects(TAG_KEY)),
        ]),
        run: tags::modify,
    },
    Action {
        service: Service::Tag,
        name: "DescribeResourceTagsByResourceIds",
        effect: Effect::Read,
        lists: true,
        can_fail: false,
        parameters: Parameters::Listed(&[
            required("ServiceType", Kind::Text),
            required("ResourcePrefix", Kind::Text),
            required("ResourceIds", Kind::Texts),
            required("ResourceRegion", Kind::Text),
            optional("Offset", Kind::Whole),
            optional("Limit", Kind::Whole),
            optional("Category", Kind::Text),
        ]),
        run: tags::of_each,
    },
    Action {
        service: Service::Tag,
        name: "DescribeResourceTags",
        effect: Effect::Read,
        lists: true,
        can_fail: false,
        parameters: Parameters::Listed(&[
            optional("CreateUin", Kind::Whole),
            optional("ResourceRegion", Kind::Text),
            optional("ServiceType", Kind::Text),
            optional("ResourcePrefix", Kind::Text),
            optional("ResourceId", Kind::Text),
            optional("Offset", Kind::Whole),
            optional("Limit", Kind::Whole),
            optional("CosResourceId", Kind::Whole),
        ]),
        run: tags::of_resources,
    },
    Action {
        service: Service::Tag,
        name: "GetResources",
        effect: Effect::Read,
        lists: true,
        can_fail: false,
        parameters: Parameters::Listed(&[
            optional("ResourceList", Kind::Texts),
            optional("TagFilters", Kind::Objects(TAG_FILTER)),
            optional("PaginationToken", Kind::Text),
            optional("MaxResults", Kind::Whole),
        ]),
        run: tags::with_tags,
    },
    Action {
        service: Service::Sts,
        name: "GetCallerIdentity",
        effect: Effect::Read,
        lists: false,
        can_fail: false,
        parameters: Parameters::Listed(&[]),
        run: identity::caller,
    },
];

/// Finds an action by its name.
pub(super) fn named(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

/// Wraps what most actions answer with.
fn result(value: Json) -> Map<String, Json> {
    Map::from_iter([("Result".to_owned(), value)])
}

/// Refuses a parameter's value.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue.InvalidParameterValue", message)
}

/// Answers with a gateway's id and its status, as the starts of tasks do.
fn accepted(gateway: &Gateway, status: &str, task_id: Option<&str>) -> Map<String, Json> {
    let mut answer = json!({ "GatewayId": gateway.id, "Status": status });
    if let (Some(task_id), Some(fields)) = (task_id, answer.as_object_mut()) {
        fields.insert("TaskId".to_owned(), json!(task_id));
    }
    result(answer)
}

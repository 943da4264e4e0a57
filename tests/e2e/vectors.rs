//! The vendor's own examples, with the commas that its page left out.

use gwplan::config;
use gwplan::kinds::{self, Accepted, Gateway, Kind as _};
use gwplan::model::{Attributes, Phase};
use serde_json::{Value as Json, json};

const CREATE: &str = include_str!("../vectors/create_example.json");
const CREATED: &str = include_str!("../vectors/create_answer.json");
const DESCRIBED: &str = include_str!("../vectors/describe_answer.json");
const LISTED: &str = include_str!("../vectors/list_answer.json");
const DELETED: &str = include_str!("../vectors/delete_answer.json");

/// The gateway of the vendor's example, as its user would write it.
const YAML: &str = "\
gateways:
  prod-ingress:
    name: gateway-prod
    type: kong
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: 2 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
    description: Public network ingress gateway, live environment
    tags: { env: prod }
    enableCls: false
    featureVersion: STANDARD
    internetMaxBandwidthOut: 1
    engineRegion: ap-guangzhou
    ingressClassName: kong
    tradeType: 0
    internetConfig:
      internetAddressVersion: IPV4
      internetPayMode: TRAFFIC
      internetMaxBandwidthOut: 1
      description: Public network CLB
      slaType: clb.c2.medium
      multiZoneFlag: true
      masterZoneId: ap-guangzhou-3
      slaveZoneId: ap-guangzhou-4
";

/// The same with everything left out that is a default.
const SHORT_YAML: &str = "\
gateways:
  prod-ingress:
    name: gateway-prod
    gatewayVersion: 2.5.1
    nodeConfig: { specification: 1c2g, number: 2 }
    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }
    description: Public network ingress gateway, live environment
    tags: { env: prod }
    internetMaxBandwidthOut: 1
    ingressClassName: kong
    internetConfig:
      internetPayMode: TRAFFIC
      internetMaxBandwidthOut: 1
      description: Public network CLB
      slaType: clb.c2.medium
      multiZoneFlag: true
      masterZoneId: ap-guangzhou-3
      slaveZoneId: ap-guangzhou-4
";

fn attributes(yaml: &str) -> Attributes {
    let loaded = config::load_text(&kinds::schemas(), yaml.as_bytes());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let mut desired = loaded.desired.into_values();
    desired.next().unwrap().attributes
}

fn example() -> Json {
    serde_json::from_str(CREATE).unwrap()
}

fn response(text: &str) -> Json {
    serde_json::from_str::<Json>(text).unwrap()["Response"].clone()
}

#[test]
fn the_create_that_is_sent_equals_the_vendors_example() {
    for yaml in [YAML, SHORT_YAML] {
        let call = Gateway.create(&attributes(yaml));
        assert_eq!(call.action, "CreateCloudNativeAPIGateway");
        assert_eq!(call.body, example());
    }
}

#[test]
fn the_vendors_answer_to_a_create_is_read() {
    let call = Gateway.create(&attributes(YAML));
    let expected = Accepted {
        id: "gateway-dde03755".to_owned(),
        task_id: Some("task-b2c41103".to_owned()),
        status: "Creating".to_owned(),
    };
    assert_eq!((call.read)(response(CREATED)).unwrap(), expected);
}

#[test]
fn the_vendors_answer_to_a_delete_is_read() {
    let expected = Accepted {
        id: "gateway-8d8b6b2d".to_owned(),
        task_id: None,
        status: "Deleting".to_owned(),
    };
    let call = Gateway.delete("gateway-8d8b6b2d");
    assert_eq!((call.read)(response(DELETED)).unwrap(), expected);
}

#[test]
fn the_vendors_answer_to_a_describe_is_read() {
    let call = Gateway.describe("gateway-dde03767");
    let observed = (call.read)(response(DESCRIBED)).unwrap();
    assert_eq!(
        (observed.id.as_str(), observed.phase),
        ("gateway-dde03767", Phase::Ready)
    );
    assert_eq!(
        serde_json::to_value(observed.attributes).unwrap(),
        json!({
            "name": "Public network ingress gateway",
            "type": "kong",
            "gatewayVersion": "2.5.1",
            "nodeConfig": { "specification": "1c2g", "number": 2 },
            "vpcConfig": { "vpcId": "vpc-83p0o405", "subnetId": "subnet-8tzp8ugg" },
            "description": "Public network ingress gateway",
            "tags": { "app": "learn" },
            "enableCls": true,
            "tradeType": 0,
            "featureVersion": "STANDARD",
            "internetMaxBandwidthOut": 1,
            "internetConfig": { "internetPayMode": "TRAFFIC" },
            "engineRegion": "ap-guangzhou",
            "ingressClassName": "kong",
        })
    );
}

#[test]
fn the_vendors_answer_to_a_list_is_read() {
    let page = (Gateway.list(0).read)(response(LISTED)).unwrap();
    assert_eq!((page.total, page.items.len()), (1, 1));
    let one = &page.items[0];
    assert_eq!(
        (one.id.as_str(), one.phase),
        ("gateway-dde03767", Phase::Ready)
    );
    let attributes = serde_json::to_value(&one.attributes).unwrap();
    assert_eq!(attributes["ingressClassName"], "tse-nginx-ingress");
    assert_eq!(attributes["featureVersion"], "PROFESSIONAL");
    assert_eq!(attributes["tags"], json!({}));
    // Empty text means "not set".
    assert_eq!(attributes.get("description"), None);
}

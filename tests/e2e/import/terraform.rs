//! The gateways of a Terraform state.

use serde_json::{Value as Json, json};

use super::{agrees, gateway, make, project, refused};
use crate::support::{Cloud, Project};

const TYPE: &str = "tencentcloud_tse_cngw_gateway";

/// Describes an instance as the vendor's provider writes it.
fn instance(id: &str, name: &str, more: &Json) -> Json {
    let mut attributes = json!({
        "id": id, "name": name, "type": "kong", "gateway_version": "2.5.1",
        "node_config": [{ "specification": "1c2g", "number": 2 }],
        "vpc_config": [{ "vpc_id": "vpc-59cag821", "subnet_id": "subnet-8tzp8uz1" }],
        "description": "", "enable_cls": false, "engine_region": null, "feature_version": "STANDARD",
        "ingress_class_name": null, "internet_config": [], "internet_max_bandwidth_out": 0, "tags": {},
        "trade_type": 0, "public_ip_addresses": [], "instance_port": [{ "http_port": "80" }],
    });
    attributes
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [] })
}

fn resource(name: &str, instances: &[Json]) -> Json {
    json!({ "mode": "managed", "type": TYPE, "name": name, "provider": "p", "instances": instances })
}

fn write(project: &Project, resources: &[Json]) {
    let state = json!({
        "version": 4, "terraform_version": "1.9.0", "serial": 7, "lineage": "x", "outputs": {},
        "resources": resources, "check_results": null,
    });
    project.write("terraform.tfstate", &state.to_string());
}

const IMPORT: &[&str] = &["import", "--from-terraform", "terraform.tfstate"];

/// Makes six gateways in two regions, and returns their ids.
fn six(cloud: &Cloud) -> Vec<String> {
    let public = json!({
        "description": "no", "tags": { "env": "prod" },
        "internetConfig": {
            "internetPayMode": "TRAFFIC", "internetMaxBandwidthOut": 9, "internetAddressVersion": "IPV6",
        },
    });
    let plain = |name| gateway(name, &json!({}));
    let here = [
        plain("plain"),
        gateway("public", &public),
        plain("one"),
        plain("two"),
        plain("inner"),
    ];
    let far = gateway("far", &json!({ "engineRegion": "ap-shanghai" }));
    let mut ids = make(cloud, "ap-guangzhou", &here);
    ids.extend(make(cloud, "ap-shanghai", &[far]));
    ids
}

/// Describes the six in all the ways that a Terraform state has, and what is not to be taken over.
fn resources(ids: &[String]) -> Vec<Json> {
    let plain = |id: &str| instance(id, "any", &json!({}));
    let keyed = |key: Json, mut instance: Json| {
        instance["index_key"] = key;
        instance
    };
    let network = json!([{
        "internet_address_version": "IPV6", "internet_pay_mode": "TRAFFIC",
        "internet_max_bandwidth_out": 9, "description": "", "sla_type": "",
        "multi_zone_flag": false, "master_zone_id": "", "slave_zone_id": null,
    }]);
    let public = json!({
        "description": "no", "tags": { "env": "prod" },
        "internet_config": network, "internet_max_bandwidth_out": 9,
    });
    let mut inner = resource("this", &[instance(&ids[4], "inner", &json!({}))]);
    inner["module"] = "module.edge[\"a b\"].module.core".into();
    let mut deposed = plain("gateway-old");
    deposed["deposed"] = "0a1b2c3d".into();
    let mut data = resource("read", &[plain(&ids[0])]);
    data["mode"] = "data".into();
    let vpc = json!([{ "attributes": { "id": "vpc-1" } }]);
    vec![
        resource("plain", &[instance(&ids[0], "plain", &json!({})), deposed]),
        resource("public", &[instance(&ids[1], "public", &public)]),
        resource(
            "many",
            &[
                keyed(json!(0), instance(&ids[2], "one", &json!({}))),
                keyed(json!("eu/west"), instance(&ids[3], "two", &json!({}))),
            ],
        ),
        inner,
        resource(
            "far",
            &[instance(
                &ids[5],
                "far",
                &json!({ "engine_region": "ap-shanghai" }),
            )],
        ),
        resource("twin", &[plain(&ids[0])]),
        resource("lost", &[plain("gateway-lost")]),
        data,
        json!({ "mode": "managed", "type": "tencentcloud_vpc", "name": "v", "instances": vpc }),
    ]
}

#[test]
fn a_terraform_state_becomes_yaml_and_records_and_the_cloud_is_only_read() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let ids = six(&cloud);
    write(&project, &resources(&ids));
    let before = cloud.stats()["calls"].clone();
    let run = project.run(IMPORT).well();
    for (action, count) in cloud.stats()["calls"].as_object().unwrap() {
        assert!(
            action.starts_with("Describe")
                || action == "GetCallerIdentity"
                || before[action] == *count,
            "{action}"
        );
    }
    for part in [
        "gateway.lost is left out: there is no gateway-lost in ap-guangzhou, ap-shanghai",
        "gateway.plain is left out: it is deposed",
        "gateway.twin is left out: another resource of the state is",
        "2 other resources of terraform.tfstate",
        "terraform state rm",
        "wrote imported.yaml",
    ] {
        assert!(
            run.stderr.contains(part),
            "{part:?} is missing in:\n{}",
            run.stderr
        );
    }
    assert!(
        run.stdout.contains("Imported 6 resources."),
        "{}",
        run.stdout
    );
    let names = [
        "plain",
        "public",
        "many-0",
        "many-eu-west",
        "edge-a-b-core-this",
        "far",
    ];
    for (name, id) in names.iter().zip(&ids) {
        assert_eq!(
            project.record(name)["gatewayId"],
            id.as_str(),
            "{}",
            run.stdout
        );
    }
    let text = std::fs::read_to_string(project.path("imported.yaml")).unwrap();
    let comment = format!(
        "  # {}, from Terraform's {TYPE}.many[\"eu/west\"]\n  many-eu-west:\n",
        ids[3]
    );
    assert!(text.contains(&comment), "{text}");
    assert!(
        text.contains("      internetAddressVersion: IPV6\n"),
        "{text}"
    );
    agrees(&project);

    let again = project
        .run(&[IMPORT, &["--out", "again.yaml"]].concat())
        .well();
    let nothing = "Nothing to import: terraform.tfstate holds no gateway";
    assert!(again.stdout.contains(nothing), "{}", again.stdout);
    let held = format!("the state holds {} already", ids[0]);
    assert!(again.stderr.contains(&held), "{}", again.stderr);
}

#[test]
fn what_terraform_had_and_the_cloud_has_not_is_a_change_of_the_next_plan() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let ids = make(&cloud, "ap-guangzhou", &[gateway("a", &json!({}))]);
    let more = json!({ "description": "as Terraform has it" });
    write(&project, &[resource("a", &[instance(&ids[0], "a", &more)])]);
    project.run(IMPORT).well();
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout.contains("as Terraform has it"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    agrees(&project);
}

#[test]
fn what_is_no_terraform_state_is_told_as_what_it_is() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    for (text, said) in [
        ("resource {}", ["it is not JSON", "terraform state pull"]),
        (
            "[]",
            [
                "no Terraform state: it is not an object",
                "terraform state pull",
            ],
        ),
        ("{}", ["it has no version", "terraform state pull"]),
        (
            r#"{"version":4}"#,
            ["it has no resources", "terraform state pull"],
        ),
        (
            r#"{"version":3,"modules":[]}"#,
            ["it has version 3, and only version 4", "0.12"],
        ),
        (
            r#"{"format_version":"1.0","values":{}}"#,
            ["terraform show -json", "terraform state pull"],
        ),
        (
            r#"{"version":3,"backend":{"type":"cos","config":{}}}"#,
            ["the backend \"cos\"", "fetches the state"],
        ),
        (
            r#"{"serial":1,"lineage":"x","meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}"#,
            ["it is encrypted", "tofu state pull"],
        ),
    ] {
        project.write("terraform.tfstate", text);
        refused(&project, IMPORT, &said);
    }
    refused(
        &project,
        &["import", "--from-terraform", "none"],
        &["none can't be read"],
    );
    let idless = json!({ "attributes": null });
    write(&project, &[resource("a", &[idless])]);
    let run = project.run(IMPORT).well();
    assert!(
        run.stderr.contains("the state holds no id of it"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("Nothing to import"), "{}", run.stdout);
    assert_eq!(cloud.stats()["calls"], json!({}));
}

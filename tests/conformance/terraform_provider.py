"""Makes the calls of the vendor's Terraform provider for `tencentcloud_tse_cngw_gateway`.

The provider itself is not run here. What follows was worked out from its source (August 2026): which
calls it makes, in which order, with which parameters, which statuses it waits on, what it reads back,
and what Terraform then takes for a difference. The vendor's own Python client makes the calls:

    python terraform_provider.py --endpoint 127.0.0.1:PORT --secret-id ID --secret-key KEY

Prints one line for each check, and ends with status 1 if any of them fails.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from official_client import (
    REGION, Checks, Failed, client, describe, expect, expect_code, parsed, request, tagger, until,
)
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.tag.v20180813 import models as tag_models
from tencentcloud.tse.v20201207 import models

# What the provider's users write, by the API's names, and what Terraform holds where they write nothing.
PLAIN = {
    "Name": "", "Type": "", "GatewayVersion": "", "Description": "", "EnableCls": False,
    "FeatureVersion": "", "InternetMaxBandwidthOut": 0, "EngineRegion": "", "IngressClassName": "",
    "TradeType": 0,
}
# Fields that are the cloud's to fill in where nothing is written.
COMPUTED = {"FeatureVersion", "EngineRegion", "IngressClassName"}
# Fields that the provider sends whenever they are written, empty or not.
SENT_EMPTY_TOO = {"EnableCls", "InternetMaxBandwidthOut", "TradeType"}
NODES = {"Specification": "", "Number": 0}
VPC = {"VpcId": "", "SubnetId": ""}
# Each field of a block is sent, empty where nothing is written.
INTERNET = {
    "InternetAddressVersion": "", "InternetPayMode": "", "InternetMaxBandwidthOut": 0,
    "Description": "", "SlaType": "", "MultiZoneFlag": False, "MasterZoneId": "", "SlaveZoneId": "",
}
IMMUTABLE = {
    "Type", "GatewayVersion", "VpcConfig", "FeatureVersion", "InternetMaxBandwidthOut",
    "EngineRegion", "IngressClassName", "TradeType", "InternetConfig",
}
WAITED_ON = {
    "create": {"Creating", "InstallingPlugin", "CreatedWithNoPlugin"},
    "update": {"Modifying"},
    "group": {"Modifying", "UpdatingSpec"},
}
PAGE_OF_TAGS = 20

# The example on the provider's page, as it stands there.
EXAMPLE = {
    "Name": "terraform-gateway1", "Type": "kong", "GatewayVersion": "2.5.1",
    "Description": "terraform test1", "EnableCls": True, "EngineRegion": REGION,
    "FeatureVersion": "STANDARD", "IngressClassName": "tse-nginx-ingress",
    "InternetMaxBandwidthOut": 0, "TradeType": 0,
    "NodeConfig": {"Specification": "1c2g", "Number": 2},
    "VpcConfig": {"VpcId": "vpc-59cag821", "SubnetId": "subnet-8tzp8uz1"},
    "Tags": {"createdBy": "terraform"},
}
SMALL = {
    "Name": "small", "Type": "kong", "GatewayVersion": "2.4.1",
    "NodeConfig": {"Specification": "1c2g", "Number": 2},
    "VpcConfig": {"VpcId": "vpc-1", "SubnetId": "subnet-1"},
}
EVERY_FIELD = {
    **EXAMPLE,
    "Name": "every-field", "EnableCls": False, "FeatureVersion": "PROFESSIONAL",
    "InternetMaxBandwidthOut": 5,
    "InternetConfig": {
        "InternetAddressVersion": "IPV4", "InternetPayMode": "BANDWIDTH",
        "InternetMaxBandwidthOut": 5, "Description": "public", "SlaType": "clb.c2.medium",
        "MultiZoneFlag": True, "MasterZoneId": "ap-guangzhou-3", "SlaveZoneId": "ap-guangzhou-4",
    },
    "Tags": {"createdBy": "terraform", "env": "prod"},
}
# A block of which one field is written: the others go over the wire empty.
SPARSE_INTERNET = {
    **SMALL, "Name": "sparse", "InternetMaxBandwidthOut": 3,
    "InternetConfig": {"InternetMaxBandwidthOut": 3},
}
CONFIGURATIONS = {
    "the example of its page": EXAMPLE, "the required fields alone": SMALL,
    "every field": EVERY_FIELD, "a sparse block": SPARSE_INTERNET,
}


class Provider:
    """Stands for the resource of the provider: its state is a dictionary."""

    def __init__(self, cloud, tags):
        self.cloud, self.tags = cloud, tags

    def create(self, written):
        """Creates a gateway, waits for it, tags it and reads it."""
        body = {
            key: written[key] for key in PLAIN
            if written.get(key) or (key in SENT_EMPTY_TOO and key in written)
        }
        body["NodeConfig"] = {**NODES, **written["NodeConfig"]}
        body["VpcConfig"] = {**VPC, **written["VpcConfig"]}
        if "InternetConfig" in written:
            body["InternetConfig"] = {**INTERNET, **written["InternetConfig"]}
        asked = request(models.CreateCloudNativeAPIGatewayRequest, **body)
        gateway_id = self.cloud.CreateCloudNativeAPIGateway(asked).Result.GatewayId
        self.wait(gateway_id, "create")
        if written.get("Tags"):
            self.change_tags(gateway_id, written["Tags"], [])
        return self.read(gateway_id, written)

    def describe(self, gateway_id):
        """Describes a gateway; nothing if the cloud says that there is none."""
        # The provider too keeps to a pace.
        time.sleep(0.12)
        try:
            return describe(self.cloud, gateway_id)
        except TencentCloudSDKException as error:
            if error.get_code() != "ResourceNotFound.InstanceNotFound":
                raise
            return None

    def wait(self, gateway_id, operation):
        """Waits as the provider does: a status that it does not know ends the wait badly."""
        def is_running():
            return settled(self.describe(gateway_id).Status, operation)
        until(f"the {operation} of {gateway_id}", is_running)

    def change_tags(self, gateway_id, replaced, deleted):
        """Sets and takes off tags by one call; empty lists are left out."""
        asked = {"Resource": f"qcs::tse:{REGION}:uin/:gateway/{gateway_id}"}
        if replaced:
            pairs = replaced.items()
            asked["ReplaceTags"] = [{"TagKey": key, "TagValue": value} for key, value in pairs]
        if deleted:
            asked["DeleteTags"] = [{"TagKey": key} for key in deleted]
        self.tags.ModifyResourceTags(request(tag_models.ModifyResourceTagsRequest, **asked))

    def read(self, gateway_id, before):
        """Reads the state; the block of the public network is never read."""
        shown = self.describe(gateway_id)
        state = {"id": gateway_id, "InternetConfig": before.get("InternetConfig")}
        for key, empty in PLAIN.items():
            value = getattr(shown, key)
            state[key] = empty if value is None else value
        nodes, vpc = shown.NodeConfig, shown.VpcConfig
        state["NodeConfig"] = {"Specification": nodes.Specification, "Number": nodes.Number}
        state["VpcConfig"] = {"VpcId": vpc.VpcId, "SubnetId": vpc.SubnetId}
        expect(True, shown.InstancePort.HttpPort is not None)
        expect(bool(shown.EnableInternet), bool(shown.PublicIpAddresses))
        state["Tags"] = self.read_tags(gateway_id)
        return state

    def read_tags(self, gateway_id):
        """Reads the tags page by page, until a page is not full."""
        tags, offset, count = {}, 0, PAGE_OF_TAGS
        while count == PAGE_OF_TAGS:
            asked = request(
                tag_models.DescribeResourceTagsByResourceIdsRequest, ServiceType="tse",
                ResourcePrefix="gateway", ResourceRegion=REGION, ResourceIds=[gateway_id],
                Limit=PAGE_OF_TAGS, Offset=offset,
            )
            page = self.tags.DescribeResourceTagsByResourceIds(asked).Tags
            count = len(page)
            tags.update({tag.TagKey: tag.TagValue for tag in page if tag.ResourceId == gateway_id})
            offset += count
        return tags

    def update(self, state, written):
        """Makes the calls that the differences need, and reads the gateway."""
        changed, gateway_id = difference(state, written), state["id"]
        refused = sorted(changed & IMMUTABLE)
        if refused:
            raise Failed(f"the provider can't change {refused}")
        fields = {
            key: written[key] for key in ("Name", "Description", "EnableCls")
            if key in changed and written.get(key)
        }
        if fields:
            asked = request(
                models.ModifyCloudNativeAPIGatewayRequest, GatewayId=gateway_id, **fields
            )
            self.cloud.ModifyCloudNativeAPIGateway(asked)
            self.wait(gateway_id, "update")
        if "NodeConfig" in changed:
            self.change_nodes(gateway_id, written["NodeConfig"])
        if "Tags" in changed:
            old, new = state["Tags"], written.get("Tags", {})
            replaced = {key: value for key, value in new.items() if old.get(key) != value}
            self.change_tags(gateway_id, replaced, [key for key in old if key not in new])
        return self.read(gateway_id, written)

    def change_nodes(self, gateway_id, nodes):
        """Changes the nodes of the default group and waits for the group alone."""
        first = [group for group in self.groups(gateway_id) if group.IsFirstGroup == 1][0]
        asked = request(
            models.UpdateCloudNativeAPIGatewaySpecRequest, GatewayId=gateway_id,
            GroupId=first.GroupId, NodeConfig={**NODES, **nodes},
        )
        self.cloud.UpdateCloudNativeAPIGatewaySpec(asked)
        by_id = {"Name": "GroupId", "Values": [first.GroupId]}

        def is_running():
            found = self.cloud.DescribeNativeGatewayServerGroups(request(
                models.DescribeNativeGatewayServerGroupsRequest, GatewayId=gateway_id,
                Filters=[by_id],
            ))
            return settled(found.Result.GatewayGroupList[0].Status, "group")
        until("the change of nodes", is_running)

    def groups(self, gateway_id):
        """Lists the server groups of a gateway."""
        asked = request(
            models.DescribeNativeGatewayServerGroupsRequest, GatewayId=gateway_id, Offset=0,
            Limit=20,
        )
        return self.cloud.DescribeNativeGatewayServerGroups(asked).Result.GatewayGroupList

    def destroy(self, state):
        """Deletes a gateway and waits until it does not exist."""
        asked = request(models.DeleteCloudNativeAPIGatewayRequest, GatewayId=state["id"])
        self.cloud.DeleteCloudNativeAPIGateway(asked)

        def is_over():
            left = self.describe(state["id"])
            if left:
                expect("Deleting", left.Status)
            return left is None
        until("the delete", is_over)


def settled(status, operation):
    """Tells whether a wait is over; a status that the provider does not wait on fails it."""
    if status != "Running" and status not in WAITED_ON[operation]:
        raise Failed(f"the provider does not wait on {status!r} after a {operation}")
    return status == "Running"


def difference(state, written):
    """Returns the fields that Terraform would plan to change."""
    changed = {
        key for key, empty in PLAIN.items()
        if not (key in COMPUTED and not written.get(key))
        and state[key] != written.get(key, empty)
    }
    for key in ("NodeConfig", "VpcConfig", "InternetConfig"):
        if state[key] != written.get(key):
            changed.add(key)
    if state["Tags"] != written.get("Tags", {}):
        changed.add("Tags")
    return changed


def created(provider, written):
    """A gateway is created and reads back without a difference, at once and later."""
    state = provider.create(written)
    expect(set(), difference(state, written))
    again = provider.read(state["id"], state)
    expect(state, again)
    return state


def imported(provider, state, written):
    """An import shows all but the block that the provider never reads."""
    found = provider.read(state["id"], {})
    left = {"InternetConfig"} if "InternetConfig" in written else set()
    expect(left, difference(found, written))


def changed(provider, state, written, changes):
    """A change is made and reads back without a difference."""
    wanted = {**written, **changes}
    expect(set(changes), difference(state, wanted))
    after = provider.update(state, wanted)
    expect(set(), difference(after, wanted))
    return after


def many_tags(provider, state, written):
    """More tags than a page of the provider's holds come back whole; then all are taken off."""
    tags = dict(written.get("Tags", {}))
    for first in (0, 10, 20):
        # A call may bring the account ten pairs that it has not seen.
        tags.update({f"k{n:02}": "v" for n in range(first, first + 10)})
        state = changed(provider, state, written, {"Tags": dict(tags)})
    return changed(provider, state, written, {"Tags": {}})


def life(checks, provider, name, written):
    """Follows one gateway of the provider's."""
    state = checks.run(f"{name}: create and read", created, provider, written)
    if state is None:
        return
    checks.run(f"{name}: import", imported, provider, state, written)
    changes = [
        ("name", {"Name": "renamed"}),
        ("description", {"Description": "Another one"}),
        ("nodes", {"NodeConfig": {"Specification": "2c4g", "Number": 3}}),
        ("tags", {"Tags": {"env": "test", "team": "edge"}}),
    ]
    for what, change in changes:
        state = checks.run(f"{name}: change the {what}", changed, provider, state, written, change)
        if state is None:
            return
        written = {**written, **change}
    state = checks.run(f"{name}: many tags and none", many_tags, provider, state, written)
    if state:
        checks.run(f"{name}: destroy", provider.destroy, state)


def main():
    """Runs all checks."""
    arguments = parsed(__doc__)
    checks = Checks()
    provider = Provider(client(arguments), tagger(arguments))
    # Two at a time stay within the rate, which is not what is checked here.
    with ThreadPoolExecutor(max_workers=2) as lives:
        for ended in [
            lives.submit(life, checks, Provider(client(arguments), tagger(arguments)), *one)
            for one in CONFIGURATIONS.items()
        ]:
            ended.result()
    neither = request(
        tag_models.ModifyResourceTagsRequest,
        Resource=f"qcs::tse:{REGION}:uin/:gateway/gateway-00000000",
    )
    checks.run("a change of no tags is refused", expect_code, "MissingParameter",
               provider.tags.ModifyResourceTags, neither)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())

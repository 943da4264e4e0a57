"""Runs the vendor's own Python client against a simulated cloud.

Needs `tencentcloud-sdk-python-intl-en` from PyPI and a running `gwplan simulator`:

    python official_client.py --endpoint 127.0.0.1:PORT --secret-id ID --secret-key KEY

Prints one line for each check, and ends with status 1 if any of them fails. The simulator should
make and delete a gateway within seconds, and allow the default of 20 requests a second.
"""

import argparse
import copy
import sys
import time
from datetime import datetime
from unittest import mock

from tencentcloud.common import abstract_client, credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.tag.v20180813 import models as tag_models
from tencentcloud.tag.v20180813 import tag_client
from tencentcloud.tse.v20201207 import models, tse_client

REGION = "ap-guangzhou"
DEADLINE_SECONDS = 60

# The values of the example on the vendor's page of the create.
EXAMPLE = {
    "Name": "gateway-prod",
    "Type": "kong",
    "GatewayVersion": "2.5.1",
    "NodeConfig": {"Specification": "1c2g", "Number": 2},
    "VpcConfig": {"VpcId": "vpc-59cag821", "SubnetId": "subnet-8tzp8uz1"},
    "Description": "Public network ingress gateway, live environment",
    "Tags": [{"TagKey": "env", "TagValue": "prod"}],
    "EnableCls": False,
    "FeatureVersion": "STANDARD",
    "InternetMaxBandwidthOut": 1,
    "EngineRegion": REGION,
    "IngressClassName": "kong",
    "TradeType": 0,
    "InternetConfig": {
        "InternetAddressVersion": "IPV4",
        "InternetPayMode": "TRAFFIC",
        "InternetMaxBandwidthOut": 1,
        "Description": "Public network CLB",
        "SlaType": "clb.c2.medium",
        "MultiZoneFlag": True,
        "MasterZoneId": "ap-guangzhou-3",
        "SlaveZoneId": "ap-guangzhou-4",
    },
}

# What is wrong with a create, where, and the code that the vendor's page has for it.
BAD_CREATES = [
    ("a name that is too long", "Name", "x" * 61, "InvalidParameterValue.Name"),
    ("an empty name", "Name", "", "InvalidParameterValue.Name"),
    ("a type that does not exist", "Type", "nginx", "InvalidParameterValue.Type"),
    ("a version that does not exist", "GatewayVersion", "1.0",
     "InvalidParameterValue.InvalidParameterValue"),
    ("a specification that does not exist", "NodeConfig.Specification", "3c3g",
     "InvalidParameterValue.Specification"),
    ("too many nodes", "NodeConfig.Number", 500, "InvalidParameterValue.Specification"),
    ("a node count that is text", "NodeConfig.Number", "two", "InvalidParameter"),
    ("no node count", "NodeConfig.Number", None, "MissingParameter"),
    ("no name", "Name", None, "MissingParameter"),
    ("no subnet", "VpcConfig.SubnetId", None, "MissingParameter.MissParameter"),
    ("a description that is too long", "Description", "x" * 121,
     "InvalidParameterValue.InvalidParameterValue"),
    ("too much bandwidth", "InternetMaxBandwidthOut", 2049,
     "InvalidParameterValue.InvalidParameterValue"),
    ("bandwidths that contradict", "InternetMaxBandwidthOut", 5,
     "InvalidParameterValue.CreateError"),
    ("a region that does not exist", "EngineRegion", "ap-nowhere",
     "InvalidParameterValue.Region"),
    ("prepayment", "TradeType", 1, "OperationDenied.OperationDenied"),
    ("tags beyond the limit", "Tags",
     [{"TagKey": f"k{n}", "TagValue": "v"} for n in range(51)], "LimitExceeded.LimitExceeded"),
]


class Failed(Exception):
    """Says that a check did not hold."""


class Checks:
    """Runs checks and counts them."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, name, check, *arguments):
        """Runs one check and returns what it returns, or nothing if it failed."""
        try:
            outcome = check(*arguments)
        except (Failed, TencentCloudSDKException, AttributeError, TypeError) as error:
            self.failed += 1
            print(f"failed {name}: {error}", flush=True)
            return None
        self.passed += 1
        print(f"ok {name}", flush=True)
        return outcome


def expect(expected, found):
    """Holds a value against the expected one."""
    if expected != found:
        raise Failed(f"expected {expected!r}, found {found!r}")


def expect_code(code, call, *arguments):
    """Makes a call that has to be refused with a code."""
    try:
        call(*arguments)
    except TencentCloudSDKException as error:
        expect(code, error.get_code())
        if not error.get_request_id():
            raise Failed("the refusal has no RequestId")
        return
    raise Failed(f"expected {code}, and it was accepted")


def client(arguments, secret_id=None, secret_key=None, region=REGION):
    """Sets the vendor's client up for the simulated cloud."""
    http = HttpProfile(protocol="http", endpoint=arguments.endpoint, reqTimeout=10)
    pair = credential.Credential(
        secret_id or arguments.secret_id, secret_key or arguments.secret_key
    )
    return tse_client.TseClient(pair, region, ClientProfile(httpProfile=http))


def tagger(arguments):
    """Sets the vendor's client of the tag service up."""
    http = HttpProfile(protocol="http", endpoint=arguments.endpoint, reqTimeout=10)
    pair = credential.Credential(arguments.secret_id, arguments.secret_key)
    return tag_client.TagClient(pair, REGION, ClientProfile(httpProfile=http))


def request(kind, **fields):
    """Fills a request of the vendor's client in."""
    made = kind()
    made._deserialize(fields)
    return made


def create(cloud, body):
    """Creates a gateway."""
    asked = request(models.CreateCloudNativeAPIGatewayRequest, **body)
    return cloud.CreateCloudNativeAPIGateway(asked).Result


def describe(cloud, gateway_id):
    """Describes a gateway."""
    asked = request(models.DescribeCloudNativeAPIGatewayRequest, GatewayId=gateway_id)
    return cloud.DescribeCloudNativeAPIGateway(asked).Result


def delete(cloud, gateway_id):
    """Deletes a gateway."""
    asked = request(models.DeleteCloudNativeAPIGatewayRequest, GatewayId=gateway_id)
    return cloud.DeleteCloudNativeAPIGateway(asked).Result


def list_page(cloud, offset, limit, filters=None):
    """Lists one page of gateways."""
    asked = request(
        models.DescribeCloudNativeAPIGatewaysRequest, Offset=offset, Limit=limit, Filters=filters
    )
    return cloud.DescribeCloudNativeAPIGateways(asked).Result


def changed(path, value):
    """Returns the example with one value replaced, or taken away."""
    body = copy.deepcopy(EXAMPLE)
    *outer, last = path.split(".")
    place = body
    for key in outer:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return body


def until(what, ask):
    """Asks until the answer is there."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(0.3)
    raise Failed(f"{what} did not come within {DEADLINE_SECONDS} seconds")


def accepted(cloud):
    """A create with the page's values is accepted, and its answer has all that the page shows."""
    result = create(cloud, EXAMPLE)
    expect("Creating", result.Status)
    expect("gateway-", result.GatewayId[:8])
    expect("task-", result.TaskId[:5])
    return result.GatewayId


def shown(cloud, gateway_id):
    """A gateway shows the values that it was created with."""
    result = describe(cloud, gateway_id)
    for name in ("Name", "Type", "GatewayVersion", "Description", "EnableCls", "TradeType",
                 "FeatureVersion", "InternetMaxBandwidthOut", "EngineRegion", "IngressClassName"):
        expect(EXAMPLE[name], getattr(result, name))
    expect(EXAMPLE["NodeConfig"], vars_of(result.NodeConfig, "Specification", "Number"))
    expect(EXAMPLE["VpcConfig"], vars_of(result.VpcConfig, "VpcId", "SubnetId"))
    expect(EXAMPLE["Tags"], [vars_of(tag, "TagKey", "TagValue") for tag in result.Tags])
    expect(True, result.EnableInternet)
    expect("TRAFFIC", result.InternetPayMode)
    datetime.strptime(result.CreateTime, "%Y-%m-%d %H:%M:%S")


def vars_of(thing, *names):
    """Reads some attributes into a dictionary."""
    return {name: getattr(thing, name) for name in names}


def runs(cloud, gateway_id):
    """A gateway comes to run, and has its public address then."""
    until("Running", lambda: describe(cloud, gateway_id).Status == "Running")
    expect(1, len(describe(cloud, gateway_id).PublicIpAddresses))


def grouped(cloud, gateway_id):
    """A gateway has a default server group with its nodes."""
    asked = request(models.DescribeNativeGatewayServerGroupsRequest, GatewayId=gateway_id)
    result = cloud.DescribeNativeGatewayServerGroups(asked).Result
    expect(1, result.TotalCount)
    group = result.GatewayGroupList[0]
    expect(1, group.IsFirstGroup)
    expect(2, group.NodeConfig.Number)
    return group.GroupId


def configured(cloud, gateway_id, group_id):
    """The network configuration reads the public network back."""
    asked = request(models.DescribeCloudNativeAPIGatewayConfigRequest, GatewayId=gateway_id)
    result = cloud.DescribeCloudNativeAPIGatewayConfig(asked).Result
    expect(group_id, result.GroupId)
    public = [one for one in result.ConfigList if one.NetType == "Open" and one.Vip]
    expect(["clb.c2.medium"], [one.SlaType for one in public])
    expect(["ap-guangzhou-3"], [one.MasterZoneId for one in public])
    asked = request(
        models.DescribePublicNetworkRequest, GatewayId=gateway_id, GroupId=group_id,
        NetworkId=public[0].NetworkId,
    )
    looked = cloud.DescribePublicNetwork(asked).Result
    expect(public[0].Vip, looked.PublicNetwork.Vip)
    expect(describe(cloud, gateway_id).PublicIpAddresses, [looked.PublicNetwork.Vip])


def public_network(cloud, gateway_id):
    """Returns the public network's entry in the configuration, or nothing."""
    asked = request(models.DescribeCloudNativeAPIGatewayConfigRequest, GatewayId=gateway_id)
    entries = cloud.DescribeCloudNativeAPIGatewayConfig(asked).Result.ConfigList
    found = [one for one in entries if one.NetType.startswith("Open") and one.Vip]
    return found[0] if found else None


def settle(cloud, gateway_id):
    """Waits until a gateway runs again."""
    until("Running", lambda: describe(cloud, gateway_id).Status == "Running")


def resized(cloud, gateway_id, group_id):
    """The nodes of a group change, and nothing else can be begun meanwhile."""
    asked = request(
        models.UpdateCloudNativeAPIGatewaySpecRequest, GatewayId=gateway_id, GroupId=group_id,
        NodeConfig={"Specification": "2c4g", "Number": 3},
    )
    result = cloud.UpdateCloudNativeAPIGatewaySpec(asked).Result
    expect("Updating", result.Status)
    expect("task-", result.TaskId[:5])
    expect_code("ResourceInUse", cloud.UpdateCloudNativeAPIGatewaySpec, asked)
    settle(cloud, gateway_id)
    nodes = describe(cloud, gateway_id).NodeConfig
    expect({"Specification": "2c4g", "Number": 3}, vars_of(nodes, "Specification", "Number"))


def widened(cloud, gateway_id, group_id):
    """The public network changes and keeps its address."""
    before = public_network(cloud, gateway_id)
    asked = request(
        models.ModifyNetworkBasicInfoRequest, GatewayId=gateway_id, GroupId=group_id,
        NetworkType="Open", Vip=before.Vip, InternetMaxBandwidthOut=8, Description="wider",
        SlaType="clb.c3.small",
    )
    cloud.ModifyNetworkBasicInfo(asked)
    expect("Modifying", describe(cloud, gateway_id).Status)
    expect("Updating", public_network(cloud, gateway_id).Status)
    settle(cloud, gateway_id)
    after = public_network(cloud, gateway_id)
    expect(
        [before.Vip, 8, "wider", "clb.c3.small", "Open"],
        [after.Vip, after.InternetMaxBandwidthOut, after.Description, after.SlaType, after.Status],
    )


def renewed(cloud, gateway_id, group_id):
    """A public network that was taken away and added again has another address."""
    before = public_network(cloud, gateway_id)
    remove = request(
        models.DeleteCloudNativeAPIGatewayPublicNetworkRequest, GatewayId=gateway_id,
        GroupId=group_id, InternetAddressVersion="IPV4", Vip=before.Vip,
    )
    cloud.DeleteCloudNativeAPIGatewayPublicNetwork(remove)
    settle(cloud, gateway_id)
    expect(None, public_network(cloud, gateway_id))
    expect(False, describe(cloud, gateway_id).EnableInternet)
    expect_code("ResourceNotFound.ResourceNotFound",
                cloud.DeleteCloudNativeAPIGatewayPublicNetwork, remove)
    add = request(
        models.CreateCloudNativeAPIGatewayPublicNetworkRequest, GatewayId=gateway_id,
        GroupId=group_id, InternetConfig=EXAMPLE["InternetConfig"],
    )
    result = cloud.CreateCloudNativeAPIGatewayPublicNetwork(add).Result
    expect([gateway_id, group_id], [result.GatewayId, result.GroupId])
    settle(cloud, gateway_id)
    after = public_network(cloud, gateway_id)
    expect(result.NetworkId, after.NetworkId)
    expect(True, before.Vip != after.Vip)
    expect_code("InvalidParameterValue.ResourceAlreadyExist",
                cloud.CreateCloudNativeAPIGatewayPublicNetwork, add)


def protected(cloud, gateway_id):
    """A gateway under protection is not deleted."""
    for protect in (True, False):
        asked = request(
            models.ModifyCloudNativeAPIGatewayRequest, GatewayId=gateway_id,
            Description="", DeleteProtect=protect,
        )
        cloud.ModifyCloudNativeAPIGateway(asked)
        result = describe(cloud, gateway_id)
        expect(["", protect], [result.Description, result.DeleteProtect])
        if protect:
            expect_code("OperationDenied.OperationDenied", delete, cloud, gateway_id)


def tagged(cloud, tags, gateway_id):
    """The tag service changes a gateway's tags, and reports what it does not know."""
    names = [f"qcs::tse:{REGION}:uin/:gateway/{one}" for one in (gateway_id, "gateway-00000000")]
    asked = request(
        tag_models.TagResourcesRequest, ResourceList=names,
        Tags=[{"TagKey": "env", "TagValue": "test"}, {"TagKey": "team", "TagValue": "edge"}],
    )
    failed = tags.TagResources(asked).FailedResources
    expect([names[1]], [one.Resource for one in failed])
    expect({"env": "test", "team": "edge"}, tags_of(describe(cloud, gateway_id).Tags))
    asked = request(
        tag_models.GetResourcesRequest, TagFilters=[{"TagKey": "team", "TagValue": ["edge"]}]
    )
    found = tags.GetResources(asked).ResourceTagMappingList
    expect([gateway_id], [one.Resource.rsplit("/", 1)[1] for one in found])
    expect({"env": "test", "team": "edge"}, tags_of(found[0].Tags))
    asked = request(
        tag_models.UnTagResourcesRequest, ResourceList=names[:1], TagKeys=["team"]
    )
    expect([], tags.UnTagResources(asked).FailedResources)
    expect({"env": "test"}, tags_of(describe(cloud, gateway_id).Tags))
    asked = request(
        tag_models.TagResourcesRequest, ResourceList=names[:1],
        Tags=[{"TagKey": "qcs:a", "TagValue": "b"}],
    )
    expect_code("InvalidParameterValue.ReservedTagKey", tags.TagResources, asked)


def tags_of(pairs):
    """Reads tags into a dictionary."""
    return {pair.TagKey: pair.TagValue for pair in pairs}


def modified(cloud, gateway_id):
    """A change of name shows."""
    asked = request(
        models.ModifyCloudNativeAPIGatewayRequest, GatewayId=gateway_id, Name="gateway-renamed"
    )
    cloud.ModifyCloudNativeAPIGateway(asked)
    expect("gateway-renamed", describe(cloud, gateway_id).Name)


def paged(cloud, gateway_ids):
    """Short pages together show every gateway once."""
    seen, offset = [], 0
    while True:
        page = list_page(cloud, offset, 2)
        seen += [one.GatewayId for one in page.GatewayList]
        offset += 2
        if offset >= page.TotalCount:
            break
    expect(len(seen), len(set(seen)))
    expect(True, set(gateway_ids) <= set(seen))


def filtered(cloud, gateway_ids):
    """A filter by id shows the named gateways alone."""
    filters = [{"Name": "GatewayId", "Values": gateway_ids[:2]}]
    page = list_page(cloud, 0, 100, filters)
    expect(2, page.TotalCount)
    expect(set(gateway_ids[:2]), {one.GatewayId for one in page.GatewayList})


def deleted(cloud, gateway_ids):
    """Deleted gateways leave, and then do not exist."""
    for gateway_id in gateway_ids:
        expect("Deleting", delete(cloud, gateway_id).Status)
        time.sleep(0.1)
    for gateway_id in gateway_ids:
        until("the end", lambda gateway_id=gateway_id: is_gone(cloud, gateway_id))


def is_gone(cloud, gateway_id):
    """Tells whether a gateway does not exist."""
    try:
        describe(cloud, gateway_id)
    except TencentCloudSDKException as error:
        expect("ResourceNotFound.InstanceNotFound", error.get_code())
        return True
    return False


def skewed(cloud):
    """A signature from an hour ago is refused."""
    late = time.time() - 3600
    with mock.patch.object(abstract_client.time, "time", return_value=late):
        expect_code("AuthFailure.SignatureExpire", list_page, cloud, 0, 1)


def life(checks, cloud, tags):
    """Follows gateways from the create to the end."""
    first = checks.run("create with the page's example", accepted, cloud)
    if first is None:
        return
    checks.run("describe what was created", shown, cloud, first)
    checks.run("a delete during the create is refused", expect_code, "ResourceInUse", delete,
               cloud, first)
    others = [checks.run(f"create number {n}", accepted, cloud) for n in (2, 3, 4, 5)]
    gateways = [first] + [other for other in others if other]
    checks.run("list in pages", paged, cloud, gateways)
    checks.run("list by id", filtered, cloud, gateways)
    for number, gateway_id in enumerate(gateways, 1):
        checks.run(f"number {number} comes to run", runs, cloud, gateway_id)
    group_id = checks.run("the default server group", grouped, cloud, first)
    checks.run("the network configuration", configured, cloud, first, group_id)
    checks.run("modify", modified, cloud, first)
    checks.run("protection", protected, cloud, first)
    checks.run("more nodes", resized, cloud, first, group_id)
    checks.run("a wider public network", widened, cloud, first, group_id)
    checks.run("another public network", renewed, cloud, first, group_id)
    checks.run("tags", tagged, cloud, tags, first)
    checks.run("delete until not found", deleted, cloud, gateways)


def refusals(checks, cloud, arguments):
    """Asks for what is refused."""
    for name, path, value, code in BAD_CREATES:
        checks.run(f"{name} gets {code}", expect_code, code, create, cloud, changed(path, value))
        # Stay within the rate, which is not what is checked here.
        time.sleep(0.06)
    nobody = "gateway-00000000"
    missing = "ResourceNotFound.InstanceNotFound"
    checks.run("describe of nothing", expect_code, missing, describe, cloud, nobody)
    checks.run("delete of nothing", expect_code, missing, delete, cloud, nobody)
    invalid = "InvalidParameterValue.InvalidParameterValue"
    checks.run("a page of 101", expect_code, invalid, list_page, cloud, 0, 101)
    unknown = [{"Name": "Colour", "Values": ["red"]}]
    checks.run("an unknown filter", expect_code, invalid, list_page, cloud, 0, 10, unknown)
    checks.run("an unknown parameter", expect_code, "UnknownParameter", cloud.call_json,
               "DescribeCloudNativeAPIGateways", {"Limt": 1})
    checks.run("an unknown action", expect_code, "InvalidAction", cloud.call_json,
               "ExplodeCloudNativeAPIGateway", {})
    checks.run("an unknown region", expect_code, "UnsupportedRegion", list_page,
               client(arguments, region="mars-north"), 0, 1)
    checks.run("a wrong key", expect_code, "AuthFailure.SignatureFailure", list_page,
               client(arguments, secret_key="wrong"), 0, 1)
    checks.run("a wrong id", expect_code, "AuthFailure.SecretIdNotFound", list_page,
               client(arguments, secret_id="AKIDwrong"), 0, 1)
    checks.run("a late signature", skewed, cloud)


def parsed(documentation):
    """Reads the arguments that say where the simulated cloud is."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument("--endpoint", required=True, metavar="HOST:PORT")
    parser.add_argument("--secret-id", required=True)
    parser.add_argument("--secret-key", required=True)
    return parser.parse_args()


def main():
    """Runs all checks."""
    arguments = parsed(__doc__)
    checks = Checks()
    cloud = client(arguments)
    life(checks, cloud, tagger(arguments))
    refusals(checks, cloud, arguments)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())

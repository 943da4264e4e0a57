#!/usr/bin/env python3
"""Writes tests/vectors/tc3.json: requests signed by the vendor's own Python client.

Needs `pip install tencentcloud-sdk-python-intl-en`; run it from the top of the repository. The
client's clock is replaced by a fixed one, and its JSON encoder by one that passes a text through,
so that bodies of any bytes reach its signer. All credentials are made up.
"""

import json
import sys
import types
from pathlib import Path

from tencentcloud.common import abstract_client
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

ID = "AKIDnotarealidnotarealid000000000001"
KEY = "not-a-real-key-0123456789abcdefg"
TOKEN = "not-a-real-token-" + "x" * 64
VERSIONS = {"tse": "2020-12-07", "tag": "2018-08-13", "sts": "2018-08-13"}

# (service, action, unix seconds, host, method, body or query, token)
CASES = [
    ("tse", "DescribeCloudNativeAPIGateways", 1551113065, "tse.tencentcloudapi.com", "POST", '{"Limit": 100, "Offset": 0}', None),
    ("tse", "DescribeCloudNativeAPIGateways", 1767225599, "tse.intl.tencentcloudapi.com", "POST", '{"Limit":100}', None),
    ("tse", "DescribeCloudNativeAPIGateways", 1767225600, "tse.intl.tencentcloudapi.com", "POST", '{"Limit":100}', None),
    ("tse", "CreateCloudNativeAPIGateway", 1709164799, "tse.tencentcloudapi.com", "POST", '{"Name":"网关-生产","Description":"ein Gateway für ☃ und 🦀"}', None),
    ("tse", "CreateCloudNativeAPIGateway", 1709164800, "127.0.0.1:8443", "POST", '{"Name":"a"}', TOKEN),
    ("tag", "DescribeTagKeys", 1699999999, "tag.tencentcloudapi.com", "POST", "{}", None),
    ("tag", "DescribeTagKeys", 0, "tag.intl.tencentcloudapi.com", "POST", "", TOKEN),
    ("sts", "GetCallerIdentity", 4102444799, "sts.tencentcloudapi.com", "POST", "", None),
    ("sts", "AssumeRole", 1800000000, "sts.intl.tencentcloudapi.com", "POST", '{"RoleArn":"qcs::cam::uin/1:roleName/none"}', TOKEN),
    ("tse", "DescribeCloudNativeAPIGateways", 1700000000, "tse.tencentcloudapi.com", "GET", {"Limit": 100, "Name": "a b/ü"}, None),
]


def vector(service, action, timestamp, host, method, params, token):
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=host))
    client = abstract_client.AbstractClient(Credential(ID, KEY, token), "ap-guangzhou", profile)
    client._service, client._apiVersion, client._endpoint = service, VERSIONS[service], host
    abstract_client.time = types.SimpleNamespace(time=lambda: timestamp)
    request = RequestInternal(host, method, "/")
    client._build_req_inter(action, params, request)
    return {
        "service": service,
        "timestamp": timestamp,
        "method": method,
        "path": request.uri,
        "query": request.data if method == "GET" else "",
        "host": request.header["Host"],
        "contentType": request.header["Content-Type"],
        "body": "" if method == "GET" else request.data,
        "authorization": request.header["Authorization"],
        "token": request.header.get("X-TC-Token"),
    }


def main():
    abstract_client.json = types.SimpleNamespace(dumps=lambda body: body, loads=json.loads)
    vectors = {"secretId": ID, "secretKey": KEY, "vectors": [vector(*case) for case in CASES]}
    path = Path("tests/vectors/tc3.json")
    path.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path}: {len(CASES)} vectors", file=sys.stderr)


if __name__ == "__main__":
    main()

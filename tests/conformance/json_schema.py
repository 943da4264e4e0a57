"""Checks the JSON Schemas that gwplan prints with a validator of their draft.

Usage: json_schema.py GWPLAN PROJECT_FOLDER...

The schemas must be valid themselves, take every project given, and refuse what gwplan refuses.
"""

import glob
import json
import os
import subprocess
import sys

import yaml
from jsonschema import Draft202012Validator

GOOD = {
    "name": "a",
    "gatewayVersion": "2.5.1",
    "nodeConfig": {"specification": "1c2g", "number": 2},
    "vpcConfig": {"vpcId": "vpc-1", "subnetId": "subnet-1"},
}

BAD = {
    "an unknown key": {**GOOD, "nodeconfig": {}},
    "a missing key": {key: value for key, value in GOOD.items() if key != "name"},
    "a long name": {**GOOD, "name": "x" * 61},
    "an unknown version": {**GOOD, "gatewayVersion": "9.9.9"},
    "a number out of range": {**GOOD, "nodeConfig": {"specification": "1c2g", "number": 51}},
    "a wrong type": {**GOOD, "enableCls": "yes"},
    "a wrong id": {**GOOD, "vpcConfig": {"vpcId": "subnet-1", "subnetId": "subnet-1"}},
    "an unknown key inside": {**GOOD, "internetConfig": {"payMode": "TRAFFIC"}},
}


def schema(gwplan, which):
    printed = subprocess.run([gwplan, "schema", which], check=True, capture_output=True, text=True)
    document = json.loads(printed.stdout)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def main():
    gwplan, folders = sys.argv[1], sys.argv[2:]
    gateways, project = schema(gwplan, "gateways"), schema(gwplan, "project")
    overlay = schema(gwplan, "overlay")
    passed, failed = 0, 0

    def expect(name, holds):
        nonlocal passed, failed
        passed, failed = (passed + 1, failed) if holds else (passed, failed + 1)
        print("ok" if holds else "FAILED", name)

    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*.yaml"))):
            validator = project if os.path.basename(path) == "gwplan.yaml" else gateways
            expect(f"takes {path}", validator.is_valid(load(path)))
        for path in sorted(glob.glob(os.path.join(folder, "overlays", "*.yaml"))):
            expect(f"takes {path}", overlay.is_valid(load(path)))
    expect("takes a minimal gateway", gateways.is_valid({"gateways": {"a": GOOD}}))
    for name, gateway in BAD.items():
        expect(f"refuses {name}", not gateways.is_valid({"gateways": {"a": gateway}}))
    expect("refuses a bad key for a gateway", not gateways.is_valid({"gateways": {"a b": GOOD}}))
    expect("refuses an unknown site", not project.is_valid({"provider": {"site": "mars"}}))

    def documented(node):
        inner = node.get("properties", {})
        own = all("description" in child for child in inner.values())
        return own and all(documented(child) for child in inner.values())

    collection = gateways.schema["properties"]["gateways"]["additionalProperties"]
    expect("describes every field", documented(collection) and documented(project.schema))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

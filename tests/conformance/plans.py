"""Makes plans with gwplan against a running simulated cloud.

    python plans.py --endpoint http://127.0.0.1:PORT --secret-id ID --secret-key KEY GWPLAN FOLDER

Writes into FOLDER, each in Terraform's plan JSON: `mixed.json` with a create, an update, a replacement,
a delete, a move and what stays, `saved.json`, the same plan from its file, `created.json`, where
everything is new, `unchanged.json`, where nothing is to be done, `given-up.json`, where a gateway
is forgotten, and `nothing.json`, where there is nothing at all. Prints one line for each.
"""

import argparse
import os
import subprocess
import tempfile

import yaml

PROJECT = {"provider": {"region": "ap-guangzhou"}}


def gateway(name, **more):
    return {
        "name": name,
        "gatewayVersion": "2.5.1",
        "nodeConfig": {"specification": "1c2g", "number": 2},
        "vpcConfig": {"vpcId": "vpc-59cag821", "subnetId": "subnet-8tzp8uz1"},
        "tags": {"team": "edge"},
        **more,
    }


def before():
    names = ("kept", "updated", "replaced", "deleted", "old")
    return {name: gateway(name) for name in names}


def after():
    return {
        "kept": gateway("kept"),
        "updated": gateway("updated", description="Public ingress", tags={"env": "prod"}),
        "replaced": gateway("replaced", gatewayVersion="2.4.1"),
        "renamed": gateway("old"),
        "small": gateway("small", nodeConfig={"specification": "1c2g", "number": 1}),
        "after-all": gateway("after-all", dependsOn=["gateway.kept", "gateway.updated"]),
    }


class Folder:
    """A project of its own on the simulated cloud."""

    def __init__(self, options, path):
        self.path, self.gwplan = path, options.gwplan
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": path,
            "GWPLAN_ENDPOINT": options.endpoint,
            "TENCENTCLOUD_SECRET_ID": options.secret_id,
            "TENCENTCLOUD_SECRET_KEY": options.secret_key,
        }
        self.write("gwplan.yaml", PROJECT)

    def write(self, name, content):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            yaml.safe_dump(content, file)

    def run(self, *arguments):
        command = [self.gwplan, "--quiet", *arguments]
        run = subprocess.run(
            command, cwd=self.path, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return run.stdout


def arguments():
    parser = argparse.ArgumentParser()
    for option in ("--endpoint", "--secret-id", "--secret-key"):
        parser.add_argument(option, required=True)
    parser.add_argument("gwplan")
    parser.add_argument("folder")
    return parser.parse_args()


def main():
    options = arguments()

    def keep(name, text):
        with open(os.path.join(options.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        print("made", name)

    def plan(name):
        keep(name, project.run("plan", "--format", "json"))

    with tempfile.TemporaryDirectory() as path:
        project = Folder(options, path)
        project.write("gateways.yaml", {"gateways": {}})
        plan("nothing.json")
        project.write("gateways.yaml", {"gateways": before()})
        plan("created.json")
        project.run("apply", "--auto-approve")
        plan("unchanged.json")
        moved = {"from": "gateway.old", "to": "gateway.renamed"}
        project.write("gateways.yaml", {"gateways": after(), "moved": [moved]})
        keep("mixed.json", project.run("plan", "--format", "json", "--out", "mixed.plan"))
        keep("saved.json", project.run("show", "mixed.plan", "--format", "json"))
        left = {name: one for name, one in before().items() if name != "kept"}
        project.write("gateways.yaml", {"gateways": left, "removed": [{"from": "gateway.kept"}]})
        plan("given-up.json")
        project.run("destroy", "--auto-approve")


if __name__ == "__main__":
    main()

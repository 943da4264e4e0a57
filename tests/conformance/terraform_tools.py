"""Holds gwplan's plans to tools that read Terraform's, with the network closed to them.

    python terraform_tools.py FOLDER

FOLDER is one that plans.py has filled. Needs `checkov` and `terraform-compliance` beside the Python that
runs it. Both report nothing, and no error, of what they fail to see: so each must be shown to have seen
every resource. Prints one line for each check, and ends with status 1 if any of them fails.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
POLICIES = os.path.join(HERE, "policies")
NODES, TEAM = "CKV2_GWPLAN_1", "CKV_GWPLAN_1"
NO_SUCH = re.compile(r"(\S+) \(tse_gateway\) does not have noSuchProperty property")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

passed, failed = 0, 0


def expect(name, found, wanted):
    global passed, failed
    holds = found == wanted
    passed, failed = passed + holds, failed + (not holds)
    print("ok" if holds else f"FAILED: {found} is not {wanted}:", name)


class Tools:
    """Runs the tools in an environment that holds nothing of this machine's, and no network."""

    def __init__(self, work):
        self.work, self.tries = work, os.path.join(work, "tries")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": work,
            "TMPDIR": work,
            "PYTHONPATH": os.path.join(HERE, "offline"),
            "NETWORK_TRIES": self.tries,
            # Else checkov asks for its newest version.
            "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
        }

    def run(self, tool, *arguments):
        command = [os.path.join(os.path.dirname(sys.executable), tool), *arguments]
        return subprocess.run(
            command, cwd=self.work, env=self.environment, capture_output=True, text=True
        )

    def network(self):
        if not os.path.exists(self.tries):
            return ""
        with open(self.tries, encoding="utf-8") as file:
            return file.read()

    def checkov(self, plans):
        """Returns what passed and what failed, as file and address, by check."""
        run = self.run(
            "checkov",
            *("--framework", "terraform_plan", "--skip-download", "--output", "json"),
            *("--external-checks-dir", os.path.join(POLICIES, "checkov"), "--check", f"{NODES},{TEAM}"),
            *("--file", *plans),
        )
        results = json.loads(run.stdout).get("results", {})
        found = {NODES: (set(), set()), TEAM: (set(), set())}
        for side, key in enumerate(("passed_checks", "failed_checks")):
            for result in results.get(key, []):
                one = (os.path.basename(result["file_path"]), result["resource"])
                found[result["check_id"]][side].add(one)
        return found

    def compliance(self, feature, plan):
        """Returns the exit code and what was printed."""
        folder = os.path.join(POLICIES, "terraform_compliance", feature)
        run = self.run("terraform-compliance", "--planfile", plan, "--features", folder)
        return run.returncode, COLOUR.sub("", run.stdout + run.stderr)


def load(plan):
    with open(plan, encoding="utf-8") as file:
        return json.load(file)


def planned(plan):
    """Returns the resources that a plan leaves, by address."""
    resources = load(plan)["planned_values"]["root_module"]["resources"]
    return {resource["address"]: resource["values"] for resource in resources}


def check_checkov(tools, plans):
    found = tools.checkov(plans)
    everything, small, nameless = set(), set(), set()
    for plan in plans:
        for address, values in planned(plan).items():
            one = (os.path.basename(plan), address)
            everything.add(one)
            if values["nodeConfig"]["number"] < 2:
                small.add(one)
            if "team" not in values["tags"]:
                nameless.add(one)
    expect("checkov judges the nodes of each gateway", found[NODES], (everything - small, small))
    expect("checkov judges the tags of each gateway", found[TEAM], (everything - nameless, nameless))
    expect("some of them fail", (bool(small), bool(nameless)), (True, True))


def check_compliance(tools, plan):
    name = os.path.basename(plan)
    resources = planned(plan)
    code, text = tools.compliance("pass", plan)
    expect(f"terraform-compliance passes {name}", (code, "FATAL" in text), (0, False))
    code, text = tools.compliance("fail", plan)
    expect(f"terraform-compliance sees all of {name}", set(NO_SUCH.findall(text)), set(resources))
    expect(f"terraform-compliance fails {name}", code, 1 if resources else 0)


def check_unversioned(tools, plan):
    """A plan without Terraform's version is no plan to checkov, and no error either."""
    content = load(plan)
    del content["terraform_version"]
    copy = os.path.join(tools.work, "unversioned.json")
    with open(copy, "w", encoding="utf-8") as file:
        json.dump(content, file)
    expect("checkov would see nothing without a version", tools.checkov([copy])[NODES], (set(), set()))


def main():
    folder = os.path.abspath(sys.argv[1])
    plans = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    with tempfile.TemporaryDirectory() as work:
        tools = Tools(work)
        check_checkov(tools, plans)
        check_unversioned(tools, os.path.join(folder, "mixed.json"))
        for plan in plans:
            # It takes what is forgotten, by Terraform too, for a resource without any attribute.
            if "forget" not in str(load(plan)["resource_changes"]):
                check_compliance(tools, plan)
        expect("no tool tried to reach the network", tools.network(), "")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

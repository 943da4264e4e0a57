"""Checks what the linters don't, and writes out the scripts that stand in YAML, for shellcheck.

python shapes.py ROOT FOLDER
"""

import glob
import json
import os
import re
import sys

from runners import load

passed, failed = 0, 0


def expect(name, holds):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print("ok" if holds else "FAILED:", name)


def workflows(root):
    """Names the workflows that are there to be copied."""
    return [*sorted(glob.glob(f"{root}/examples/ci/github/*.yml")), f"{root}/packaging/release.yml"]


def scripts(root):
    """Yields each script that stands in YAML: its name, its shell and its text."""
    for path in [os.path.join(root, "action.yml"), *workflows(root)]:
        content, name = load(path), os.path.basename(path).removesuffix(".yml")
        steps = content["runs"]["steps"] if "runs" in content else []
        for job in content.get("jobs", {}).values():
            steps = steps + job["steps"]
        for number, step in enumerate(steps):
            if "run" in step:
                yield f"{name}-{number}", "bash", step["run"]
    pipeline = load(f"{root}/examples/ci/gitlab/.gitlab-ci.yml")
    for number, job in enumerate(pipeline.values()):
        if isinstance(job, dict) and "script" in job:
            yield f"gitlab-{number}", "bash", "\n".join(job["script"])
    for stage, content in load(f"{root}/examples/ci/atlantis/repos.yaml")["workflows"]["gwplan"].items():
        for number, step in enumerate(content["steps"]):
            yield f"atlantis-{stage}-{number}", "sh", step["run"]


def check_github(root):
    action = load(f"{root}/action.yml")
    used = open(f"{root}/action.yml", encoding="utf-8").read()
    for name in action["inputs"]:
        expect(f"the action uses its input {name}", f"inputs.{name}" in used)
    for step in action["runs"]["steps"]:
        expect(f"nothing is filled into the script of: {step['name']}", "${{" not in step.get("run", ""))
    for path in workflows(root):
        name, content = os.path.basename(path), load(path)
        expect(f"{name} asks for nothing as a whole", content["permissions"] == {})
        expect(f"{name} says what runs at once", "group" in content["concurrency"])
        for key, job in content["jobs"].items():
            expect(f"{name}, {key}: ends some time", "timeout-minutes" in job)
            for step in job["steps"]:
                uses = step.get("uses", "@" + "0" * 40)
                expect(f"{name}, {key}: {uses} is pinned", re.fullmatch(r"[^@]*@[0-9a-f]{40}", uses))
    apply = load(f"{root}/examples/ci/github/apply.yml")
    expect("an apply is never cut off", apply["concurrency"]["cancel-in-progress"] is False)
    expect("an apply is let through by an environment", apply["jobs"]["apply"]["environment"])


def check_gitlab(root):
    pipeline = load(f"{root}/examples/ci/gitlab/.gitlab-ci.yml")
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    for name, job in jobs.items():
        expect(f"gitlab, {name}: is in a stage", job["stage"] in pipeline["stages"])
        expect(f"gitlab, {name}: extends what is there", job.get("extends", "plan") in pipeline)
        expect(f"gitlab, {name}: says when it runs", all("if" in rule for rule in job["rules"]))
    for name in ("plan", "plan of a fork"):
        report = jobs[name]["artifacts"]["reports"]["terraform"]
        expect(
            f"gitlab, {name}: the report is among what is kept",
            report.startswith(jobs[name]["artifacts"]["paths"][0]),
        )
    expect(
        "gitlab: one apply at a time", jobs["apply"]["resource_group"] and not jobs["apply"]["interruptible"]
    )


def check_atlantis(root):
    repos = load(f"{root}/examples/ci/atlantis/repos.yaml")
    projects = load(f"{root}/examples/ci/atlantis/atlantis.yaml")
    expect("atlantis: the workflow is there", repos["repos"][0]["workflow"] in repos["workflows"])
    expect("atlantis: repositories can't choose what runs", not repos["repos"][0]["allow_custom_workflows"])
    expect("atlantis: its file is of a version", projects["version"] == 3)
    expect(
        "atlantis: a plan writes the file that is looked for",
        "$PLANFILE" in str(repos["workflows"]["gwplan"]["plan"]),
    )


def check_roles(root):
    for path in sorted(glob.glob(f"{root}/examples/ci/roles/*.json")):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            policy = json.load(file)
        for statement in policy["statement"]:
            if name.startswith("trust"):
                condition = statement["condition"]["string_equal"]
                expect(f"{name} names whom it trusts", {"oidc:iss", "oidc:aud", "oidc:sub"} == set(condition))
            elif name == "policy-plan.json":
                reads = (":Describe" in action or ":Get" in action for action in statement["action"])
                expect(f"{name} only reads", all(reads))


def main():
    root, folder = sys.argv[1:]
    for name, kind, text in scripts(root):
        with open(os.path.join(folder, f"{name}.{kind}"), "w", encoding="utf-8") as file:
            file.write(f"#!/usr/bin/env {kind}\n{text}\n")
    check_github(root)
    check_gitlab(root)
    check_atlantis(root)
    check_roles(root)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

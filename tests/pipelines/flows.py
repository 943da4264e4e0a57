"""Runs the examples of pipelines for real: requests are planned, commented on, merged and applied to
a simulated cloud, by the scripts that stand in the YAML, with a forge of this machine's own.

    python flows.py --gwplan PROGRAM --simulator HOST:PORT WORK

WORK is an empty folder. The simulator must take the keys in KEYS. Prints one line for each check, and
ends with status 1 if any of them fails.
"""

import argparse
import concurrent.futures
import contextlib
import glob
import io
import json
import os
import re
import secrets
import shutil
import sys
import traceback

from forge import BOT, World, serve
from runners import Atlantis, GitHub, GitLab, machine, shell

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "examples/ci")
KEYS = {
    "plan": ("AKID-plan-not-a-real-secret-id", "plan-not-a-real-secret-key"),
    "apply": ("AKID-apply-not-a-real-secret-id", "apply-not-a-real-secret-key"),
}
PLAN_ROLE = "qcs::cam::uin/100000000001:roleName/gwplan-plan"
APPLY_ROLE = "qcs::cam::uin/100000000001:roleName/gwplan-apply"
ADA = {"login": "ada", "id": 1, "type": "User"}
MALLORY = {"login": "mallory", "id": 666, "type": "User"}
ZEROS = "0" * 64
GROUPS = (
    ("github",),
    ("gitlab", "atlantis"),
    ("github_folder", "github_build", "github_environment", "github_roles", "github_fork", "shell"),
)

passed, failed = 0, 0


def expect(name, holds, about=None):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"ok: {name}" if holds else f"FAILED: {name}\n{about or ''}", flush=True)


def roles():
    def read(name):
        with open(os.path.join(EXAMPLES, "roles", name), encoding="utf-8") as file:
            return json.load(file)["statement"]

    def role(keys, *trusts):
        actions = {action for statement in read(f"policy-{keys}.json") for action in statement["action"]}
        return {"keys": keys, "actions": actions, "trust": [one for name in trusts for one in read(name)]}

    return {
        PLAN_ROLE: role("plan", "trust-github-plan.json", "trust-gitlab.json"),
        APPLY_ROLE: role("apply", "trust-github-apply.json", "trust-gitlab.json"),
    }


class Repository:
    """A checked out repository, whose state is on the runner's own disk."""

    def __init__(self, work, name, folder=""):
        self.root = os.path.join(work, f"{name}-repository")
        self.folder = os.path.join(self.root, folder)
        self.state = os.path.join(work, f"{name}-runner", "state.json")
        os.makedirs(self.folder)
        self.file("gwplan.yaml", f"provider: {{ region: ap-guangzhou }}\nstate: {{ path: {self.state} }}\n")

    def file(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def want(self, **gateways):
        """Writes how many nodes each gateway is to have."""
        lines = ["gateways:"]
        for name, nodes in gateways.items():
            lines += [
                f"  {name}:",
                f"    name: {os.path.basename(self.root)}-{name}",
                "    gatewayVersion: 2.5.1",
                f"    nodeConfig: {{ specification: 1c2g, number: {nodes} }}",
                "    vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }",
            ]
        self.file("gateways.yaml", "\n".join(lines) + "\n")

    def recorded(self):
        """Reads what the state says about each gateway's nodes."""
        if not os.path.exists(self.state):
            return {}
        with open(self.state, encoding="utf-8") as file:
            records = json.load(file)["resources"]
        return {
            name.removeprefix("gateway."): record["applied"]["nodeConfig"]["number"]
            for name, record in records.items()
        }


class Flows:
    def __init__(self, world, address, work, gwplan):
        self.world, self.address, self.work, self.gwplan = world, address, work, gwplan
        # The state is outside of any checkout, which the runner's own environment allows.
        self.cloud = {
            "GWPLAN_ENDPOINT": f"http://{address}",
            "GWPLAN_METADATA": "off",
            "GWPLAN_ALLOW_PATH": work,
            "HOME": work,
        }
        # Some runners have the program on their path.
        tools = os.path.join(work, "bin")
        os.makedirs(tools)
        os.symlink(gwplan, os.path.join(tools, "gwplan"))
        self.path = f"{tools}:{os.environ['PATH']}"
        # A copy: the scripts must work from anywhere.
        self.action = os.path.join(work, "action")
        os.makedirs(self.action)
        shutil.copy(os.path.join(ROOT, "action.yml"), self.action)
        for folder in ("examples/ci/shell", "packaging"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(self.action, folder))

    def writes(self):
        return [action for _, action in self.world.calls if not action.startswith(("Describe", "Get"))]

    def pull(self, fork=False):
        number, head = self.world.number(), secrets.token_hex(20)
        name = "mallory/edge" if fork else "acme/edge"
        self.world.pulls[number] = {
            "number": number,
            "iid": number,
            "merged_at": None,
            "state": "opened",
            "sha": head,
            "head": {"sha": head, "repo": {"full_name": name}},
            "base": {"ref": "main", "sha": "0" * 40, "repo": {"full_name": "acme/edge"}},
            "source_project_id": 8 if fork else 7,
            "target_project_id": 7,
            "target_branch": "main",
        }
        return self.world.pulls[number]

    def merge(self, pull, at="2099-01-01T00:00:00Z"):
        pull.update(merged_at=at, state="merged", merge_commit_sha=secrets.token_hex(20))
        return pull["merge_commit_sha"]

    def comments(self, pull):
        return [note for note in self.world.comments.values() if note["pull"] == pull["number"]]

    # GitHub

    def github(self, repository, folder="", **inputs):
        """Returns what runs a workflow, with more inputs for each step that is gwplan's."""
        github = GitHub(self.world, self.address, self.work, self.action, self.gwplan, self.cloud)
        github.variables = {"GWPLAN_PLAN_ROLE": PLAN_ROLE, "GWPLAN_APPLY_ROLE": APPLY_ROLE}
        if folder:
            inputs["working-directory"] = folder

        def run(workflow, **more):
            path = os.path.join(EXAMPLES, "github", workflow)
            if inputs:
                # As whoever copies it changes it.
                lines = "".join(f"          {name}: {value}\n" for name, value in inputs.items())
                with open(path, encoding="utf-8") as file:
                    text = file.read().replace("          command", f"{lines}          command")
                path = os.path.join(self.work, f"own-{workflow}")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text.replace("path: gwplan", f"path: {folder or '.'}/gwplan"))
            return github.run(path, repository.root, **more)

        return run

    def planned(self, run, pull, **more):
        return run("plan.yml", event={"pull_request": pull}, name="pull_request", sha="f" * 40, **more)

    def pushed(self, run, sha):
        return run("apply.yml", event={}, name="push", sha=sha)["apply"]

    def by_hand(self, run, digest, reason=""):
        inputs = {"digest": digest, "override-policy": reason}
        return run("apply.yml", event={}, name="workflow_dispatch", sha="e" * 40, inputs=inputs)["apply"]

    def test_github(self):
        repository = Repository(self.work, "github")
        run = self.github(repository)
        repository.want(edge=2)
        pull = self.pull()
        jobs = self.planned(run, pull)
        plan = jobs["plan"]
        expect("github: a request is planned", plan.ok, plan)
        expect("github: it is no fork's", jobs["fork"].skipped)
        notes = self.comments(pull)
        expect(
            "github: one comment tells of the plan",
            len(notes) == 1 and "gateway.edge" in notes[0]["body"],
            notes,
        )
        digest = plan.outputs.get("digest", "")
        expect(
            "github: with the digest",
            re.search(f"^Digest `{digest}`", notes[0]["body"], re.M) and len(digest) == 64,
            notes,
        )
        expect(
            "github: that it changes something is told", plan.outputs.get("changes") == "true", plan.outputs
        )
        expect("github: its risk is told", plan.outputs.get("risk") == "cost", plan.outputs)
        expect("github: the job has a summary", "gateway.edge" in plan.summary, plan.summary)
        kept = plan.artifacts[f"gwplan-plan-{pull['number']}"]
        wanted = {"plan.json", "plan.md", "plan.txt", "plan.html", "plan-summary.json", "outputs.env"}
        expect("github: the plan is kept in every form", wanted <= set(kept), kept)
        expect("github: planning writes nothing to the cloud", self.writes() == [], self.writes())

        repository.want(edge=2, more=3)
        plan = self.planned(run, pull)["plan"]
        notes = self.comments(pull)
        expect(
            "github: a new push changes the comment",
            plan.ok and len(notes) == 1 and "gateway.more" in notes[0]["body"],
            notes,
        )

        mark = notes[0]["body"].split("\n")[0]
        self.world.comment(pull["number"], f"{mark}\nDigest `{ZEROS}`", MALLORY)
        sha = self.merge(pull)
        done = self.pushed(run, sha)
        expect("github: the approved plan is applied, and no planted comment counts", done.ok, done)
        expect(
            "github: the gateways are there",
            repository.recorded() == {"edge": 2, "more": 3},
            repository.recorded(),
        )
        writes = self.writes()
        again = self.pushed(run, sha)
        expect("github: the same job again does nothing", again.ok and self.writes() == writes, again)

        repository.want(edge=4, more=3)
        pull = self.pull()
        self.planned(run, pull)
        repository.want(edge=0)
        faulty = self.planned(run, pull)["plan"]
        expect("github: a fault is an annotation", "::error file=gateways.yaml,line=" in faulty.text, faulty)
        notes = self.comments(pull)
        expect(
            "github: and takes the place of the plan",
            not faulty.ok and len(notes) == 1 and "could not be made" in notes[0]["body"],
            notes,
        )
        repository.want(edge=4, more=3)
        self.planned(run, pull)
        repository.want(edge=5, more=3)
        sha = self.merge(pull)
        refused = self.pushed(run, sha)
        expect(
            "github: what was not approved is refused",
            not refused.ok and "not the one that was approved" in refused.text,
            refused,
        )
        expect("github: and nothing is sent", self.writes() == writes, self.writes())
        expect(
            "github: the refusal tells what has changed",
            re.search("nodeConfig.number.*4.*5", refused.text),
            refused,
        )
        shown = re.search(r"Digest: ([0-9a-f]{64})|its digest is ([0-9a-f]{64})", refused.text)
        expect("github: the refusal tells the digest", shown, refused)
        expect("github: another digest is refused", not self.by_hand(run, ZEROS).ok)
        expect("github: a digest that is none is refused", not self.by_hand(run, "'; touch oops; '").ok)
        done = self.by_hand(run, shown[1] or shown[2])
        expect(
            "github: by hand that digest is applied",
            done.ok and repository.recorded() == {"edge": 5, "more": 3},
            done,
        )

        repository.file(
            "gwplan.yaml",
            f"provider: {{ region: ap-guangzhou }}\nstate: {{ path: {repository.state} }}\n"
            "policy: { maxDestroys: { limit: 0 } }\n",
        )
        repository.want(edge=5)
        pull = self.pull()
        denied = self.planned(run, pull)["plan"]
        expect(
            "github: what policies deny fails the request",
            not denied.ok and "max-destroys" in denied.text,
            denied,
        )
        writes = self.writes()
        refused = self.pushed(run, self.merge(pull))
        expect("github: and is not applied", not refused.ok and self.writes() == writes, refused)
        digest = denied.outputs["digest"]
        expect("github: its digest is kept", f"gwplan-plan-{pull['number']}" in denied.artifacts, denied)
        expect("github: and nothing but that applies it", not self.by_hand(run, digest).ok)
        done = self.by_hand(run, digest, "the gateway is given up")
        expect("github: but for a reason", done.ok and repository.recorded() == {"edge": 5}, done)
        self.refusals(run, repository)
        self.injections(run, repository)
        self.drifts(
            "github", repository, lambda: run("drift.yml", event={}, name="schedule", sha="d" * 40)["drift"]
        )

    def refusals(self, run, repository):
        writes = self.writes()

        def refused(name, why, at="2099-01-01T00:00:00Z", change=lambda pull, note: None, post=True):
            repository.want(edge=5, more=6)
            pull = self.pull()
            if post:
                self.planned(run, pull)
                change(pull, self.comments(pull)[0])
            done = self.pushed(run, self.merge(pull, at))
            expect(
                f"github: refused: {name}", not done.ok and why in done.text and self.writes() == writes, done
            )

        refused("a request without a comment", "has 0 comments", post=False)
        refused(
            "a comment that was changed after the merge", "changed after the merge", at="2001-01-01T00:00:00Z"
        )
        refused("a comment by somebody else", "has 0 comments", change=lambda _, note: note.update(user=ADA))
        refused(
            "a comment that only quotes the mark",
            "has 0 comments",
            change=lambda _, note: note.update(body="> " + note["body"]),
        )
        refused(
            "a comment about another environment",
            "has 0 comments",
            change=lambda _, note: note.update(body=note["body"].replace(". -->", ". prod -->", 1)),
        )
        refused(
            "two comments",
            "has 2 comments",
            change=lambda pull, note: self.world.comment(pull["number"], note["body"], BOT),
        )
        refused(
            "a comment with two digests",
            "or several",
            change=lambda _, note: note.update(body=f"{note['body']}\nDigest `{ZEROS}`"),
        )
        refused(
            "a merge into another branch",
            "0 requests were merged",
            change=lambda pull, _: pull["base"].update(ref="old"),
        )
        done = self.pushed(run, "c" * 40)
        expect(
            "github: refused: a push without a request",
            not done.ok and "0 requests were merged" in done.text,
            done,
        )

    def injections(self, run, repository):
        """What the inputs hold must never be run."""
        path = os.path.join(self.work, "injections.yml")
        oops = os.path.join(repository.root, "oops")
        names = (
            "args",
            "override-policy",
            "digest",
            "environment",
            "artifacts",
            "approved-plan",
            "command",
            "audience",
            "role-arn",
        )
        for name in names:
            for bad in (
                f"$(touch {oops})",
                f"; touch {oops} #",
                f"'; touch {oops}; '",
                f'"; touch {oops}; "',
            ):
                given = {"command": "apply", name: bad}
                steps = [{"uses": "your-org/gwplan@" + "0" * 40, "with": given}]
                job = {"permissions": {"contents": "read", "id-token": "write"}, "steps": steps}
                with open(path, "w", encoding="utf-8") as file:
                    json.dump({"permissions": {}, "jobs": {"apply": job}}, file)
                GitHub(self.world, self.address, self.work, self.action, self.gwplan, self.cloud).run(
                    path, repository.root, event={}, name="push", sha="b" * 40
                )
            expect(f"github: the input {name} is not run", not os.path.exists(oops))
        for path in glob.glob(os.path.join(repository.root, "*touch*")):
            shutil.rmtree(path)

    def test_github_folder(self):
        """A project in a folder whose name the comment's mark has to write out."""
        name = "infra--x/edge gw"
        repository = Repository(self.work, "folder", name)
        run = self.github(repository, name)
        repository.want(edge=2)
        pull = self.pull()
        plan = self.planned(run, pull)["plan"]
        expect("github: a project in a folder is planned", plan.ok, plan)
        expect(
            "github: the comment names the folder",
            self.comments(pull)[0]["body"].startswith("<!-- gwplan:review infra-%2Dx/edge%20gw -->"),
            self.comments(pull),
        )
        done = self.pushed(run, self.merge(pull))
        expect("github: and applied", done.ok and repository.recorded() == {"edge": 2}, done)

    def test_github_build(self):
        """The action builds its own source once, by a stand-in for cargo."""
        repository = Repository(self.work, "build")
        repository.want(edge=2)
        tools, log = os.path.join(self.work, "rust"), os.path.join(self.work, "cargo.log")
        os.makedirs(tools)
        os.makedirs(os.path.join(self.action, "src"))
        for name in ("Cargo.toml", "Cargo.lock", "src/main.rs"):
            with open(os.path.join(self.action, name), "w", encoding="utf-8") as file:
                file.write("one")
        scripts = {
            "rustc": "echo rustc 1",
            "cargo": f'echo "$PWD $*" >>{log}; while [ "$1" != --root ]; do shift; done; '
            f'mkdir -p "$2/bin"; ln -s {self.gwplan} "$2/bin/gwplan"',
        }
        for name, script in scripts.items():
            path = os.path.join(tools, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(path, 0o755)
        cloud = self.cloud | {"PATH": f"{tools}:{os.environ['PATH']}"}
        github = GitHub(self.world, self.address, self.work, self.action, None, cloud)
        path = os.path.join(self.work, "build.yml")
        steps = [{"uses": "your-org/gwplan@" + "0" * 40, "with": {"command": "validate"}}]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"permissions": {}, "jobs": {"build": {"steps": steps}}}, file)

        def run():
            done = github.run(path, repository.root, event={}, name="push", sha="8" * 40)["build"]
            with open(log, encoding="utf-8") as file:
                return done, file.read().splitlines()

        done, builds = run()
        expect("build: the action builds the program", done.ok and len(builds) == 1, done)
        expect(
            "build: from its own source, as it is locked",
            builds[0].startswith(f"{self.action} install --locked --path . --root"),
            builds,
        )
        done, builds = run()
        expect("build: it builds once", done.ok and len(builds) == 1, builds)
        with open(os.path.join(self.action, "src/main.rs"), "w", encoding="utf-8") as file:
            file.write("two")
        done, builds = run()
        expect("build: and anew when the source has changed", done.ok and len(builds) == 2, builds)
        expect("build: each is kept by a key of its own", len(set(github.cached)) == 2, github.cached)

    def test_github_environment(self):
        repository = Repository(self.work, "environment")
        repository.file(
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }\nenvironments:\n"
            f"  prod: {{ state: {{ path: {repository.state} }} }}\n  test: {{}}\n",
        )
        run = self.github(repository, environment="prod")
        repository.want(edge=2)
        pull = self.pull()
        plan = self.planned(run, pull)["plan"]
        expect("github: an environment is planned", plan.ok, plan)
        other = self.planned(self.github(repository, environment="test"), pull)["plan"]
        marks = [note["body"].split("\n")[0] for note in self.comments(pull)]
        expect(
            "github: each has a comment of its own",
            other.ok and marks == [f"<!-- gwplan:review . {name} -->" for name in ("prod", "test")],
            marks,
        )
        done = self.pushed(run, self.merge(pull))
        expect("github: an environment is applied", done.ok and repository.recorded() == {"edge": 2}, done)

    def test_github_roles(self):
        """What the roles' policies keep from a request, whatever its workflows say."""
        repository = Repository(self.work, "roles")
        repository.want(edge=2)
        writes = self.writes()
        for name, role, environment, event, why in (
            ("a request can't take the role that writes", APPLY_ROLE, None, "pull_request", "does not trust"),
            ("nor can a job outside the environment", APPLY_ROLE, None, "push", "does not trust"),
            ("the role for plans can't write", PLAN_ROLE, None, "push", "may not call tse:Create"),
            (
                "the environment can't take the role for plans",
                PLAN_ROLE,
                "production",
                "push",
                "does not trust",
            ),
        ):
            # The digest of this plan, so that nothing but the role is in the way.
            id, key = KEYS["plan"]
            environment_of_plan = machine(
                TENCENTCLOUD_SECRET_ID=id, TENCENTCLOUD_SECRET_KEY=key, **self.cloud
            )
            _, text = shell([self.gwplan, "plan"], repository.folder, environment_of_plan)
            digest = re.search("^Digest: (.*)$", text, re.M)[1]
            given = {"command": "apply", "digest": digest, "role-arn": role}
            steps = [{"uses": "your-org/gwplan@" + "0" * 40, "with": given}]
            job = {"permissions": {"contents": "read", "id-token": "write"}, "steps": steps}
            if environment:
                job["environment"] = environment
            path = os.path.join(self.work, "roles.yml")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"permissions": {}, "jobs": {"apply": job}}, file)
            github = GitHub(self.world, self.address, self.work, self.action, self.gwplan, self.cloud)
            done = github.run(
                path,
                repository.root,
                event={"pull_request": self.pull()} if event == "pull_request" else {},
                name=event,
                sha="9" * 40,
            )["apply"]
            expect(f"roles: {name}", not done.ok and why in done.text, done)
        sent = [action for action in self.writes()[len(writes) :] if not action.startswith("Create")]
        expect("roles: and nothing else was tried", sent == [], sent)

    def test_github_fork(self):
        repository = Repository(self.work, "fork")
        run = self.github(repository)
        repository.want(edge=2)
        pull, calls = self.pull(fork=True), len(self.world.calls)
        jobs = self.planned(run, pull, fork=True, actor="mallory")
        fork = jobs["fork"]
        expect("github: a fork never gets to the runner with the state", jobs["plan"].skipped)
        expect("github: a fork is planned from its files", fork.ok and "gateway.edge" in fork.summary, fork)
        expect(
            "github: it says that it is offline",
            "This comes from a fork" in fork.summary,
            fork,
        )
        expect("github: a fork gets no comment", self.comments(pull) == [], self.comments(pull))
        expect("github: nor to the cloud", len(self.world.calls) == calls)

        pull = self.pull()
        plan = self.planned(run, pull, fork=True, actor="dependabot[bot]")["plan"]
        expect(
            "github: what is given no identity is planned offline",
            plan.ok and "no credentials" in plan.text,
            plan,
        )
        expect("github: nor does that get to the cloud", len(self.world.calls) == calls)

    def drifts(self, forge, repository, run):
        def issues(state):
            return [issue for issue in self.world.issues.values() if issue["state"] == state]

        self.world.issues.clear()
        opened = "open" if forge == "github" else "opened"
        calm = run()
        expect(f"{forge}: without drift there is no issue", calm.ok and not self.world.issues, calm)
        wanted = repository.recorded()
        name = next(iter(wanted))
        self.behind_our_back(repository, wanted | {name: 7})
        found = run()
        expect(f"{forge}: drift opens an issue", found.ok and len(issues(opened)) == 1, found)
        issue = (issues(opened) or [{}])[0]
        text = issue.get("body") or issue.get("description") or ""
        expect(
            f"{forge}: which tells what has changed",
            f"gateway.{name}" in text and re.search("→ 7|-> 7|7", text),
            text,
        )
        expect(
            f"{forge}: as code",
            all(line.startswith("    ") for line in text.splitlines() if "gateway." in line),
            text,
        )
        self.behind_our_back(repository, wanted | {name: 8})
        run()
        expect(
            f"{forge}: more drift changes that issue",
            len(self.world.issues) == 1 and "8" in str(issue),
            self.world.issues,
        )
        self.behind_our_back(repository, wanted)
        gone = run()
        expect(
            f"{forge}: without drift it is closed",
            gone.ok and len(issues("closed")) == 1 and not issues(opened),
            gone,
        )
        self.behind_our_back(repository, wanted | {name: 9})
        run()
        expect(
            f"{forge}: new drift opens a new one",
            len(issues(opened)) == 1 and len(self.world.issues) == 2,
            self.world.issues,
        )
        self.behind_our_back(repository, wanted)
        run()

    def behind_our_back(self, repository, gateways):
        """Changes the cloud by another project, whose state is a copy."""
        other = Repository(self.work, f"other-{secrets.token_hex(3)}")
        os.makedirs(os.path.dirname(other.state))
        shutil.copy(repository.state, other.state)
        name, other.root = other.root, repository.root
        other.want(**gateways)
        other.root = name
        id, key = KEYS["apply"]
        environment = machine(TENCENTCLOUD_SECRET_ID=id, TENCENTCLOUD_SECRET_KEY=key, **self.cloud)
        code, text = shell([self.gwplan, "apply", "--auto-approve"], other.folder, environment)
        if code != 0:
            raise RuntimeError(text)

    # GitLab

    def test_gitlab(self):
        repository = Repository(self.work, "gitlab")
        shutil.copytree(os.path.join(EXAMPLES, "shell"), os.path.join(repository.root, "ci/gwplan"))
        pipeline = os.path.join(EXAMPLES, "gitlab/.gitlab-ci.yml")
        cloud = self.cloud | {"PATH": self.path}
        gitlab = GitLab(self.world, self.address, pipeline, cloud)
        gitlab.variables = {
            "GITLAB_TOKEN": self.world.gitlab_token,
            "GWPLAN_PROVIDER": "gitlab",
            "GWPLAN_PLAN_ROLE": PLAN_ROLE,
            "GWPLAN_APPLY_ROLE": APPLY_ROLE,
            "TENCENTCLOUD_SECRET_ID": KEYS["plan"][0],
            "TENCENTCLOUD_SECRET_KEY": KEYS["plan"][1],
        }

        def planned(pull, fork=False):
            return gitlab.run(
                repository.root,
                fork,
                CI_PIPELINE_SOURCE="merge_request_event",
                CI_COMMIT_SHA=pull["sha"],
                CI_MERGE_REQUEST_IID=str(pull["iid"]),
                CI_MERGE_REQUEST_PROJECT_ID="7",
                CI_MERGE_REQUEST_SOURCE_PROJECT_ID="8" if fork else "7",
                CI_MERGE_REQUEST_SOURCE_BRANCH_NAME="topic",
                CI_COMMIT_REF_NAME="topic",
                CI_MERGE_REQUEST_PROJECT_URL=f"http://{self.address}/acme/edge",
            )

        def on_main(source, sha="a" * 40, **more):
            return gitlab.run(
                repository.root,
                CI_PIPELINE_SOURCE=source,
                CI_COMMIT_BRANCH="main",
                CI_COMMIT_SHA=sha,
                CI_COMMIT_REF_NAME="main",
                **more,
            )

        repository.want(edge=2)
        pull, writes = self.pull(), self.writes()
        jobs = planned(pull)
        expect("gitlab: a request runs the plan alone", list(jobs) == ["plan"], jobs)
        plan = jobs["plan"]
        expect("gitlab: a request is planned", plan.ok and self.writes() == writes, plan)
        notes = self.comments(pull)
        expect(
            "gitlab: one note tells of the plan",
            len(notes) == 1 and "gateway.edge" in notes[0]["body"],
            notes,
        )
        expect(
            "gitlab: all that is to be kept is there",
            plan.artifacts and all(plan.artifacts.values()),
            plan.artifacts,
        )
        with open(plan.artifacts["gwplan-artifacts/plan-summary.json"], encoding="utf-8") as file:
            expect(
                "gitlab: the counts are in the report",
                json.load(file) == {"create": 1, "update": 0, "delete": 0},
            )
        planned(pull)
        expect("gitlab: a second run changes the note", len(self.comments(pull)) == 1, self.comments(pull))
        mark = notes[0]["body"].split("\n")[0]
        self.world.note(pull["iid"], f"{mark}\nDigest `{ZEROS}`", {"username": "mallory", "id": 666})
        jobs = on_main("push", self.merge(pull, "2099-01-01T02:00:00.000+02:00"))
        expect("gitlab: a push to main runs the apply alone", list(jobs) == ["apply"], jobs)
        expect(
            "gitlab: the approved plan is applied",
            jobs["apply"].ok and repository.recorded() == {"edge": 2},
            jobs["apply"],
        )

        repository.want(edge=3)
        pull, writes = self.pull(), self.writes()
        planned(pull)
        repository.want(edge=4)
        refused = on_main("push", self.merge(pull))["apply"]
        expect(
            "gitlab: what was not approved is refused",
            not refused.ok and "not the one that was approved" in refused.text,
            refused,
        )
        expect("gitlab: and nothing is sent", self.writes() == writes)
        expect(
            "gitlab: the refusal tells what has changed",
            re.search("nodeConfig.number.*3.*4", refused.text),
            refused,
        )
        expect("gitlab: by hand nothing runs without a digest", on_main("web") == {})
        digest = re.search(r"its digest is ([0-9a-f]{64})", refused.text)[1]
        done = on_main("web", GWPLAN_DIGEST=digest)["apply"]
        expect("gitlab: by hand a digest is applied", done.ok and repository.recorded() == {"edge": 4}, done)
        repository.want(edge=5)
        late = self.pull()
        planned(late)
        refused = on_main("push", self.merge(late, "2001-01-01T00:00:00.000Z"))["apply"]
        expect(
            "gitlab: refused: a note that was changed after the merge",
            not refused.ok and "changed after the merge" in refused.text,
            refused,
        )
        repository.want(edge=4)

        def drift():
            jobs = on_main("schedule")
            expect("gitlab: a schedule runs the drift alone", list(jobs) == ["drift"], jobs)
            return jobs["drift"]

        self.drifts("gitlab", repository, drift)

        pull, calls = self.pull(fork=True), len(self.world.calls)
        jobs = planned(pull, fork=True)
        expect("gitlab: a fork gets to no runner with the state", list(jobs) == ["plan of a fork"], jobs)
        fork = jobs["plan of a fork"]
        expect("gitlab: a fork is planned from its files", fork.ok and all(fork.artifacts.values()), fork)
        expect("gitlab: which is told", "This comes from a fork" in fork.text, fork)
        expect(
            "gitlab: a fork gets neither a note nor to the cloud",
            not self.comments(pull) and len(self.world.calls) == calls,
        )

    # Atlantis

    def test_atlantis(self):
        repository = Repository(self.work, "atlantis")
        id, key = KEYS["apply"]
        cloud = self.cloud | {
            "TENCENTCLOUD_SECRET_ID": id,
            "TENCENTCLOUD_SECRET_KEY": key,
            "PATH": self.path,
        }
        atlantis = Atlantis(os.path.join(EXAMPLES, "atlantis/repos.yaml"), cloud)
        repository.want(edge=2)
        plan = atlantis.run("plan", repository.folder)
        expect("atlantis: a plan is shown", plan.ok and "Plan: 1 to add" in plan.text, plan)
        expect("atlantis: without colours", "\x1b" not in plan.text)
        done = atlantis.run("apply", repository.folder)
        expect("atlantis: and applied", done.ok and repository.recorded() == {"edge": 2}, done)
        again = atlantis.run("apply", repository.folder)
        expect("atlantis: what is applied already is left alone", again.ok and "applied already" in again.text, again)
        repository.want(edge=0)
        expect("atlantis: files with a fault have no plan", not atlantis.run("plan", repository.folder).ok)

    # Any other

    def test_shell(self):
        repository = Repository(self.work, "shell")
        id, key = KEYS["apply"]
        base = machine(
            TENCENTCLOUD_SECRET_ID=id, TENCENTCLOUD_SECRET_KEY=key, GWPLAN=self.gwplan, **self.cloud
        )

        def run(script, *arguments, **more):
            return shell(
                [os.path.join(EXAMPLES, "shell", script), *arguments], repository.folder, base | more
            )

        def outputs():
            with open(
                os.path.join(repository.folder, "gwplan-artifacts/outputs.env"), encoding="utf-8"
            ) as file:
                return dict(line.strip().split("=", 1) for line in file)

        repository.want(edge=2, more=2)
        code, text = run("plan.sh")
        expect("shell: a plan is made", code == 0 and "Plan: 2 to add" in text, text)
        whole = outputs()
        expect(
            "shell: its outputs are told", whole["changes"] == "true" and len(whole["digest"]) == 64, whole
        )
        code, text = run("apply.sh")
        expect(
            "shell: without a digest nothing is applied",
            code == 1 and "no approved plan is known" in text and not repository.recorded(),
            text,
        )
        code, text = run("apply.sh", GWPLAN_DIGEST=ZEROS)
        expect("shell: with another digest neither", code == 1 and not repository.recorded(), text)
        code, text = run("plan.sh", "--target", "gateway.edge")
        part = outputs()
        code, text = run("apply.sh", GWPLAN_DIGEST=part["digest"])
        expect("shell: a part's digest is not the whole's", code == 1 and not repository.recorded(), text)
        code, text = run("apply.sh", "--target", "gateway.edge", GWPLAN_DIGEST=part["digest"])
        expect("shell: a part is applied as a part", code == 0 and repository.recorded() == {"edge": 2}, text)
        code, text = run("plan.sh")
        code, text = run("apply.sh", GWPLAN_DIGEST=outputs()["digest"])
        expect(
            "shell: the rest with the digest of the rest",
            code == 0 and repository.recorded() == {"edge": 2, "more": 2},
            text,
        )
        code, text = run("plan.sh")
        expect(
            "shell: then there is nothing to do",
            outputs()["changes"] == "false" and outputs()["risk"] == "none",
            outputs(),
        )
        code, text = run("drift.sh")
        expect("shell: there is no drift", code == 0 and outputs() == {"drift": "false"}, text)
        self.behind_our_back(repository, {"edge": 3, "more": 2})
        code, text = run("drift.sh")
        expect("shell: there is drift", code == 0 and outputs() == {"drift": "true"}, text)
        code, text = run("drift.sh", TENCENTCLOUD_SECRET_KEY="wrong")
        expect("shell: an error is no drift", code == 1, text)


def run_group(names, simulator, gwplan, work):
    """Runs some of the flows with a forge of their own; returns what they print and their counts."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            os.makedirs(work)
            world = World(roles(), KEYS, simulator)
            flows = Flows(world, serve(world), work, gwplan)
            for name in names:
                getattr(flows, f"test_{name}")()
        except Exception:
            expect(f"the flows {', '.join(names)} come to their end", False, traceback.format_exc())
    return printed.getvalue(), passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gwplan", required=True)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("work")
    arguments = parser.parse_args()
    gwplan, work = os.path.abspath(arguments.gwplan), os.path.abspath(arguments.work)
    counts = [0, 0]
    # They wait for the cloud most of the time.
    with concurrent.futures.ProcessPoolExecutor(len(GROUPS)) as pool:
        jobs = [
            pool.submit(run_group, names, arguments.simulator, gwplan, os.path.join(work, names[0]))
            for names in GROUPS
        ]
        for job in jobs:
            text, *found = job.result()
            print(text, end="", flush=True)
            counts = [sum(pair) for pair in zip(counts, found)]
    print(f"{counts[0]} passed, {counts[1]} failed")
    sys.exit(1 if counts[1] else 0)


if __name__ == "__main__":
    main()

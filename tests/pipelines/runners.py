"""Runs the jobs of GitHub's workflows, GitLab's pipelines and Atlantis as their runners do: the same
shells, files and variables, as far as the examples use them. What is not known here is an error."""

import io
import json
import os
import secrets
import subprocess
import zipfile

import yaml

from expressions import evaluate, fill, holds

ACTION = "your-org/gwplan@"
# What a runner of one's own has; all else comes from the pipeline.
MACHINE = ("PATH", "HOME", "TMPDIR")


class Loader(yaml.SafeLoader):
    """Reads YAML 1.2's booleans: the key `on` is no boolean."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)


class Result:
    """Holds how a job ended."""

    def __init__(self):
        self.ok, self.text, self.outputs, self.skipped = True, "", {}, False
        self.artifacts, self.summary = {}, ""

    def __repr__(self):
        return f"{'done' if self.ok else 'failed'}: {self.text[-1500:]}"


def shell(command, folder, environment):
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return run.returncode, run.stdout


def machine(**more):
    return {name: os.environ[name] for name in MACHINE if name in os.environ} | more


class GitHub:
    """Runs workflows in a repository that is checked out to a folder."""

    def __init__(self, world, address, work, action, gwplan, cloud):
        self.world, self.address, self.work = world, address, work
        self.action, self.gwplan, self.cloud = action, gwplan, cloud
        self.variables, self.cached = {}, []

    def run(self, workflow, folder, event, name, sha, inputs=None, fork=False, actor="ada"):
        """Returns the results by job."""
        content = load(workflow)
        pull = event.get("pull_request")
        ref = f"refs/pull/{pull['number']}/merge" if pull else "refs/heads/main"
        github = {
            "event": event,
            "event_name": name,
            "repository": "acme/edge",
            "sha": sha,
            "ref": ref,
            "ref_name": ref.removeprefix("refs/heads/").removeprefix("refs/"),
            "actor": actor,
        }
        results = {}
        for key, job in content["jobs"].items():
            result = results[key] = Result()
            context = {"github": github, "inputs": inputs or {}, "vars": self.variables, "secrets": {}}
            if not holds(job.get("if"), context):
                result.skipped = True
                continue
            self.job(job, content["permissions"], dict(context), folder, result, fork)
        return results

    def job(self, job, permissions, context, folder, result, fork):
        grants = dict(job.get("permissions", permissions))
        environment = job.get("environment")
        if fork:
            grants = {name: "read" for name in grants if name != "id-token"}
        token, github = "ghs-" + secrets.token_hex(8), dict(context["github"])
        self.world.tokens[token] = grants
        github["token"] = token
        temp = os.path.join(self.work, secrets.token_hex(4))
        os.makedirs(temp)
        files = {}
        for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
            files[name] = os.path.join(temp, name)
            with open(files[name], "w", encoding="utf-8") as file:
                json.dump(github["event"], file) if name == "GITHUB_EVENT_PATH" else None
        variables = machine(
            CI="true",
            GITHUB_ACTIONS="true",
            GITHUB_REPOSITORY="acme/edge",
            GITHUB_RUN_ID="42",
            GITHUB_SERVER_URL=f"http://{self.address}",
            GITHUB_API_URL=f"http://{self.address}",
            GITHUB_EVENT_NAME=github["event_name"],
            GITHUB_SHA=github["sha"],
            GITHUB_REF=github["ref"],
            GITHUB_REF_NAME=github["ref_name"],
            GITHUB_WORKSPACE=folder,
            GITHUB_ACTOR=github["actor"],
            RUNNER_TEMP=temp,
            RUNNER_TOOL_CACHE=os.path.join(self.work, "tools"),
            **self.cloud,
            **files,
        )
        if grants.get("id-token") == "write":
            if environment:
                subject = f"environment:{environment}"
            else:
                subject = "pull_request" if "pull_request" in github["event"] else f"ref:{github['ref']}"
            bearer = secrets.token_hex(8)
            self.world.identity_requests[bearer] = f"repo:acme/edge:{subject}"
            variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"http://{self.address}/oidc?version=2"
            variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = bearer
        context = context | {"github": github, "runner": {"os": "Linux", "arch": "X64", "temp": temp}}
        self.steps(job["steps"], context, variables, folder, result)
        with open(files["GITHUB_STEP_SUMMARY"], encoding="utf-8") as file:
            result.summary = file.read()
        # What is to be masked is told to the runner alone.
        shown = [line for line in result.text.splitlines() if not line.startswith("::add-mask::")]
        for secret in [token, *self.world.identities]:
            if secret in "\n".join([*shown, result.summary]):
                result.ok, result.text = False, f"a token is shown:\n{result.text}"

    def steps(self, steps, context, variables, folder, result):
        context = context | {"steps": {}, "cancelled()": False}
        for step in steps:
            condition = step.get("if")
            # A step without such a word runs only if all went well.
            if not (result.ok or "cancelled()" in str(condition)):
                continue
            if not holds(condition, context):
                continue
            given = {key: fill(str(value), context) for key, value in step.get("with", {}).items()}
            environment = {key: fill(str(value), context) for key, value in step.get("env", {}).items()}
            outputs = {}
            if "run" in step:
                place = os.path.join(folder, fill(step.get("working-directory", "."), context))
                outputs = self.script(step, place, variables | environment, result)
            elif step["uses"].startswith(ACTION):
                outputs = self.composite(given, context, variables | environment, folder, result)
            elif step["uses"].startswith("actions/upload-artifact@"):
                result.artifacts[given["name"]] = self.keep(given, context, folder)
            elif step["uses"].startswith("actions/cache@"):
                self.cached.append(given["key"])
            elif not step["uses"].startswith("actions/checkout@"):
                raise ValueError(f"not known: {step['uses']}")
            context["steps"][step.get("id", "")] = {"outputs": outputs}
        return context

    def keep(self, given, context, folder):
        content = io.BytesIO()
        root = os.path.join(folder, given["path"])
        with zipfile.ZipFile(content, "w") as archive:
            for name in os.listdir(root):
                archive.write(os.path.join(root, name), name)
        head = context["github"]["event"]["pull_request"]["head"]["sha"]
        about = {
            "id": self.world.number(),
            "name": given["name"],
            "workflow_run": {"head_sha": head},
            "expired": False,
        }
        self.world.artifacts[about["id"]] = (about, content.getvalue())
        return sorted(os.listdir(root))

    def script(self, step, folder, variables, result):
        if step["shell"] != "bash":
            raise ValueError(f"not known: {step['shell']}")
        temp = variables["RUNNER_TEMP"]
        output, script = os.path.join(temp, "output"), os.path.join(temp, "script")
        open(output, "w", encoding="utf-8").close()
        with open(script, "w", encoding="utf-8") as file:
            file.write(step["run"])
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script]
        code, text = shell(command, folder, variables | {"GITHUB_OUTPUT": output})
        result.text += text
        result.ok = result.ok and code == 0
        with open(output, encoding="utf-8") as file:
            return dict(line.split("=", 1) for line in file.read().splitlines())

    def composite(self, given, context, variables, folder, result):
        action = load(os.path.join(self.action, "action.yml"))
        unknown = set(given) - set(action["inputs"])
        if unknown:
            raise ValueError(f"the action has no inputs {unknown}")
        inputs = {}
        for name, about in action["inputs"].items():
            if about.get("required") and name not in given:
                raise ValueError(f"the action needs the input {name}")
            inputs[name] = given.get(name, fill(str(about.get("default", "")), context))
        # The runner has a gwplan, but where building one is what is tested.
        inputs["program"] = inputs["program"] or self.gwplan or ""
        github = context["github"] | {"action_path": self.action}
        context = context | {"inputs": inputs, "github": github}
        context = self.steps(action["runs"]["steps"], context, variables, folder, result)
        outputs = {name: fill(about["value"], context) for name, about in action["outputs"].items()}
        result.outputs |= {name: value for name, value in outputs.items() if value}
        return outputs


class GitLab:
    """Runs the jobs of a pipeline."""

    def __init__(self, world, address, pipeline, cloud):
        self.world, self.address, self.cloud = world, address, cloud
        self.content = load(pipeline)
        self.variables = {}

    def whole(self, name):
        job = dict(self.content[name])
        base = job.pop("extends", None)
        if base is None:
            return job
        merged = self.whole(base) | job
        for key in ("variables", "id_tokens"):
            merged[key] = self.whole(base).get(key, {}) | job.get(key, {})
        return merged

    def run(self, folder, fork=False, **variables):
        """Returns the results by job, of the pipeline that these variables describe."""
        home = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_ID": "8" if fork else "7",
            "CI_API_V4_URL": f"http://{self.address}/api/v4",
            "CI_PROJECT_DIR": folder,
            "CI_DEFAULT_BRANCH": "main",
            "CI_JOB_ID": "42",
            "CI_JOB_URL": f"http://{self.address}/jobs/42",
            "CI_PROJECT_URL": f"http://{self.address}/acme/edge",
            "CI_PROJECT_PATH": "acme/edge",
        }
        everything = home | ({} if fork else self.variables) | variables
        if not any(evaluate(rule["if"], everything) for rule in self.content["workflow"]["rules"]):
            return {}
        results = {}
        for name in self.content:
            if name in ("stages", "workflow", "variables", "default") or name.startswith("."):
                continue
            job = self.whole(name)
            if any(evaluate(rule["if"], everything) for rule in job["rules"]):
                results[name] = self.job(job, folder, everything, fork)
                self.keep(name, everything, results[name])
        return results

    def keep(self, name, variables, result):
        if "CI_MERGE_REQUEST_IID" not in variables:
            return
        files = {}
        for root, _, names in (it for path in result.artifacts.values() if path for it in os.walk(path)):
            for file in names:
                path = os.path.join(root, file)
                with open(path, "rb") as content:
                    files[os.path.relpath(path, variables["CI_PROJECT_DIR"])] = content.read()
        about = {
            "id": self.world.number(),
            "name": name,
            "iid": variables["CI_MERGE_REQUEST_IID"],
            "sha": variables["CI_COMMIT_SHA"],
        }
        self.world.artifacts[about["id"]] = (about, files)

    def job(self, job, folder, variables, fork):
        result = Result()
        own = self.content["variables"] | job.get("variables", {})
        known = dict(variables)
        for name, value in own.items():
            for other in sorted(known, key=len, reverse=True):
                value = value.replace(f"${other}", known[other])
            variables = {name: value} | variables
        for name, token in job.get("id_tokens", {}).items():
            project = "mallory/edge" if fork else "acme/edge"
            branch = variables.get("CI_COMMIT_BRANCH") or variables["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"]
            subject = f"project_path:{project}:ref_type:branch:ref:{branch}"
            variables = variables | {name: self.world.identity("gitlab", subject, token["aud"])}
        script = "set -eo pipefail\nset +o noclobber\n" + "\n".join(job["script"])
        code, text = shell(["bash", "-c", script], folder, machine(**self.cloud) | variables)
        result.ok, result.text = code == 0, text
        artifacts = job.get("artifacts", {})
        if result.ok or artifacts.get("when") == "always":
            for path in [*artifacts.get("paths", []), artifacts.get("reports", {}).get("terraform")]:
                if path:
                    kept = os.path.join(folder, path)
                    result.artifacts[path] = kept if os.path.exists(kept) else None
        return result


class Atlantis:
    """Runs the steps of a workflow of Atlantis's."""

    def __init__(self, repos, cloud):
        self.workflow, self.cloud = load(repos)["workflows"]["gwplan"], cloud

    def run(self, stage, folder):
        result = Result()
        variables = machine(PLANFILE=os.path.join(folder, "gateways-default.tfplan"), **self.cloud)
        for step in self.workflow[stage]["steps"]:
            code, text = shell(["sh", "-c", step["run"]], folder, variables)
            result.text += text
            if code != 0:
                result.ok = False
                break
        return result

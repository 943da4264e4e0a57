"""Makes pages of HTML with gwplan against a running simulated cloud.

    python pages.py --endpoint http://127.0.0.1:PORT --secret-id ID --secret-key KEY GWPLAN FOLDER

Writes into FOLDER: `mixed.html` with all that a plan can hold, `many.html` with 300 gateways, `hostile.html`
with texts that try to be more than text, and `empty.html`. Prints one line for each.
"""

import json
import os
import tempfile
import urllib.request

import plans
from plans import Folder, gateway

PUBLIC = {
    "internetPayMode": "TRAFFIC",
    "internetMaxBandwidthOut": 100,
    "slaType": "clb.c2.medium",
}
MARKUP = "</script><script>window.hurt=1</script></details></table><img src=x onerror=window.hurt=1>"
QUOTES = "\"'`&amp;<b onmouseover=window.hurt=1 style=position:fixed>@team #1 !"
UNSEEN = "\x1b[31mred\x1b[0m \u202egnp.exe\u202c \u2066 \u200b end"
EMOJI = "\U0001f389" * 120


def interfere(options, identity, changes):
    """Changes a gateway as if someone had done so elsewhere."""
    url = f"{options.endpoint}/_simulator/gateways/{identity}"
    request = urllib.request.Request(url, json.dumps(changes).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        answer.read()


def identity(project, name):
    with open(os.path.join(project.path, "state", "default.json"), encoding="utf-8") as file:
        return json.load(file)["resources"][f"gateway.{name}"]["gatewayId"]


def rich_before():
    return {
        "edge-a": gateway("edge-a", internetConfig=PUBLIC, description="Public ingress of the shop, live"),
        "edge-b": gateway("edge-b", internetConfig=PUBLIC, dependsOn=["gateway.edge-a"]),
        "api": gateway("api", dependsOn=["gateway.edge-a"]),
        "auth": gateway("auth", dependsOn=["gateway.api"]),
        "billing": gateway("billing", description="Takes the payments of the shop; ask finance before a change"),
        "legacy": gateway("legacy", dependsOn=["gateway.billing"]),
        "old": gateway("old"),
        "given-up": gateway("given-up"),
        "reports": gateway("reports", dependsOn=["gateway.auth"], lifecycle={"ignoreChanges": ["description"]}),
        "search": gateway("search"),
    }


def rich_after():
    gateways = rich_before()
    for gone in ("legacy", "old", "given-up"):
        del gateways[gone]
    gateways["edge-b"]["gatewayVersion"] = "2.4.1"
    gateways["api"]["nodeConfig"] = {"specification": "2c4g", "number": 4}
    gateways["api"]["tags"] = {"team": "platform", "env": "prod"}
    gateways["billing"]["description"] = "Takes the payments of the web shop; ask the finance team before any change"
    gateways["reports"]["description"] = "Quarterly"
    gateways["renamed"] = gateway("old")
    gateways["canary"] = gateway("canary", dependsOn=["gateway.api", "gateway.auth"])
    gateways["canary-2"] = gateway(
        "canary-2", nodeConfig={"specification": "1c2g", "number": 1}, dependsOn=["gateway.canary", "gateway.edge-a"]
    )
    return gateways


def mixed(options, project):
    project.write("gateways.yaml", {"gateways": rich_before()})
    project.run("apply", "--auto-approve")
    yield "empty", project.run("plan", "--format", "html")
    interfere(options, identity(project, "search"), {"Description": "Tuned by hand", "NodeConfig": {"Number": 3}})
    moved, removed = {"from": "gateway.old", "to": "gateway.renamed"}, {"from": "gateway.given-up"}
    project.write("gateways.yaml", {"gateways": rich_after(), "moved": [moved], "removed": [removed]})
    yield "mixed", project.run("plan", "--format", "html")
    project.run("destroy", "--auto-approve")


def many(_, project):
    def one(number):
        after = [f"gateway.shard-{number // 3:03}"] if number else []
        return gateway(f"shard-{number:03}", dependsOn=after)

    gateways = {f"shard-{number:03}": one(number) for number in range(300)}
    project.write("gateways.yaml", {"gateways": gateways})
    yield "many", project.run("plan", "--offline", "--format", "html")


def hostile(options, project):
    hurt = gateway("hurt", description=MARKUP, tags={"team": "@team"})
    project.write("gateways.yaml", {"gateways": {"hurt": hurt, "other": gateway("other")}})
    project.run("apply", "--auto-approve")
    interfere(options, identity(project, "other"), {"Description": UNSEEN + MARKUP})
    hurt["description"] = QUOTES
    new = gateway("new", description=QUOTES)
    project.write("gateways.yaml", {"gateways": {"hurt": hurt, "other": gateway("other", description=EMOJI), "new": new}})
    yield "hostile", project.run("plan", "--format", "html")
    project.run("destroy", "--auto-approve")


def main():
    options = plans.arguments()
    for make in (mixed, many, hostile):
        with tempfile.TemporaryDirectory() as path:
            for name, page in make(options, Folder(options, path)):
                with open(os.path.join(options.folder, f"{name}.html"), "w", encoding="utf-8") as file:
                    file.write(page)
                print("made", f"{name}.html")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures what gwplan costs where there is nothing to do and where all is to be shown, and how that grows.

    cargo build --release
    python3 benches/plan.py [GWPLAN]

GWPLAN is the program, by default target/release/gwplan. The gateways are in a simulated cloud in a
process of its own, so that its work is not counted. Times are CPU time (user and system) in
milliseconds, the least of several runs; memory is the peak of the resident set in MiB; calls are
counted by the cloud. Compare the ratios, not the times, between machines.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

SIZES = (1_000, 10_000)
RUNS = 5
STARTS = 20
FACES = ("text", "markdown", "json", "html")
ID, KEY = "AKID-bench-not-a-real-secret-id", "bench-not-a-real-secret-key"
PROJECT = "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n"
GATEWAY = """\
  g{0:05}:
    name: g{0:05}
    gatewayVersion: 2.5.1
    nodeConfig: {{ specification: 1c2g, number: 2 }}
    vpcConfig: {{ vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }}
    description: The gateway of number {0}
    tags: {{ env: prod, team: edge }}
"""


def cost(command, folder, environment):
    """Runs a command; returns its CPU time in milliseconds and its peak memory in MiB."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{command} ended with {process.returncode}:\n{output.read().decode()[-2000:]}")
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def least(runs, command, folder, environment):
    """Returns the least CPU time and the least peak memory of several runs."""
    costs = [cost(command, folder, environment) for _ in range(runs)]
    return min(cpu for cpu, _ in costs), min(memory for _, memory in costs)


class Cloud:
    """A simulated cloud that works at once and sets no limits."""

    FLAGS = ["--rps", "0", "--create-time", "0s"]

    def __init__(self, gwplan, environment):
        self.process = subprocess.Popen(
            [gwplan, "-q", "simulator", *self.FLAGS, "--credential", f"{ID}:{KEY}"],
            stdout=subprocess.PIPE, env=environment, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()

    def calls(self):
        """Returns how many requests came so far."""
        with urllib.request.urlopen(f"{self.url}/_simulator/stats") as answer:
            return sum(json.load(answer)["calls"].values())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def measure(gwplan, size, environment):
    """Returns the costs of validate and plan for a number of gateways."""
    with tempfile.TemporaryDirectory() as folder, Cloud(gwplan, environment) as cloud:
        Path(folder, "gwplan.yaml").write_text(PROJECT, encoding="utf-8")
        gateways = "".join(GATEWAY.format(number) for number in range(size))
        Path(folder, "gateways.yaml").write_text("gateways:\n" + gateways, encoding="utf-8")
        environment = environment | {"GWPLAN_ENDPOINT": cloud.url}
        apply = [gwplan, "-q", "apply", "--auto-approve"]
        costs = {"apply": (*cost(apply, folder, environment), cloud.calls())}
        costs["validate"] = (*least(RUNS, [gwplan, "validate"], folder, environment), 0)
        costs["plan --offline"] = (*least(RUNS, [gwplan, "plan", "--offline"], folder, environment), 0)
        before = cloud.calls()
        plan = least(RUNS, [gwplan, "plan", "--detailed-exitcode"], folder, environment)
        costs["plan"] = (*plan, (cloud.calls() - before) // RUNS)
        # Without a state all of it is new: the faces have everything to show.
        shutil.rmtree(Path(folder, "state"))
        for face in FACES:
            command = [gwplan, "plan", "--offline", "--format", face]
            costs[f"new, {face}"] = (*least(RUNS, command, folder, environment), 0)
    return costs


def start_up(gwplan, environment):
    """Prints what it costs to start, beside other programs."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "gwplan.yaml").write_text(PROJECT, encoding="utf-8")
        Path(folder, "gateways.yaml").write_text("gateways:\n" + GATEWAY.format(1), encoding="utf-8")
        commands = [[gwplan, "--version"], [gwplan, "validate"]]
        commands += [[path, "--version"] for path in map(shutil.which, ["git", "terraform"]) if path]
        costs = {Path(command[0]).name + " " + command[1]: least(STARTS, command, folder, environment)
                 for command in commands}
    # Small programs' memory is not told: the figure holds what this one had when it started them.
    base = costs.get("git --version", next(iter(costs.values())))[0]
    print(f"{'to start':24} {'CPU ms':>9}   {'of git':>6}")
    for name, (cpu, _) in costs.items():
        print(f"{name:24} {cpu:9.1f}   {cpu / base:6.1f}")


def main():
    """Measures and prints."""
    root = Path(__file__).resolve().parent.parent
    gwplan = str(Path(sys.argv[1] if len(sys.argv) > 1 else root / "target/release/gwplan").resolve())
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "GWPLAN_METADATA": "off"}
        start_up(gwplan, environment)
        environment |= {"TENCENTCLOUD_SECRET_ID": ID, "TENCENTCLOUD_SECRET_KEY": KEY}
        small, large = (measure(gwplan, size, environment) for size in SIZES)
    print(f"\n{'':16}" + "".join(f" {size:>8,} CPU ms {'MiB':>7} {'calls':>6}" for size in SIZES)
          + f"   {'ratio of CPU':>12} {'of MiB':>7}")
    for name in small:
        row = "".join(f" {cpu:15.1f} {memory:7.1f} {calls:6}" for cpu, memory, calls in (small[name], large[name]))
        print(f"{name:16}{row}   {large[name][0] / small[name][0]:12.1f} {large[name][1] / small[name][1]:7.1f}")


if __name__ == "__main__":
    main()

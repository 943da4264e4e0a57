#!/usr/bin/env python3
"""Measures how long fleets take to make, to change and to destroy, against what the cloud takes by itself.

    cargo build --release
    python3 benches/speed.py [GWPLAN]

GWPLAN is the program, by default target/release/gwplan. The simulated cloud is a process of its own that
takes 20 requests a second for each action, as the real one does, and whose tasks take a second. The ideal is
N / 20 for the calls that change something, and the last task. Times are seconds by the clock, of the whole
command, with the plan before; compare the ratios between machines. It takes about five minutes.
The same in virtual time, which no machine disturbs:
    GWPLAN_FLEET=1000 cargo test --release --test fleet -- --nocapture a_fleet
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from plan import GATEWAY, ID, KEY, Cloud

SIZES = (100, 500, 1_000)
RATE, TASK = 20, 1
PROJECT = "provider: { region: ap-guangzhou }\n"


class Paced(Cloud):
    """A simulated cloud with the real one's rate."""

    FLAGS = ["--rps", str(RATE), "--create-time", f"{TASK}s", "--update-time", f"{TASK}s",
             "--delete-time", f"{TASK}s"]

    def throttled(self):
        """Returns how often it said that it was asked too much."""
        with urllib.request.urlopen(f"{self.url}/_simulator/stats") as answer:
            rejections = json.load(answer)["rejections"].values()
        return sum(codes.get("RequestLimitExceeded", 0) for codes in rejections)


def write(folder, size, change):
    """Writes the gateways file, with something in it changed."""
    gateways = "".join(GATEWAY.format(number) for number in range(size))
    Path(folder, "gateways.yaml").write_text("gateways:\n" + change(gateways), encoding="utf-8")


def run(command, folder, environment):
    """Returns the seconds that a command takes."""
    begun = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def measure(gwplan, size, environment):
    """Returns the seconds of each command for a number of gateways, and how often the cloud throttled."""
    apply, destroy = ([gwplan, "-q", verb, "--auto-approve"] for verb in ("apply", "destroy"))
    with tempfile.TemporaryDirectory() as folder, Paced(gwplan, environment) as cloud:
        Path(folder, "gwplan.yaml").write_text(PROJECT, encoding="utf-8")
        environment = environment | {"GWPLAN_ENDPOINT": cloud.url}
        seconds = {}
        for what, task, command, change in (
                ("apply", TASK, apply, lambda text: text),
                ("new description", 0, apply, lambda text: text.replace("The gateway", "A gateway")),
                ("new nodes", TASK, apply, lambda text: text.replace("The gateway", "A gateway").replace("1c2g", "2c4g")),
                ("destroy", TASK, destroy, lambda text: text)):
            write(folder, size, change)
            seconds[what] = (run(command, folder, environment), size / RATE + task)
        return seconds, cloud.throttled()


def main():
    """Measures and prints."""
    root = Path(__file__).resolve().parent.parent
    gwplan = str(Path(sys.argv[1] if len(sys.argv) > 1 else root / "target/release/gwplan").resolve())
    print(f"{'':8} {'':16} {'seconds':>8} {'ideal':>8} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "GWPLAN_METADATA": "off",
                       "TENCENTCLOUD_SECRET_ID": ID, "TENCENTCLOUD_SECRET_KEY": KEY}
        for size in SIZES:
            seconds, throttled = measure(gwplan, size, environment)
            for what, (took, ideal) in seconds.items():
                print(f"{size:8,} {what:16} {took:8.2f} {ideal:8.2f} {took / ideal:6.3f}", flush=True)
            print(f"{size:8,} answers of throttling: {throttled}", flush=True)


if __name__ == "__main__":
    main()

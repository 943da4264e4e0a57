#!/usr/bin/env python3
"""Measures what the journal costs, and how an apply grows.

    cargo build --release
    python3 benches/apply.py [GWPLAN]

GWPLAN is the program, by default target/release/gwplan. Gateways are created in a simulated cloud in
a process of its own that works at once and sets no limits: what is left is gwplan's own work and the
disk's. The same is done once more with a disk that confirms without writing: a small library, which
needs a C compiler, takes the place of fsync and fdatasync. Times are seconds by the clock, the least
of several runs. Compare the ratios, not the times, between machines.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from plan import GATEWAY, ID, KEY, PROJECT, Cloud

SIZES = (1_000, 10_000)
RUNS = 3
UNSYNCED = "int fsync(int f) { return 0; }\nint fdatasync(int f) { return 0; }\n"


def unsynced(folder):
    """Makes the library that takes the place of the syncs; returns its path."""
    compiler = shutil.which("cc") or sys.exit("a C compiler (cc) is needed for the comparison")
    source, library = Path(folder, "unsynced.c"), Path(folder, "unsynced.so")
    source.write_text(UNSYNCED, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


def apply(gwplan, size, environment):
    """Returns the seconds that it takes to create a number of gateways."""
    with tempfile.TemporaryDirectory() as folder, Cloud(gwplan, environment) as cloud:
        Path(folder, "gwplan.yaml").write_text(PROJECT, encoding="utf-8")
        gateways = "".join(GATEWAY.format(number) for number in range(size))
        Path(folder, "gateways.yaml").write_text("gateways:\n" + gateways, encoding="utf-8")
        # All at once: otherwise the pauses between two looks at the cloud are what is measured.
        command = [gwplan, "-q", "apply", "--auto-approve", "--parallelism", "10000"]
        begun = time.monotonic()
        subprocess.run(command, cwd=folder, env=environment | {"GWPLAN_ENDPOINT": cloud.url},
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun


def main():
    """Measures and prints."""
    root = Path(__file__).resolve().parent.parent
    gwplan = str(Path(sys.argv[1] if len(sys.argv) > 1 else root / "target/release/gwplan").resolve())
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "GWPLAN_METADATA": "off",
                       "TENCENTCLOUD_SECRET_ID": ID, "TENCENTCLOUD_SECRET_KEY": KEY}
        kinds = {"journal synced": environment,
                 "journal not synced": environment | {"LD_PRELOAD": unsynced(home)}}
        seconds = {name: [min(apply(gwplan, size, own) for _ in range(RUNS)) for size in SIZES]
                   for name, own in kinds.items()}
    print(f"{'apply':20}" + "".join(f" {size:>8,} s" for size in SIZES) + f"   {'growth':>6}")
    for name, (small, large) in seconds.items():
        print(f"{name:20} {small:10.2f} {large:10.2f}   {large / small:6.1f}")
    ratios = [with_sync / without for with_sync, without in zip(*seconds.values())]
    print(f"{'ratio':20}" + "".join(f" {ratio:10.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()

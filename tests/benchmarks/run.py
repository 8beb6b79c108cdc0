"""Measure Keytrail's speed and memory, and print them beside what was aimed at. Nothing is asserted.

    .venv/bin/python tests/benchmarks/run.py [--only NAME] [--rounds N] [--seconds S]

The machine is not quiet: trust the ratios, and of these the ratios of CPU per request most.
"""

import argparse
import os
import platform
import sys
from importlib.metadata import version

from callers import verified
from console import console
from data_dir import data_dir
from decisions import decisions
from lists import lists, tagged
from log import request_log
from measures import MEASURES, Effort
from pairs import filling, rsa_keys, signatures
from report import Row, table
from servers import competitor_versions
from snapshots import snapshots
from tls import handshakes
from trail import trail
from values import value_codecs

ALL = {
    **MEASURES,
    "lists": lists,
    "tagged": tagged,
    "log": request_log,
    "trail": trail,
    "console": console,
    "data_dir": data_dir,
    "values": value_codecs,
    "decisions": decisions,
    "verified": verified,
    "pairs": rsa_keys,
    "filling": filling,
    "sign": signatures,
    "snapshots": snapshots,
    "tls": handshakes,
}


def main() -> None:
    options = arguments()
    effort = Effort(options.rounds, options.seconds)
    rows: list[Row] = []
    for name in options.only or ALL:
        print(f"measuring {name}: {ALL[name].__doc__}", file=sys.stderr)
        rows += ALL[name](effort)
    versions = [f"uvicorn {version('uvicorn')}", f"flask {version('flask')}", competitor_versions()]
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"\n{machine}, {effort.rounds} rounds of {effort.seconds:g} s; {', '.join(filter(None, versions))}.")
    print("Medians; `/s` is requests per second, `us` is the server's CPU time per request.")
    print("A ratio is Keytrail's figure over the one that it is compared with, round by round.\n")
    print(table(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Keytrail beside its targets.")
    parser.add_argument("--only", action="append", choices=ALL, help="this alone (may be repeated)")
    parser.add_argument("--rounds", type=at_least_three, default=5, help="a median is taken of so many (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of load in a round, for each side (1)")
    return parser.parse_args()


def at_least_three(text: str) -> int:
    if int(text) < 3:
        raise argparse.ArgumentTypeError("a median wants at least 3 rounds")
    return int(text)


if __name__ == "__main__":
    main()

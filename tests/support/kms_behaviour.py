"""The tables of docs/kms-behaviour.md, of which tests make their cases."""

from __future__ import annotations

import csv
import json
from typing import Any

from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "kms-behaviour"


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a table, each by the names of its columns. The lines with `#` say where the table is from."""
    lines = (line for line in (FOLDER / table).read_text().splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def event_shapes() -> dict[str, dict[str, Any]]:
    """The members of each CloudTrail event, by its name."""
    events: dict[str, dict[str, Any]] = json.loads((FOLDER / "cloudtrail-shapes.json").read_text())["events"]
    return events

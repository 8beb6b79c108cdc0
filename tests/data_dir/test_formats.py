"""Folders of every format that there has been are read.

How we know: format_sample.py wrote the samples when their format was new, with what their endpoint told then. Whoever
renames what is written finds out here, and writes a new format with a migration of the older ones.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from keytrail.data_dir.folder import DATABASE, FORMAT
from keytrail.data_dir.records import KINDS, PARTS
from keytrail.server import KeytrailServer
from tests.data_dir.format_sample import HERE, told
from tests.support.paths import ROOT

FORMATS = range(1, FORMAT + 1)


def folder_of(version: int, to: Path) -> Path:
    to.mkdir()
    database = sqlite3.connect(to / DATABASE)
    database.executescript((HERE / f"format-{version}.sql").read_text())
    database.close()
    return to


@pytest.mark.parametrize("version", FORMATS)
def test_a_folder_is_read_as_it_was_written(version: int, tmp_path: Path) -> None:
    expected = json.loads((HERE / f"format-{version}.json").read_text())
    with KeytrailServer(data_dir=folder_of(version, tmp_path / "data")) as server:
        assert server.events() == expected["past"]
        assert told(server) == expected["told"]
        server.reset()
        assert len(server.endpoint.store.newest.all_keys()) == 1, "the initial state is read too"


def test_the_sample_has_every_kind_of_record(tmp_path: Path) -> None:
    database = sqlite3.connect(folder_of(FORMAT, tmp_path / "data") / DATABASE)
    rows = database.execute("SELECT kind, id FROM records").fetchall()
    database.close()
    assert {kind for kind, _ in rows} == {"key", "material", "part", *KINDS}
    assert {name for kind, name in rows if kind == "part"} == set(PARTS)


def test_the_page_names_the_format_and_every_kind_of_record() -> None:
    page = (ROOT / "docs/data-dir.md").read_text()
    assert f"**format {FORMAT}**" in page
    for name in ("key", "material", *KINDS, *PARTS):
        assert f"`{name}`" in page, name

"""The sample seeds for scanners have what docs/audits.md says of them."""

from __future__ import annotations

import subprocess
import sys

from keytrail.server import KeytrailServer
from tests.support.paths import SAMPLE_FOLDER

SCANNERS = SAMPLE_FOLDER / "scanners"


def test_many_keys_is_what_its_script_writes() -> None:
    done = subprocess.run(
        [sys.executable, SCANNERS / "many_keys.py", "1500"], capture_output=True, text=True, check=True
    )
    assert (SCANNERS / "many-keys.yaml").read_text() == done.stdout


def test_all_can_be_loaded_together_and_the_folder_above_does_not_load_them() -> None:
    with KeytrailServer(fixtures=SCANNERS) as server:
        assert len(server.endpoint.store.newest.all_keys()) > 1500
    with KeytrailServer(fixtures=SAMPLE_FOLDER) as server:
        assert len(server.endpoint.store.newest.all_keys()) < 100

"""What a data folder costs: Encrypt, calls that change something, and a start."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import servers
from load import burst
from measures import MANY_KEYS, TRAIL, Effort, fill_trail, in_turn, many, requests_of
from messages import kms
from report import Row, of_speed, spread
from servers import Server


def data_dir(effort: Effort) -> list[Row]:
    """With a data folder, compared with memory; and seconds from exec to the first answer with many keys and events."""
    rows = []
    with on_a_folder() as kept, servers.keytrail() as memory:
        mine, their = (requests_of(server)["Encrypt"] for server in (kept, memory))
        for connections in (1, 16):
            ours, theirs = in_turn(effort, kept, memory, mine, their, connections)
            rows.append(of_speed(f"Encrypt in a data folder, {many(connections)}: memory", ours, theirs, 0.9))
        for connections in (1, 16):
            made = [burst(kept.port, kms("CreateKey"), connections, 1.0).per_second for _ in range(effort.rounds)]
            rows.append(Row(f"CreateKey in a data folder, {many(connections)}", "", True, f"{spread(made)}/s"))
    return [*rows, start(effort)]


def start(effort: Effort) -> Row:
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        with on_a_folder(Path(folder)) as server:
            burst(server.port, kms("CreateKey"), 16, 600, MANY_KEYS)
            fill_trail(server)
        for _ in range(effort.rounds):
            with on_a_folder(Path(folder), probe=kms("ListKeys")) as server:
                seconds.append(server.seconds_to_first_answer)
    name = f"exec to first answer, a folder with {MANY_KEYS:,} keys and {TRAIL:,} events"
    return Row(name, "<= 2 s", median(seconds) <= 2, f"{spread(seconds)} s")


@contextlib.contextmanager
def on_a_folder(folder: Path | None = None, probe: bytes | None = None) -> Iterator[Server]:
    """Keytrail with a data folder; without a name, with one that is new."""
    with tempfile.TemporaryDirectory() as new:
        server = servers.keytrail(probe=probe)
        server.command += ["--data-dir", str(folder or Path(new, "data"))]
        with server:
            yield server

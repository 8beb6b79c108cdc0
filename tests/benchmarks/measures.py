"""What is measured, one function each. Both sides run at once and are measured in turn, round by round."""

import contextlib
import json
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import servers
from load import ask, burst
from messages import HOST, half_a_body, half_a_header, kms
from report import Burst, Row, of_cpu, of_speed, ratios, spread
from servers import Server

TRAIL = 100_000  # events that the trail holds by default
MANY_KEYS = 20_000
FEW_KEYS = 100
REQUESTS_FOR_CPU = 8_000  # CPU time comes in steps of 10 ms


@dataclass(frozen=True)
class Effort:
    rounds: int = 5
    seconds: float = 1.0


def versus_raw_callable(effort: Effort) -> list[Row]:
    """Requests per second, compared with a raw ASGI callable that returns the same bytes on the same server."""
    rows = []
    with servers.keytrail() as keytrail:
        for operation, at_least in AT_LEAST_OF_RAW.items():
            request = requests_of(keytrail)[operation]
            with servers.baseline(ask(keytrail.port, request)) as raw:
                for connections in (1, 16):
                    ours, theirs = in_turn(effort, keytrail, raw, request, request, connections)
                    name = f"{operation}, {many(connections)}: raw callable"
                    rows.append(of_speed(name, ours, theirs, at_least))
    return rows


AT_LEAST_OF_RAW = {"GetKeyLastUsage": 0.6, "DescribeKey": 0.6, "Encrypt": 0.5, "ReEncrypt": 0.35}


def versus_others(effort: Effort) -> list[Row]:
    """Requests per second, compared with the other local endpoints."""
    rows = []
    with servers.keytrail() as keytrail, servers.moto() as moto, servers.ministack() as ministack:
        for name, other, at_least in (("moto", moto, 40), ("ministack", ministack, 7)):
            requests = requests_of(keytrail, "DescribeKey"), requests_of(other, "DescribeKey")
            mine, their = (request["DescribeKey"] for request in requests)
            ours, theirs = in_turn(effort, keytrail, other, mine, their, 16)
            rows.append(of_speed(f"DescribeKey, 16 connections: {name}", ours, theirs, at_least))
    return rows


def start(effort: Effort) -> list[Row]:
    """Seconds from exec to the first answer to a KMS call, with the quick-start fixtures."""
    ours, theirs = [], []
    for _ in range(effort.rounds):
        with servers.keytrail(probe=kms("ListKeys")) as keytrail:
            ours.append(keytrail.seconds_to_first_answer)
        with servers.moto() as moto:
            theirs.append(moto.seconds_to_first_answer)
    ratio = ratios(ours, theirs)
    words = [f"{median(seconds) * 1000:.0f} ms" for seconds in (ours, theirs)]
    met = median(ratio) <= 0.5
    return [Row("exec to first answer: moto", "ratio <= 0.5", met, *words, spread(ratio))]


def growth(effort: Effort) -> list[Row]:
    """CPU per request with 20,000 keys and a trail from which events leave already, compared with 100 keys and few."""
    rows = []
    with with_keys(FEW_KEYS) as large, with_keys(FEW_KEYS) as small:
        burst(large.port, kms("CreateKey"), 16, 300, MANY_KEYS)
        for _ in range(2):
            fill_trail(large)
        for operation in COUNTED:
            mine, their = requests_of(large)[operation], requests_of(small)[operation]
            ours, theirs = in_turn(effort, large, small, mine, their, 16, REQUESTS_FOR_CPU)
            rows.append(of_cpu(f"{operation}, {MANY_KEYS:,} keys, {2 * TRAIL:,} events: few", ours, theirs, 1.1))
    return rows


def full_trail(effort: Effort) -> list[Row]:
    """CPU per request when the trail is full, compared with one that is (nearly) empty."""
    rows = []
    with with_keys(FEW_KEYS) as full, with_keys(FEW_KEYS) as empty:
        fill_trail(full)
        for operation in COUNTED:
            request = requests_of(full)[operation]
            ours, theirs = [], []
            for _ in range(effort.rounds):
                ours.append(measure(full, request, 16, 60, REQUESTS_FOR_CPU))
                empty.control("POST", "/_keytrail/reset")
                theirs.append(measure(empty, requests_of(empty)[operation], 16, 60, REQUESTS_FOR_CPU))
            rows.append(of_cpu(f"{operation}, full trail: empty trail", ours, theirs, 1.1))
    return rows


COUNTED = ("GetKeyLastUsage", "DescribeKey", "Encrypt", "ListKeys")


def memory(effort: Effort) -> list[Row]:
    """Resident memory (PSS of all processes): idle, and per key."""
    idle, created, loaded = [], [], []
    for _ in range(min(effort.rounds, 3)):
        with servers.keytrail() as keytrail:
            time.sleep(1)
            idle.append(keytrail.memory() / 2**20)
            fill_trail(keytrail)  # so that the events of the CreateKey calls take no more room than others
            before = keytrail.memory()
            burst(keytrail.port, kms("CreateKey"), 4, 300, MANY_KEYS)
            created.append((keytrail.memory() - before) / MANY_KEYS / 1024)
        with with_keys(MANY_KEYS) as large, with_keys(FEW_KEYS) as small:
            loaded.append((large.memory() - small.memory()) / (MANY_KEYS - FEW_KEYS) / 1024)
    return [
        Row("memory, idle", "<= 60 MB", median(idle) <= 60, f"{spread(idle)} MB"),
        Row("memory of a key, by CreateKey", "<= 3 KB", median(created) <= 3, f"{spread(created)} KB"),
        Row("memory of a key, by fixtures", "<= 3 KB", median(loaded) <= 3, f"{spread(loaded)} KB"),
    ]


def hanging_clients(effort: Effort) -> list[Row]:
    """How long a client waits for its answer while 64 others hang in the middle of a request."""
    rows = []
    for name, request in (("header", half_a_header()), ("body", half_a_body())):
        waited = []
        for _ in range(effort.rounds):
            with servers.keytrail() as keytrail, contextlib.ExitStack() as hanging:
                for _ in range(64):
                    connection = hanging.enter_context(socket.create_connection((HOST, keytrail.port)))
                    connection.sendall(request)
                time.sleep(0.3)
                waited.append(seconds_to_answer(keytrail))
        words = f"{median(waited) * 1000:.1f} ms, {max(waited) * 1000:.1f} at most"
        rows.append(Row(f"answer beside 64 halves of a {name}", "< 1 s", max(waited) < 1, words))
    return rows


MEASURES = {
    "raw": versus_raw_callable,
    "others": versus_others,
    "start": start,
    "growth": growth,
    "memory": memory,
    "hanging": hanging_clients,
}


def in_turn(
    effort: Effort,
    first: Server,
    second: Server,
    for_first: bytes,
    for_second: bytes,
    connections: int,
    at_most: int = 10**9,
) -> tuple[list[Burst], list[Burst]]:
    """Load on one and then the other; the order changes with every round."""
    sides = [(first, for_first, []), (second, for_second, [])]
    for server, request, _ in sides:
        burst(server.port, request, connections, 0.3, 2_000)  # warm up
    seconds = effort.seconds if at_most == 10**9 else 60
    for number in range(effort.rounds):
        for server, request, results in sides if number % 2 == 0 else reversed(sides):
            results.append(measure(server, request, connections, seconds, at_most))
    return sides[0][2], sides[1][2]


def measure(server: Server, request: bytes, connections: int, seconds: float, at_most: int) -> Burst:
    before = server.cpu_seconds()
    load = burst(server.port, request, connections, seconds, at_most)
    return Burst(load.per_second, (server.cpu_seconds() - before) / load.requests)


def requests_of(server: Server, *only: str) -> dict[str, bytes]:
    """The requests that are measured, for a key that is made here and has been used."""
    key = server.call("CreateKey")["KeyMetadata"]["KeyId"]
    requests = {"DescribeKey": kms("DescribeKey", KeyId=key)}
    if only:
        return {operation: requests[operation] for operation in only}
    plaintext = "a2V5dHJhaWw="
    blob = server.call("Encrypt", KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
    other = server.call("CreateKey")["KeyMetadata"]["KeyId"]
    return requests | {
        "GetKeyLastUsage": kms("GetKeyLastUsage", KeyId=key),
        "Encrypt": kms("Encrypt", KeyId=key, Plaintext=plaintext),
        "ReEncrypt": kms("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=other),
        "ListKeys": kms("ListKeys", Limit=100),
    }


@contextlib.contextmanager
def with_keys(count: int) -> Iterator[Server]:
    """A server that starts with that many keys in the account and Region of the requests."""
    names = (f"{number:08x}-0000-4000-8000-000000000000" for number in range(count))
    keys = [{"KeyId": name, "Account": "000000000000", "Region": "us-east-1"} for name in names]
    with tempfile.TemporaryDirectory() as folder:
        fixtures = Path(folder, "keys.json")
        fixtures.write_text(json.dumps({"keys": keys}))
        with servers.keytrail(fixtures) as server:
            yield server


def fill_trail(server: Server) -> None:
    for request in (requests_of(server)[operation] for operation in ("Encrypt", "DescribeKey")):
        burst(server.port, request, 16, 120, TRAIL // 2)


def seconds_to_answer(server: Server) -> float:
    started = time.perf_counter()
    ask(server.port, kms("ListKeys"))
    return time.perf_counter() - started


def many(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"

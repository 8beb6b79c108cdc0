"""What RSA costs: keys out of the pool, others beside the pool as it fills, and signatures."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles

import servers
from load import burst, latencies
from measures import Effort, measure
from messages import kms
from report import Burst, Row, of_cpu, of_speed, ratios, spread
from servers import Server, stat_fields

RSA_4096 = kms("CreateKey", KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")
HELD = 8  # pairs of RSA_4096 that the pool holds


def rsa_keys(effort: Effort) -> list[Row]:
    """Milliseconds of CreateKey RSA_4096 while the pool holds, compared with CreateKey and with moto's."""
    rsa, symmetric, theirs = [], [], []
    with servers.keytrail() as keytrail, servers.moto() as moto:
        for _ in range(effort.rounds):
            full_pool(keytrail)
            rsa.append(median(latencies(keytrail.port, RSA_4096, HELD)))
            quiet(keytrail)
            symmetric.append(median(latencies(keytrail.port, kms("CreateKey"), 200)))
            theirs.append(median(latencies(moto.port, RSA_4096, HELD)))
    beside, other = ratios(rsa, symmetric), ratios(theirs, rsa)
    return [
        Row(
            "CreateKey RSA_4096, p50: CreateKey",
            "ratio <= 3",
            median(beside) <= 3,
            *(f"{median(each) * 1000:.2f} ms" for each in (rsa, symmetric)),
            spread(beside),
        ),
        Row(
            "CreateKey RSA_4096, p50: moto is slower by",
            "ratio >= 100",
            median(other) >= 100,
            *(f"{median(each) * 1000:.2f} ms" for each in (rsa, theirs)),
            spread(other),
        ),
    ]


def filling(effort: Effort) -> list[Row]:
    """The 99th percentile of DescribeKey while the pool fills, compared with that while it does not."""
    with servers.keytrail() as keytrail:
        request = kms("DescribeKey", KeyId=keytrail.call("CreateKey")["KeyMetadata"]["KeyId"])
        latencies(keytrail.port, request, 2_000)
        busy, idle = [], []
        for _ in range(effort.rounds):
            full_pool(keytrail)
            idle.append(p99(keytrail, request, effort.seconds))
            latencies(keytrail.port, RSA_4096, HELD)
            busy.append(p99(keytrail, request, effort.seconds))
        ratio = ratios(busy, idle)
        words = [f"{median(each) * 1e6:.0f} us" for each in (busy, idle)]
        name = "DescribeKey, p99, pool fills: pool is full"
        return [Row(name, "ratio <= 2", median(ratio) <= 2, *words, spread(ratio))]


def signatures(effort: Effort) -> list[Row]:
    """Sign RSA_2048 at 16 connections, compared with what `cryptography` alone does in two threads."""
    alone = [sys.executable, str(Path(__file__).with_name("signatures.py")), str(effort.seconds)]
    with servers.keytrail() as keytrail:
        made = keytrail.call("CreateKey", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
        key = made["KeyMetadata"]["KeyId"]
        request = kms("Sign", KeyId=key, Message="a2V5dHJhaWw=", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")
        quiet(keytrail)
        burst(keytrail.port, request, 16, 0.5)
        ours, theirs = [], []
        for _ in range(effort.rounds):
            ours.append(measure(keytrail, request, 16, effort.seconds, 10**9))
            done = subprocess.run(alone, check=True, capture_output=True).stdout.split()
            theirs.append(Burst(float(done[0]), float(done[1])))
    name = "Sign RSA_2048, 16 connections: cryptography in two threads"
    return [of_speed(name, ours, theirs, 0.8), of_cpu(name, ours, theirs, 1.4)]


def p99(server: Server, request: bytes, seconds: float) -> float:
    return quantiles(latencies(server.port, request, 10**9, seconds), n=100)[-1]


def full_pool(server: Server) -> None:
    """Ask for an RSA key, and wait until the pool has made up for it."""
    latencies(server.port, RSA_4096, 1)
    quiet(server)


def quiet(server: Server) -> None:
    """Wait until the pool is full: the thread that fills it, the one with a priority of its own, has ended."""
    pid = server.process.pid
    time.sleep(0.05)
    while len({stat_fields(task)[16] for task in Path(f"/proc/{pid}/task").iterdir()}) > 1:
        time.sleep(0.1)
    time.sleep(0.2)

"""What handshakes of TLS cost those who wait beside them."""

import argparse
import contextlib
import socket
import ssl
import subprocess
import sys
import time
from statistics import median, quantiles

import servers
from load import latencies
from measures import Effort, requests_of
from messages import HOST
from report import Row, ratios, spread

HANDSHAKES = 50
"""In a second."""


def handshakes(effort: Effort) -> list[Row]:
    """The 99th percentile of DescribeKey by HTTP, beside 50 handshakes of TLS in a second, and without."""
    port = servers.free_port()
    server = servers.keytrail()
    server.environment["KEYTRAIL_TLS_PORT"] = str(port)
    beside: list[float] = []
    quiet: list[float] = []
    with server:
        request = requests_of(server, "DescribeKey")["DescribeKey"]
        latencies(server.port, request, 500)  # warm up
        for _ in range(effort.rounds):
            for results, is_beside in ((quiet, False), (beside, True)):
                with Others(port) if is_beside else contextlib.nullcontext():
                    taken = latencies(server.port, request, 10**9, effort.seconds)
                results.append(quantiles(taken, n=100)[-1])
    words = [f"{median(each) * 1000:.2f} ms" for each in (beside, quiet)]
    ratio = ratios(beside, quiet)
    name = f"99th percentile of DescribeKey beside {HANDSHAKES} handshakes a second: without"
    return [Row(name, "ratio <= 3", median(ratio) <= 3, *words, spread(ratio))]


class Others:
    """A process that shakes hands all the time."""

    def __init__(self, port: int):
        self.port = port

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, __file__, str(self.port)], stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def shake_hands(port: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    due = time.perf_counter()
    while True:
        with socket.create_connection((HOST, port)) as connection:
            context.wrap_socket(connection).close()
        print("shaken", flush=True)
        due += 1 / HANDSHAKES
        time.sleep(max(0.0, due - time.perf_counter()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    shake_hands(parser.parse_args().port)

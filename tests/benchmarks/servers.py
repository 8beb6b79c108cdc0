"""The servers that are compared: each a process of its own on a free port of this machine."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from load import ask
from messages import HOST, Answer, http, kms

CHECKOUT = Path(__file__).resolve().parents[2]
QUICK_START = CHECKOUT / "fixtures" / "quickstart.yaml"
COMPETITORS = CHECKOUT / ".venv" / "bench"  # an environment of their own; .venv is ignored by git
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Server:
    """A server process, from its start to its end."""

    def __init__(self, command: list[str], probe: bytes, **environment: str):
        self.command = command
        self.probe = probe
        self.environment = environment
        self.port = free_port()

    def __enter__(self):
        self.output = tempfile.TemporaryFile()
        # What is installed has its bytecode: a start is not to be measured that compiles the sources of this checkout.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [part.format(port=self.port) for part in self.command],
            cwd=CHECKOUT,
            env=environment | {name: value.format(port=self.port) for name, value in self.environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        self.wait_for_answer(until=started + 60)
        self.seconds_to_first_answer = time.perf_counter() - started
        return self

    def wait_for_answer(self, until: float) -> None:
        while self.process.poll() is None and time.perf_counter() < until:
            with contextlib.suppress(OSError, ValueError):
                if ask(self.port, self.probe).status == 200:
                    return
            time.sleep(0.002)
        self.__exit__()
        self.output.seek(0)
        raise RuntimeError(f"{self.command} did not come up:\n{self.output.read().decode()[-3000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, operation: str, **members) -> dict:
        answer = ask(self.port, kms(operation, **members))
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer}")
        return answer.json()

    def control(self, method: str, path: str, body: bytes = b"") -> Answer:
        answer = ask(self.port, http(method, path, body, {"Content-Type": "application/json"}), timeout=120)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    def processes(self) -> list[int]:
        """The server's process and all that it started."""
        children: dict[int, list[int]] = {}
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit():
                with contextlib.suppress(OSError):
                    children.setdefault(int(stat_fields(directory)[1]), []).append(int(directory.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time of all its processes."""
        fields = [stat_fields(Path(f"/proc/{pid}")) for pid in self.processes()]
        return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS_PER_SECOND

    def memory(self) -> int:
        """Bytes of memory of all its processes, shared pages divided among those that share them (PSS)."""
        total = 0
        for pid in self.processes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total


def stat_fields(process: Path) -> list[str]:
    """/proc/<pid>/stat from the process's state on: [1] its parent, [11] and [12] its CPU time, [16] its nice value."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def keytrail(fixtures: Path = QUICK_START, probe: bytes | None = None, log: str = "") -> Server:
    """Keytrail, without a log of requests, or with one in this format, which goes to a file."""
    command = [sys.executable, "-m", "keytrail", "serve"]
    command += ["--host", HOST, "--port", "{port}", "--fixtures", str(fixtures)]
    command += ["--log-format", log] if log else ["--quiet"]
    return Server(command, probe or http("GET", "/_keytrail/health"))


@contextlib.contextmanager
def baseline(answer: Answer) -> Iterator[Server]:
    """Keytrail's own web server with a callable that returns `answer` and does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "answer.json")
        body = base64.b64encode(answer.body).decode()
        record.write_text(json.dumps({"status": answer.status, "headers": list(answer.headers.items()), "body": body}))
        program = Path(__file__).with_name("baseline.py")
        with Server([sys.executable, str(program), "{port}", str(record)], kms("ListKeys")) as server:
            yield server


def moto() -> Server:
    return Server([competitor("moto_server"), "-H", HOST, "-p", "{port}"], kms("ListKeys"))


def ministack() -> Server:
    return Server([competitor("ministack")], kms("ListKeys"), BIND_HOST=HOST, GATEWAY_PORT="{port}")


def competitor(program: str) -> str:
    """The path of another endpoint's program, installed when it is first asked for."""
    python = COMPETITORS / "bin" / "python"
    path = COMPETITORS / "bin" / program
    if not path.exists():
        print("Installing moto's server and ministack in .venv/bench ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(COMPETITORS)], check=True)
        install = [python, "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
        subprocess.run([*install, "moto[server]", "ministack"], check=True)
    return str(path)


def competitor_versions() -> str:
    python = COMPETITORS / "bin" / "python"
    if not python.exists():
        return ""
    freeze = [python, "-m", "pip", "--disable-pip-version-check", "list", "--format=freeze"]
    packages = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(each.replace("==", " ") for each in packages if each.startswith(("moto=", "ministack=")))

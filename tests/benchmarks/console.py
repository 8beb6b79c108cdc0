"""What the console costs: a page of keys among very many, and a KMS call while a page is open."""

import re
import threading
import time
from collections.abc import Callable
from statistics import median

import servers
from lists import ask
from measures import MANY_KEYS, TRAIL, Effort, fill_trail, measure, requests_of, with_keys
from report import Row, of_cpu, spread
from werkzeug.test import Client

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.http.app import Keytrail
from keytrail.settings import Settings

HTML = {"Accept": "text/html"}
CONSOLE = "/_keytrail/console"


def console(effort: Effort) -> list[Row]:
    """The console: a page among 20,000 keys and 100,000 events, and what an open page costs KMS calls."""
    return [*pages(effort), *an_open_page(effort)]


def pages(effort: Effort) -> list[Row]:
    """Milliseconds of the server for a page, the first one left out."""
    client, mark = Client(Keytrail(filled())), TRAIL + 2 * MANY_KEYS
    paths = {
        "a page of 100 keys": "/",
        "the last page of keys": "/?page=999",
        "a search for a key": "/?text=a19999",
        "a page of 100 events": f"{CONSOLE}/trail",
        "a search for an event that is not there": f"{CONSOLE}/trail?caller=nobody",
        "the stream, 3,000 events later": f"{CONSOLE}/stream?rows=1&after={mark - 3000}",
    }
    rows = []
    for name, path in paths.items():
        taken = [milliseconds(lambda path=path: client.get(path, headers=HTML)) for _ in range(3 * effort.rounds)][1:]
        name = f"{name}, {MANY_KEYS:,} keys, {TRAIL:,} events"
        rows.append(Row(name, "<= 100 ms", median(taken) <= 100, f"{spread(taken)} ms"))
    return rows


def milliseconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


def filled() -> Endpoint:
    """A state with very many keys, each with an alias and a use, and a trail that is full."""
    state = Endpoint(Settings(), Clock())
    key_ids = [ask(state, "CreateKey")["KeyMetadata"]["KeyId"] for _ in range(MANY_KEYS)]
    for number, key_id in enumerate(key_ids):
        ask(state, "CreateAlias", AliasName=f"alias/a{number}", TargetKeyId=key_id)
    for number in range(TRAIL):
        ask(state, "Encrypt", KeyId=key_ids[number % MANY_KEYS], Plaintext="a2V5")
    return state


def an_open_page(effort: Effort) -> list[Row]:
    """CPU of the server for each KMS call while a page of keys, or the trail, is open, compared with no page."""
    rows = []
    with with_keys(MANY_KEYS) as server:
        fill_trail(server)
        request = requests_of(server)["Encrypt"]
        for name, path in (("keys", "/"), ("trail", f"{CONSOLE}/trail")):
            ours, theirs = [], []
            for _ in range(effort.rounds):
                with OpenPage(server, path):
                    ours.append(measure(server, request, 16, 4 * effort.seconds, 10**9))
                theirs.append(measure(server, request, 16, 4 * effort.seconds, 10**9))
            rows.append(of_cpu(f"Encrypt while the page of {name} is open: no page", ours, theirs, 1.05))
    return rows


class OpenPage:
    """What a browser asks for while a page is open: the stream twice a second, and the list as often as it says."""

    def __init__(self, server: servers.Server, path: str):
        self.server = server
        text = self.get(path)
        self.urls = dict.fromkeys(re.findall(r'data-stream="([^"]+)"', text), 0.5)
        for url, seconds in re.findall(r'hx-get="([^"]+)" hx-trigger="every ([0-9.]+)s"', text):
            self.urls[url] = float(seconds)
        assert self.urls
        self.closed = threading.Event()
        self.threads = [threading.Thread(target=self.poll, args=item) for item in self.urls.items()]

    def get(self, path: str) -> str:
        request = servers.http("GET", path.replace("&amp;", "&"), b"", HTML)
        return servers.ask(self.server.port, request).body.decode()

    def poll(self, url: str, seconds: float) -> None:
        last = None
        while not self.closed.wait(seconds):
            answer = self.get(url if last is None else re.sub(r"after=\d+", f"after={last}", url))
            found = re.findall(r"^id: (\d+)", answer, re.MULTILINE)
            last = found[-1] if found else last

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.closed.set()
        for thread in self.threads:
            thread.join()

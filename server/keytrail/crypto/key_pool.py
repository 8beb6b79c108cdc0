"""RSA key pairs made ahead, so that no test waits for one: random as any, each handed out once.

Nothing is made before somebody begins. From then on one thread makes a pair at a time, with a pause as long as the
work between two, so that it takes at most half of one core (where a container's share of the processors is capped,
low priority alone would not keep the rest of the process from waiting). Generation releases the GIL. The thread ends
as soon as nothing is missing.
"""

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from keytrail.crypto import key_pair
from keytrail.crypto.key_pair import KeyPair

HELD: Mapping[str, int] = {"RSA_2048": 16, "RSA_3072": 8, "RSA_4096": 8}
"""How many pairs of a spec are kept ready once one of them was asked for; before that it is one."""

_NICE = 5
"""A third of the others' share where processors are short: the lowest priority would starve on a busy machine."""


class KeyPool:
    """Pairs of the specs in HELD. Thread-safe."""

    def __init__(self, generate: Callable[[str], KeyPair] = key_pair.generate, held: Mapping[str, int] = HELD) -> None:
        """An empty pool that makes nothing until it is told to; `generate` makes a pair of a spec."""
        self._generate = generate
        self._held = held
        self._wanted = dict.fromkeys(held, 1)
        self._ready: dict[str, deque[KeyPair]] = {spec: deque() for spec in held}
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        """Ends the thread that fills the pool; None while there is none."""
        self._guarded = False

    def take(self, spec: str) -> KeyPair | None:
        """A pair that nobody has had, if one is ready; never waits. Begins to make more of that spec."""
        if spec not in self._ready:
            return None
        try:
            pair = self._ready[spec].popleft()
        except IndexError:
            pair = None
        self._wanted[spec] = self._held[spec]
        self.fill()
        return pair

    def fill(self) -> None:
        """Begin to make what is missing, in the background."""
        with self._lock:
            if self._stop is not None or self._missing() is None:
                return
            if not self._guarded and hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self._forget)
                self._guarded = True
            self._stop = threading.Event()
            threading.Thread(target=self._fill, args=(self._stop,), name="keytrail-key-pool", daemon=True).start()

    def stop(self) -> None:
        """Make no more, until somebody begins again. What is being made is finished in the background and kept."""
        with self._lock:
            if self._stop is not None:
                self._stop.set()
                self._stop = None

    def _missing(self) -> str | None:
        """The spec of which a pair is missing; of several, the one with the fewest ready for its share."""
        shares = {spec: len(ready) / self._wanted[spec] for spec, ready in self._ready.items()}
        spec = min(shares, key=lambda spec: shares[spec])
        return spec if shares[spec] < 1 else None

    def _fill(self, stop: threading.Event) -> None:
        _be_modest()
        try:
            while True:
                with self._lock:
                    spec = self._missing()
                    if spec is None or stop.is_set():
                        # Under the same lock as the look at what is missing: nobody's wish falls in between.
                        self._ended(stop)
                        return
                began = time.perf_counter()
                self._ready[spec].append(self._generate(spec))
                stop.wait(time.perf_counter() - began)
        except BaseException:
            with self._lock:
                self._ended(stop)
            raise

    def _ended(self, stop: threading.Event) -> None:
        if self._stop is stop:
            self._stop = None

    def _forget(self) -> None:
        """In a forked process: the thread is not there, and the pairs are the parent's to hand out."""
        self._lock = threading.Lock()
        self._stop = None
        for ready in self._ready.values():
            ready.clear()


def _be_modest() -> None:
    """Give this thread a low priority, where a thread has one of its own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE)


POOL = KeyPool()
"""The process's pool: servers in one process share it, one after another and side by side."""


def new_pair(spec: str) -> KeyPair:
    """A pair that nobody has had: a ready one, else a fresh one (slow for RSA). Raises key_pair.NotSupported."""
    return POOL.take(spec) or key_pair.generate(spec)

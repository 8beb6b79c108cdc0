"""A pool of RSA key pairs that are generated in advance, so that tests need not wait for them.

The pairs are random, and each is handed out once. The pool generates nothing before the first `take` or `fill`. Then
one thread generates one pair at a time, and after each pauses for as long as it took, so it uses at most half a core.
(Low priority alone is not enough where a container's CPU time is limited: the rest of the process would wait.)
Generation releases the GIL. The thread ends when the pool is full.
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

SIZES: Mapping[str, int] = {"RSA_2048": 16, "RSA_3072": 8, "RSA_4096": 8}
"""How many pairs of a spec the pool keeps ready after the first `take`; before that, one."""

_NICE = 5
"""About a third of other threads' CPU time on a busy machine; with the lowest priority the thread would starve."""


class KeyPool:
    """Ready pairs of the specs in `sizes`. Thread-safe."""

    def __init__(
        self, generate: Callable[[str], KeyPair] = key_pair.generate, sizes: Mapping[str, int] = SIZES
    ) -> None:
        """An empty pool. `generate` returns a new pair of a spec; `sizes` is how many to keep ready, by spec."""
        self._generate = generate
        self._sizes = sizes
        self._wanted = dict.fromkeys(sizes, 1)
        self._ready: dict[str, deque[KeyPair]] = {spec: deque() for spec in sizes}
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        """Stops the thread that fills the pool; None while there is no such thread."""
        self._registered_at_fork = False

    def take(self, spec: str) -> KeyPair | None:
        """A ready pair, which is then no longer in the pool; None if there is none. Never waits; begins to refill."""
        if spec not in self._ready:
            return None
        try:
            pair = self._ready[spec].popleft()
        except IndexError:
            pair = None
        self._wanted[spec] = self._sizes[spec]
        self.fill()
        return pair

    def fill(self) -> None:
        """Begin to generate missing pairs in the background."""
        with self._lock:
            if self._stop is not None or self._missing() is None:
                return
            if not self._registered_at_fork and hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self._reset_after_fork)
                self._registered_at_fork = True
            self._stop = threading.Event()
            threading.Thread(target=self._fill, args=(self._stop,), name="keytrail-key-pool", daemon=True).start()

    def stop(self) -> None:
        """Stop until the next `take` or `fill`. A pair whose generation has begun is still added to the pool."""
        with self._lock:
            if self._stop is not None:
                self._stop.set()
                self._stop = None

    def _missing(self) -> str | None:
        """The spec with the smallest share of its wanted pairs ready; None if the pool is full."""
        shares = {spec: len(ready) / self._wanted[spec] for spec, ready in self._ready.items()}
        spec = min(shares, key=lambda spec: shares[spec])
        return spec if shares[spec] < 1 else None

    def _fill(self, stop: threading.Event) -> None:
        _lower_priority()
        try:
            while True:
                with self._lock:
                    spec = self._missing()
                    if spec is None or stop.is_set():
                        # Under the same lock as `_missing`, so that no call of `fill` comes between the two.
                        self._clear_stop(stop)
                        return
                start = time.perf_counter()
                self._ready[spec].append(self._generate(spec))
                stop.wait(time.perf_counter() - start)
        except BaseException:
            with self._lock:
                self._clear_stop(stop)
            raise

    def _clear_stop(self, stop: threading.Event) -> None:
        if self._stop is stop:
            self._stop = None

    def _reset_after_fork(self) -> None:
        """Empty the pool in a forked process: it lacks the thread, and its parent hands out the same pairs."""
        self._lock = threading.Lock()
        self._stop = None
        for ready in self._ready.values():
            ready.clear()


def _lower_priority() -> None:
    """Give this thread a low priority, on systems where a thread has its own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE)


POOL = KeyPool()
"""The pool of the process, which all servers in it share."""


def new_pair(spec: str) -> KeyPair:
    """A new pair, from the pool or else generated now (slow for RSA). Raises key_pair.NotSupported."""
    return POOL.take(spec) or key_pair.generate(spec)

"""RSA key pairs made ahead, so that no test waits for one.

Nothing is made before the first RSA pair is asked for. From then on one thread makes a pair at a time, with a pause
as long as the work between two, so that it takes at most half of one core; generation releases the GIL.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from keytrail.crypto import key_pair
from keytrail.crypto.key_pair import KeyPair

HELD: Mapping[str, int] = {"RSA_2048": 8, "RSA_3072": 4, "RSA_4096": 4}
"""How many pairs are kept ready, by spec."""


class KeyPool:
    """Pairs of the specs in HELD, each handed out once. Thread-safe."""

    def __init__(self, generate: Callable[[str], KeyPair] = key_pair.generate, held: Mapping[str, int] = HELD) -> None:
        """An empty pool that makes nothing until it is asked; `generate` makes a pair of a spec."""
        self._generate = generate
        self._held = held
        self._ready: dict[str, deque[KeyPair]] = {spec: deque() for spec in held}
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def take(self, spec: str) -> KeyPair | None:
        """A pair that nobody has had, if one is ready; never waits. Begins to make more."""
        ready = self._ready.get(spec)
        if ready is None:
            return None
        try:
            pair = ready.popleft()
        except IndexError:
            pair = None
        self.warm()
        return pair

    def warm(self) -> None:
        """Begin to make pairs, if some are missing."""
        with self._wanted:
            if self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._fill, name="keytrail-key-pool", daemon=True)
                self._thread.start()
            self._wanted.notify()

    def close(self) -> None:
        """Make no more pairs. What is being made is finished in the background and dropped with the pool."""
        with self._wanted:
            self._closed = True
            self._wanted.notify()

    def _next(self) -> str | None:
        """The spec of which a pair is missing; of several, the one with the fewest ready for its share."""
        shares = {spec: len(ready) / self._held[spec] for spec, ready in self._ready.items()}
        spec = min(shares, key=lambda spec: shares[spec])
        return spec if shares[spec] < 1 else None

    def _fill(self) -> None:
        while True:
            with self._wanted:
                while not self._closed and self._next() is None:
                    self._wanted.wait()
                spec = self._next()
                if self._closed or spec is None:
                    return
            began = time.perf_counter()
            self._ready[spec].append(self._generate(spec))
            with self._wanted:
                self._wanted.wait_for(lambda: self._closed, time.perf_counter() - began)

"""RSA key pairs that are ready before they are asked for."""

import threading
from collections import deque

from keytrail.crypto.key_pair import KeyPair, generate

SIZES = {"RSA_2048": 8, "RSA_3072": 4, "RSA_4096": 4}
"""How many pairs of each spec the pool holds when it is full."""
_REST = 0.05
"""Seconds between two pairs, in which the processor is everybody else's."""


class KeyPool:
    """Makes RSA pairs in one thread of its own, one at a time, and hands each out once.

    The thread starts with the first demand or `warm()`: until then the pool costs nothing.
    """

    def __init__(self) -> None:
        self._pairs: dict[str, deque[KeyPair]] = {spec: deque() for spec in SIZES}
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, spec: str) -> KeyPair | None:
        """A pair that nobody else gets; None if there is none ready, or for a spec without a pool. Never waits."""
        if spec not in SIZES:
            return None
        try:
            pair = self._pairs[spec].popleft()
        except IndexError:
            pair = None
        self.warm()
        return pair

    def warm(self) -> None:
        """Begin to fill the pool in the background."""
        with self._lock:
            if self._closed.is_set():
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._fill, name="keytrail-key-pool", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Make no more pairs. Returns at once; the thread ends after the pair in hand."""
        self._closed.set()
        self._wake.set()

    def _fill(self) -> None:
        while not self._closed.is_set():
            spec = self._scarcest()
            if spec is None:
                self._wake.wait()
                self._wake.clear()
                continue
            self._pairs[spec].append(generate(spec))
            self._closed.wait(_REST)

    def _scarcest(self) -> str | None:
        """The spec that has the smallest part of its pairs, the quickest first; None if all are full."""
        wanting = [spec for spec, size in SIZES.items() if len(self._pairs[spec]) < size]
        return min(wanting, key=lambda spec: len(self._pairs[spec]) / SIZES[spec], default=None)

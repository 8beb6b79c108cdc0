"""RSA key pairs for tests. To make one of RSA_4096 takes as long as a hundred tests of other things."""

from __future__ import annotations

import threading
from collections import deque

from keytrail.crypto import key_pair, key_pool
from keytrail.crypto.key_pair import KeyPair

DIFFERENT = 3
"""So many pairs of a spec differ; then they come again."""


class FewPairs(key_pool.KeyPool):
    """A pool that always has a pair ready, makes a few of each spec when first asked, and hands them out in turn."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: dict[str, deque[KeyPair]] = {}
        self._making = threading.Lock()

    def take(self, spec: str) -> KeyPair | None:
        if spec not in key_pool.SIZES:
            return None
        with self._making:
            pairs = self._turns.setdefault(spec, deque())
            if len(pairs) < DIFFERENT:
                pairs.append(key_pair.generate(spec))
            else:
                pairs.rotate(-1)
            return pairs[-1]

    def fill(self) -> None:
        """Nothing is missing."""

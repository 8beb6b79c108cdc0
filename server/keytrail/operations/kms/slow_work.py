"""Where work with a key pair is done: at once if it is quick, else in a thread."""

from collections.abc import Callable

from keytrail.call import Reply
from keytrail.messages import Later

_QUICK = frozenset({"ECC_NIST_P256", "ECC_NIST_EDWARDS25519"})
"""Specs of which making, signing, verifying and agreeing take less time than going to a thread and back."""


def now_or_later(spec: str, work: Callable[[], Reply]) -> Reply | Later[Reply]:
    """The reply, or its rest to be worked out in a thread. A seeded key's pair is made there too."""
    return work() if spec in _QUICK else Later(work)

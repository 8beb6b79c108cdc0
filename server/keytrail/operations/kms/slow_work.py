"""Work with a key pair is done at once if it is quick, else in a thread."""

from collections.abc import Callable

from keytrail.call import Reply
from keytrail.messages import Later

_QUICK = frozenset({"ECC_NIST_P256", "ECC_NIST_EDWARDS25519"})
"""Key specs whose work (making a pair, signing, verifying, agreeing) takes less time than switching to a thread."""


def now_or_later(spec: str, work: Callable[[], Reply]) -> Reply | Later[Reply]:
    """The reply of `work`, or a Later of it. `work` also makes the pair of a seeded key."""
    return work() if spec in _QUICK else Later(work)

"""The users and roles that fixtures declare, by their ARNs."""

from collections.abc import Mapping

from keytrail.domain.identity import Identity


class Identities:
    """What IAM knows of the principals of all accounts. Values are replaced whole, so reads take no lock."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._known: Mapping[str, Identity] = {}
        self._initial: Mapping[str, Identity] = {}

    def get(self, arn: str) -> Identity | None:
        """The user or role with this ARN; None for one that no fixture declares."""
        return self._known.get(arn)

    def declare(self, identities: Mapping[str, Identity]) -> None:
        """Make identities known; one declared before is replaced."""
        self._known = {**self._known, **identities}

    def keep(self) -> None:
        """What is declared now is what `reset` comes back to."""
        self._initial = self._known

    def reset(self) -> None:
        """Forget what was declared since `keep`."""
        self._known = self._initial

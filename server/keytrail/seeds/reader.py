"""SeedReader: what reading any part of a seed document takes."""

from datetime import datetime

import msgspec

from keytrail.authorization.policy import PolicyType, read_policy
from keytrail.errors import AwsError
from keytrail.seeds.document import PolicyDocument
from keytrail.seeds.moments import read_relative_moment
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings


class SeedReader:
    """One document on its way into a seed, and its problems. A path is a place in the document: `keys[0].Tags`."""

    def __init__(self, name: str, seed: Seed, settings: Settings, now: datetime) -> None:
        """Add to `seed`. `settings` have the account and Region of what names none; moments are relative to `now`."""
        self.seed = seed
        self.settings = settings
        self.now = now
        self.problems: list[str] = []
        self._name = name

    def problem(self, path: str, what: str) -> None:
        """Note that something is wrong, and what would be right."""
        self.problems.append(f"{self._name}: {path}: {what}")

    def moment(self, path: str, text: str) -> datetime | None:
        """The moment that a text says; None, and a problem, if it says none."""
        try:
            return read_relative_moment(text, self.now)
        except ValueError as error:
            self.problem(path, str(error))
            return None

    def past_moment(self, path: str, text: str) -> datetime | None:
        """The same; a moment to come is a problem too."""
        moment = self.moment(path, text)
        if moment is not None and moment > self.now:
            self.problem(path, f"{moment.isoformat()} is still to come; give a moment in the past")
        return moment

    def policy(self, path: str, document: PolicyDocument, policy_type: PolicyType) -> str:
        """A policy as a JSON text; one that AWS would refuse is a problem."""
        text = document if isinstance(document, str) else msgspec.json.encode(document).decode()
        try:
            read_policy(text, policy_type)
        except AwsError as error:
            self.problem(path, f"{error.code}: {error.message}")
        return text

"""SeedReader: what the readers of all parts of a seed document share."""

from datetime import datetime

import msgspec

from keytrail.authorization.elements import PolicyProblem
from keytrail.authorization.policy import PolicyType, read_policy
from keytrail.regions import region_problem
from keytrail.seeds.member_types import PolicyDocument
from keytrail.seeds.moments import read_relative_moment
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings


class SeedReader:
    """The reading of one document into a seed: it collects the problems. A path is such as `keys[0].Tags`."""

    def __init__(self, name: str, seed: Seed, settings: Settings, now: datetime) -> None:
        """Add to `seed`. `settings` have the default account and Region; moments are relative to `now`."""
        self.seed = seed
        self.settings = settings
        self.now = now
        self.problems: list[str] = []
        self._name = name

    def add_problem(self, path: str, message: str) -> None:
        """Add a problem; the message says what is wrong and what would be right."""
        self.problems.append(f"{self._name}: {path}: {message}")

    def first_place(self, path: str, name: str) -> str | None:
        """Where, in this or another document, something with this name is already; None if this is the first place."""
        here = f"{self._name}: {path}"
        first = self.seed.places.setdefault(name, here)
        return first if first != here else None

    def require_once(self, path: str, name: str, rule: str) -> None:
        """Add a problem if there is already something with this name; the rule says why it cannot be there twice."""
        first = self.first_place(path, name)
        if first is not None:
            self.add_problem(path, f"{name} appears twice, first at {first}; {rule}")

    def region(self, path: str, name: str | None) -> str:
        """The name of a Region, by default the settings'; a problem if AWS has none of this name."""
        if name is None:
            return self.settings.region
        if problem := region_problem(name, self.settings.extra_regions):
            self.add_problem(path, problem)
        return name

    def moment(self, path: str, text: str) -> datetime | None:
        """The moment in a text; None, and a problem, if it has the wrong form."""
        try:
            return read_relative_moment(text, self.now)
        except ValueError as error:
            self.add_problem(path, str(error))
            return None

    def past_moment(self, path: str, text: str) -> datetime | None:
        """The same; a moment in the future is a problem too."""
        moment = self.moment(path, text)
        if moment is not None and moment > self.now:
            self.add_problem(path, f"{moment.isoformat()} is in the future; expected a moment in the past")
        return moment

    def policy(self, path: str, document: PolicyDocument, policy_type: PolicyType) -> str:
        """A policy as JSON text, and a problem if AWS would refuse it."""
        text = document if isinstance(document, str) else msgspec.json.encode(document).decode()
        try:
            read_policy(text, policy_type)
        except PolicyProblem as problem:
            words = f": {problem.text}" if problem.text is not None else ""
            place = f"{path}.{problem.place}" if problem.place else path
            self.add_problem(place, f"{problem.detail} ({problem.error.code}{words})")
        return text

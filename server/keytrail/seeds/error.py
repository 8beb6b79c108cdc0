"""SeedError: why a seed is not loaded."""

from collections.abc import Iterable


class SeedError(Exception):
    """A seed that cannot be loaded. The text has a line for each problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Take one line for each problem."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))

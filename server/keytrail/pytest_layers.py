"""Layers: what fixtures of wider scopes than a test did to the server stays until their scope ends, and no longer."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from keytrail.client import KeytrailClient
    from keytrail.server import KeytrailServer
    from keytrail.snapshot import Snapshot


@dataclass(eq=False)
class _Layer:
    """What one fixture did to the server."""

    before: Snapshot
    """The state to go back to when the fixture ends."""
    after: Snapshot
    changed: bool
    """Whether it loaded or called something; if not, it may still have moved the clock."""


class Layers:
    """The states of a server that fixtures of wider scopes than a test have made, each on top of those before it.

    A pytest plugin. Each test begins with the topmost state, and `reset` goes back to it. What a fixture of a module
    did ends with the fixture. Only if another fixture came later, loaded or called something, and lasts longer, does it
    stay as long as that one: the two cannot be told apart.
    """

    def __init__(self, server: KeytrailServer | KeytrailClient) -> None:
        """Begin with the present state."""
        self.server = server
        self._base = server.snapshot()
        self._layers: list[_Layer] = []
        self._dependent = {"keytrail_server"}
        """The names of the fixtures that are known to need the server, themselves or by others."""

    def reset(self) -> None:
        """Go back to the state that a test begins with."""
        self.server.reset(to=self._base)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Keep what a fixture of a wider scope did."""
        if request.scope == "function":
            return (yield)
        depends = not self._dependent.isdisjoint(fixturedef.argnames)
        if depends:
            self._dependent.add(fixturedef.argname)
        layers: list[_Layer] = []
        # Finalizers are called in reverse order: this one after the fixture's own.
        request.addfinalizer(partial(self._end, layers))
        present = self.server.snapshot()
        try:
            return (yield)
        finally:
            after = self.server.snapshot()
            changed = (present.mark, present.loads) != (after.mark, after.loads)
            self.server.forget(present)
            if changed or depends:
                layers.append(_Layer(self._base, after, changed))
                self._layers += layers
                self._base = after
            else:
                self.server.forget(after)

    def _end(self, ended: list[_Layer]) -> None:
        for layer in ended:
            if layer in self._layers:
                self._remove(layer)
            self.server.forget(layer.after)
        ended.clear()

    def _remove(self, layer: _Layer) -> None:
        place = self._layers.index(layer)
        above = next((each for each in self._layers[place + 1 :] if each.changed), None)
        if above is not None:
            self._layers[place + 1].before = layer.before
            del self._layers[place]
        else:
            del self._layers[place:]
            self._base = layer.before
            self.reset()

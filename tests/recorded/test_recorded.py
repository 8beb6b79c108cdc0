"""KMS answers what AWS was recorded to answer: the tables of this folder, replayed."""

from collections.abc import Iterator

import pytest

from keytrail.server import KeytrailServer
from tests.recorded.replay import TABLES, Replay, Scenario, Step, read_table

SCENARIOS = [
    pytest.param(scenario, id=f"{path.stem}: {scenario.scenario}")
    for path in sorted(TABLES.glob("*.yaml"))
    for scenario in read_table(path).scenarios
]


@pytest.fixture
def recorded_server(keytrail_server: KeytrailServer, request: pytest.FixtureRequest) -> Iterator[KeytrailServer]:
    """The session's server with a clean state, or one with the settings of the scenario."""
    scenario: Scenario = request.node.callspec.params["scenario"]
    if scenario.settings:
        with KeytrailServer(**scenario.settings) as server:
            yield server
        return
    keytrail_server.reset()
    yield keytrail_server
    keytrail_server.reset()
    keytrail_server.clock.reset()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_keytrail_answers_as_aws_was_recorded_to(scenario: Scenario, recorded_server: KeytrailServer) -> None:
    assert Replay(recorded_server).run(scenario) == []


def test_a_replay_tells_each_difference(keytrail_server: KeytrailServer) -> None:
    steps = [
        Step("CreateKey", keep={"id": "KeyMetadata.KeyId"}),
        Step("ListKeys", "too much is answered", answer={"Keys": [{"KeyId": "$id"}], "Truncated": False}),
        Step("ListKeys", "too little is answered", members={"NextMarker": "<text>", "Truncated": "<absent>"}),
        Step("ListKeys", "a success is no refusal", code="AccessDeniedException"),
        Step("DescribeKey", "a refusal is no success", send={"KeyId": "nowhere"}, members={}),
        Step(
            "DescribeKey", "another text", send={"KeyId": "nowhere"}, code="NotFoundException", message="No such key."
        ),
    ]
    keytrail_server.reset()
    differences = Replay(keytrail_server).run(Scenario("Differences", steps))
    keytrail_server.clock.reset()
    assert differences == [
        "too much is answered (ListKeys): Keys[0]: AWS does not answer KeyArn",
        "too little is answered (ListKeys): NextMarker is missing",
        "too little is answered (ListKeys): Truncated should be absent, is False",
        "a success is no refusal (ListKeys): success instead of AccessDeniedException",
        "a refusal is no success (DescribeKey): NotFoundException: Invalid keyId 'nowhere'",
        "another text (DescribeKey): message: 'No such key.' expected, is \"Invalid keyId 'nowhere'\"",
    ]

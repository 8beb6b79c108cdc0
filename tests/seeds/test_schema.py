"""The JSON Schema of seeds, which editors read: every member is explained, with an example that is right.

How we know: docs/seeds.md, "Your editor knows the members". JSON Schema draft-07, which VS Code's YAML extension reads.
"""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from keytrail import seeds
from keytrail.seeds.member_words import WORDS
from tests.support import SAMPLE_SEED
from tests.support.paths import SAMPLE_FOLDER

SCHEMA = seeds.json_schema()
OBJECTS: dict[str, dict[str, Any]] = {"": SCHEMA, **SCHEMA["$defs"]}
MEMBERS = [
    pytest.param(member, id=f"{name}.{each}")
    for name, definition in OBJECTS.items()
    for each, member in definition.get("properties", {}).items()
]


def test_it_is_a_draft_07_schema_with_an_id_and_a_title() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMA["$id"]
    assert SCHEMA["title"]
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_has_a_description_and_an_example_that_is_valid(member: dict[str, Any]) -> None:
    assert member["description"]
    assert member["examples"]
    for example in member["examples"]:
        jsonschema.Draft7Validator({**member, "$defs": SCHEMA["$defs"]}).validate(example)


def test_every_object_has_a_description() -> None:
    assert [name for name, definition in OBJECTS.items() if not definition.get("description")] == []


def test_the_members_that_are_explained_exist() -> None:
    there = {each for definition in OBJECTS.values() for each in definition.get("properties", ())}
    assert {each for members in WORDS.values() for each in members} - there == set()


def test_members_that_are_not_there_and_wrong_values_are_found() -> None:
    validator = jsonschema.Draft7Validator(SCHEMA)
    for wrong in ({"kees": []}, {"keys": [{}]}, {"keys": [{"KeyId": "x"}]}, {"accounts": [{"Account": 111122223333}]}):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize("sample", sorted(SAMPLE_FOLDER.rglob("*.yaml")), ids=lambda sample: sample.stem)
def test_the_samples_are_valid(sample: Any) -> None:
    class Loader(yaml.CSafeLoader):
        """YAML 1.2 has no dates."""

    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.load(sample.read_text(), Loader))


def test_the_sample_seed_of_these_tests_is_valid() -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(SAMPLE_SEED)

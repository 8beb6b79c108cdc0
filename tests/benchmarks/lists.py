"""What a page of a list costs among many entries, in this process."""

import json
from statistics import median
from typing import Any

from measures import Effort
from report import Row, ratios, spread
from trail import KMS, least_of, request

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.settings import Settings

FEW, MANY = 100, 20_000
ROLE = "arn:aws:iam::000000000000:role/Reader"
ALIASES_OF_A_KEY = 50
TAGGING = "ResourceGroupsTaggingAPI_20170126"


def lists(effort: Effort) -> list[Row]:
    """CPU of a page of ListKeys, ListAliases, ListGrants and ListRetirableGrants among 20,000 entries, and 100."""
    many, few = filled(MANY), filled(FEW)
    rows = []
    for operation in ("ListKeys", "ListAliases", "ListGrants", "ListRetirableGrants"):
        asked = [(state, page(state, operation, key)) for state, key in (many, few)]
        rows.append(compared(f"{operation}, a page among {MANY:,} entries: {FEW}", *asked, effort))
    return rows


def tagged(effort: Effort) -> list[Row]:
    """CPU of GetResources, of 100 keys among 20,000 tagged ones, and among 100."""
    states = [tagged_keys(MANY), tagged_keys(FEW)]
    rows = []
    for words, filters in (
        ("all", []),
        ("by a tag", [{"Key": "team", "Values": ["a", "b"]}]),
        ("by two tags", [{"Key": "team"}, {"Key": "stage", "Values": ["live"]}]),
    ):
        first = request(TAGGING, "GetResources", TagFilters=filters, ResourcesPerPage=FEW)
        name = f"GetResources of {FEW}, {words}, among {MANY:,} tagged keys: {FEW}"
        rows.append(compared(name, *((state, first) for state in states), effort))
    for operation, members in (("GetTagKeys", {}), ("GetTagValues", {"Key": "team"})):
        asked = request(TAGGING, operation, **members)
        name = f"{operation}, among {MANY:,} tagged keys: {FEW}"
        rows.append(compared(name, *((state, asked) for state in states), effort))
    return rows


def compared(name: str, many: tuple[Endpoint, Any], few: tuple[Endpoint, Any], effort: Effort) -> Row:
    """The cost of a request among many entries, against one among few."""
    costs: list[list[float]] = [[], []]
    for _ in range(effort.rounds):
        for (state, asked), cost in zip((many, few), costs, strict=True):
            cost.append(least_of(2, lambda state=state, asked=asked: state.dispatcher.answer(asked)))
    ratio = ratios(*costs)
    words = [f"{median(cost):.0f} us" for cost in costs]
    return Row(name, "CPU ratio <= 1.2", median(ratio) <= 1.2, *words, "", spread(ratio))


def tagged_keys(count: int) -> Endpoint:
    """A state with so many tagged keys."""
    state = Endpoint(Settings(max_events=1), Clock())
    for number in range(count):
        tags = {"team": "ab"[number % 2], "stage": "live", "cost": str(number % 50)}
        ask(state, "CreateKey", Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()])
    return state


def page(state: Endpoint, operation: str, key: str):
    """The request for the second page of a list."""
    members = {"Limit": 20}
    if operation == "ListGrants":
        members["KeyId"] = key
    if operation == "ListRetirableGrants":
        members["RetiringPrincipal"] = ROLE
    first = json.loads(state.dispatcher.answer(request(KMS, operation, **members)).body)
    return request(KMS, operation, Marker=first["NextMarker"], **members)


def filled(count: int) -> tuple[Endpoint, str]:
    """A state with so many keys, so many aliases, and so many grants of one key; and that key's id."""
    state = Endpoint(Settings(max_events=1), Clock())
    keys = [ask(state, "CreateKey")["KeyMetadata"]["KeyId"] for _ in range(count)]
    for number in range(count):
        target = keys[number // ALIASES_OF_A_KEY]
        ask(state, "CreateAlias", AliasName=f"alias/a{number}", TargetKeyId=target)
        grant = {"GranteePrincipal": ROLE, "RetiringPrincipal": ROLE, "Operations": ["Decrypt"]}
        ask(state, "CreateGrant", KeyId=keys[0], **grant)
    return state, keys[0]


def ask(state: Endpoint, operation: str, **members) -> dict:
    answer = state.dispatcher.answer(request(KMS, operation, **members))
    assert answer.status == 200, answer.body
    return json.loads(answer.body or b"{}")

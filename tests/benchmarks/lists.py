"""What a page of a list costs among many entries, in this process."""

import json
from statistics import median

from measures import Effort
from report import Row, ratios, spread
from trail import KMS, least_of, request

from keytrail.clock import Clock
from keytrail.endpoint import Endpoint
from keytrail.settings import Settings

FEW, MANY = 100, 20_000
ROLE = "arn:aws:iam::000000000000:role/Reader"
ALIASES_OF_A_KEY = 50


def lists(effort: Effort) -> list[Row]:
    """CPU of a page of ListKeys, ListAliases, ListGrants and ListRetirableGrants among 20,000 entries, and 100."""
    states = [filled(MANY), filled(FEW)]
    rows = []
    for operation in ("ListKeys", "ListAliases", "ListGrants", "ListRetirableGrants"):
        costs: list[list[float]] = [[], []]
        pages = [page(state, operation, key) for state, key in states]
        for _ in range(effort.rounds):
            for (state, _), asked, cost in zip(states, pages, costs, strict=True):
                cost.append(least_of(2, lambda state=state, asked=asked: state.dispatcher.answer(asked)))
        ratio = ratios(*costs)
        words = [f"{median(cost):.0f} us" for cost in costs]
        name = f"{operation}, a page among {MANY:,} entries: {FEW}"
        rows.append(Row(name, "CPU ratio <= 1.2", median(ratio) <= 1.2, *words, "", spread(ratio)))
    return rows


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

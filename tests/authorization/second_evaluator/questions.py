"""A question to an evaluator: who wants to do what, and the seed that says what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tests.authorization.second_evaluator.statements import Caller, Document
from tests.support.paths import ROOT

Seed = Mapping[str, Any]
"""A seed document, with its policies as documents, and one key."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request for one action on the seed's key, on an alias or on `*`, at `now` (ISO 8601).

    `members` are KMS's. `further` are values of condition keys that no fact below gives, such as kms:ViaService.
    """

    caller: Caller
    action: str
    on_key: bool
    now: str
    alias: str | None = None
    """The ARN of the alias that it is about."""
    named_by: str | None = None
    """How the request names the key, if it does: by its ARN or by an alias's."""
    members: Mapping[str, Any] = field(default_factory=dict)
    source_ip: str = "192.0.2.17"
    user_agent: str = "test/1.0"
    source_arn: str | None = None
    source_account: str | None = None
    further: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def without(self) -> Iterator[Question]:
        """The same question with one thing less."""
        for name in self.members:
            yield replace(self, members={key: value for key, value in self.members.items() if key != name})
        for name in self.further:
            yield replace(self, further={key: value for key, value in self.further.items() if key != name})
        for number in range(len(self.caller.session_policies)):
            policies = (*self.caller.session_policies[:number], *self.caller.session_policies[number + 1 :])
            yield replace(self, caller=replace(self.caller, session_policies=policies))
        if self.caller.session_tags:
            yield replace(self, caller=replace(self.caller, session_tags=()))

    def with_session_policy(self, number: int, policy: Document) -> Question:
        """The same question with another policy in the place of one of the session's."""
        policies = list(self.caller.session_policies)
        policies[number] = policy
        return replace(self, caller=replace(self.caller, session_policies=tuple(policies)))


@dataclass(frozen=True)
class Permission:
    """A row of docs/kms-behaviour/permissions.tsv."""

    operation: str
    cross_account: bool
    on_key: bool
    condition_keys: frozenset[str]
    """In lower case, as far as the `$` of a variable part."""


ON_ALIAS = Permission("", False, False, frozenset())
"""What is asked on an alias has no condition keys of KMS."""


def read_permissions() -> Mapping[str, Permission]:
    """The permissions by action; of operations on aliases, what is asked on the key."""
    lines = (ROOT / "docs" / "kms-behaviour" / "permissions.tsv").read_text().splitlines()
    header, *rows = (line.split("\t") for line in lines if not line.startswith("#"))
    found: dict[str, Permission] = {}
    for row in (dict(zip(header, row, strict=True)) for row in rows):
        if row["resource"] == "Alias":
            continue
        keys = f"{row['condition_keys']},{row['sar_additional_keys']}".lower().split(",")
        for action in row["iam_actions"].split(","):
            found[action] = Permission(
                row["operation"],
                row["cross_account"] in {"Yes", "Special"},
                row["resource"] == "KMS key",
                frozenset(key.partition("$")[0] for key in keys),
            )
    return found


PERMISSIONS = read_permissions()


def permission_of(question: Question) -> Permission:
    """The permission that a question is about."""
    return PERMISSIONS[question.action] if question.alias is None else ON_ALIAS


class World:
    """What a seed declares, ready to be asked."""

    def __init__(self, seed: Seed, *, strict: bool = True) -> None:
        self.seed = seed
        self.strict = strict
        self.key: Mapping[str, Any] = seed["keys"][0]
        self.identities: Mapping[str, Mapping[str, Any]] = {it["Arn"]: it for it in seed.get("identities", [])}

    @cached_property
    def key_arn(self) -> str:
        """The ARN of the key."""
        return f"arn:aws:kms:{self.key['Region']}:{self.key['Account']}:key/{self.key['KeyId']}"

    @cached_property
    def key_policy(self) -> Document:
        """The key policy; without one, KMS's default."""
        root = {"AWS": f"arn:aws:iam::{self.key['Account']}:root"}
        default = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        policy: Document = self.key.get("Policy") or {"Version": "2012-10-17", "Statement": [default]}
        return policy

    def identity_of(self, caller: Caller) -> Mapping[str, Any]:
        """The user or the role behind a caller, empty if no seed declares it."""
        return self.identities.get(caller.role or caller.arn, {})

    def organization_id(self, account: str) -> str | None:
        """The id of an account's organization."""
        organization = self.seed.get("organization", {})
        known = self._path(account) or account == organization.get("ManagementAccount", "")
        return organization["Id"] if known else None

    def control_policies(self, account: str, kind: str) -> list[list[Document]]:
        """The ServiceControlPolicies or ResourceControlPolicies above an account, level by level from the root."""
        single = [it["Policy"] for it in self.seed.get(kind[0].lower() + kind[1:], []) if account in it["Accounts"]]
        if single:
            return [single]
        organization = self.seed.get("organization") or {}
        if account == organization.get("ManagementAccount"):
            return []
        return [[it["Policy"] for it in place.get(kind, [])] for place in self._path(account)]

    def _path(self, account: str) -> list[Mapping[str, Any]]:
        organization = self.seed.get("organization")
        return _path(organization, account) if organization else []


def _path(place: Mapping[str, Any], account: str) -> list[Mapping[str, Any]]:
    """The places from one down to an account, empty if the account is not below it."""
    for member in place.get("Accounts", []):
        if member["Account"] == account:
            return [place, member]
    below = (_path(unit, account) for unit in place.get("OrganizationalUnits", []))
    found: list[Mapping[str, Any]] = next(filter(None, below), [])
    return [place, *found] if found else []

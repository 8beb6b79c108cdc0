"""How a grant names a caller that wants to retire it.

How we know: KMS API Reference, RetireGrant; recorded of sessions and roles, kms-behaviour E.9 and F.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from keytrail.authorization.grant_evaluation import retiring_grant
from keytrail.authorization.principals import PrincipalMatch
from keytrail.domain.grant import Grant
from keytrail.domain.principal import Principal

MINE, THEIRS = "111122223333", "444455556666"
ROLE, SESSION = f"arn:aws:iam::{MINE}:role/app/Reader", f"arn:aws:sts::{MINE}:assumed-role/Reader/one"
GRANT = Grant(
    grant_id="0" * 64,
    key_arn=f"arn:aws:kms:us-east-1:{THEIRS}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    name="",
    creation_date=datetime(2026, 1, 1, tzinfo=UTC),
    issuing_account=f"arn:aws:iam::{THEIRS}:root",
    operations=("Decrypt",),
)

CASES: Mapping[str, tuple[Mapping[str, Any], PrincipalMatch | None]] = {
    "nobody": ({}, None),
    "the session retires": ({"retiring_principal": SESSION}, PrincipalMatch.CALLER),
    "another session retires": ({"retiring_principal": SESSION[:-3] + "two"}, None),
    "the role retires": ({"retiring_principal": ROLE}, PrincipalMatch.ROLE),
    "the account's root retires": ({"retiring_principal": f"arn:aws:iam::{MINE}:root"}, PrincipalMatch.ACCOUNT),
    "the grantee may not": ({"grantee_principal": SESSION}, None),
    "the grantee may": ({"grantee_principal": SESSION, "operations": ("RetireGrant",)}, PrincipalMatch.CALLER),
    "the account issued it": ({"issuing_account": f"arn:aws:iam::{MINE}:root"}, PrincipalMatch.ACCOUNT),
    "the account issued it, and the role retires": (
        {"issuing_account": f"arn:aws:iam::{MINE}:root", "retiring_principal": ROLE},
        PrincipalMatch.ROLE,
    ),
}


@pytest.mark.parametrize(("members", "match"), CASES.values(), ids=CASES)
def test_a_grant_names_who_may_retire_it(members: Mapping[str, Any], match: PrincipalMatch | None) -> None:
    found = retiring_grant(replace(GRANT, **members), Principal.from_arn(SESSION), ROLE)
    assert (found.match if found is not None else None) == match


def test_a_caller_that_no_seed_declares_counts_as_anybody_in_its_account() -> None:
    """How we know: docs/who-may.md, "Who is calling"."""
    found = retiring_grant(replace(GRANT, retiring_principal=ROLE), Principal.root(MINE))
    assert found is not None
    assert found.match is PrincipalMatch.ACCOUNT
    declared = replace(Principal.root(MINE), declared=True)
    assert retiring_grant(replace(GRANT, retiring_principal=ROLE), declared) is None


def test_a_service_retires_what_names_it() -> None:
    service = Principal.service("sns.amazonaws.com", MINE)
    assert service is not None
    found = retiring_grant(replace(GRANT, retiring_service_principal="sns.amazonaws.com"), service)
    assert found is not None
    assert found.match is PrincipalMatch.CALLER
    assert retiring_grant(GRANT, service) is None

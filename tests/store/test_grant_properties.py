"""The lists of grants, whatever grants are created and removed.

How we know: KMS Developer Guide, "Grants in AWS KMS": a grant is in the lists of its key, its grantee and its retiring
principal, and in no others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from keytrail.domain.grant import Grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.store import Store
from tests.support import ACCOUNT, KEY, OTHER_KEY, REGION, key_arn

EFFORT = settings(max_examples=60, deadline=None)
START = datetime(2027, 1, 1, tzinfo=UTC)
PRINCIPALS = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("a", "b", "c")]
KEYS = [key_arn(KEY), key_arn(OTHER_KEY)]


grants = st.builds(
    lambda number, key, grantee, retiring, name: Grant(
        grant_id=f"{number:064x}",
        key_arn=key,
        name=name,
        creation_date=START + timedelta(seconds=number % 3),
        issuing_account=f"arn:aws:iam::{ACCOUNT}:root",
        operations=("Decrypt",),
        grantee_principal=grantee,
        grantee_service_principal=None,
        retiring_principal=retiring,
        retiring_service_principal=None,
        constraints=Constraints(None, None, None),
    ),
    st.integers(0, 10**6),
    st.sampled_from(KEYS),
    st.sampled_from(PRINCIPALS),
    st.sampled_from([*PRINCIPALS, None]),
    st.just(""),
)


def pages(store: Store, size: int, key: str, grantee: str) -> list[str]:
    """The grants of a key to a grantee, page by page."""
    found: list[Grant] = []
    while True:
        page = store.newest.grants_after(key, found[-1].sort_key if found else "", size, grantee=grantee)
        if not page:
            return [grant.grant_id for grant in found]
        found += page


@EFFORT
@given(
    made=st.lists(grants, max_size=25, unique_by=lambda grant: grant.grant_id),
    gone=st.sets(st.integers(0, 24)),
    size=st.integers(1, 4),
)
def test_a_grant_is_in_its_lists_and_in_no_other_list(made: list[Grant], gone: set[int], size: int) -> None:
    store = Store()
    for grant in made:
        store.grants.add(grant, f"token of {grant.grant_id}")
    for at in gone:
        if at < len(made):
            store.grants.remove(made[at])
    left = [grant for at, grant in enumerate(made) if at not in gone]
    for key in KEYS:
        for grantee in ("", *PRINCIPALS):
            mine = [grant for grant in left if grant.key_arn == key and grantee in ("", grant.grantee_principal)]
            assert pages(store, size, key, grantee) == [
                grant.grant_id for grant in sorted(mine, key=lambda grant: grant.sort_key)
            ]
    for principal in PRINCIPALS:
        listed = store.newest.retirable_grants_after(REGION, "", 100, principal=principal)
        assert {grant.grant_id for grant in listed} == {g.grant_id for g in left if g.retiring_principal == principal}
    for grant in made:
        known = store.grants.by_token(f"token of {grant.grant_id}", REGION)
        assert known == (grant if grant in left else None)


@EFFORT
@given(grant=grants, times=st.integers(1, 5))
def test_creating_a_named_grant_again_gives_the_same_grant_another_token(grant: Grant, times: int) -> None:
    """How we know: KMS API Reference, CreateGrant, Name."""
    store = Store()
    for n in range(times):
        named = replace(grant, name="n", grant_id=f"{n:064x}")
        assert store.grants.add(named, f"token {n}").grant_id == f"{0:064x}"
    assert len(store.newest.grants_after(grant.key_arn, "", 10)) == 1
    for n in range(times):
        known = store.grants.by_token(f"token {n}", REGION)
        assert known is not None
    store.grants.remove(known)
    assert all(store.grants.by_token(f"token {n}", REGION) is None for n in range(times))

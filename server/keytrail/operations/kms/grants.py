"""Grants: create, list, retire, revoke. Source: KMS API Reference; KMS Developer Guide, "Grants in AWS KMS"."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from keytrail.call import Call, Reply
from keytrail.crypto.randomness import new_grant_id, new_grant_token
from keytrail.domain.arn import ALIAS_PREFIX, read_key_identifier, root_arn
from keytrail.domain.grant import Grant, GrantOperation, require_grant_id, require_principal, require_valid_grant
from keytrail.domain.grant_constraints import Constraints
from keytrail.domain.key import USABLE, Key, KeyState
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.domain.refusals import grant_not_found
from keytrail.errors import (
    AccessDeniedException,
    InvalidArnException,
    InvalidGrantTokenException,
    NotFoundException,
    ValidationException,
)
from keytrail.operation import SERVICES, operation
from keytrail.operations.kms.grant_principals import principal_arn
from keytrail.operations.pagination import Page, requested_page

_GRANTABLE = USABLE | {KeyState.UNAVAILABLE}


def _check_grant(members: Mapping[str, Any]) -> None:
    require_valid_grant(
        operations=members["Operations"],
        grantee_principal=members.get("GranteePrincipal"),
        grantee_service_principal=members.get("GranteeServicePrincipal"),
        retiring_principal=members.get("RetiringPrincipal"),
        retiring_service_principal=members.get("RetiringServicePrincipal"),
        constraints=Constraints.read(members.get("Constraints")),
    )


@operation(cross_account=True, states=_GRANTABLE, rules=_check_grant, grantable="any", quota=50)
def create_grant(
    call: Call,
    key: Key,
    *,
    operations: Sequence[str],
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
    constraints: Mapping[str, object] | None = None,
    name: str | None = None,
) -> Reply:
    """Create a grant. With the name and the parameters of an existing grant, give that one, with another token."""
    grantee, retiring = (
        principal_arn(call, text, InvalidArnException(f"{member} does not refer to a valid principal."))
        if text is not None
        else None
        for member, text in (("GranteePrincipal", grantee_principal), ("RetiringPrincipal", retiring_principal))
    )
    grant = Grant(
        grant_id=new_grant_id(),
        key_arn=key.arn,
        name=name or "",
        creation_date=call.now,
        issuing_account=root_arn(call.region, call.account),
        operations=tuple(operations),
        grantee_principal=grantee,
        grantee_service_principal=grantee_service_principal,
        retiring_principal=retiring,
        retiring_service_principal=retiring_service_principal,
        constraints=Constraints.read(constraints),
    )
    require_valid_for_key(grant, key)
    token = new_grant_token()
    made = call.writable_store.add_grant(grant, token, call.states, dry_run=call.dry_run)
    call.response_elements = {"GrantId": made.grant_id, "KeyId": key.arn}
    return {"GrantToken": token, "GrantId": made.grant_id}


def require_valid_for_key(grant: Grant, key: Key) -> None:
    """Raise ValidationException for operations and constraints that do not fit the key's spec and usage."""
    fitting = [operation for operation in SERVICES["kms"].operations.values() if operation.fits_in_grant_on(key)]
    actions = {action: operation for operation in fitting for action in operation.actions}
    unfitting = [action for action in grant.operations if action not in actions]
    if unfitting:
        # Those of all keys come first. unverified: `an asymmetric`, and the order of other keys; recorded for HMAC
        names = [name for name in get_args(GrantOperation) if name in actions]
        valid = sorted(names, key=lambda name: (actions[name].usage, actions[name].grantable) != (None, "any"))
        raise ValidationException(
            f"Operations [{', '.join(unfitting)}] are not supported when creating a grant for "
            f"{'an asymmetric' if key.is_asymmetric else 'a symmetric'} KMS key with key usage {key.usage}. "
            f"Valid operations are [{', '.join(valid)}]"
        )
    if grant.constraints.restricts_context and key.spec != SYMMETRIC_DEFAULT:
        raise ValidationException(
            "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key."
        )


def _check_grant_id(members: Mapping[str, object]) -> None:
    if "GrantId" in members:
        require_grant_id(str(members["GrantId"]))


def _check_filters(members: Mapping[str, object]) -> None:
    _check_grant_id(members)
    if "GranteePrincipal" in members:
        require_principal(str(members["GranteePrincipal"]))


@operation(cross_account=True, rules=_check_filters, quota=100)
def list_grants(
    call: Call,
    key: Key,
    *,
    limit: int | None = None,
    marker: str | None = None,
    grant_id: str | None = None,
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
) -> Reply:
    """List a key's grants, the oldest first: all, the one with an id, or those of a grantee."""
    if grantee_principal is not None:
        unknown = InvalidArnException("Input does not refer to a valid principal")
        grantee_principal = principal_arn(call, grantee_principal, unknown)
    grantee, service = grantee_principal or "", grantee_service_principal or ""
    # unverified: at most 100, as KMS documents it here; its model lets 1000 through, and no recording shows which
    page = requested_page(
        call, limit, marker, default=50, maximum=100, filters=f"{key.arn}/{grant_id}/{grantee}/{service}"
    )
    if grant_id is not None:
        grant = call.view.grant(key.arn, grant_id)
        grants = [grant] if grant is not None and grant.sort_key > page.after else []
    else:
        grants = call.view.grants_after(key.arn, page.after, page.limit + 1, grantee=grantee, service=service)
    # The look-up used one filter; the grants must match the other filters too.
    filters = {"GranteePrincipal": grantee_principal, "GranteeServicePrincipal": grantee_service_principal}
    required = {name: value for name, value in filters.items() if value is not None}
    return _listed(page, [grant for grant in grants if required.items() <= _entry(grant).items()])


def _check_retiring_principal(members: Mapping[str, object]) -> None:
    if ("RetiringPrincipal" in members) == ("RetiringServicePrincipal" in members):
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.")
    if "RetiringPrincipal" in members:
        require_principal(str(members["RetiringPrincipal"]))


@operation(authorization="*", cross_account=True, rules=_check_retiring_principal, quota=100)
def list_retirable_grants(
    call: Call,
    *,
    limit: int | None = None,
    marker: str | None = None,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
) -> Reply:
    """List the grants in the Region, on keys of any account, that a principal of the caller's account can retire."""
    principal, service = retiring_principal or "", retiring_service_principal or ""
    if principal:
        unknown = NotFoundException(f"Retiring principal {principal} could not be found")
        principal = principal_arn(call, principal, unknown)
    if principal and principal.split(":")[4] != call.account:
        # unverified: the code and the words; not in AWS's docs, recordings or issues
        raise AccessDeniedException(
            f"User: {call.principal.arn} is not authorized to perform: kms:ListRetirableGrants "
            f"for the principal {principal} of another account"
        )
    page = requested_page(call, limit, marker, default=50, maximum=100, filters=f"{principal}/{service}")
    return _listed(
        page,
        call.view.retirable_grants_after(call.region, page.after, page.limit + 1, principal=principal, service=service),
    )


def _check_token_or_id(members: Mapping[str, object]) -> None:
    by_token, by_id = "GrantToken" in members, {"KeyId", "GrantId"} & members.keys()
    if by_token == bool(by_id) or len(by_id) == 1:
        # unverified: the words; not in AWS's docs, recordings or issues
        raise ValidationException("Specify either a GrantToken, or both a KeyId and a GrantId.")
    _check_grant_id(members)


@operation(
    authorization="in function",
    cross_account=True,
    rules=_check_token_or_id,
    logged_request=False,
    logged_reply="key",
    grantable="any",
    quota=50,
)
def retire_grant(
    call: Call, *, grant_token: str | None = None, key_id: str | None = None, grant_id: str | None = None
) -> None:
    """Delete a grant; for its retiring principal, its grantee if it grants RetireGrant, and its issuing account."""
    if call.dry_run:
        call.further_parameters["DryRun"] = True
    grant = _by_token(call, grant_token) if grant_token is not None else _by_id(call, str(key_id), str(grant_id))
    key = call.store.newest.require_key(grant.key_arn)
    call.authorize_retiring(grant, key)
    call.additional_event_data["grantId"] = grant.grant_id
    call.writable_store.grants.remove(grant, dry_run=call.dry_run)


@operation(cross_account=True, rules=_check_grant_id, logged_reply="key", quota=50)
def revoke_grant(call: Call, key: Key, *, grant_id: str) -> None:
    """Delete a grant of a key, for whoever the key policy allows it."""
    grant = call.store.newest.grant(key.arn, grant_id)
    if grant is None:
        raise grant_not_found(grant_id)
    call.writable_store.grants.remove(grant, dry_run=call.dry_run)


def _by_token(call: Call, token: str) -> Grant:
    grant = call.store.grants.by_token(token, call.region)
    if grant is None:
        raise InvalidGrantTokenException
    return grant


def _by_id(call: Call, key_id: str, grant_id: str) -> Grant:
    if not key_id.startswith(("arn:", ALIAS_PREFIX)):  # of other names only this was recorded, of a bare key id
        raise NotFoundException(f"Invalid arn {key_id}")
    named = read_key_identifier(key_id, call.account, call.region, aliases=False)
    own_account = named.account == call.account
    if own_account:
        call.store.newest.require_named(named)
    grant = call.store.newest.grant(named.arn, grant_id)
    if grant is None:
        if not own_account:
            call.authorize(None, named=named)  # refuses with the message for keys of another account
        raise grant_not_found(grant_id)
    return grant


def _listed(page: Page, grants: Sequence[Grant]) -> Reply:
    reply = page.reply("Grants", grants, lambda grant: grant.sort_key)
    return {**reply, "Grants": [_entry(grant) for grant in grants[: page.limit]]}


def _entry(grant: Grant) -> dict[str, object]:
    """A GrantListEntry: members that the grant does not have are left out, but Name is then empty.

    The creation date is told in whole seconds, as recorded.
    """
    optional = {
        "GranteePrincipal": grant.grantee_principal,
        "GranteeServicePrincipal": grant.grantee_service_principal,
        "RetiringPrincipal": grant.retiring_principal,
        "RetiringServicePrincipal": grant.retiring_service_principal,
        "Constraints": grant.constraints.members() or None,
    }
    return {
        "KeyId": grant.key_arn,
        "GrantId": grant.grant_id,
        "Name": grant.name,
        "CreationDate": grant.creation_date.replace(microsecond=0),
        "IssuingAccount": grant.issuing_account,
        "Operations": list(grant.operations),
        **{name: value for name, value in optional.items() if value is not None},
    }

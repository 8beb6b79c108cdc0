"""The access keys of a seed: whose they are, and what belongs to them."""

from datetime import datetime

from keytrail.domain.arn import is_account
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.seeds.document import AccountMember, CredentialMember
from keytrail.seeds.parsing import Wrong, read_relative_moment


def read_account(path: str, member: AccountMember, credentials: dict[str, Credential], wrong: Wrong) -> None:
    """Add the access keys of an account's root."""
    for index, access_key_id in enumerate(member.access_key_ids):
        at = f"{path}.AccessKeyIds[{index}]"
        _check_access_key(at, access_key_id, credentials, wrong)
        principal = Principal.from_arn(f"arn:aws:iam::{member.account}:root", access_key_id)
        credentials[access_key_id] = Credential(principal=principal)


def read_credential(
    path: str,
    member: CredentialMember,
    credentials: dict[str, Credential],
    account: str,
    now: datetime,
    wrong: Wrong,
) -> None:
    """Add an access key; `account` is that of a service which names none."""
    _check_access_key(f"{path}.AccessKeyId", member.access_key_id, credentials, wrong)
    principal = _principal(path, member, account, wrong)
    expiration = _expiration(path, member, now, wrong)
    if principal is not None:
        credentials[member.access_key_id] = Credential(
            principal=principal,
            secret_access_key=member.secret_access_key,
            session_token=member.session_token,
            expiration=expiration,
        )


def _check_access_key(path: str, access_key_id: str, credentials: dict[str, Credential], wrong: Wrong) -> None:
    if access_key_id in credentials:
        wrong(path, f"{access_key_id} stands twice; every access key has one principal")
    elif is_account(access_key_id):
        wrong(path, "12 digits are always the account of that number; choose another")


def _principal(path: str, member: CredentialMember, account: str, wrong: Wrong) -> Principal | None:
    service = Principal.service(member.principal, member.account or account, member.access_key_id)
    if service is not None:
        return service
    try:
        principal = Principal.from_arn(member.principal, member.access_key_id)
    except ValueError as error:
        wrong(f"{path}.Principal", str(error))
        return None
    if member.account not in (None, principal.account):
        wrong(f"{path}.Account", f"is not the account of {principal.arn}; only a service needs one, so leave it out")
    return principal


def _expiration(path: str, member: CredentialMember, now: datetime, wrong: Wrong) -> datetime | None:
    if member.expiration is None:
        return None
    if member.session_token is None:
        wrong(f"{path}.Expiration", "only temporary credentials expire; give SessionToken too")
    try:
        return read_relative_moment(member.expiration, now)
    except ValueError as error:
        wrong(f"{path}.Expiration", str(error))
        return None

"""Reading the access keys of a seed: the principal, the secret and the session token of each.

A secret or a token that the seed does not have is not checked: any is right.
"""

from datetime import datetime

from keytrail.domain.arn import is_account
from keytrail.domain.credential import Credential
from keytrail.domain.principal import Principal
from keytrail.seeds.caller_members import AccountMember, CredentialMember
from keytrail.seeds.reader import SeedReader


def read_account(path: str, member: AccountMember, reader: SeedReader) -> None:
    """Add the access keys of an account's root."""
    for index, access_key_id in enumerate(member.access_key_ids):
        _check_access_key(f"{path}.AccessKeyIds[{index}]", access_key_id, reader)
        principal = Principal.from_arn(f"arn:aws:iam::{member.account}:root", access_key_id)
        reader.seed.credentials[access_key_id] = Credential(principal=principal)


def read_credential(path: str, member: CredentialMember, reader: SeedReader) -> None:
    """Add an access key."""
    _check_access_key(f"{path}.AccessKeyId", member.access_key_id, reader)
    principal = _principal(path, member, reader)
    expiration = _expiration(path, member, reader)
    if principal is not None:
        reader.seed.credentials[member.access_key_id] = Credential(
            principal=principal,
            secret_access_key=member.secret_access_key,
            session_token=member.session_token,
            expiration=expiration,
        )


def _check_access_key(path: str, access_key_id: str, reader: SeedReader) -> None:
    reader.require_once(path, f"the access key {access_key_id}", "it belongs to one principal")
    if is_account(access_key_id):
        reader.add_problem(path, "12 digits always mean the account with that id; choose another access key")


def _principal(path: str, member: CredentialMember, reader: SeedReader) -> Principal | None:
    on_behalf_of = member.account or reader.settings.account
    service = Principal.service(member.principal, on_behalf_of, member.access_key_id)
    if service is not None:
        return service
    try:
        principal = Principal.from_arn(member.principal, member.access_key_id)
    except ValueError as error:
        reader.add_problem(f"{path}.Principal", str(error))
        return None
    if member.account not in (None, principal.account):
        reader.add_problem(
            f"{path}.Account", f"is not the account of {principal.arn}; only a service needs Account, so leave it out"
        )
    return principal


def _expiration(path: str, member: CredentialMember, reader: SeedReader) -> datetime | None:
    if member.expiration is None:
        return None
    if member.session_token is None and member.secret_access_key is not None:
        reader.add_problem(f"{path}.Expiration", "only temporary credentials expire; add SessionToken")
    return reader.moment(f"{path}.Expiration", member.expiration)

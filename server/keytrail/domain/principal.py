"""Principals: an account's root, a user, a role or a session of it, or an AWS service.

Source: IAM User Guide, "IAM identifiers"; CloudTrail User Guide, "userIdentity element".
"""

import hashlib
import re
from dataclasses import dataclass

from keytrail.domain.arn import root_arn
from keytrail.domain.session import Session

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>iam|sts)::(?P<account>[0-9]{12}):"
    r"(?P<kind>root|user|role|assumed-role|federated-user)(?:/(?P<name>[\w+=,.@/-]+))?"
)

_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,}(?::[\w+=,.@-]+)?")

_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: its ARN, its account, and whether a seed declares it.

    `kind` is root, user, role, assumed-role, federated-user or service; `name` is what follows the kind in the ARN.
    A caller with `declared` False is in no seed, and counts as anybody in its account.
    """

    arn: str
    account: str
    kind: str
    name: str
    access_key_id: str | None = None
    declared: bool = False
    session_policies: tuple[str, ...] = ()
    """The session policies of AssumeRole, as JSON texts."""
    session: Session | None = None
    """The session that STS created; None for long-term access keys and for sessions that a seed declares."""

    def __hash__(self) -> int:
        """Hash only the ARN: callers are looked up on every request, and nearly all of them differ in it."""
        return hash(self.arn)

    @classmethod
    def root(cls, account: str, access_key_id: str | None = None, *, region: str = "us-east-1") -> "Principal":
        """The root of an account, in the partition of a Region."""
        return cls(root_arn(region, account), account, "root", "", access_key_id)

    @classmethod
    def from_arn(cls, arn: str, access_key_id: str | None = None) -> "Principal":
        """A declared caller by its ARN. Raises ValueError, with an example, for other ARNs."""
        found = _ARN.fullmatch(arn)
        if found is None or (found["kind"] == "root") == bool(found["name"]):
            raise ValueError(
                "expected the ARN of an account root, user, role or session, such as "
                f"arn:aws:iam::111122223333:role/KeyAuditor, got {arn!r}"
            )
        return cls(arn, found["account"], found["kind"], found["name"] or "", access_key_id, declared=True)

    @classmethod
    def service(cls, name: str, account: str, access_key_id: str | None = None) -> "Principal | None":
        """An AWS service that calls on an account's behalf, by a name such as s3.amazonaws.com.

        None for a malformed name. A service has no ARN: policies and grants use its name, and so does `arn`.
        """
        if not _SERVICE.fullmatch(name):
            return None
        return cls(name, account, "service", name, access_key_id, declared=True)

    @property
    def role_arn(self) -> str | None:
        """The ARN of the role, if the principal is a role or a session of one; else None."""
        if self.kind == "role":
            return self.arn
        if self.session is not None and self.session.role is not None:
            return self.session.role
        if self.kind == "assumed-role":
            partition = self.arn.split(":")[1]
            return f"arn:{partition}:iam::{self.account}:role/{self.name.partition('/')[0]}"
        return None

    def user_identity(self) -> dict[str, object]:
        """CloudTrail's userIdentity in records of the caller's own account."""
        if self.kind == "service":
            return {"type": "AWSService", "invokedBy": self.name}
        identity: dict[str, object] = {
            "type": _IDENTITY_TYPES[self.kind],
            "principalId": self.principal_id,
            "arn": self.arn,
            "accountId": self.account,
        }
        if self.access_key_id is not None:
            identity["accessKeyId"] = self.access_key_id
        if self.kind == "user":
            identity["userName"] = self.name.rpartition("/")[2]
        role = self.role_arn
        context = self.session.session_context() if self.session is not None else {}
        if role is not None:
            context = {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": _unique_id("AROA", role),
                    "arn": role,
                    "accountId": self.account,
                    "userName": role.rpartition("/")[2],
                },
                **context,
            }
        if context:
            identity["sessionContext"] = context
        return identity

    def cross_account_identity(self) -> dict[str, object]:
        """CloudTrail's userIdentity in records of other accounts, without name and ARN."""
        if self.kind == "service":
            return self.user_identity()
        return {"type": "AWSAccount", "principalId": self.principal_id, "accountId": self.account}

    @property
    def principal_id(self) -> str:
        """IAM's unique id of the caller: the account id of a root; otherwise derived from the ARN."""
        if self.kind == "root":
            return self.account
        if self.kind == "service":
            return self.name
        if self.role_arn is not None:
            return f"{self.unique_id}:{self.name.partition('/')[2] or self.name}"
        return self.unique_id

    @property
    def unique_id(self) -> str:
        """IAM's unique id of a user, or of a role or a session's role; derived from the ARN."""
        role = self.role_arn
        return _unique_id("AROA", role) if role is not None else _unique_id("AIDA", self.arn)


_IDENTITY_TYPES = {
    "root": "Root",
    "user": "IAMUser",
    "role": "AssumedRole",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
}


def is_unique_id(text: str) -> bool:
    """Whether a text has the form of IAM's unique id of a user or role, or of a session: `AROA...:name`."""
    return _UNIQUE_ID.fullmatch(text) is not None


def session_arn(role_arn: str, name: str) -> str:
    """The ARN of a session of a role. It has the role's name without its path."""
    _, partition, _, _, account, role = role_arn.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}"


def _unique_id(prefix: str, arn: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return prefix + "".join(letters[byte & 31] for byte in hashlib.sha256(arn.encode()).digest()[:17])

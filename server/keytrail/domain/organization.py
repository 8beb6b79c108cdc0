"""What an organization says of an account: the service control policies on the way from its root.

Source: AWS Organizations User Guide, "Service control policies (SCPs)" and "SCP evaluation".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceControlPolicy:
    """A policy that bounds what the principals of accounts may do; the document is a JSON text."""

    arn: str
    document: str


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organization.

    `levels` are the policies attached to the root, to each organizational unit on the way, and to the account itself;
    none of them holds for the management account.
    """

    organization_id: str | None = None
    levels: tuple[tuple[ServiceControlPolicy, ...], ...] = ()

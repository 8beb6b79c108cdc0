"""Organizations: the service control policies that apply to an account.

Source: AWS Organizations User Guide, "Service control policies (SCPs)" and "SCP evaluation".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceControlPolicy:
    """A policy that limits what the principals of an account may do; the document is a JSON text."""

    arn: str
    document: str


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organization.

    `levels` are the policies of the root, of each organizational unit above the account, and of the account itself, in
    this order. For the management account `levels` is empty.
    """

    organization_id: str | None = None
    levels: tuple[tuple[ServiceControlPolicy, ...], ...] = ()

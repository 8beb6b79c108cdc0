"""Organizations: the policies that limit an account, its principals and its resources.

Source: AWS Organizations User Guide, "Service control policies (SCPs)", "SCP evaluation" and "Resource control policies
(RCPs)".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """A service control policy or a resource control policy; the document is a JSON text."""

    arn: str
    document: str


Level = tuple[ControlPolicy, ...]
"""The policies that are attached to one place: to the root, an organizational unit or an account."""


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organization.

    `service_control_policies` limit the account's principals: the levels of the root, of each organizational unit above
    the account, and of the account itself, in this order. `resource_control_policies` limit what anybody may do with
    its resources: of all these levels together, for they can only deny. For the management account both are empty.
    """

    organization_id: str | None = None
    service_control_policies: tuple[Level, ...] = ()
    resource_control_policies: Level = ()

"""What Organizations requires of a resource control policy besides what every policy has to have.

Source: AWS Organizations User Guide, "RCP syntax"; which documents CreatePolicy took and which it refused, as recorded
(kms-behaviour F.2).
"""

from collections.abc import Callable, Mapping
from typing import Any

from keytrail.authorization.elements import malformed, read_texts

_REFUSED = "The provided policy document does not meet the requirements of the specified policy type."
_EVERYBODY = ("*", {"AWS": "*"})
_SERVICES_WITHOUT = frozenset({"iam"})
"""Services that resource control policies do not reach. Which others there are changes: they are let through."""


def _actions_are_of_services(statement: Mapping[str, Any]) -> bool:
    services = [action.partition(":")[0].lower() for action in read_texts(statement, "Action")]
    return not any("*" in service or "?" in service or service in _SERVICES_WITHOUT for service in services)


_REQUIREMENTS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "its Effect must be Deny: the Allow of RCPFullAWSAccess is always there": (
        lambda statement: statement["Effect"] == "Deny"
    ),
    'it must have a Principal, "*" or {"AWS": "*"}': (
        lambda statement: "NotPrincipal" not in statement and statement.get("Principal") in _EVERYBODY
    ),
    "it must have an Action, and no NotAction": (
        lambda statement: "Action" in statement and "NotAction" not in statement
    ),
    "each Action must name a service that has resource control policies, such as kms:*": _actions_are_of_services,
}
"""What has to be right, in words, and whether it is."""


def require_resource_control_statement(statement: Mapping[str, Any], position: int) -> None:
    """Raise MalformedPolicyDocumentException unless Organizations takes a statement; its Effect is Allow or Deny."""
    for requirement, is_met in _REQUIREMENTS.items():
        if not is_met(statement):
            raise malformed(f"{_REFUSED} Statement {position}: {requirement}.")

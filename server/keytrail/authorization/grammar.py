"""The closed grammar of policy documents: which elements there are in a policy of each type, and which texts.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference"; the words
of refusals as reported (kms-behaviour N.2).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from keytrail.authorization.elements import INVALID_PRINCIPALS, LEGACY, PolicyProblem, read_texts, require_members
from keytrail.authorization.policy_types import PolicyType
from keytrail.authorization.resource_control_policies import require_resource_control_statement

NEWEST_VERSION = "2012-10-17"
"""The Version with policy variables."""

_VERSIONS = ("2008-10-17", NEWEST_VERSION)
_TOP = ("Version", "Id", "Statement")

_EVERY = ("Sid", "Effect", "Action", "NotAction", "Condition")
_PRINCIPAL, _RESOURCE = ("Principal", "NotPrincipal"), ("Resource", "NotResource")
_OWN = (*_EVERY, *_RESOURCE)

_STATEMENT: Mapping[PolicyType, tuple[str, ...]] = {
    PolicyType.KEY: (*_EVERY, *_PRINCIPAL, *_RESOURCE),
    PolicyType.TRUST: (*_EVERY, *_PRINCIPAL),
    PolicyType.IDENTITY: _OWN,
    PolicyType.BOUNDARY: _OWN,
    PolicyType.SESSION: _OWN,
    PolicyType.SCP: _OWN,
    PolicyType.RCP: (*_EVERY, *_PRINCIPAL, *_RESOURCE),
}
"""The elements of a statement."""

_MISPLACED: Mapping[str, str] = {
    "Principal": "Policy document should not specify a principal.",
    "NotPrincipal": "Policy document should not specify a principal.",
    "Resource": "Has prohibited field Resource.",
    "NotResource": "Has prohibited field NotResource.",
}
"""AWS's words for an element that only policies of other types have."""

_NOT_JSON: Mapping[PolicyType, str | None] = {
    PolicyType.KEY: None,  # as reported of CreateKey
    PolicyType.TRUST: "This policy contains invalid Json",
    PolicyType.SESSION: "This policy contains invalid Json",
}
_LACKING: Mapping[str, tuple[str, str]] = {
    "Action": ("an Action or a NotAction", "Policy statement must contain actions."),
    "Resource": ("a Resource or a NotResource", "Policy statement must contain resources."),
    "Principal": ("a Principal or a NotPrincipal", INVALID_PRINCIPALS),
}
"""By the first of two elements: what a statement needs, and AWS's words if it has neither."""

_VENDOR = re.compile(r"[A-Za-z0-9.-]+")
_PARTITION = re.compile(r"aws[a-z-]*|[a-z-]*[*?][a-z*?-]*")


def read_document(document: str, policy_type: PolicyType) -> tuple[str, list[tuple[str, Mapping[str, Any]]]]:
    """The Version of a policy and its statements, each with its place; raises PolicyProblem.

    Checked here are the elements and their texts, but not the principals and the conditions.
    """
    policy = _parsed(document, policy_type)
    require_members(policy, _TOP, "a policy")
    version = policy.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyProblem(f"expected {_VERSIONS[0]} or {_VERSIONS[1]}, got {version!r}", place="Version")
    if not isinstance(policy.get("Id", ""), str):
        raise PolicyProblem("expected a text", place="Id")
    written = policy.get("Statement")
    statements = [("Statement", written)] if isinstance(written, Mapping) else _listed(written)
    seen: set[str] = set()
    for place, statement in statements:
        try:
            _check(statement, policy_type, seen)
        except PolicyProblem as problem:
            raise problem.within(place) from None
    return version, statements


def _listed(statements: object) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(statements, list) or not statements:
        raise PolicyProblem("expected a statement or a list of statements", place="Statement")
    return [(f"Statement[{at}]", statement) for at, statement in enumerate(statements)]


def _parsed(document: str, policy_type: PolicyType) -> Mapping[str, Any]:
    try:
        policy = json.loads(document, object_pairs_hook=_single_members, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        words = _NOT_JSON.get(policy_type, "Syntax errors in policy.")
        raise PolicyProblem(f"expected a JSON document; {error}", words) from None
    if not isinstance(policy, Mapping):
        raise PolicyProblem("expected a JSON object")
    return policy


def _single_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyProblem(f"{twice} appears twice in one object; keep one")
    return read


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _check(statement: object, policy_type: PolicyType, seen: set[str]) -> None:
    """Raise PolicyProblem for a statement that no policy of this type can have; `seen` are the Sids before it."""
    if not isinstance(statement, Mapping):
        raise PolicyProblem("expected a JSON object")
    known = _STATEMENT[policy_type]
    for name, words in _MISPLACED.items():
        if name in statement and name not in known:
            raise PolicyProblem(f"a policy of this type, {policy_type}, has no {name}; leave it out", words, place=name)
    require_members(statement, known, "a statement")
    _check_sid(statement, seen)
    if statement.get("Effect") not in ("Allow", "Deny"):
        # IAM's words for the right word in the wrong case are others
        in_other_case = str(statement.get("Effect")).lower() in ("allow", "deny")
        words = LEGACY if in_other_case else "Syntax errors in policy."
        raise PolicyProblem("expected Allow or Deny", words, place="Effect")
    if policy_type is PolicyType.RCP:
        require_resource_control_statement(statement)
    for name, texts in _texts_of(statement, known):
        for text in texts:
            _CHECKS[name.removeprefix("Not")](text, name)


def _check_sid(statement: Mapping[str, Any], seen: set[str]) -> None:
    sid = statement.get("Sid", "")
    if not isinstance(sid, str):
        raise PolicyProblem("expected a text", place="Sid")
    if sid in seen:
        words = "Statement IDs (SID) in a single policy must be unique."
        raise PolicyProblem(f"{sid} appears twice; every statement has its own", words, place="Sid")
    seen.update(filter(None, [sid]))


def _texts_of(statement: Mapping[str, Any], known: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts of Action or NotAction, and of Resource or NotResource, by the element's name."""
    for name, (expected, words) in _LACKING.items():
        if name not in known:
            continue
        present = [each for each in (name, f"Not{name}") if each in statement]
        of_kms = words == INVALID_PRINCIPALS
        if len(present) > 1:
            words = words if of_kms else "Syntax errors in policy."
            raise PolicyProblem(f"expected {expected}, not both", words, place=present[1], of_kms=of_kms)
        if not present:
            raise PolicyProblem(f"a statement needs {expected}", words, of_kms=of_kms)
        if name == "Principal":
            continue
        texts = read_texts(statement[present[0]], present[0])
        if not texts:
            raise PolicyProblem("the list is empty", words, place=present[0])
        yield present[0], texts


def _check_action(action: str, place: str) -> None:
    vendor, colon, name = action.partition(":")
    if action == "*":
        return
    if not colon:
        words = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        raise PolicyProblem(f"expected an action such as kms:Decrypt, got {action!r}", words, place=place)
    if ":" in name:
        raise PolicyProblem(f"{action!r} has two colons", "Actions/Condition can contain only one colon.", place=place)
    if vendor != "*" and not _VENDOR.fullmatch(vendor):
        words = f"Vendor {vendor} is not valid"
        raise PolicyProblem(f"expected an action such as kms:Decrypt, got {action!r}", words, place=place)


def _check_resource(resource: str, place: str) -> None:
    if resource == "*":
        return
    parts = resource.split(":")
    expected = f"expected an ARN or *, got {resource!r}"
    if len(parts) < 2 or parts[0] != "arn":
        raise PolicyProblem(expected, f'Resource {resource} must be in ARN format or "*".', place=place)
    if not _PARTITION.fullmatch(parts[1]):
        words = f'Partition "{parts[1]}" is not valid for resource "{_padded(parts)}".'
        raise PolicyProblem(f"expected a partition such as aws, got {parts[1]!r}", words, place=place)
    if len(parts) < 3 or {"*", "?"} & {*parts[2]}:
        words = "Resource vendor must be fully qualified and cannot contain regexes."
        raise PolicyProblem(f"{expected}; the third part is a service, without wildcards", words, place=place)
    if not parts[2] or (len(parts) < 6 and "::" in resource):
        raise PolicyProblem(f"{expected}; an ARN has six parts", LEGACY, place=place)


def _padded(parts: Sequence[str]) -> str:
    """An ARN as IAM shows it: with a star for each part that it lacks."""
    return ":".join([*parts, *["*"] * (6 - len(parts))])


_CHECKS: Mapping[str, Callable[[str, str], None]] = {"Action": _check_action, "Resource": _check_resource}


def require_condition_key(key: str) -> None:
    """Raise PolicyProblem unless a condition key has a vendor, such as kms: or aws:."""
    vendor, colon, name = key.partition(":")
    if not colon or not vendor.strip() or not name:
        words = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        raise PolicyProblem(f"expected a condition key such as aws:PrincipalArn, got {key!r}", words, place=key)

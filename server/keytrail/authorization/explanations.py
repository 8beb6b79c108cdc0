"""Explanations: why the last requests were allowed or denied, for the control API's `explain`."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from keytrail.authorization.conditions import Values
from keytrail.authorization.evaluation import Question, Verdict
from keytrail.authorization.identities import PrincipalPolicies
from keytrail.authorization.policy import Policy, PolicyType
from keytrail.domain.principal import Principal

MAX_REQUESTS = 1000
"""For how many requests decisions are kept."""
MAX_SIZE = 16 * 1024 * 1024
"""How many characters the values of condition keys in them have: an encryption context alone may have a million."""


class Explanation(NamedTuple):
    """One decision: caller, action, resource, verdict, and the values of the condition keys that policies asked for."""

    caller: Principal
    action: str
    resource: str
    verdict: Verdict
    context: Mapping[str, Values]
    policies: tuple[Policy, ...] = ()
    """Those in which an Allow was looked for in vain; empty if a statement or a grant decided."""
    role_arn: str | None = None
    """The ARN of the caller's role; None if it has none, or if the role's path is not known."""

    @classmethod
    def of_verdict(
        cls, question: Question, verdict: Verdict, context: Mapping[str, Values], own: PrincipalPolicies
    ) -> "Explanation":
        """The explanation of a verdict. It has no reference to the request, so that the request can be freed.

        `own` are the caller's own policies.
        """
        return cls(
            question.principal,
            question.action,
            question.resource,
            verdict,
            dict(context),
            wanting(question, verdict, own),
            own.role_arn,
        )

    def members(self) -> dict[str, object]:
        """The explanation as members of the control API's answer."""
        verdict = self.verdict
        members: dict[str, object] = {
            "principal": self.caller.arn,
            "action": self.action,
            "resource": self.resource,
            "allowed": verdict.allowed,
            "reason": self._reason(),
        }
        if verdict.decided_by is not None:
            policy, statement = verdict.decided_by
            members["policy"] = {"type": str(policy.type), "name": policy.name}
            members["statement"] = {
                "sid": statement.sid,
                "index": statement.position,
                "effect": "Allow" if statement.allows else "Deny",
            }
        if verdict.grant is not None:
            members["grant"] = verdict.grant.grant.grant_id
        members["context"] = {
            name: list(values) if values is not None else None for name, values in self.context.items()
        }
        return members

    def _reason(self) -> str:
        verdict = self.verdict
        if verdict.grant is not None:
            return "a grant allows it"
        if verdict.decided_by is not None:
            policy, statement = verdict.decided_by
            return f"a statement of the {policy.type} {'allows' if statement.allows else 'denies'} it"
        if verdict.allowed:
            return "the caller is as good as the root of its account, and nothing denies it"
        return f"no {verdict.policy_type} allows it" if verdict.policy_type is not None else "nothing allows it"


def wanting(question: Question, verdict: Verdict, own: PrincipalPolicies) -> tuple[Policy, ...]:
    """The policies in which an Allow was looked for in vain: those of the verdict's type, then the resource's."""
    if verdict.allowed or verdict.decided_by is not None:
        return ()
    resource_policy = (question.resource_policy,) if question.resource_policy is not None else ()
    of_type = {
        PolicyType.IDENTITY: own.identity_policies,
        PolicyType.BOUNDARY: own.permissions_boundary,
        PolicyType.SESSION: own.session_policies,
        PolicyType.SCP: own.service_control_policies,
    }
    return (*(of_type.get(verdict.policy_type, ()) if verdict.policy_type is not None else ()), *resource_policy)


class Explanations:
    """The decisions on the last requests, by request id. Thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, list[tuple[Explanation, int]]] = OrderedDict()
        """With each explanation its size."""
        self._size = 0

    def add(self, request_id: str, explanation: Explanation) -> None:
        """Keep a decision, and drop those on the oldest requests; those on the latest request stay."""
        kept, size = self._kept, 0
        for values in explanation.context.values():
            for value in values or ():
                size += len(value)
        with self._lock:
            kept.setdefault(request_id, []).append((explanation, size))
            self._size += size
            while len(kept) > MAX_REQUESTS or (self._size > MAX_SIZE and len(kept) > 1):
                for _, dropped in kept.popitem(last=False)[1]:
                    self._size -= dropped

    def of_request(self, request_id: str) -> list[Explanation]:
        """The decisions on a request, in order; empty if none is kept."""
        return [explanation for explanation, _ in self._kept.get(request_id, ())]

"""Explanations: why the last requests were allowed or denied, for the control API's `explain`."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from keytrail.authorization.conditions import Values
from keytrail.authorization.evaluation import Question, Verdict

MAX_REQUESTS = 1000
"""For how many requests decisions are kept."""


class Explanation(NamedTuple):
    """One decision: caller, action, resource, verdict, and the values of the condition keys that policies asked for."""

    principal: str
    action: str
    resource: str
    verdict: Verdict
    context: Mapping[str, Values]

    @classmethod
    def of_verdict(cls, question: Question, verdict: Verdict, context: Mapping[str, Values]) -> "Explanation":
        """The explanation of a verdict. It has no reference to the request, so that the request can be freed."""
        return cls(question.principal.arn, question.action, question.resource, verdict, dict(context))

    def members(self) -> dict[str, object]:
        """The explanation as members of the control API's answer."""
        verdict = self.verdict
        members: dict[str, object] = {
            "principal": self.principal,
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


class Explanations:
    """The decisions on the last requests, by request id. Thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, list[Explanation]] = OrderedDict()

    def add(self, request_id: str, explanation: Explanation) -> None:
        """Keep a decision, and drop those on the oldest requests."""
        kept = self._kept
        kept.setdefault(request_id, []).append(explanation)
        while len(kept) > MAX_REQUESTS:
            try:
                kept.popitem(last=False)
            except KeyError:  # another thread was faster
                break

    def of_request(self, request_id: str) -> list[Explanation]:
        """The decisions on a request, in order; empty if none is kept."""
        return list(self._kept.get(request_id, ()))

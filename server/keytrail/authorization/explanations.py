"""Why the last requests were let through or not: what the control API's `explain` tells."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from keytrail.authorization.conditions import Values
from keytrail.authorization.evaluation import Question, Verdict

REMEMBERED = 1000
"""How many requests' decisions are kept."""


class Explanation(NamedTuple):
    """One decision: who asked for what, the verdict, and the values of the condition keys that it asked for."""

    principal: str
    action: str
    resource: str
    verdict: Verdict
    context: Mapping[str, Values]

    @classmethod
    def of(cls, question: Question, verdict: Verdict, context: Mapping[str, Values]) -> "Explanation":
        """What is kept of a decision: nothing that holds on to the request."""
        return cls(question.principal.arn, question.action, question.resource, verdict, dict(context))

    def members(self) -> dict[str, object]:
        """The members of the control API's answer."""
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
    """The decisions of the last requests, by request id."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, list[Explanation]] = OrderedDict()

    def note(self, request_id: str, explanation: Explanation) -> None:
        """Keep a decision; the oldest request's leave."""
        kept = self._kept
        kept.setdefault(request_id, []).append(explanation)
        while len(kept) > REMEMBERED:
            try:
                kept.popitem(last=False)
            except KeyError:  # another thread was faster
                break

    def of(self, request_id: str) -> list[Explanation]:
        """The decisions of a request, in their order; empty if none is kept."""
        return list(self._kept.get(request_id, ()))

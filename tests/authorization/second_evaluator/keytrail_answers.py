"""Keytrail's answers to the same questions, asked of its own functions in this process."""

from __future__ import annotations

import json
import re
from datetime import datetime

import msgspec

from keytrail.authorization.conditions import ValueList
from keytrail.authorization.request import RequestFacts
from keytrail.clock import Clock
from keytrail.crypto.randomness import new_uuid
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.principal import Principal
from keytrail.domain.session import Session
from keytrail.endpoint import Endpoint
from keytrail.errors import AwsError
from keytrail.operations.kms import OPERATIONS
from keytrail.settings import Settings
from tests.authorization.second_evaluator.evaluator import ELSEWHERE, RESOURCE, Decision, explicit_deny, lack
from tests.authorization.second_evaluator.questions import PERMISSIONS, Question, Seed
from tests.authorization.second_evaluator.random_policies import MINE, NOW
from tests.authorization.second_evaluator.statements import Caller


class Keytrail:
    """One endpoint, strict or not, that answers questions about one seed after another."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.endpoint = Endpoint(Settings(strict=strict), Clock())

    def load(self, seed: Seed) -> None:
        """Forget the seed before, and load this one."""
        self.endpoint.reset()
        self.endpoint.set_clock(datetime.fromisoformat(NOW), frozen=True)
        self.endpoint.load(msgspec.json.encode(seed))

    def answer(self, question: Question) -> tuple[Decision, str]:
        """The decision, and the text of a refusal. Raises AssertionError if an explanation says something else."""
        facts = self._facts(question)
        named = read_key_identifier(question.named_by, MINE, "us-east-1", aliases=True) if question.named_by else None
        authorizer = self.endpoint.authorizer
        key = self.endpoint.store.newest.named(named) if named is not None else None
        if named is not None and key is None:
            raise ValueError(f"no key {question.named_by}")
        overrides = {
            name.lower(): (value,) if isinstance(value, str) else ValueList(value)
            for name, value in question.further.items()
        }
        resource = key.arn if key is not None else question.alias or "*"
        explained = authorizer.explain(facts, question.action, key, resource, overrides).members()
        if question.further:  # which a call cannot have
            reason = str(explained["reason"])
            return _decision(question, explained["allowed"] is True, reason), reason
        refused = None
        try:
            if named is None:
                authorizer.authorize_on(facts, question.action, resource)
            else:
                authorizer.authorize(facts, question.action, key, named)
        except AwsError as error:
            refused = str(error.message)
        assert explained["allowed"] is (refused is None), f"{refused}, but the explanation is {explained}"
        return _decision(question, refused is None, refused or ""), refused or ""

    def _facts(self, question: Question) -> RequestFacts:
        operation = OPERATIONS[PERMISSIONS[question.action].operation]
        named = {MEMBERS.get(question.action, "KeyId"): question.named_by} if question.named_by is not None else {}
        return RequestFacts(
            operation=operation.name,
            principal=principal_of(question.caller),
            region="us-east-1",
            now=datetime.fromisoformat(question.now),
            request_id=new_uuid(),
            store=self.endpoint.store,
            trail=self.endpoint.trail,
            settings=self.endpoint.settings,
            source_ip=question.source_ip,
            user_agent=question.user_agent,
            source_arn=question.source_arn,
            source_account=question.source_account,
            defaults=operation.defaults,
            cross_account=operation.cross_account,
            members={**named, **question.members},
        )


MEMBERS = {
    "kms:ReEncryptFrom": "SourceKeyId",
    "kms:ReEncryptTo": "DestinationKeyId",
    "kms:CreateAlias": "TargetKeyId",
    "kms:UpdateAlias": "TargetKeyId",
}
"""The members that name the key, where it is not KeyId."""


def principal_of(caller: Caller) -> Principal:
    """The caller as Keytrail's authentication would give it."""
    if caller.kind == "service":
        service = Principal.service(caller.arn, caller.account)
        assert service is not None
        return service
    if caller.kind == "stranger":
        return Principal.root(caller.account)
    known = Principal.from_arn(caller.arn)
    session = None
    if caller.issued is not None:
        session = Session(
            created=datetime.fromisoformat(caller.issued),
            role=caller.role,
            mfa=caller.mfa,
            tags=caller.session_tags,
            source_identity=caller.source_identity,
        )
    policies = tuple(json.dumps(it) for it in caller.session_policies)
    return Principal(known.arn, known.account, known.kind, known.name, None, True, policies, session)


_REASONS = re.compile(
    r"(?P<denied>(?<=an explicit deny in )an? [a-z -]+(policy|boundary)|(?<=a statement of the )[a-z -]+(?= denies it))"
    r"|(?<=no )(?P<lacking>[a-z -]+)(?= allows)"
)


def _decision(question: Question, allowed: bool, text: str) -> Decision:
    """The decision, with the reason that a text gives in the second evaluator's words."""
    if allowed:
        return Decision(True)
    found = _REASONS.search(text)
    if ELSEWHERE in text:
        return Decision(False, frozenset({ELSEWHERE}))
    if found is None:
        raise ValueError(text)
    kind = (found["denied"] or found["lacking"]).removeprefix("a ").removeprefix("an ")
    if question.further and kind == RESOURCE and question.caller.account != MINE:  # an explanation tells more
        return Decision(False, frozenset({ELSEWHERE}))
    return Decision(False, frozenset({explicit_deny(kind) if found["denied"] else lack(kind)}))

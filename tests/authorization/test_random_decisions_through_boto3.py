"""What tests/authorization/test_random_decisions.py asks in this process, some of it asked through boto3.

Callers sign, roles are assumed with session policies, and the words of refusals are compared with kms-behaviour F.3.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from keytrail.server import KeytrailServer
from tests.authorization.second_evaluator.conditions import Unsettled
from tests.authorization.second_evaluator.evaluator import ELSEWHERE, Decision, decide
from tests.authorization.second_evaluator.questions import PERMISSIONS, Question, World
from tests.authorization.second_evaluator.random_policies import MINE, NOW, SERVICES, THEIRS, Generator, roles, users
from tests.authorization.second_evaluator.statements import Caller
from tests.support import NO_SUCH_OR_NO_ACCESS
from tests.support.clients import new_client, shared_client

SEED = os.environ.get("KEYTRAIL_RANDOM_SEED", "Keytrail")
SECRET = "secret"
ADMINS = {account: f"arn:aws:iam::{account}:user/admin" for account in (MINE, THEIRS)}
PRINCIPALS = [
    *((arn, account) for account in (MINE, THEIRS) for arn in (ADMINS[account], *users(account), *roles(account))),
    *((name, account) for account in (MINE, THEIRS) for name in SERVICES),
]
ACCESS_KEYS = {principal: f"AKIACALLER{number:010}" for number, principal in enumerate(PRINCIPALS)}

CALLS: Mapping[str, Mapping[str, Any]] = {
    "kms:Encrypt": {"Plaintext": b"x", "DryRun": True},
    "kms:GenerateDataKey": {"KeySpec": "AES_256", "DryRun": True},
    "kms:Sign": {"Message": b"x" * 32, "DryRun": True},
    "kms:GenerateMac": {"Message": b"x", "DryRun": True},
    "kms:CreateGrant": {"DryRun": True},
    "kms:GenerateRandom": {"NumberOfBytes": 8},
    **{f"kms:{name}": {} for name in ("DescribeKey", "GetKeyPolicy", "GetKeyLastUsage", "ListGrants", "GetPublicKey")},
    **{f"kms:{name}": {} for name in ("ListKeys", "ListAliases", "CreateKey", "DisableKey")},
}
"""Operations that change nothing that a condition sees, with the members that they need."""


def allow(action: str, **members: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **members}]}


CALLERS = {
    "credentials": [
        {"AccessKeyId": key, "SecretAccessKey": SECRET, "Principal": principal}
        | ({"Account": account} if principal in SERVICES else {})
        for (principal, account), key in ACCESS_KEYS.items()
    ],
    "identities": [
        *({"Arn": arn, "Policies": {"own": allow("sts:*", Resource="*")}} for arn in ADMINS.values()),
        *(
            {"Arn": role, "TrustPolicy": allow("sts:*", Principal={"AWS": account})}
            for account in (MINE, THEIRS)
            for role in roles(account)
        ),
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[KeytrailServer]:
    with KeytrailServer(strict=True) as server:
        yield server


def test_boto3_sees_the_decisions_of_the_second_evaluator(server: KeytrailServer) -> None:
    """A few hundred calls, with `strict`."""
    clients = Clients(server)
    asked = refused = 0
    for number in range(22):
        generator = Generator(Random(f"{SEED}/boto3/{number}"), strict=True, actions=list(CALLS))
        seed = generator.seed()
        questions = [as_boto3_can_ask(generator.question(seed)) for _ in range(12)]
        world = World(seed)
        server.reset()
        server.clock.freeze(NOW)
        server.load(CALLERS)
        callers = [clients.of(question) for question in questions]
        server.load(seed)
        for question, client in zip(questions, callers, strict=True):
            with suppress(Unsettled):
                expected = decide(question, world)
                words = refusal(client, question)
                assert (words is None) == expected.allowed, f"{words}\n{question}\n{json.dumps(seed)}"
                assert words is None or any(
                    re.fullmatch(it, words) for it in texts(question, expected, world.key_arn)
                ), words
                asked += 1
                refused += words is not None
    assert asked > 220
    assert asked / 3 < refused < asked


def as_boto3_can_ask(question: Question) -> Question:
    """The question with what is so of every call here."""
    caller = question.caller
    if caller.kind == "session":  # STS takes one policy, and issues credentials now
        caller = replace(caller, session_policies=caller.session_policies[:1], mfa=False, issued=NOW)
    return replace(question, caller=caller, source_ip="127.0.0.1", further={})


def refusal(client: Any, question: Question) -> str | None:
    """The message of AccessDeniedException, or None if the caller may: other errors come later."""
    named = {"KeyId": question.named_by} if question.named_by is not None else {}
    operation = getattr(client, xform_name(PERMISSIONS[question.action].operation))
    try:
        operation(**CALLS[question.action], **question.members, **named)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return str(error.response["Error"]["Message"])
    return None


def texts(question: Question, expected: Decision, key_arn: str) -> Iterator[str]:
    """The refusals that AWS may give, as regular expressions: kms-behaviour F.3."""
    where = f"on resource: {key_arn if question.on_key else '*'}"
    if question.on_key and question.caller.account != MINE:
        where = "on this resource"
    start = f"User: {question.caller.arn} is not authorized to perform: {question.action} "
    for reason in expected.reasons:
        if reason == ELSEWHERE:
            yield re.escape(f"{start}on this resource {NO_SUCH_OR_NO_ACCESS}")
        elif reason.startswith("no "):
            yield re.escape(f"{start}{where} because {reason} the {question.action} action")
        else:
            yield re.escape(f"{start}{where} with {reason}") + "(: arn:aws:organizations::.+)?"


class Clients:
    """A client for each caller; those of long-term access keys are made once."""

    def __init__(self, server: KeytrailServer) -> None:
        self.server = server
        self.known: dict[tuple[str, str], Any] = {}

    def of(self, question: Question) -> Any:
        """The client with which a question is asked. Assumes the role of a session."""
        caller = question.caller
        if caller.kind == "service":
            sources = {"x-amz-source-arn": question.source_arn, "x-amz-source-account": question.source_account}
            return self.client(ACCESS_KEYS[caller.arn, caller.account], **{k: v for k, v in sources.items() if v})
        if caller.kind == "session":
            issued = self.session(caller)
            return self.client(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
        if (caller.arn, caller.account) not in self.known:
            key = ACCESS_KEYS.get((caller.arn, caller.account), caller.account)  # a root signs as its account
            self.known[caller.arn, caller.account] = self.client(key)
        return self.known[caller.arn, caller.account]

    def session(self, caller: Caller) -> Mapping[str, str]:
        """Credentials of AssumeRole."""
        admin = ACCESS_KEYS[ADMINS[caller.account], caller.account]
        sts = shared_client(self.server.url, "sts", access_key=admin, secret=SECRET)
        further: dict[str, Any] = {}
        if caller.session_policies:
            further["Policy"] = json.dumps(caller.session_policies[0])
        if caller.source_identity:
            further["SourceIdentity"] = caller.source_identity
        if caller.session_tags:
            further["Tags"] = [{"Key": key, "Value": value} for key, value in caller.session_tags]
        name = caller.arn.rpartition("/")[2]
        answer = sts.assume_role(RoleArn=caller.role, RoleSessionName=name, **further)
        credentials: Mapping[str, str] = answer["Credentials"]
        return credentials

    def client(self, access_key: str, secret: str = SECRET, token: str | None = None, **headers: str) -> Any:
        """A client that sends these headers, and the user agent of the questions."""
        made = new_client(self.server.url, access_key=access_key, secret=secret, token=token)
        sent = {"User-Agent": Question.user_agent, **headers}

        def add(request: Any, **_: object) -> None:
            for name, value in sent.items():
                request.headers[name] = value

        made.meta.events.register("before-sign.kms", add)
        return made

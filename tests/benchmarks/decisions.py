"""What saying who may costs a request, in this process: no server takes part."""

import json
from collections.abc import Callable
from statistics import median

from measures import Effort
from report import Row, spread
from values import microseconds

from keytrail.authorization.authorizer import Authorizer
from keytrail.authorization.request import RequestFacts
from keytrail.clock import Clock
from keytrail.domain.arn import read_key_identifier
from keytrail.domain.principal import Principal
from keytrail.endpoint import Endpoint
from keytrail.settings import Settings

ACCOUNT, KEY_ID = "111122223333", "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
READER = f"arn:aws:iam::{ACCOUNT}:role/Reader"
DEFAULT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}

CONDITIONS = [
    {"StringEquals": {"kms:EncryptionContext:tenant": "t{}"}, "NumericLessThan": {"aws:EpochTime": "99"}},
    {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*{{}}"}, "Bool": {"kms:MultiRegion": "true"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Reader"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, "Null": {"kms:ViaService": "false"}},
    {"StringEquals": {"aws:username": ["a{}", "b"]}, "StringNotEquals": {"kms:CallerAccount": ACCOUNT}},
]


def decisions(effort: Effort) -> list[Row]:
    """Deciding on an Encrypt: under the default key policy, and under 50 statements with two conditions each."""
    plain = microseconds(effort, decision(None, declared=False))
    declared = microseconds(effort, decision(None, declared=True))
    large = microseconds(effort, decision(fifty_statements(), declared=False))
    larger = microseconds(effort, decision(fifty_statements(), declared=True))
    return [
        Row("decision, default key policy, undeclared caller", "< 15 us", median(plain) < 15, f"{spread(plain)} us"),
        Row("decision, default key policy, role with IAM", "< 15 us", median(declared) < 15, f"{spread(declared)} us"),
        Row("decision, 50 statements, undeclared caller", "< 150 us", median(large) < 150, f"{spread(large)} us"),
        Row("decision, 50 statements, role with IAM", "< 150 us", median(larger) < 150, f"{spread(larger)} us"),
    ]


def fifty_statements() -> dict[str, object]:
    """A policy none of whose 50 conditional statements holds, so that each is looked at."""

    def written(block: dict[str, dict[str, object]], at: int) -> object:
        return json.loads(json.dumps(block).replace("{}", str(at)))

    conditional = [
        {
            "Effect": "Deny" if at % 2 else "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Encrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": written(CONDITIONS[at % len(CONDITIONS)], at),  # type: ignore[arg-type]
        }
        for at in range(50)
    ]
    return {"Version": "2012-10-17", "Statement": [*conditional, DEFAULT]}


def decision(policy: dict[str, object] | None, *, declared: bool) -> Callable[[], object]:
    """One decision, again and again."""
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    identities = [{"Arn": READER, "Policies": {"all": allow}}] if declared else []
    seed = {"keys": [{"KeyId": KEY_ID, "Account": ACCOUNT, "Policy": policy}], "identities": identities}
    state = Endpoint(Settings(), Clock(), [json.dumps(seed).encode()])
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/one"
    principal = Principal.from_arn(session) if declared else Principal.root(ACCOUNT)
    key, named = state.store.newest.require_key(KEY), read_key_identifier(KEY, ACCOUNT, "us-east-1", aliases=True)
    authorizer: Authorizer = state.authorizer
    request = RequestFacts(
        operation="Encrypt",
        principal=principal,
        region="us-east-1",
        now=state.clock.now(),
        request_id="r",
        store=state.store,
        trail=state.trail,
        settings=state.settings,
        source_ip="127.0.0.1",
        cross_account=True,
        members={"KeyId": KEY, "EncryptionContext": {"tenant": "other"}},
    )
    requests = iter(range(1 << 62))

    def once() -> None:
        request.request_id = f"{next(requests)}"
        authorizer.authorize(request, "kms:Encrypt", key, named)

    return once

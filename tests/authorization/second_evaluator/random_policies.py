"""Random seeds and questions about them.

About half of all conditions hold, and many requests are allowed, for what is refused at the first step says nothing
of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from tests.authorization.second_evaluator.conditions import MULTIVALUED
from tests.authorization.second_evaluator.questions import PERMISSIONS, Question
from tests.authorization.second_evaluator.statements import Caller

MINE, THEIRS = "111122223333", "444455556666"
KEY_ID, MRK_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"
NOW = "2026-06-01T12:00:00+00:00"
ORGANIZATION = "o-exampleorgid"
TOPIC, BUCKET = f"arn:aws:sns:us-east-1:{MINE}:orders", "arn:aws:s3:::reports"
SERVICES = ("sns.amazonaws.com", "s3.amazonaws.com")
SCP = f"arn:aws:organizations::{THEIRS}:policy/{ORGANIZATION}/service_control_policy/p-"
RCP = f"arn:aws:organizations::{THEIRS}:policy/{ORGANIZATION}/resource_control_policy/p-"
ALIASES = ("alias/orders", "alias/team/refunds")
PAIRS = {"tenant": "a", "Purpose": "test"}


def users(account: str) -> list[str]:
    return [f"arn:aws:iam::{account}:user/team/alice", f"arn:aws:iam::{account}:user/bob"]


def roles(account: str) -> list[str]:
    return [f"arn:aws:iam::{account}:role/app/Reader", f"arn:aws:iam::{account}:role/Writer"]


def session_of(role: str, name: str = "one") -> str:
    account = role.split(":")[4]
    return f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}"


# ---- Conditions

TEXT, ARN, NUMBER, DATE, BOOL, ADDRESS, BINARY = "text", "ARN", "number", "date", "bool", "address", "binary"

OPERATORS_OF: Mapping[str, Sequence[str]] = {
    TEXT: ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
           "StringNotLike"),
    ARN: ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringEquals", "StringLike", "StringNotLike"),
    NUMBER: ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
             "NumericGreaterThanEquals"),
    DATE: ("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
           "DateGreaterThanEquals"),
    BOOL: ("Bool",),
    ADDRESS: ("IpAddress", "NotIpAddress"),
    BINARY: ("BinaryEquals",),
}  # fmt: skip

GLOBAL_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "aws:PrincipalArn": (ARN, (*users(MINE), *roles(MINE), *users(THEIRS), f"arn:aws:iam::{MINE}:root",
                               "arn:aws:iam::*:user/*", "arn:aws:iam::*:role/app/*", "arn:aws:iam::????22223333:*",
                               "arn:aws:iam::${aws:PrincipalAccount}:*", "arn:aws:iam::${aws:ResourceAccount}:user/*")),
    "aws:PrincipalAccount": (TEXT, (MINE, THEIRS, "${aws:ResourceAccount}", "1111*", "????????????")),
    "aws:PrincipalOrgID": (TEXT, (ORGANIZATION, "o-another", "${aws:ResourceOrgID}", "o-*")),
    "aws:PrincipalTag/team": (TEXT, ("payments", "Payments", "orders", "${aws:ResourceTag/team}", "pay*")),
    "aws:PrincipalTag/Stage": (TEXT, ("test", "prod", "${aws:PrincipalTag/team, 'test'}")),
    "aws:PrincipalType": (TEXT, ("User", "AssumedRole", "Account")),
    "aws:PrincipalIsAWSService": (BOOL, ("true", "false", True, False)),
    "aws:PrincipalServiceName": (TEXT, (*SERVICES, "s*.amazonaws.com")),
    "aws:username": (TEXT, ("alice", "bob", "ALICE", "a?ice", "${aws:username}", "${aws:username, 'x'}")),
    "aws:MultiFactorAuthPresent": (BOOL, ("true", "false")),
    "aws:TokenIssueTime": (DATE, ("2026-06-01T11:00:00Z", "2026-06-01T11:30:00Z", "2026-06-01", "1780313400")),
    "aws:SourceIdentity": (TEXT, ("alice", "carol")),
    "aws:ResourceAccount": (TEXT, (MINE, THEIRS, "${aws:PrincipalAccount}")),
    "aws:ResourceOrgID": (TEXT, (ORGANIZATION, "${aws:PrincipalOrgID}")),
    "aws:RequestedRegion": (TEXT, ("us-east-1", "us-*", "eu-west-1")),
    "aws:CurrentTime": (DATE, ("2026-06-01T12:00:00Z", "2026-06-01T14:00:00+02:00", "2026-06-01T11:59:59.5Z",
                               "2026-07-01", "2026-01-01T00:00Z", "1780315200")),
    "aws:EpochTime": (NUMBER, ("1780315200", 1780315200, "1780315199.5", "1780315201")),
    "aws:SecureTransport": (BOOL, ("true", "false")),
    "aws:SourceIp": (ADDRESS, ("192.0.2.0/24", "192.0.2.17", "198.51.100.0/24", "2001:db8::/32", "2001:DB8::1")),
    "aws:UserAgent": (TEXT, ("test/*", "TEST/1.0", "boto3")),
    "aws:SourceArn": (ARN, (TOPIC, BUCKET, "arn:aws:sns:*:111122223333:*", "arn:aws:*:orders")),
    "aws:SourceAccount": (TEXT, (MINE, THEIRS)),
    "aws:ViaAWSService": (BOOL, ("true", "false")),
    "aws:CalledVia": (TEXT, ("s3.amazonaws.com", "athena.amazonaws.com", "*.amazonaws.com")),
    "aws:CalledViaLast": (TEXT, ("s3.amazonaws.com", "athena.amazonaws.com")),
    "kms:ViaService": (TEXT, ("s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com", "*.us-east-1.*")),
    "kms:CallerAccount": (TEXT, (MINE, THEIRS, "${aws:ResourceAccount}")),
    "kms:KeySpec": (TEXT, ("SYMMETRIC_DEFAULT", "HMAC_*", "ECC_NIST_P256")),
    "kms:KeyUsage": (TEXT, ("ENCRYPT_DECRYPT", "sign_verify")),
    "kms:KeyOrigin": (TEXT, ("AWS_KMS", "EXTERNAL")),
    "kms:MultiRegion": (BOOL, ("true", "false")),
    "kms:MultiRegionKeyType": (TEXT, ("PRIMARY", "REPLICA")),
}  # fmt: skip
"""Condition keys of all requests: the kind of their values, and values that policies compare with."""

ATTRIBUTE_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "aws:ResourceTag/Team": (TEXT, ("payments", "orders", "${aws:PrincipalTag/team}", "*")),
    "kms:ResourceAliases": (TEXT, (*ALIASES, "alias/o*")),
}
"""Those that KMS refuses in key policies (kms-behaviour E.4)."""

CONTEXT_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "kms:EncryptionContext:tenant": (TEXT, ("a", "b", "A", "?", "${aws:PrincipalTag/team}")),
    "kms:EncryptionContext:PURPOSE": (TEXT, ("test", "TEST", "prod", "t*")),
    "kms:EncryptionContext:blob": (BINARY, ("aGVsbG8=", "aGVsbG9v")),
    "kms:EncryptionContextKeys": (TEXT, ("tenant", "Purpose", "purpose", "*")),
    "kms:EncryptionAlgorithm": (TEXT, ("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256")),
    "kms:RequestAlias": (TEXT, (*ALIASES, "alias/*")),
}
GRANT_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "kms:GrantOperations": (TEXT, ("Decrypt", "Encrypt", "GenerateDataKey", "*crypt")),
    "kms:GranteePrincipal": (TEXT, (*users(MINE), *roles(MINE))),
    "kms:RetiringPrincipal": (TEXT, (users(MINE)[0],)),
    "kms:GrantConstraintType": (TEXT, ("EncryptionContextSubset", "EncryptionContextEquals")),
}
TAG_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "aws:RequestTag/team": (TEXT, ("payments", "orders", "${aws:PrincipalTag/team}")),
    "aws:TagKeys": (TEXT, ("team", "Team", "stage", "t*")),
}
SIGNING_KEYS: Mapping[str, tuple[str, Sequence[Any]]] = {
    "kms:SigningAlgorithm": (TEXT, ("ECDSA_SHA_256", "*_SHA_256", "ECDSA_SHA_384")),
    "kms:MessageType": (TEXT, ("RAW", "DIGEST")),
}
KEYS_OF_ACTIONS: Mapping[str, Mapping[str, tuple[str, Sequence[Any]]]] = {
    **dict.fromkeys(
        ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"), CONTEXT_KEYS
    ),
    "kms:GenerateDataKeyPair": {**CONTEXT_KEYS, "kms:DataKeyPairSpec": (TEXT, ("RSA_2048", "ECC_*"))},
    "kms:CreateGrant": {**GRANT_KEYS, **CONTEXT_KEYS},
    "kms:TagResource": TAG_KEYS,
    "kms:UntagResource": {"aws:TagKeys": TAG_KEYS["aws:TagKeys"]},
    **dict.fromkeys(("kms:Sign", "kms:Verify"), SIGNING_KEYS),
    "kms:GenerateMac": {"kms:MacAlgorithm": (TEXT, ("HMAC_SHA_256", "HMAC_SHA_512"))},
    "kms:CreateKey": {
        name: GLOBAL_KEYS[name]
        for name in ("kms:KeySpec", "kms:KeyUsage", "kms:KeyOrigin", "kms:MultiRegion", "kms:MultiRegionKeyType")
    },
    "kms:DescribeKey": {"kms:RequestAlias": CONTEXT_KEYS["kms:RequestAlias"]},
    "kms:DisableKey": {"kms:TrailingDaysWithoutKeyUsage": (NUMBER, ("30", 30, "12", "29.5", "7"))},
    "kms:ScheduleKeyDeletion": {
        "kms:TrailingDaysWithoutKeyUsage": (NUMBER, ("30", "12")),
        "kms:ScheduleKeyDeletionPendingWindowInDays": (NUMBER, ("30", "7", "8")),
    },
    "kms:EnableKeyRotation": {"kms:RotationPeriodInDays": (NUMBER, ("365", "90", 100))},
    "kms:PutKeyPolicy": {"kms:BypassPolicyLockoutSafetyCheck": (BOOL, ("true", "false"))},
    **{f"kms:{name}": {} for name in ("GetKeyPolicy", "GetKeyLastUsage", "ListGrants", "RevokeGrant", "GetPublicKey")},
    **{f"kms:{name}": {} for name in ("CreateAlias", "UpdateAlias", "DeleteAlias")},
    **{f"kms:{name}": {} for name in ("ListKeys", "GenerateRandom", "ListAliases")},
}
"""The actions that are asked, and the condition keys of each."""

GRANTABLE = ("Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "DescribeKey", "CreateGrant")

_VARYING = {"", "IfExists"}


class Generator:
    """Makes a seed, and questions about it, from a source of random numbers.

    The policies and the questions are about a few of the actions; where they are about grants, policies say little.
    Without `strict` some callers are not declared.
    """

    def __init__(self, random: Random, *, strict: bool, actions: Sequence[str] = tuple(KEYS_OF_ACTIONS)) -> None:
        self.random = random
        self.strict = strict
        self.about_grants = self.chance(0.35)
        grantable = [action for action in actions if action.removeprefix("kms:") in GRANTABLE]
        self.actions = self.some(grantable if self.about_grants else actions, 4)
        self.boundaries = False
        self.issuers = (MINE, THEIRS)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def some(self, values: Sequence[Any], most: int = 2) -> list[Any]:
        """One value or a few, in random order."""
        return self.random.sample(list(values), min(len(values), self.random.randint(1, most)))

    def one_or_list(self, values: Sequence[Any]) -> Any:
        """IAM's grammar: a list of one may be the one."""
        return values[0] if len(values) == 1 and self.chance(0.6) else list(values)

    # -- conditions

    def condition(self, *, in_key_policy: bool) -> dict[str, Any]:
        keys: dict[str, tuple[str, Sequence[Any]]] = {}
        further = {
            **(ATTRIBUTE_KEYS if not in_key_policy else {}),
            "aws:MultiFactorAuthAge": (NUMBER, ("1800", 3600, "7200")),
        }
        for action in self.actions:
            keys |= KEYS_OF_ACTIONS[action]
        if not keys or self.chance(0.5):
            keys = {**GLOBAL_KEYS, **further}
        block: dict[str, Any] = {}
        for key in self.some(list(keys), 2):
            kind, values = keys[key]
            operator, wanted = self.comparison(key, kind, values, in_key_policy)
            block.setdefault(operator, {})[key] = wanted
        return block

    def comparison(self, key: str, kind: str, values: Sequence[Any], in_key_policy: bool) -> tuple[str, Any]:
        if self.chance(0.1):
            return "Null", self.random.choice(["true", "false", True, False])
        operator = self.random.choice(OPERATORS_OF[kind])
        negated = "Not" in operator
        wanted = self.one_or_list(self.some(values, 2 if negated else 3))
        operator += self.random.choice(["", "", "", "IfExists"])
        multivalued = key.lower() in MULTIVALUED
        single_valued_for_all = in_key_policy and key.startswith(("kms:EncryptionContext:", "aws:RequestTag/"))
        if self.chance(0.9 if multivalued else 0.06):
            every = self.chance(0.5) and not single_valued_for_all
            operator = f"{'ForAllValues' if every else 'ForAnyValue'}:{operator}"
        return operator, wanted

    # -- statements

    def statement(self, effect: str, *, in_key_policy: bool = False) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": effect}
        if self.chance(0.1):
            statement["NotAction"] = self.one_or_list(self.some(["kms:ListKeys", "kms:Create*", "s3:*", *self.actions]))
        else:
            statement["Action"] = self.one_or_list(self.some(self.action_patterns(effect), 2))
        statement |= {"Resource": "*"} if in_key_policy else self.resources()
        if self.chance(0.5 if effect == "Deny" else 0.3):
            statement["Condition"] = self.condition(in_key_policy=in_key_policy)
        return statement

    def action_patterns(self, effect: str) -> list[str]:
        exact = [*self.actions, *(action.upper().replace("KMS", "kms") for action in self.actions)]
        wide = ["kms:*", "*"] if effect == "Allow" else ["kms:*"]
        cut = [f"{action[:8]}*" for action in self.actions] + [f"{action[:-1]}?" for action in self.actions]
        return [*exact, *cut, *wide, *wide, *wide] if effect == "Allow" else [*exact, *cut, *wide]

    def resources(self) -> dict[str, Any]:
        own = f"arn:aws:kms:us-east-1:{MINE}:key/{KEY_ID}"
        patterns = [
            own,
            f"arn:aws:kms:*:{MINE}:key/*",
            f"arn:aws:kms:us-east-1:*:key/{KEY_ID[:8]}*",
            f"arn:aws:kms:us-east-1:{MINE}:*",
            f"arn:aws:kms:*:*:key/????{KEY_ID[4:]}",
            f"arn:aws:kms:eu-west-1:{MINE}:key/*",
            f"arn:aws:kms:*:{THEIRS}:key/*",
            "arn:aws:kms:*:*:alias/*",
            f"arn:aws:kms:*:{MINE}:alias/orders",
            "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}",
            f"arn:aws:kms:*:*:key/${{aws:PrincipalTag/key, '{KEY_ID}'}}",
            "arn:aws:kms:*:*:key/mrk-*",
            "arn:aws:kms:*:${aws:ResourceAccount}:key/*",
        ]
        if self.chance(0.6):
            return {"Resource": self.random.choice(["*", ["*"]])}
        if self.chance(0.15):
            return {"NotResource": self.one_or_list(self.some([it for it in patterns if "$" not in it], 2))}
        return {"Resource": self.one_or_list(self.some(patterns, 3))}

    def document(self, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        version = "2012-10-17" if self.chance(0.93) else "2008-10-17"
        return {"Version": version, "Statement": self.one_or_list(statements)}

    def policy(self, allow: float = 0.75, least: int = 1) -> dict[str, Any]:
        """A policy that belongs to an identity, to a session, or to an organization."""
        count = self.random.choice([least, least, least + 1, least + 2])
        effects = ["Allow" if self.chance(allow) else "Deny" for _ in range(count)]
        return self.document([self.statement(effect) for effect in effects])

    # -- key policies

    def principal(self, effect: str) -> Any:
        named = [
            *(name for account in (MINE, THEIRS) for name in (*users(account), *roles(account))),
            *(session_of(role) for account in (MINE, THEIRS) for role in roles(account)),
            *(f"arn:aws:iam::{account}:role/Reader" for account in (MINE, THEIRS)),
        ]
        if self.chance(0.12):
            return self.random.choice(["*", {"AWS": "*"}])
        if self.chance(0.15):
            return {"Service": self.one_or_list(self.some(SERVICES))}
        if effect == "Allow" and self.chance(0.4):
            return {"AWS": self.random.choice([THEIRS, f"arn:aws:iam::{THEIRS}:root", f"arn:aws:iam::{MINE}:root"])}
        both = {"AWS": self.one_or_list(self.some([*named, THEIRS], 4))}
        return {**both, "Service": SERVICES[0]} if self.chance(0.1) else both

    def key_policy(self) -> dict[str, Any]:
        statements = []
        if self.about_grants and self.chance(0.6):
            return self.document(
                [{"Effect": "Allow", "Principal": {"AWS": MINE}, "Action": "kms:Put*", "Resource": "*"}]
            )
        if self.chance(0.65):
            root = {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{MINE}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
            if self.chance(0.15):
                root["Condition"] = self.condition(in_key_policy=True)
            statements.append(root)
        for _ in range(self.random.choice([0, 1, 1, 2, 3])):
            effect = "Allow" if self.chance(0.7) else "Deny"
            statement = self.statement(effect, in_key_policy=True)
            if effect == "Deny" and self.chance(0.2):
                statement["NotPrincipal"] = {"AWS": self.excepted()}
            else:
                statement["Principal"] = self.principal(effect)
            statements.append(statement)
        if not statements:
            statements = [{"Effect": "Allow", "Principal": {"AWS": MINE}, "Action": "kms:Get*", "Resource": "*"}]
        return self.document(statements)

    def excepted(self) -> list[str]:
        account = self.random.choice([MINE, THEIRS])
        root, user, role = f"arn:aws:iam::{account}:root", users(account)[0], roles(account)[0]
        return self.random.choice([[root], [root, user], [root, role, session_of(role)], [account, user, role]])

    # -- seeds

    def seed(self) -> dict[str, Any]:
        self.boundaries = self.chance(0.6)
        arns = [arn for account in (MINE, THEIRS) for arn in (*users(account), *roles(account))]
        declared = [arn for arn in arns if self.strict or self.chance(0.7)]
        seed: dict[str, Any] = {"identities": [self.identity(arn) for arn in declared], "keys": [self.key()]}
        if self.about_grants and self.chance(0.7):
            return seed
        if self.chance(0.3):
            seed["organization"] = self.organization()
        elif self.chance(0.35):
            seed["serviceControlPolicies"] = self.control_policies("SCP", Accounts=self.some([MINE, THEIRS]))
            seed["resourceControlPolicies"] = self.control_policies("RCP", Accounts=self.some([MINE, THEIRS]))
        return seed

    def identity(self, arn: str) -> dict[str, Any]:
        identity: dict[str, Any] = {"Arn": arn}
        count = self.random.choice([0, 0, 1] if self.about_grants else [0, 1, 1, 2])
        allow = 0.95 if self.about_grants else 0.75
        identity["Policies"] = {f"policy-{number}": self.policy(allow) for number in range(count)}
        if self.boundaries and self.chance(0.4):
            identity["PermissionsBoundary"] = self.policy(allow=0.85)
        if self.chance(0.5):
            tags = {"team": "payments", "Stage": "test", "key": KEY_ID}
            identity["Tags"] = {key: tags[key] for key in self.some(list(tags), 3)}
        return identity

    def key(self) -> dict[str, Any]:
        others = [] if self.about_grants else ["HMAC_256", "ECC_NIST_P256"]
        spec = self.random.choice(["SYMMETRIC_DEFAULT"] * 4 + others)
        key: dict[str, Any] = {
            "KeyId": MRK_ID if self.chance(0.15) else KEY_ID,
            "Account": MINE,
            "Region": "us-east-1",
            "KeySpec": spec,
            "CreationDate": self.random.choice(["2026-05-20T12:00:00+00:00", "2025-01-01T00:00:00+00:00"]),
            "Policy": self.key_policy(),
        }
        if self.chance(0.6):
            key["Aliases"] = self.some(ALIASES)
        if self.chance(0.5):
            key["Tags"] = {"team": self.random.choice(["payments", "orders"])}
        if self.chance(0.3):
            operation = {"SYMMETRIC_DEFAULT": "Decrypt", "HMAC_256": "GenerateMac", "ECC_NIST_P256": "Sign"}[spec]
            key["LastUsage"] = {"Operation": operation, "Timestamp": "2026-05-25T00:00:00+00:00"}
        if self.about_grants or (spec == "SYMMETRIC_DEFAULT" and self.chance(0.3)):
            key["Grants"] = [self.grant() for _ in range(self.random.randint(1, 6 if self.about_grants else 3))]
        return key

    def constraints(self) -> dict[str, Any]:
        pairs = {name: PAIRS[name] for name in self.some(list(PAIRS), 2)}
        return {self.random.choice(["EncryptionContextSubset", "EncryptionContextEquals"]): pairs}

    def grant(self) -> dict[str, Any]:
        asked = [action.removeprefix("kms:") for action in self.actions if self.about_grants]
        operations = list(dict.fromkeys([*self.some([*asked, *GRANTABLE[:2]], 4), *self.some(GRANTABLE, 3)]))
        grant: dict[str, Any] = {
            "Operations": operations if operations != ["CreateGrant"] else ["CreateGrant", "Decrypt"]
        }
        if self.chance(0.2):
            grant |= {"GranteeServicePrincipal": SERVICES[0], "RetiringPrincipal": users(MINE)[0]}
            return {**grant, "Constraints": {"SourceArn": TOPIC, **(self.constraints() if self.chance(0.3) else {})}}
        account = MINE if self.chance(0.6) else THEIRS
        role = self.random.choice(roles(account))
        grant["GranteePrincipal"] = self.random.choice([*users(account), role, role, session_of(role)])
        if self.chance(0.4):
            grant["Constraints"] = self.constraints()
        if account == THEIRS:
            grant["IssuingAccount"] = self.random.choice(self.issuers)
        return grant

    def control_policies(self, kind: str, **members: Any) -> list[dict[str, Any]]:
        """Up to two service or resource control policies."""
        made = []
        for number in range(self.random.choice([0, 1, 1, 2])):
            if kind == "SCP":
                made.append({"Arn": f"{SCP}{number}", "Policy": self.policy(allow=0.6), **members})
                continue
            statement = {**self.statement("Deny"), "Principal": self.random.choice(["*", {"AWS": "*"}])}
            if "NotAction" in statement or statement["Action"] in ("*", ["*"]):
                statement.pop("NotAction", None)
                statement["Action"] = "kms:*"
            if self.chance(0.5):
                statement.setdefault("Condition", self.condition(in_key_policy=False))
            made.append({"Arn": f"{RCP}{number}", "Policy": self.document([statement]), **members})
        return made

    def attached(self, often: float) -> dict[str, Any]:
        """The policies of one place of an organization."""
        if not self.chance(often):
            return {}
        return {
            "ServiceControlPolicies": self.control_policies("SCP"),
            "ResourceControlPolicies": self.control_policies("RCP"),
        }

    def organization(self) -> dict[str, Any]:
        mine = {"Account": MINE, **self.attached(0.4)}
        theirs = [{"Account": THEIRS, **self.attached(0.4)}] if self.chance(0.5) else []
        inner = {"Name": "inner", "Accounts": [mine], **self.attached(0.3)}
        outer = {"Name": "outer", "OrganizationalUnits": [inner], "Accounts": theirs, **self.attached(0.3)}
        organization = {"Id": ORGANIZATION, "OrganizationalUnits": [outer], **self.attached(0.3)}
        if self.chance(0.2):
            organization["ManagementAccount"] = self.random.choice([MINE, "999999999999"])
        return organization

    # -- questions

    def caller(self) -> Caller:
        account = MINE if self.chance(0.7) else THEIRS
        kind = self.random.choice(["user", "user", "session", "session", "session", "root", "service", "role"])
        if kind == "user":
            return Caller(arn=self.random.choice(users(account)), account=account, kind="user")
        if kind == "root":
            kind = "stranger" if not self.strict and self.chance(0.8) else kind
            return Caller(arn=f"arn:aws:iam::{account}:root", account=account, kind=kind)
        if kind == "service":
            return Caller(arn=self.random.choice(SERVICES), account=account, kind="service")
        role = self.random.choice(roles(account))
        if kind == "role":
            return Caller(arn=role, account=account, kind="role", role=role)
        issued = self.random.choice(["2026-06-01T11:30:00+00:00", "2026-06-01T10:00:00+00:00"])
        policies = [self.policy(allow=0.85) for _ in range(self.random.choice([0, 0, 1, 2]))]
        return Caller(
            arn=session_of(role, self.random.choice(["one", "one", "two"])),
            account=account,
            kind="session",
            role=role,
            session_policies=tuple(policies),
            session_tags=(("Team", "orders"),) if self.chance(0.3) else (),
            source_identity="alice" if self.chance(0.3) else None,
            mfa=self.chance(0.5),
            issued=issued,
        )

    def question(self, seed: Mapping[str, Any]) -> Question:
        action = self.random.choice(self.actions)
        caller = self.caller()
        alias = None
        if action.endswith("Alias") and caller.kind != "service" and self.chance(0.6):
            alias = f"arn:aws:kms:us-east-1:{caller.account}:{self.random.choice(ALIASES)}"
        on_key = PERMISSIONS[action].on_key and alias is None
        key = seed["keys"][0]
        name = f"arn:aws:kms:us-east-1:{MINE}:key/{key['KeyId']}"
        if key.get("Aliases") and "kms:requestalias" in PERMISSIONS[action].condition_keys and self.chance(0.4):
            name = f"arn:aws:kms:us-east-1:{MINE}:{key['Aliases'][0]}"
        service = caller.kind == "service"
        source = self.random.choice([TOPIC, BUCKET, None]) if service else None
        return Question(
            caller=caller,
            action=action,
            on_key=on_key,
            alias=alias,
            now=NOW,
            named_by=name if on_key else None,
            members=self.members(action),
            source_ip=self.random.choice(["192.0.2.17", "198.51.100.7", "2001:db8::1"]),
            source_arn=source,
            source_account=MINE if source and self.chance(0.8) else None,
            further=self.further() if not service and self.chance(0.2) else {},
        )

    def further(self) -> dict[str, str | tuple[str, ...]]:
        values: Mapping[str, str | tuple[str, ...]] = {
            "kms:ViaService": "s3.us-east-1.amazonaws.com",
            "aws:CalledVia": ("athena.amazonaws.com", "s3.amazonaws.com"),
            "aws:CalledViaLast": "s3.amazonaws.com",
            "aws:SourceIp": "198.51.100.99",
            "aws:ViaAWSService": "true",
        }
        return {key: values[key] for key in self.some(list(values), 3)}

    def members(self, action: str) -> dict[str, Any]:
        makers: Mapping[str, Callable[[], dict[str, Any]]] = {
            **{f"kms:{name}": lambda: self.pairs("") for name in ("Encrypt", "Decrypt")},
            "kms:GenerateDataKey": lambda: self.pairs(""),
            "kms:GenerateDataKeyPair": lambda: {
                "KeyPairSpec": self.random.choice(["RSA_2048", "ECC_NIST_P256"]),
                **self.pairs(""),
            },
            "kms:ReEncryptFrom": lambda: {**self.pairs("Source"), **self.pairs("Destination")},
            "kms:ReEncryptTo": lambda: {**self.pairs("Source"), **self.pairs("Destination")},
            "kms:CreateGrant": self.new_grant,
            "kms:TagResource": lambda: {
                "Tags": [{"TagKey": key, "TagValue": "payments"} for key in self.some(["team", "Stage", "Team2"], 3)]
            },
            "kms:UntagResource": lambda: {"TagKeys": self.some(["team", "stage"], 2)},
            "kms:CreateKey": self.new_key,
            "kms:Sign": self.signing,
            "kms:Verify": self.signing,
            "kms:GenerateMac": lambda: {"MacAlgorithm": "HMAC_SHA_256"},
            "kms:ScheduleKeyDeletion": lambda: {"PendingWindowInDays": 7} if self.chance(0.5) else {},
            "kms:EnableKeyRotation": lambda: {"RotationPeriodInDays": 90} if self.chance(0.5) else {},
            "kms:PutKeyPolicy": lambda: {"BypassPolicyLockoutSafetyCheck": True} if self.chance(0.5) else {},
        }
        return makers[action]() if action in makers else {}

    def pairs(self, prefix: str) -> dict[str, Any]:
        if self.chance(0.3):
            return {}
        return {f"{prefix}EncryptionContext": {key: PAIRS[key] for key in self.some(list(PAIRS), 2)}}

    def signing(self) -> dict[str, Any]:
        kind = {"MessageType": self.random.choice(["RAW", "DIGEST"])} if self.chance(0.5) else {}
        return {"SigningAlgorithm": "ECDSA_SHA_256", **kind}

    def new_key(self) -> dict[str, Any]:
        kind = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"} if self.chance(0.3) else {}
        return {**kind, **({"MultiRegion": True} if self.chance(0.3) else {})}

    def new_grant(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "GranteePrincipal": self.random.choice([*users(MINE), *roles(MINE)]),
            "Operations": self.some(["Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey"], 3),
        }
        if self.chance(0.4):
            made["Constraints"] = self.constraints()
        if self.chance(0.3):
            made["RetiringPrincipal"] = users(MINE)[0]
        return made

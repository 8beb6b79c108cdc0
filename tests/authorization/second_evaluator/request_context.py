"""The condition keys of a request and their values.

Sources: IAM User Guide, "AWS global condition context keys", with the availability of each; kms-behaviour F.4 and C.7,
which restate the KMS Developer Guide, "Condition keys for AWS KMS".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.authorization.second_evaluator.conditions import UNSETTLED, Context, Value
from tests.authorization.second_evaluator.questions import PERMISSIONS, Question, World, permission_of

TRACKING_START = "2026-04-23T00:00:00+00:00"

_USAGES = {"SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT", "HMAC_256": "GENERATE_VERIFY_MAC", "ECC_NIST_P256": "SIGN_VERIFY"}


def context_of(question: Question, world: World) -> Context:
    """All that the request knows; what is not there, it does not know."""
    values: dict[str, Value | None] = {
        **_principal(question, world),
        **_environment(question),
        **_resource(question, world),
    }
    permission = permission_of(question)
    ofs_kms = {**_key(question, world), **_members(question, world)}
    for name, value in ofs_kms.items():
        if name.startswith("aws:") or any(
            name == key or (key.endswith(":") and name.startswith(key)) for key in permission.condition_keys
        ):
            values[name] = value
    if question.alias is not None:  # the guide's table of permissions lacks it, the Service Authorization Reference not
        values["kms:calleraccount"] = UNSETTLED
    values |= {key.lower(): value for key, value in question.further.items()}
    return Context({key: value for key, value in values.items() if value is not None})


def _principal(question: Question, world: World) -> Mapping[str, Value | None]:
    caller = question.caller
    if caller.kind == "service":
        unsettled = ("aws:principalarn", "aws:principalaccount", "aws:userid", "aws:principaltype", "aws:sourceip")
        return {
            **dict.fromkeys((*unsettled, "aws:viaawsservice", "kms:calleraccount"), UNSETTLED),
            "aws:principalisawsservice": "true",
            "aws:principalservicename": caller.arn,
            "aws:sourcearn": question.source_arn,
            "aws:sourceaccount": question.source_account,
        }
    temporary = caller.kind in {"session", "role"}
    known = caller.issued is not None
    tags = {**world.identity_of(caller).get("Tags", {})}
    tags = {**{key.lower(): value for key, value in tags.items()}, **{k.lower(): v for k, v in caller.session_tags}}
    types = {"root": "Account", "stranger": "Account", "user": "User", "role": "AssumedRole", "session": "AssumedRole"}
    return {
        "aws:principalarn": caller.role or caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principalorgid": world.organization_id(caller.account),
        "aws:principaltype": types[caller.kind],
        "aws:principalisawsservice": "false",
        "aws:username": caller.arn.rpartition("/")[2] if caller.kind == "user" else None,
        "aws:userid": caller.account if caller.is_root else UNSETTLED,
        "aws:multifactorauthpresent": (str(caller.mfa).lower() if known else UNSETTLED) if temporary else None,
        "aws:multifactorauthage": _age_of_mfa(question) if known else UNSETTLED if temporary else None,
        "aws:tokenissuetime": (caller.issued if known else UNSETTLED) if temporary else None,
        "aws:sourceidentity": caller.source_identity,
        **{f"aws:principaltag/{key}": value for key, value in tags.items()},
    }


def _age_of_mfa(question: Question) -> str | None:
    """Seconds since the session began with an MFA code; None if it had none."""
    if not question.caller.mfa or question.caller.issued is None:
        return None
    age = datetime.fromisoformat(question.now) - datetime.fromisoformat(question.caller.issued)
    return str(int(age.total_seconds()))


def _environment(question: Question) -> Mapping[str, Value | None]:
    now = datetime.fromisoformat(question.now)
    return {
        "aws:currenttime": question.now,
        "aws:epochtime": str(int(now.timestamp())),
        "aws:requestedregion": "us-east-1",
        "aws:securetransport": "true",
        "aws:useragent": question.user_agent,
        **(
            {}
            if question.caller.kind == "service"
            else {"aws:sourceip": question.source_ip, "aws:viaawsservice": "false"}
        ),
    }


def _resource(question: Question, world: World) -> Mapping[str, Value | None]:
    if not question.on_key:
        unsettled = ("aws:resourceaccount", "aws:resourceorgid")
        return dict.fromkeys(unsettled, UNSETTLED)
    return {
        "aws:resourceaccount": world.key["Account"],
        "aws:resourceorgid": world.organization_id(world.key["Account"]),
        **{f"aws:resourcetag/{key.lower()}": value for key, value in world.key.get("Tags", {}).items()},
    }


def _key(question: Question, world: World) -> Mapping[str, Value | None]:
    own = {"kms:calleraccount": UNSETTLED if question.caller.kind == "service" else question.caller.account}
    if question.action == "kms:CreateKey":
        return {**own, **_key_to_be_created(question.members)}
    if not question.on_key:
        return own
    key = world.key
    spec = key.get("KeySpec", "SYMMETRIC_DEFAULT")
    multi_region = key["KeyId"].startswith("mrk-")
    return {
        **own,
        "kms:keyspec": spec,
        "kms:keyusage": _USAGES[spec],
        "kms:keyorigin": key.get("Origin", "AWS_KMS"),
        "kms:multiregion": str(multi_region).lower(),
        "kms:multiregionkeytype": "PRIMARY" if multi_region else None,
        "kms:resourcealiases": tuple(key.get("Aliases", ())) or None,
        "kms:trailingdayswithoutkeyusage": str(_days_without_use(question, key)),
    }


def _key_to_be_created(members: Mapping[str, Any]) -> Mapping[str, Value | None]:
    """What is not sent counts with its default (kms-behaviour F.4)."""
    multi_region = bool(members.get("MultiRegion"))
    return {
        "kms:keyspec": members.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "kms:keyusage": members.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "kms:keyorigin": members.get("Origin", "AWS_KMS"),
        "kms:multiregion": str(multi_region).lower(),
        "kms:multiregionkeytype": "PRIMARY" if multi_region else None,
    }


def _days_without_use(question: Question, key: Mapping[str, Any]) -> int:
    """Whole days since the last use, or since uses are recorded or the key was made."""
    start = max(datetime.fromisoformat(key["CreationDate"]), datetime.fromisoformat(TRACKING_START))
    used = key.get("LastUsage")
    since = datetime.fromisoformat(used["Timestamp"]) if used else start
    return (datetime.fromisoformat(question.now) - since).days


_PLAIN = {
    "CreateGrant": {"GranteePrincipal": "granteeprincipal", "RetiringPrincipal": "retiringprincipal"},
    "GenerateMac": {"MacAlgorithm": "macalgorithm"},
    "VerifyMac": {"MacAlgorithm": "macalgorithm"},
    "Sign": {"SigningAlgorithm": "signingalgorithm", "MessageType": "messagetype"},
    "Verify": {"SigningAlgorithm": "signingalgorithm", "MessageType": "messagetype"},
    "GenerateDataKeyPair": {"KeyPairSpec": "datakeypairspec"},
    "GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "datakeypairspec"},
    "EnableKeyRotation": {"RotationPeriodInDays": "rotationperiodindays"},
    "ScheduleKeyDeletion": {"PendingWindowInDays": "schedulekeydeletionpendingwindowindays"},
    "GetParametersForImport": {"WrappingAlgorithm": "wrappingalgorithm", "WrappingKeySpec": "wrappingkeyspec"},
    "ImportKeyMaterial": {"ExpirationModel": "expirationmodel"},
    "PutKeyPolicy": {"BypassPolicyLockoutSafetyCheck": "bypasspolicylockoutsafetycheck"},
    "ReplicateKey": {"ReplicaRegion": "replicaregion"},
    "UpdatePrimaryRegion": {"PrimaryRegion": "primaryregion"},
}
"""Members whose values are those of a kms: key."""

_DEFAULTS = {
    "kms:messagetype": "RAW",
    "kms:rotationperiodindays": "365",
    "kms:schedulekeydeletionpendingwindowindays": "30",
}


def _members(question: Question, world: World) -> Mapping[str, Value | None]:
    operation, members = PERMISSIONS[question.action].operation, question.members
    names = _PLAIN.get(operation, {})
    values: dict[str, Value | None] = {f"kms:{key}": _text(members.get(name)) for name, key in names.items()}
    values = {key: value if value is not None else _DEFAULTS.get(key) for key, value in values.items()}
    if "kms:requestalias" in PERMISSIONS[question.action].condition_keys:
        named = question.named_by or ""
        values["kms:requestalias"] = named.rpartition(":")[2] if ":alias/" in named else None
    prefix = {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}.get(question.action, "")
    values["kms:encryptionalgorithm"] = members.get(f"{prefix}EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    values["kms:reencryptonsamekey"] = UNSETTLED
    values["kms:grantisforawsresource"] = UNSETTLED
    constraints = members.get("Constraints", {})
    pairs: Mapping[str, str] = members.get(f"{prefix}EncryptionContext") or next(iter(constraints.values()), {})
    values |= {f"kms:encryptioncontext:{key.lower()}": value for key, value in pairs.items()}
    values["kms:encryptioncontextkeys"] = tuple(pairs) or None
    values["kms:grantconstrainttype"] = next(iter(constraints), None)
    values["kms:grantoperations"] = tuple(members.get("Operations", ())) or None
    tags = {tag["TagKey"]: tag["TagValue"] for tag in members.get("Tags", [])}
    values |= {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    values["aws:tagkeys"] = tuple(tags) or tuple(members.get("TagKeys", ())) or None
    return values


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)

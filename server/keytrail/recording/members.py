"""A key's answers as the members that a seed has for it."""

import json
import re
from datetime import datetime
from typing import Any

from keytrail.domain.key_policy import default_key_policy
from keytrail.recording.questions import AboutKey

Members = dict[str, Any]

_PASSING = ("Creating", "Updating")
"""States that end by themselves within minutes; a seed gets the one that follows."""
_PENDING = ("PENDING_ROTATION", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION")


def present(members: Members) -> Members:
    """The members that say something."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def identity(about: AboutKey) -> Members:
    """What all keys of a multi-Region set share, but for the rotations and the material."""
    metadata = about.metadata
    account, region = metadata["AWSAccountId"], about.arn.split(":")[3]
    members = {"KeyId": metadata["KeyId"], "Account": account, "Region": region, "KeySpec": metadata["KeySpec"]}
    members["KeyUsage"] = metadata["KeyUsage"]
    if metadata["Origin"] != "AWS_KMS":
        members["Origin"] = metadata["Origin"]
    return members


def own_members(about: AboutKey, aliases: list[str]) -> Members:
    """The members that each key of a multi-Region set has for itself."""
    metadata, answers = about.metadata, about.answers
    state = metadata["KeyState"]
    return present(
        {
            "Description": metadata.get("Description"),
            "CreationDate": metadata["CreationDate"],
            "KeyState": state if state not in ("Enabled", *_PASSING) else None,
            "DeletionDate": metadata.get("DeletionDate") if state == "PendingDeletion" else None,
            "PendingDeletionWindowInDays": metadata.get("PendingDeletionWindowInDays"),
            "Aliases": sorted(aliases),
            "Tags": {tag["TagKey"]: tag["TagValue"] for tag in answers.get("ListResourceTags", ())},
            "Policy": _policy(about),
            "LastUsage": last_usage(about),
            "Grants": [_grant(grant, metadata) for grant in answers.get("ListGrants", ())],
        }
    )


def last_usage(about: AboutKey) -> Members | None:
    """The last use of a key, if KMS knows of one."""
    usage = about.answers.get("GetKeyLastUsage")
    if not usage:
        return None
    service = re.fullmatch(r"([a-z0-9-]+)\.amazonaws\.com", about.answers.get("LookupEvents") or "")
    names = ("Operation", "Timestamp", "CloudTrailEventId", "KmsRequestId")
    return {name: usage[name] for name in names if name in usage} | ({"Via": service[1]} if service else {})


def _policy(about: AboutKey) -> object:
    """The key policy as a mapping; none for the default one, and the text of one that has a member twice."""
    text = about.answers.get("GetKeyPolicy")
    if text is None:
        return None
    repeated = False

    def mapping(pairs: list[tuple[str, Any]]) -> Members:
        nonlocal repeated
        repeated = repeated or len(dict(pairs)) < len(pairs)
        return dict(pairs)

    document = json.loads(text, object_pairs_hook=mapping)
    default = default_key_policy(about.arn.split(":")[3], about.metadata["AWSAccountId"])
    if document == json.loads(default):
        return None
    return text if repeated else document


def _grant(grant: Members, metadata: Members) -> Members:
    account, created = metadata["AWSAccountId"], metadata["CreationDate"]
    issuer = str(grant.get("IssuingAccount", "")).split(":")
    issuing_account = issuer[4] if len(issuer) > 4 else issuer[0]
    members = {
        "GrantId": grant["GrantId"],
        "Name": grant.get("Name"),
        # That of a grant is told in whole seconds, so it may seem to be older than its key.
        "CreationDate": max(grant["CreationDate"], created),
        "IssuingAccount": issuing_account if issuing_account != account else None,
        "Operations": grant["Operations"],
        "GranteePrincipal": grant.get("GranteePrincipal"),
        "GranteeServicePrincipal": grant.get("GranteeServicePrincipal"),
        "RetiringPrincipal": grant.get("RetiringPrincipal"),
        "RetiringServicePrincipal": grant.get("RetiringServicePrincipal"),
        "Constraints": grant.get("Constraints"),
    }
    return present(members)


def rotation(about: AboutKey, now: datetime) -> Members:
    """The Rotation of a symmetric key of origin AWS_KMS."""
    status, listed = about.answers.get("GetKeyRotationStatus", {}), about.answers.get("ListKeyRotations", ())
    if about.metadata["Origin"] != "AWS_KMS":
        return {}
    next_date = status.get("NextRotationDate")
    members = {
        "RotationPeriodInDays": status.get("RotationPeriodInDays") if status.get("KeyRotationEnabled") else None,
        # One that is overdue is of a disabled key, which is rotated when it is enabled again.
        "NextRotationDate": next_date if next_date and datetime.fromisoformat(next_date) > now else None,
        "Rotations": [
            {"RotationDate": past["RotationDate"], "RotationType": past["RotationType"]}
            for past in listed
            if "RotationDate" in past
        ],
    }
    return present({"Rotation": present(members)})


def imports(about: AboutKey) -> Members:
    """The members for the imported material of a key of origin EXTERNAL."""
    metadata = about.metadata
    if metadata["Origin"] != "EXTERNAL":
        return {}
    listed = about.answers.get("ListKeyRotations", [])
    if not listed:
        return present({"ValidTo": metadata.get("ValidTo")})
    return {"KeyMaterials": [_imported(material) for material in listed]}


def _imported(material: Members) -> Members:
    state = material["KeyMaterialState"]
    return present(
        {
            "KeyMaterialDescription": material.get("KeyMaterialDescription"),
            "KeyMaterialState": state if state in _PENDING else None,
            "ImportState": material.get("ImportState") if state not in _PENDING else None,
            "ValidTo": material.get("ValidTo"),
            "RotationDate": material.get("RotationDate"),
        }
    )


def replica(about: AboutKey, aliases: list[str]) -> Members:
    """The member of Replicas."""
    metadata = about.metadata
    valid_to = metadata.get("ValidTo") if metadata["Origin"] == "EXTERNAL" else None
    return {"Region": about.arn.split(":")[3], **own_members(about, aliases), **present({"ValidTo": valid_to})}


def what_a_seed_cannot_say(about: AboutKey) -> list[str]:
    """Notes on a key: what was refused, what is under way, what a seed has no member for."""
    notes = [f"{operation}: {code}" for operation, code in about.refused.items()]
    if about.is_known and about.metadata["KeyState"] in _PASSING:
        notes.append(f"{about.metadata['KeyState']} is a state that passes; a seed has the one that follows")
    if "OnDemandRotationStartDate" in about.answers.get("GetKeyRotationStatus", ()):
        notes.append("a rotation on demand is under way; a seed cannot say so")
    return notes

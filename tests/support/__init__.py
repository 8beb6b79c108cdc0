"""What several test files need: names, a seed on which every operation succeeds, refusals to compare."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from keytrail.crypto import key_import, rsa_oaep, signing
from keytrail.crypto.key_import import ImportToken
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.seeds.key_material import material_name
from tests.support.clients import shared_client

ACCOUNT, FOREIGN = "000000000000", "444455556666"
REGION, ELSEWHERE = "us-east-1", "eu-west-1"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "2345abcd-12ab-34cd-56ef-1234567890ab"
DOOMED_KEY = "3456abcd-12ab-34cd-56ef-1234567890ab"
MISSING_KEY = "99999999-9999-4999-8999-999999999999"
MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
MAC_KEY = "aaaa0001-12ab-34cd-56ef-1234567890ab"
SIGNING_KEY = "aaaa0002-12ab-34cd-56ef-1234567890ab"
AGREEMENT_KEY = "aaaa0003-12ab-34cd-56ef-1234567890ab"
KEM_KEY = "aaaa0004-12ab-34cd-56ef-1234567890ab"
IMPORT_KEY = "aaaa0005-12ab-34cd-56ef-1234567890ab"
ALIAS = "alias/orders"
STORE, CONNECTED_STORE = "cks-1234567890abcdef0", "cks-2345678901abcdef0"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

GRANT_ID = "12ab" * 16
GRANT: Mapping[str, Any] = {
    "GrantId": GRANT_ID,
    "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader",
    "Operations": ["Decrypt", "DescribeKey"],
}

NO_SUCH_OR_NO_ACCESS = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def key_arn(key_id: str = KEY, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def derived_material(key_id: str, spec: str = SYMMETRIC_DEFAULT) -> KeyMaterial:
    """The material of a seeded key of the default account and Region."""
    return KeyMaterial.derived(material_name(ACCOUNT, REGION, key_id), spec)


IMPORTED = bytes(range(32))
"""The material of the sample seed's key of Origin EXTERNAL."""
IMPORTED_SINCE = datetime(2026, 5, 1, tzinfo=UTC)
WRAPPING_PAIR = key_import.wrapping_pair("RSA_2048")


def wrapped_for(
    key_id: str, *, material: bytes = IMPORTED, region: str = REGION, since: datetime = IMPORTED_SINCE
) -> dict[str, bytes]:
    """ImportToken and EncryptedKeyMaterial for a key made then: as from GetParametersForImport, but good for ever."""
    token = ImportToken(WRAPPING_PAIR, "RSAES_OAEP_SHA_256", datetime(2100, 1, 1, tzinfo=UTC))
    return {
        "ImportToken": key_import.seal_token(f"{key_arn(key_id, region=region)}/{since.isoformat()}", token),
        "EncryptedKeyMaterial": rsa_oaep.encrypt(WRAPPING_PAIR, "RSAES_OAEP_SHA_256", material),
    }


KINDS: Mapping[str, Mapping[str, str]] = {
    MAC_KEY: {"KeySpec": "HMAC_256"},
    SIGNING_KEY: {"KeySpec": "ECC_NIST_P256"},
    AGREEMENT_KEY: {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
    KEM_KEY: {"KeySpec": "ML_KEM_768"},
    IMPORT_KEY: {
        "Origin": "EXTERNAL",
        "CreationDate": IMPORTED_SINCE.isoformat(),
        "KeyMaterial": b64encode(IMPORTED).decode(),
    },
}
"""The keys of the sample seed that are no symmetric encryption keys: for the operations that need another kind."""

SAMPLE_SEED: Mapping[str, Any] = {
    "keys": [
        {"KeyId": KEY, "Aliases": [ALIAS], "Grants": [GRANT]},
        {"KeyId": OTHER_KEY},
        {"KeyId": DOOMED_KEY, "KeyState": "PendingDeletion"},
        {"KeyId": MRK, "Replicas": [{"Region": ELSEWHERE}]},
        *[{"KeyId": key, **kind} for key, kind in KINDS.items()],
    ],
    "customKeyStores": [
        {"CustomKeyStoreId": STORE, "ConnectionState": "DISCONNECTED"},
        {"CustomKeyStoreId": CONNECTED_STORE},
    ],
}
"""Keys of the default account on which each operation can succeed."""

POLICY: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}

MESSAGE = b"attack at dawn"
_ON_IMPORT_KEY = {"KeyId": IMPORT_KEY}
_ON_KEY = {"KeyId": KEY}
_ON_MAC_KEY = {"KeyId": MAC_KEY, "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
_ON_SIGNING_KEY = {"KeyId": SIGNING_KEY, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
_ON_KEM_KEY = {"KeyId": KEM_KEY, "EncapsulationAlgorithm": "ML_KEM"}
_SEEDED_PAIR = derived_material(SIGNING_KEY, "ECC_NIST_P256").pair
assert _SEEDED_PAIR is not None
REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "CancelKeyDeletion": {"KeyId": DOOMED_KEY},
    "ConnectCustomKeyStore": {"CustomKeyStoreId": STORE},
    "CreateAlias": {"AliasName": "alias/fresh", "TargetKeyId": KEY},
    "CreateCustomKeyStore": {
        "CustomKeyStoreName": "ledger",
        "CloudHsmClusterId": "cluster-2a34b5cdefg",
        "TrustAnchorCertificate": "certificate",
        "KeyStorePassword": "kmsPswd1",
    },
    "CreateGrant": {
        **_ON_KEY,
        "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader",
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"tenant": "a"}},
    },
    "CreateKey": {},
    "Decapsulate": {**_ON_KEM_KEY, "SharedSecretCiphertextBlob": bytes(1088)},
    "Decrypt": {"CiphertextBlob": ...},
    "DeleteAlias": {"AliasName": ALIAS},
    "DeleteCustomKeyStore": {"CustomKeyStoreId": STORE},
    "DeleteImportedKeyMaterial": _ON_IMPORT_KEY,
    "DeriveSharedSecret": {
        "KeyId": AGREEMENT_KEY,
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": _SEEDED_PAIR.public_der,
    },
    "DescribeCustomKeyStores": {"CustomKeyStoreId": STORE},
    "DescribeKey": _ON_KEY,
    "DisableKey": _ON_KEY,
    "DisableKeyRotation": _ON_KEY,
    "DisconnectCustomKeyStore": {"CustomKeyStoreId": CONNECTED_STORE},
    "EnableKey": _ON_KEY,
    "EnableKeyRotation": {**_ON_KEY, "RotationPeriodInDays": 90},
    "Encapsulate": _ON_KEM_KEY,
    "Encrypt": {**_ON_KEY, "Plaintext": b"attack at dawn"},
    "GenerateDataKey": {**_ON_KEY, "KeySpec": "AES_256"},
    "GenerateDataKeyPair": {**_ON_KEY, "KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKeyPairWithoutPlaintext": {**_ON_KEY, "KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKeyWithoutPlaintext": {**_ON_KEY, "NumberOfBytes": 24},
    "GenerateMac": _ON_MAC_KEY,
    "GenerateRandom": {"NumberOfBytes": 32},
    "GetKeyLastUsage": _ON_KEY,
    "GetKeyPolicy": _ON_KEY,
    "GetKeyRotationStatus": _ON_KEY,
    "GetParametersForImport": {
        **_ON_IMPORT_KEY,
        "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "WrappingKeySpec": "RSA_2048",
    },
    "GetPublicKey": {"KeyId": SIGNING_KEY},
    "ImportKeyMaterial": {
        **_ON_IMPORT_KEY,
        **wrapped_for(IMPORT_KEY),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    },
    "ListAliases": {},
    "ListGrants": _ON_KEY,
    "ListKeyPolicies": _ON_KEY,
    "ListKeyRotations": {**_ON_KEY, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"},
    "ListKeys": {},
    "ListResourceTags": _ON_KEY,
    "ListRetirableGrants": {"RetiringPrincipal": f"arn:aws:iam::{ACCOUNT}:role/Reader"},
    "PutKeyPolicy": {**_ON_KEY, "Policy": json.dumps(POLICY)},
    "ReEncrypt": {"CiphertextBlob": ..., "DestinationKeyId": OTHER_KEY},
    "ReplicateKey": {"KeyId": MRK, "ReplicaRegion": "ap-south-1"},
    "RotateKeyOnDemand": _ON_KEY,
    "RetireGrant": {"KeyId": key_arn(), "GrantId": GRANT_ID},
    "RevokeGrant": {**_ON_KEY, "GrantId": GRANT_ID},
    "ScheduleKeyDeletion": {**_ON_KEY, "PendingWindowInDays": 7},
    "Sign": _ON_SIGNING_KEY,
    "TagResource": {**_ON_KEY, "Tags": [{"TagKey": "team", "TagValue": "payments"}]},
    "UntagResource": {**_ON_KEY, "TagKeys": ["team"]},
    "UpdateAlias": {"AliasName": ALIAS, "TargetKeyId": OTHER_KEY},
    "UpdateCustomKeyStore": {"CustomKeyStoreId": STORE, "CloudHsmClusterId": "cluster-3a45b6cdefg"},
    "UpdateKeyDescription": {**_ON_KEY, "Description": "other words"},
    "UpdatePrimaryRegion": {"KeyId": MRK, "PrimaryRegion": ELSEWHERE},
    "Verify": {
        **_ON_SIGNING_KEY,
        "Signature": signing.sign(_SEEDED_PAIR, "ECDSA_SHA_256", "RAW", MESSAGE),
    },
    "VerifyMac": {
        **_ON_MAC_KEY,
        "Mac": hmac.digest(derived_material(MAC_KEY, "HMAC_256").data, MESSAGE, "sha256"),
    },
}
"""A request of each operation that succeeds in the sample seed; `...` stands for a ciphertext under KEY."""


def request(operation: str, ciphertext: bytes, **members: object) -> dict[str, Any]:
    """A valid request of the operation in the sample seed, with some members given."""
    valid = {name: ciphertext if value is ... else value for name, value in REQUESTS[operation].items()}
    return {**valid, **members}


def key_of(operation: str) -> str:
    """The key that a request of the operation works on."""
    return str(REQUESTS[operation].get("KeyId", KEY)).rpartition("/")[2]


def kind_of(operation: str) -> Mapping[str, str]:
    """KeySpec and KeyUsage that an operation needs of its key, where it is not a symmetric encryption key."""
    return KINDS.get(key_of(operation), {})


def alias_of(operation: str) -> str:
    """An alias for the key that a request of the operation works on; only that of KEY is in the sample seed."""
    return f"alias/{key_of(operation)}" if key_of(operation) in KINDS else ALIAS


_CIPHERTEXTS: dict[str, bytes] = {}


def sample_ciphertext(server: Any, client: Any, key_id: str = KEY) -> bytes:
    """MESSAGE under a key of the sample seed, of which neither usage nor trail knows; leaves the server empty.

    The material of a seeded key is derived from its id, so a ciphertext is good on every server of the default account.
    """
    if key_id not in _CIPHERTEXTS:
        server.reset()
        server.load(SAMPLE_SEED)
        _CIPHERTEXTS[key_id] = client.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]
    server.reset()
    return _CIPHERTEXTS[key_id]


def load_sample_seed(server: Any, client: Any) -> bytes:
    """Load the sample seed, and nothing else; gives its ciphertext under KEY."""
    ciphertext = sample_ciphertext(server, client)
    server.load(SAMPLE_SEED)
    return ciphertext


def client_of(
    server: Any, service: str = "kms", *, region: str = REGION, access_key: str = ACCOUNT, secret: str = "any"
) -> Any:
    """A client of a server of the test's own, as the plugin makes them of the session's."""
    return shared_client(server.url, service, region, access_key, secret)


def alias_arn(name: str = ALIAS, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:kms:{region}:{account}:{name}"


def invoke(client: Any, operation: str, **members: object) -> dict[str, Any]:
    """Call an operation by KMS's name."""
    answer: dict[str, Any] = getattr(client, xform_name(operation))(**members)
    return answer


def own_aliases(listed: list[dict[str, Any]]) -> list[str]:
    """The names of the aliases in a list that are customers' own; AWS's are in the list of every account."""
    return [alias["AliasName"] for alias in listed if not alias["AliasName"].startswith("alias/aws/")]


def refusal(client: Any, operation: str, **members: object) -> tuple[str, str]:
    """Code and message of the refusal that the call must end in; the message is empty where AWS sends none."""
    with pytest.raises(ClientError) as caught:
        invoke(client, operation, **members)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400, "AWS answers every client error with 400"
    return answer["Error"]["Code"], answer["Error"]["Message"]


def answered_members(client: Any, operation: str, **members: object) -> list[str]:
    """The members of an answer as they stand on the wire, those that the model lacks included, in their order."""
    bodies: list[bytes] = []
    event = f"before-parse.kms.{operation}"

    def keep(response_dict: Mapping[str, Any], **_: object) -> None:
        bodies.append(response_dict["body"])

    client.meta.events.register(event, keep)
    try:
        invoke(client, operation, **members)
    finally:
        client.meta.events.unregister(event, keep)
    return list(json.loads(bodies[-1]))


def outcomes(act: Callable[[], object], times: int = 12) -> list[str]:
    """How the same call ends, made many times at once: the error's code, or `ok`; sorted."""

    def outcome(_: int) -> str:
        try:
            act()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(outcome, range(times)))


def shared_policy(*actions: str, owner: str = ACCOUNT, to: str = FOREIGN) -> dict[str, Any]:
    """A key policy that lets another account do the actions."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{owner}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{to}:root"},
                "Action": list(actions),
                "Resource": "*",
            },
        ],
    }


def denied(action: str, account: str = FOREIGN, what: str = "this resource") -> tuple[str, str]:
    """The refusal of another account's caller, as reported from AWS."""
    caller = f"arn:aws:iam::{account}:root"
    words = f"User: {caller} is not authorized to perform: {action} on {what} {NO_SUCH_OR_NO_ACCESS}"
    return "AccessDeniedException", words

"""Multi-Region keys of every kind: what one Region makes, the other checks or opens.

How we know: AWS docs (Developer Guide, "Multi-Region keys in AWS KMS"): related keys have the same material.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keytrail.domain.key_material import is_supported
from keytrail.server import KeytrailServer
from tests.support import ELSEWHERE, MESSAGE, MRK
from tests.support import invoke as call
from tests.support.key_specs import MATRIX

Make = Callable[..., Any]

KINDS = [(spec, usage) for spec, usage in MATRIX if is_supported(spec) and spec not in ("RSA_3072", "RSA_4096")]


def _encrypt(here: Any, there: Any, key: str, algorithm: str) -> None:
    members = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    blob = here.encrypt(**members, Plaintext=MESSAGE)["CiphertextBlob"]
    assert there.decrypt(**members, CiphertextBlob=blob)["Plaintext"] == MESSAGE


def _sign(here: Any, there: Any, key: str, algorithm: str) -> None:
    digest = {"Message": b"x" * 64, "MessageType": "DIGEST"} if "_PH_" in algorithm else {"Message": MESSAGE}
    members = {"KeyId": key, "SigningAlgorithm": algorithm, **digest}
    assert there.verify(**members, Signature=here.sign(**members)["Signature"])["SignatureValid"]


def _mac(here: Any, there: Any, key: str, algorithm: str) -> None:
    members = {"KeyId": key, "MacAlgorithm": algorithm, "Message": MESSAGE}
    assert there.verify_mac(**members, Mac=here.generate_mac(**members)["Mac"])["MacValid"]


def _agree(here: Any, there: Any, key: str, algorithm: str) -> None:
    curve = {"256": ec.SECP256R1, "384": ec.SECP384R1, "521": ec.SECP521R1}
    spec = here.describe_key(KeyId=key)["KeyMetadata"]["KeySpec"]
    peer = ec.generate_private_key(curve[spec[-3:]]()).public_key()
    der = peer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    members = {"KeyId": key, "KeyAgreementAlgorithm": algorithm, "PublicKey": der}
    secrets = [client.derive_shared_secret(**members)["SharedSecret"] for client in (here, there)]
    assert secrets[0] == secrets[1]


def _encapsulate(here: Any, there: Any, key: str, algorithm: str) -> None:
    members = {"KeyId": key, "EncapsulationAlgorithm": algorithm}
    made = here.encapsulate(**members)
    opened = there.decapsulate(**members, SharedSecretCiphertextBlob=made["SharedSecretCiphertextBlob"])
    assert opened["SharedSecret"] == made["SharedSecret"]


USES: dict[str, Callable[[Any, Any, str, str], None]] = {
    "ENCRYPT_DECRYPT": _encrypt,
    "SIGN_VERIFY": _sign,
    "GENERATE_VERIFY_MAC": _mac,
    "KEY_AGREEMENT": _agree,
    "ENCAPSULATE_DECAPSULATE": _encapsulate,
}


@pytest.mark.parametrize("seeded", [False, True], ids=["created", "seeded"])
@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_related_keys_do_each_others_work(
    spec: str, usage: str, seeded: bool, keytrail_clean: KeytrailServer, keytrail_client: Make
) -> None:
    here, there = keytrail_client(), keytrail_client(region=ELSEWHERE)
    if seeded:
        seed = {"KeyId": MRK, "KeySpec": spec, "KeyUsage": usage, "Replicas": [{"Region": ELSEWHERE}]}
        keytrail_clean.load({"keys": [seed]})
        key = MRK
    else:
        key = here.create_key(KeySpec=spec, KeyUsage=usage, MultiRegion=True)["KeyMetadata"]["KeyId"]
        here.replicate_key(KeyId=key, ReplicaRegion=ELSEWHERE)
    for algorithm in MATRIX[spec, usage]:
        USES[usage](here, there, key, algorithm)
        USES[usage](there, here, key, algorithm)
    if not spec.startswith(("SYMMETRIC", "HMAC")):
        assert here.get_public_key(KeyId=key)["PublicKey"] == there.get_public_key(KeyId=key)["PublicKey"]


@pytest.mark.parametrize("operation", ["Sign", "GetPublicKey"])
def test_a_replica_answers_with_its_own_arn(operation: str, keytrail_client: Make) -> None:
    here, there = keytrail_client(), keytrail_client(region=ELSEWHERE)
    made = here.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", MultiRegion=True)["KeyMetadata"]
    here.replicate_key(KeyId=made["KeyId"], ReplicaRegion=ELSEWHERE)
    members = {"Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"} if operation == "Sign" else {}
    answer = call(there, operation, KeyId=made["KeyId"], **members)
    assert answer["KeyId"] == made["Arn"].replace("us-east-1", ELSEWHERE)
    if operation == "Sign":
        assert there.get_key_last_usage(KeyId=made["KeyId"])["KeyLastUsage"]["Operation"] == "Sign"
    assert here.get_key_last_usage(KeyId=made["KeyId"])["KeyLastUsage"] == {}

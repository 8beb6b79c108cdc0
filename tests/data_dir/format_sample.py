"""A folder in the present format, as SQL, and what its endpoint told of it: `python -m tests.data_dir.format_sample`.

It is made once for each format, by the version that introduces it, and is then read by every later one.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from keytrail.data_dir.folder import DATABASE, FORMAT, OF_KEYTRAIL
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY, POLICY, REQUESTS, client_of

HERE = Path(__file__).parent
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
SEED: dict[str, Any] = {
    "keys": [
        {"KeyId": KEY, "Aliases": ["alias/orders"], "LastUsage": {"Operation": "Sign", "Timestamp": "3 days ago"}}
        | {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    ],
    "credentials": [{"AccessKeyId": "AKIAALICE00000000001", "SecretAccessKey": "secret", "Principal": USER}],
    "identities": [
        {
            "Arn": USER,
            "Tags": {"team": "a"},
            "Policies": {
                "none": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]}
            },
        }
    ],
    "organization": {"Id": "o-exampleorgid", "Accounts": [{"Account": ACCOUNT}]},
    "settings": {"UsageDelay": "PT15M"},
}


def told(server: KeytrailServer) -> dict[str, Any]:
    """What an endpoint tells of all that it has, as JSON has it."""
    store, now = server.endpoint.store, server.endpoint.clock.now()
    answer: dict[str, Any] = {"clock": str(now), "aliases": [], "keys": {}}
    for key in sorted(store.newest.all_keys(), key=lambda key: key.arn):
        kms = client_of(server, region=key.region)
        answer["keys"][key.arn] = {
            "metadata": kms.describe_key(KeyId=key.key_id)["KeyMetadata"],
            "tags": kms.list_resource_tags(KeyId=key.key_id)["Tags"],
            "policy": kms.get_key_policy(KeyId=key.key_id)["Policy"],
            "grants": kms.list_grants(KeyId=key.key_id)["Grants"],
            "aliases": kms.list_aliases(KeyId=key.key_id)["Aliases"],
            "material": key.material.data.hex() if key.material is not None else None,
            "pair": key.material.pair.public_der.hex() if key.material is not None and key.material.pair else None,
        }
        if key.is_symmetric and key.custom_key_store_id is None:
            rotations = kms.list_key_rotations(KeyId=key.key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")
            answer["keys"][key.arn]["rotations"] = rotations["Rotations"]
    answer["stores"] = client_of(server).describe_custom_key_stores()["CustomKeyStores"]
    answer["tokens"] = {grant.grant.grant_id: grant.tokens for grant in store.grants.with_tokens().values()}
    answer["callers"] = repr(server.endpoint.callers.snapshot()[0])
    answer["sessions"] = {name: repr(each) for name, each in server.endpoint.callers.snapshot()[1].credentials.items()}
    answer["identities"] = repr(server.endpoint.identities.snapshot())
    answer["faults"] = server.faults()
    answer["external errors"] = repr(store.custom_key_stores.external_errors)
    answer["usage delay"] = str(server.settings.usage_delay)
    answer["uses"] = {arn: server.endpoint.trail._uses.of(arn) for arn in answer["keys"]}
    return json.loads(json.dumps(answer, default=str))  # type: ignore[no-any-return]


def bring_about(server: KeytrailServer) -> None:
    """One of each thing that is kept."""
    kms = client_of(server)
    server.clock.freeze("2026-11-02T00:00:00Z")
    key_id = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "a"}], Policy=json.dumps(POLICY))["KeyMetadata"][
        "KeyId"
    ]
    for _ in range(2):
        kms.create_grant(KeyId=key_id, GranteePrincipal=ROLE, Operations=["Decrypt"], Name="twice")
    kms.encrypt(KeyId=key_id, Plaintext=b"secret")
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    kms.rotate_key_on_demand(KeyId=key_id)
    for spec, usage in (
        ("RSA_2048", "SIGN_VERIFY"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ):
        kms.create_key(KeySpec=spec, KeyUsage=usage)
    kms.create_key(Origin="EXTERNAL")
    server.load(
        {
            "keys": [
                {"KeyId": "bbbb0001-12ab-34cd-56ef-1234567890ab", "Origin": "EXTERNAL", "ValidTo": "in 30 days"},
                {"KeyId": "bbbb0002-12ab-34cd-56ef-1234567890ab", "KeyState": "PendingDeletion"},
            ]
        }
    )
    mrk = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=mrk, ReplicaRegion="eu-west-1")
    store = kms.create_custom_key_store(**REQUESTS["CreateCustomKeyStore"])["CustomKeyStoreId"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    client_of(server, "sts").assume_role(RoleArn=ROLE, RoleSessionName="tests", Tags=[{"Key": "a", "Value": "b"}])
    stores = server.endpoint.store.custom_key_stores
    stores.set_external_error("CloudHsmClusterId", "cluster-3a45b6cdefg", "CloudHsmClusterNotActiveException")
    server.add_fault(Operations="Decrypt", Count=1, Error="KMSInternalException")
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key_id)
    kms.delete_alias(AliasName="alias/gone")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        with KeytrailServer(data_dir=folder, fixtures=SEED) as server:
            bring_about(server)
            server.endpoint.settle()
        database = sqlite3.connect(Path(folder, DATABASE))
        lines = [f"PRAGMA application_id = {OF_KEYTRAIL};", f"PRAGMA user_version = {FORMAT};", *database.iterdump()]
        database.close()
        with KeytrailServer(data_dir=folder) as server:
            document = {"past": server.events(), "told": told(server)}
    (HERE / f"format-{FORMAT}.sql").write_text("\n".join(lines) + "\n")
    (HERE / f"format-{FORMAT}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")

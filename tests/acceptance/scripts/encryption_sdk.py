"""What the tests of the Encryption SDK have it do in Python: the name of a function below is the argument.

`seal` and `open_sealed` are given a message on standard input, for messages that go to and fro between languages.
"""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import (
    CreateKeyInput,
    CreateKeyStoreInput,
    KMSConfigurationKmsKeyArn,
    VersionKeyInput,
)
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CacheTypeDefault,
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsHierarchicalKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateAwsKmsMrkMultiKeyringInput,
    CreateAwsKmsMultiKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateRequiredEncryptionContextCMMInput,
    DefaultCache,
    DiscoveryFilter,
)
from aws_encryption_sdk.identifiers import AlgorithmSuite

ARN = "arn:aws:kms:us-east-1:000000000000:key/"
KEY, OTHER_KEY = ARN + "1234abcd-12ab-34cd-56ef-1234567890ab", ARN + "2345abcd-12ab-34cd-56ef-1234567890ab"
MRK = ARN + "mrk-1234abcd12ab34cd56ef1234567890ab"
REPLICA = MRK.replace("us-east-1", "eu-west-1")
RSA_KEY = ARN + "bbbb0001-12ab-34cd-56ef-1234567890ab"
ORDER = b"order 66" * 1000
CONTEXT = {"order": "66"}
HERE = DiscoveryFilter(account_ids=["000000000000"], partition="aws")

sdk = aws_encryption_sdk.EncryptionSDKClient()
mpl = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
kms, kms_elsewhere = boto3.client("kms"), boto3.client("kms", region_name="eu-west-1")


def encrypt(keyring: Any, plaintext: bytes = ORDER) -> bytes:
    sealed: bytes = sdk.encrypt(source=plaintext, keyring=keyring, encryption_context=CONTEXT)[0]
    return sealed


def decrypt(keyring: Any, sealed: bytes, context: dict[str, str] | None = None) -> bytes:
    opened: bytes
    opened, header = sdk.decrypt(source=sealed, keyring=keyring, encryption_context=context or CONTEXT)
    assert CONTEXT.items() <= header.encryption_context.items()
    return opened


def fails(attempt: Callable[..., Any], *arguments: Any) -> None:
    try:
        attempt(*arguments)
    except Exception as error:
        print(type(error).__name__, error)
        return
    raise AssertionError("that should fail")


def only(key: str) -> Any:
    return mpl.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=kms))


def discovery(accounts: DiscoveryFilter = HERE) -> Any:
    request = CreateAwsKmsDiscoveryKeyringInput(kms_client=kms, discovery_filter=accounts)
    return mpl.create_aws_kms_discovery_keyring(input=request)


def multi() -> None:
    request = CreateAwsKmsMultiKeyringInput(generator=KEY, kms_key_ids=[OTHER_KEY])
    sealed = encrypt(mpl.create_aws_kms_multi_keyring(input=request))
    for keyring in (only(KEY), only(OTHER_KEY), discovery()):
        assert decrypt(keyring, sealed) == ORDER
    fails(decrypt, only(MRK), sealed)
    fails(decrypt, discovery(DiscoveryFilter(account_ids=["111122223333"], partition="aws")), sealed)
    fails(decrypt, only(KEY), sealed, {"order": "67"})


def second_key() -> None:
    """A message under two keys is opened although the first is disabled."""
    request = CreateAwsKmsMultiKeyringInput(generator=KEY, kms_key_ids=[OTHER_KEY])
    both = mpl.create_aws_kms_multi_keyring(input=request)
    sealed = encrypt(both)
    kms.disable_key(KeyId=KEY)
    assert decrypt(both, sealed) == ORDER


def multi_region() -> None:
    here = mpl.create_aws_kms_mrk_multi_keyring(input=CreateAwsKmsMrkMultiKeyringInput(generator=MRK))
    there = CreateAwsKmsMrkKeyringInput(kms_key_id=REPLICA, kms_client=kms_elsewhere)
    anywhere = CreateAwsKmsMrkDiscoveryKeyringInput(kms_client=kms_elsewhere, region="eu-west-1", discovery_filter=HERE)
    sealed = encrypt(here)
    assert decrypt(mpl.create_aws_kms_mrk_keyring(input=there), sealed) == ORDER
    assert decrypt(mpl.create_aws_kms_mrk_discovery_keyring(input=anywhere), sealed) == ORDER
    plain = CreateAwsKmsKeyringInput(kms_key_id=REPLICA, kms_client=kms_elsewhere)
    fails(decrypt, mpl.create_aws_kms_keyring(input=plain), sealed)


def rsa() -> None:
    public = kms.get_public_key(KeyId=RSA_KEY)["PublicKey"]
    pem = b"-----BEGIN PUBLIC KEY-----\n" + b64encode(public) + b"\n-----END PUBLIC KEY-----\n"
    request = CreateAwsKmsRsaKeyringInput(
        kms_key_id=RSA_KEY, public_key=pem, encryption_algorithm="RSAES_OAEP_SHA_256", kms_client=kms
    )
    keyring = mpl.create_aws_kms_rsa_keyring(input=request)
    # AWS's guide: this keyring does not go with suites that sign.
    suite = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
    sealed, _ = sdk.encrypt(source=ORDER, keyring=keyring, encryption_context=CONTEXT, algorithm=suite)
    assert decrypt(keyring, sealed) == ORDER


def required_context() -> None:
    default = CreateDefaultCryptographicMaterialsManagerInput(keyring=only(KEY))
    request = CreateRequiredEncryptionContextCMMInput(
        required_encryption_context_keys=["order"],
        underlying_cmm=mpl.create_default_cryptographic_materials_manager(input=default),
    )
    materials = mpl.create_required_encryption_context_cmm(input=request)
    sealed, _ = sdk.encrypt(source=ORDER, materials_manager=materials, encryption_context=CONTEXT)
    opened, _ = sdk.decrypt(source=sealed, materials_manager=materials, encryption_context=CONTEXT)
    assert opened == ORDER
    fails(decrypt, only(KEY), sealed, {"another": "context"})


def hierarchical() -> None:
    """Branch keys in a table of DynamoDB, wrapped by the key."""
    config = KeyStoreConfig(
        ddb_table_name="branch-keys",
        logical_key_store_name="branch-keys",
        kms_configuration=KMSConfigurationKmsKeyArn(KEY),
        ddb_client=boto3.client("dynamodb"),
        kms_client=kms,
    )
    store = KeyStore(config=config)
    store.create_key_store(input=CreateKeyStoreInput())
    branch = store.create_key(input=CreateKeyInput()).branch_key_identifier

    def keyring() -> Any:
        request = CreateAwsKmsHierarchicalKeyringInput(
            key_store=store,
            branch_key_id=branch,
            ttl_seconds=600,
            cache=CacheTypeDefault(value=DefaultCache(entry_capacity=10)),
        )
        return mpl.create_aws_kms_hierarchical_keyring(input=request)

    cached = keyring()
    sealed = [encrypt(cached) for _ in range(20)]
    store.version_key(input=VersionKeyInput(branch_key_identifier=branch))
    fresh = keyring()
    assert [decrypt(fresh, message) for message in sealed] == [ORDER] * 20


def caching() -> None:
    """50 messages with one data key, by the master key provider of older versions."""
    provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[KEY])
    materials = aws_encryption_sdk.CachingCryptoMaterialsManager(
        master_key_provider=provider, cache=aws_encryption_sdk.LocalCryptoMaterialsCache(10), max_age=600.0
    )
    sealed = [sdk.encrypt(source=ORDER, materials_manager=materials)[0] for _ in range(50)]
    assert [sdk.decrypt(source=message, materials_manager=materials)[0] for message in sealed] == [ORDER] * 50


def seal() -> None:
    print(b64encode(encrypt(only(KEY), sys.stdin.buffer.read())).decode())


def open_sealed() -> None:
    sys.stdout.buffer.write(decrypt(discovery(), b64decode(sys.stdin.buffer.read())))


globals()[sys.argv[1]]()

"""How keys are named: each form of a name, and every operation that names a key, at home and in another account.

What a name means `read_key_identifier` decides for all operations (tests/domain/test_arn.py has every form of it), and
what is not there the store; so each form goes once through boto3 here, and each operation with one good name and one of
each kind that is refused.

How we know: recorded from AWS (DescribeKey and others) or measured on most of the operations (kms-behaviour B.3),
unless a test says otherwise; which operation takes an alias, and which another account's key, from the API Reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from keytrail.operations.kms import OPERATIONS
from keytrail.server import KeytrailServer
from tests.support import (
    ACCOUNT,
    ALIAS,
    DOOMED_KEY,
    ELSEWHERE,
    FOREIGN,
    GRANT,
    KEY,
    KINDS,
    MISSING_KEY,
    MRK,
    OTHER_KEY,
    REQUESTS,
    SAMPLE_SEED,
    alias_arn,
    alias_of,
    denied,
    key_arn,
    key_of,
    load_sample_seed,
    refusal,
    request,
    shared_policy,
)
from tests.support import invoke as call
from tests.support.paths import SAMPLE_FOLDER

Make = Callable[..., Any]

TAKE_ALIASES = {
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "Sign",
    "Verify",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
    "DescribeKey",
    "GetPublicKey",
    "GenerateMac",
    "VerifyMac",
}
CROSS_ACCOUNT = TAKE_ALIASES | {"CreateGrant", "GetKeyRotationStatus", "ListGrants", "RetireGrant", "RevokeGrant"}

KEY_MEMBERS = ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
_MODEL = botocore.session.get_session().get_service_model("kms")
IDENTIFIERS = [
    (operation, member)
    for operation in sorted(OPERATIONS)
    for member in KEY_MEMBERS
    if member in _MODEL.operation_model(operation).input_shape.members
]
"""Every member of every operation that identifies a key (model)."""
BY_ALIAS = [(operation, member) for operation, member in IDENTIFIERS if operation in TAKE_ALIASES]
OF_ALIASES = [(operation, member) for operation, member in IDENTIFIERS if member == "TargetKeyId"]
BY_KEY_ALONE = [one for one in IDENTIFIERS if one not in BY_ALIAS and one not in OF_ALIASES]
ABROAD = [(operation, member) for operation, member in IDENTIFIERS if operation in CROSS_ACCOUNT]
AT_HOME = [one for one in IDENTIFIERS if one not in ABROAD]

ACTIONS = {("ReEncrypt", "SourceKeyId"): "kms:ReEncryptFrom", ("ReEncrypt", "DestinationKeyId"): "kms:ReEncryptTo"}

MISSING_MRK = "mrk-99999999999949998999999999999999"
ABROAD_KEY = "5678abcd-12ab-34cd-56ef-1234567890ab"


def action(operation: str, member: str) -> str:
    return ACTIONS.get((operation, member), f"kms:{operation}")


@pytest.fixture
def blob(keytrail_clean: KeytrailServer, kms: Any) -> bytes:
    """A ciphertext under KEY, in the sample seed, and a key that only the other Region has."""
    ciphertext = load_sample_seed(keytrail_clean, kms)
    keytrail_clean.load({"keys": [{"KeyId": ABROAD_KEY, "Region": ELSEWHERE, "Aliases": ["alias/abroad"]}]})
    return ciphertext


def members_of(operation: str, member: str, blob: bytes, name: str) -> dict[str, Any]:
    """A request of the operation that names a key by `member`."""
    return request(operation, blob, **{member: name})


def named_by(operation: str, member: str) -> str:
    """The id of the key that a valid request of the operation names by `member`."""
    return str(REQUESTS[operation].get(member, KEY)).rpartition("/")[2]


def test_most_operations_name_a_key() -> None:
    """Or the tables above would be empty, and their tests true of nothing."""
    assert {"GetKeyLastUsage", "DescribeKey", "Encrypt", "ReEncrypt"} <= {operation for operation, _ in IDENTIFIERS}
    assert min(map(len, (BY_ALIAS, BY_KEY_ALONE, OF_ALIASES, ABROAD, AT_HOME))) >= 2


def test_the_operations_declare_what_the_api_reference_says_of_aliases_and_other_accounts() -> None:
    """What names several keys or none that must be there resolves for itself, and so declares nothing of aliases."""
    identifying = {operation for operation, _ in IDENTIFIERS}
    by_one = {name for name in identifying if OPERATIONS[name].key is not None}
    assert {name for name in by_one if OPERATIONS[name].aliases} == TAKE_ALIASES & by_one
    assert {name for name in identifying if OPERATIONS[name].cross_account} == CROSS_ACCOUNT


# ---- Each form of a name


@pytest.mark.parametrize("name", [KEY, key_arn(), ALIAS, alias_arn()])
def test_a_key_is_named_by_its_id_its_arn_an_alias_or_the_arn_of_one(name: str, kms: Any, blob: bytes) -> None:
    metadata = kms.describe_key(KeyId=name)["KeyMetadata"]
    assert (metadata["KeyId"], metadata["Arn"]) == (KEY, key_arn())


ELSEWHERE_ARNS = [
    *(key_arn(key_id, region=ELSEWHERE) for key_id in (KEY, MISSING_KEY, ABROAD_KEY)),
    *(alias_arn(alias, region=ELSEWHERE) for alias in (ALIAS, "alias/none", "alias/abroad")),
]
MALFORMED_ARNS = [
    f"arn:aws:s3:us-east-1:{ACCOUNT}:key/{KEY}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:grant/{KEY}",
    f"arn:aws:kms:us-east-1:{ACCOUNT}",
    "arn:",
]
REFUSED: dict[str, tuple[str, str | None]] = {
    **{
        name: ("NotFoundException", f"Invalid keyId '{name}'")
        for name in ("fake-key-id", "mrk-fake-key-id", KEY.replace("-", ""), "orders")
    },
    key_arn("foo"): ("NotFoundException", "Invalid keyId foo"),
    **{
        name: ("NotFoundException", f"Key '{key_arn(key_id)}' does not exist")
        for key_id in (MISSING_KEY, MISSING_MRK, KEY.upper(), ABROAD_KEY)
        for name in (key_id, key_arn(key_id))
    },
    **{
        name: ("NotFoundException", f"Alias {alias_arn(alias)} is not found.")
        for alias in ("alias/none", "alias/Orders", "alias/abroad", "alias/aws/x")
        for name in (alias, alias_arn(alias))
    },
    **dict.fromkeys(ELSEWHERE_ARNS, ("NotFoundException", f"Invalid arn {ELSEWHERE}")),
    **dict.fromkeys(MALFORMED_ARNS, ("InvalidArnException", None)),  # unverified: the words
}
"""A key id in upper case is well formed, and another key's; so is the id of a key in another Region. An ARN of another
Region is refused whether that Region has the key or not; names of aliases are case-sensitive (docs)."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_of_no_key_is_refused_in_the_words_of_kms(name: str, kms: Any, blob: bytes) -> None:
    code, message = refusal(kms, "DescribeKey", KeyId=name)
    assert (code, message if REFUSED[name][1] is not None else None) == REFUSED[name]


def test_the_same_id_in_two_regions_is_two_keys(kms: Any, keytrail_client: Make, blob: bytes) -> None:
    """How we know: AWS docs, multi-Region keys."""
    here = kms.describe_key(KeyId=MRK)["KeyMetadata"]["Arn"]
    there = keytrail_client(region=ELSEWHERE).describe_key(KeyId=MRK)["KeyMetadata"]["Arn"]
    assert (here, there) == (key_arn(MRK), key_arn(MRK, region=ELSEWHERE))


# ---- Each operation, at home


@pytest.mark.parametrize(("operation", "member"), IDENTIFIERS)
def test_every_operation_takes_a_key_arn(operation: str, member: str, kms: Any, blob: bytes) -> None:
    name = key_arn(named_by(operation, member))
    answer = call(kms, operation, **members_of(operation, member, blob, name))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(("operation", "member"), IDENTIFIERS)
def test_every_operation_refuses_a_malformed_name_and_the_name_of_no_key(
    operation: str, member: str, kms: Any, blob: bytes
) -> None:
    """How we know: kms-behaviour B.3; CreateAlias has no quotes, and UpdateAlias is taken to be like it."""
    takes_ids = operation != "RetireGrant"
    quoted = "Invalid keyId orders" if member == "TargetKeyId" else "Invalid keyId 'orders'"
    for name, message in {
        "orders": quoted if takes_ids else "Invalid arn orders",
        MISSING_KEY: f"Key '{key_arn(MISSING_KEY)}' does not exist" if takes_ids else f"Invalid arn {MISSING_KEY}",
    }.items():
        answer = refusal(kms, operation, **members_of(operation, member, blob, name))
        assert answer == ("NotFoundException", message)


@pytest.mark.parametrize(("operation", "member"), BY_ALIAS)
def test_some_operations_take_an_alias_that_is_there(operation: str, member: str, kms: Any, blob: bytes) -> None:
    if alias_of(operation) != ALIAS:
        kms.create_alias(AliasName=alias_of(operation), TargetKeyId=key_of(operation))
    answer = call(kms, operation, **members_of(operation, member, blob, alias_of(operation)))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert refusal(kms, operation, **members_of(operation, member, blob, "alias/none")) == (
        "NotFoundException",
        f"Alias {alias_arn('alias/none')} is not found.",
    )


@pytest.mark.parametrize(("operation", "member"), BY_KEY_ALONE)
def test_the_others_refuse_an_alias(operation: str, member: str, kms: Any, blob: bytes) -> None:
    """How we know: measured on 22 operations; inferred for the others."""
    assert refusal(kms, operation, **members_of(operation, member, blob, ALIAS)) == (
        "InvalidArnException",
        "Key Aliases are not supported for this operation.",
    )


@pytest.mark.parametrize(("operation", "member"), OF_ALIASES)
@pytest.mark.parametrize("name", [ALIAS, alias_arn("alias/none")])
def test_an_alias_cannot_name_an_alias(operation: str, member: str, name: str, kms: Any, blob: bytes) -> None:
    """How we know: other emulators."""
    assert refusal(kms, operation, **members_of(operation, member, blob, name)) == (
        "ValidationException",
        "Aliases must refer to keys. Not aliases",
    )


@pytest.mark.parametrize(
    ("operation", "sent", "answered"),
    [
        ("Decrypt", "KeyId", "KeyId"),
        ("Encrypt", "KeyId", "KeyId"),
        ("GenerateDataKey", "KeyId", "KeyId"),
        ("GenerateDataKeyWithoutPlaintext", "KeyId", "KeyId"),
        ("ReEncrypt", "DestinationKeyId", "KeyId"),
        ("ReEncrypt", "SourceKeyId", "SourceKeyId"),
    ],
)
def test_a_cryptographic_operation_answers_with_the_key_arn_whatever_was_sent(
    operation: str, sent: str, answered: str, kms: Any, blob: bytes
) -> None:
    assert call(kms, operation, **members_of(operation, sent, blob, ALIAS))[answered] == key_arn()


@pytest.mark.parametrize("of", [lambda key_id: key_id, key_arn], ids=["id", "ARN"])
def test_deletion_answers_with_the_key_arn(of: Callable[[str], str], kms: Any, blob: bytes) -> None:
    assert kms.schedule_key_deletion(KeyId=of(KEY))["KeyId"] == key_arn()
    assert kms.cancel_key_deletion(KeyId=of(DOOMED_KEY))["KeyId"] == key_arn(DOOMED_KEY)


# ---- Another account's key, if its policy says so


@pytest.mark.parametrize(("operation", "member"), ABROAD)
def test_an_operation_across_accounts_works_on_a_key_whose_policy_allows_it(
    operation: str, member: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, Cross-account use: Yes."""
    policy = shared_policy(action(operation, member), "kms:ReEncryptFrom", to=FOREIGN)
    # A key policy lets nobody retire a grant: who may is its retiring principal.
    grant = {**GRANT, "RetiringPrincipal": f"arn:aws:iam::{FOREIGN}:root"}
    keys = [{"KeyId": key, "Policy": policy, **KINDS.get(key, {"Grants": [grant]})} for key in {KEY, key_of(operation)}]
    keytrail_clean.load({"keys": [*keys, {"KeyId": OTHER_KEY, "Account": FOREIGN}]})
    blob = keytrail_client(account=ACCOUNT).encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    user = keytrail_client(account=FOREIGN)
    answer = call(user, operation, **members_of(operation, member, blob, key_arn(key_of(operation))))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("operation", ["DescribeKey", "Encrypt"])
def test_another_accounts_key_may_be_named_by_its_alias_arn(
    operation: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, "key ARN or alias ARN"."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy(f"kms:{operation}"), "Aliases": [ALIAS]}]})
    user = keytrail_client(account=FOREIGN)
    answer = call(user, operation, **request(operation, b"", KeyId=alias_arn()))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_another_accounts_key_is_found_by_a_ciphertext(keytrail_client: Make, keytrail_clean: KeytrailServer) -> None:
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Decrypt")}]})
    blob = keytrail_client(account=ACCOUNT).encrypt(KeyId=KEY, Plaintext=b"hello")["CiphertextBlob"]
    answer = keytrail_client(account=FOREIGN).decrypt(CiphertextBlob=blob)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"hello", key_arn())


def test_the_sample_of_two_accounts_lets_the_consumer_use_the_shared_key_alone(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: kms-behaviour F.5; fixtures/cross-account.yaml."""
    keytrail_clean.load(SAMPLE_FOLDER / "cross-account.yaml")
    consumer = keytrail_client(access_key_id="AKIACONSUMER00000001")
    shared, closed = (key_arn(f"c0ffee00-000{n}-4bbb-8bbb-00000000000{n}", "555566667777") for n in (1, 2))
    blob = consumer.encrypt(KeyId=shared, Plaintext=b"hello")["CiphertextBlob"]
    assert consumer.decrypt(CiphertextBlob=blob)["Plaintext"] == b"hello"
    code, message = refusal(consumer, "Encrypt", KeyId=closed, Plaintext=b"hello")
    assert code == "AccessDeniedException"
    assert message.startswith("User: arn:aws:iam::666677778888:role/Consumer is not authorized to perform: kms:Encrypt")


# ---- Refusals: another account's keys


def own_blob(client: Any, member: str, blob: bytes) -> bytes:
    """Where the destination of a ReEncrypt is to be denied, a ciphertext whose source is not."""
    if member != "DestinationKeyId":
        return blob
    return bytes(client.encrypt(KeyId=OTHER_KEY, Plaintext=b"x")["CiphertextBlob"])


@pytest.mark.parametrize(("operation", "member"), ABROAD)
def test_another_accounts_key_is_denied_in_the_same_words_whether_it_exists_or_not(
    operation: str, member: str, keytrail_client: Make, blob: bytes, keytrail_clean: KeytrailServer
) -> None:
    """How we know: the words are reported; that missing keys get them too is inferred from what they say."""
    keytrail_clean.load({"keys": [{"KeyId": OTHER_KEY, "Account": FOREIGN}]})
    stranger = keytrail_client(account=FOREIGN)
    for key_id in (KEY, MISSING_KEY):
        members = members_of(operation, member, own_blob(stranger, member, blob), key_arn(key_id))
        assert refusal(stranger, operation, **members) == denied(action(operation, member))


@pytest.mark.parametrize(
    "arn",
    [*map(key_arn, (DOOMED_KEY, MRK, MISSING_MRK)), alias_arn(), alias_arn("alias/none")],
    ids=["pending", "mrk", "no mrk", "an alias", "no alias"],
)
def test_whatever_names_another_accounts_key_is_denied_in_the_same_words(
    arn: str, keytrail_client: Make, blob: bytes
) -> None:
    stranger = keytrail_client(account=FOREIGN)
    assert refusal(stranger, "DescribeKey", KeyId=arn) == denied("kms:DescribeKey")


@pytest.mark.parametrize(("operation", "member"), AT_HOME)
def test_a_policy_cannot_allow_another_account_what_does_not_cross_accounts(
    operation: str, member: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs, Cross-account use: No; the words are inferred, and that a missing key gets them too."""
    keys = [{**key, "Policy": shared_policy("kms:*")} for key in SAMPLE_SEED["keys"]]
    own = {"KeyId": ABROAD_KEY, "Account": FOREIGN, "Aliases": [ALIAS]}
    keytrail_clean.load({"keys": [*keys, own]})
    stranger = keytrail_client(account=FOREIGN)
    for key_id in (named_by(operation, member), MISSING_KEY):
        members = members_of(operation, member, b"", key_arn(key_id))
        assert refusal(stranger, operation, **members) == denied(action(operation, member))


@pytest.mark.parametrize("operation", ["Encrypt", "GenerateDataKey", "DescribeKey"])
def test_a_policy_allows_only_the_actions_that_it_names(
    operation: str, keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:Decrypt", "kms:ReEncryptFrom")}]})
    stranger = keytrail_client(account=FOREIGN)
    members = members_of(operation, "KeyId", b"", key_arn())
    assert refusal(stranger, operation, **members) == denied(f"kms:{operation}")


def test_a_policy_allows_only_the_accounts_that_it_names(keytrail_client: Make, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:*", to=FOREIGN)}]})
    third = keytrail_client(account="333344445555")
    assert refusal(third, "DescribeKey", KeyId=key_arn()) == denied("kms:DescribeKey", "333344445555")


def test_an_explicit_deny_outweighs_an_allow(keytrail_client: Make, keytrail_clean: KeytrailServer) -> None:
    """How we know: AWS docs; the words of the cross-account refusal name this reason too."""
    policy = shared_policy("kms:*")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}
    policy["Statement"].append(deny)
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": policy}]})
    stranger = keytrail_client(account=FOREIGN)
    assert stranger.describe_key(KeyId=key_arn())["KeyMetadata"]["KeyId"] == KEY
    assert refusal(stranger, "Encrypt", KeyId=key_arn(), Plaintext=b"x") == denied("kms:Encrypt")


def test_a_bare_key_id_is_looked_up_in_the_callers_own_account(
    keytrail_client: Make, keytrail_clean: KeytrailServer
) -> None:
    """How we know: AWS docs; another account's key is named by its ARN, even if its policy allows everything."""
    keytrail_clean.load({"keys": [{"KeyId": KEY, "Policy": shared_policy("kms:*")}]})
    assert refusal(keytrail_client(account=FOREIGN), "DescribeKey", KeyId=KEY) == (
        "NotFoundException",
        f"Key '{key_arn(account=FOREIGN)}' does not exist",
    )


@pytest.mark.parametrize(("operation", "refused"), [("Decrypt", "kms:Decrypt"), ("ReEncrypt", "kms:ReEncryptFrom")])
def test_a_key_that_only_a_ciphertext_names_is_denied_as_the_resource_of_the_ciphertext(
    operation: str, refused: str, keytrail_client: Make, keytrail_clean: KeytrailServer, blob: bytes
) -> None:
    """How we know: reported (2023 and 2024, several)."""
    keytrail_clean.load({"keys": [{"KeyId": OTHER_KEY, "Account": FOREIGN}]})
    stranger = keytrail_client(account=FOREIGN)
    what = "the resource associated with this ciphertext"
    assert refusal(stranger, operation, **request(operation, blob)) == denied(refused, FOREIGN, what)

"""The types of a seed file of local-kms (github.com/nsmithuk/local-kms), in the forms of its versions.

All scalars are texts: local-kms reads them so, and a backing key may consist of digits alone.

Source: what local-kms documents of its seeding file format (version 3), and the structure that its version 4 reads.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

BackingKeys = Annotated[list[str], Meta(examples=[["00112233445566778899aabbccddeeff" * 2]])]


class _Members(Struct, rename="pascal", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A mapping whose members have names in Pascal case. A member that is not declared is an error."""


class Metadata(_Members, frozen=True, kw_only=True):
    """The metadata of a key. local-kms itself sets the members that have no other use here."""

    key_id: str | None = None
    description: str | None = None
    key_spec: str | None = None
    key_usage: str | None = None
    origin: str = "AWS_KMS"
    account_id: str | None = field(name="AWSAccountId", default=None)
    arn: str | None = None
    creation_date: str | None = None
    customer_master_key_spec: str | None = None
    enabled: str | None = None
    key_manager: str | None = None
    key_state: str | None = None


class Material(_Members, frozen=True, kw_only=True):
    """The material of a key: hex digits of one or more secrets, or a private key in PEM."""

    backing_keys: BackingKeys = []
    private_key_pem: str | None = None


class Key(_Members, frozen=True, kw_only=True):
    """A key of version 3."""

    metadata: Metadata
    backing_keys: BackingKeys = []
    private_key_pem: str | None = None
    next_key_rotation: str | None = None


class SymmetricKeys(_Members, frozen=True, kw_only=True):
    """The symmetric keys of version 3."""

    aes: list[Key] = []
    hmac: list[Key] = []


class AsymmetricKeys(_Members, frozen=True, kw_only=True):
    """The asymmetric keys of version 3."""

    rsa: list[Key] = []
    ecc: list[Key] = []


class Keys(_Members, frozen=True, kw_only=True):
    """The keys of version 3, by kind."""

    symmetric: SymmetricKeys = SymmetricKeys()
    asymmetric: AsymmetricKeys = AsymmetricKeys()


class Alias(_Members, frozen=True, kw_only=True):
    """An alias, and the key that it names."""

    alias_name: str
    target_key_id: str


class Document(_Members, frozen=True, kw_only=True):
    """A seed file of version 3."""

    keys: Keys = Keys()
    aliases: list[Alias] = []


class OldDocument(_Members, frozen=True, kw_only=True):
    """A seed file of versions before 3: its keys are AES keys, in one list."""

    keys: list[Key]
    aliases: list[Alias] = []


class NewKey(_Members, frozen=True, kw_only=True):
    """A key of version 4."""

    key_id: str
    metadata: Metadata = Metadata()
    material: Material = Material()
    next_key_rotation: str | None = None


class NewDocument(_Members, frozen=True, kw_only=True):
    """A seed file of version 4: its keys are in one list, and their KeySpec says what they are."""

    version: str | None = None
    keys: list[NewKey]
    aliases: list[Alias] = []

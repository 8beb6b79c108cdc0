"""Encrypting and decrypting with the keys of seeds alone, for a repository's sample ciphertexts: `keytrail encrypt`.

Each call goes the whole path of a request, without HTTP, on an endpoint that ends with it. The caller is the root of
the key's account, which no seed declares: so a disabled key refuses, and an explicit deny applies. Fault rules and
request quotas of the seeds do not: they are about a server's calls.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from keytrail.clock import Clock
from keytrail.crypto import ciphertext_blob
from keytrail.domain.arn import is_alias
from keytrail.domain.key import Key
from keytrail.endpoint import Endpoint
from keytrail.messages import JSON_11, Later, Request
from keytrail.plain_values import encode_json
from keytrail.request_quotas import OFF
from keytrail.settings import Settings


class Refused(Exception):
    """KMS refused the call: the text is the code of the error, and its message."""


class Seeds:
    """The keys of seeds, to encrypt and decrypt with."""

    def __init__(self, settings: Settings, *, account: str | None = None, region: str | None = None) -> None:
        """Load the seeds that the settings name; `account` and `region`: where the key is, if it is not to be searched.

        Raises seeds.SeedError for a seed with mistakes, ValueError for a setting that is not valid.
        """
        self._endpoint = Endpoint(replace(settings, strict=False, trail_dir=""), Clock())
        self._endpoint.faults.remove()
        self._endpoint.change_settings({"request_quotas": OFF})
        self._account, self._region = account, region

    def encrypt(self, key_id: str, plaintext: bytes, context: Mapping[str, str], algorithm: str) -> bytes:
        """The ciphertext of a plaintext under a key, which may be named in any of KMS's ways.

        Raises Refused, and ValueError if several keys have this name, or if no later run could decrypt.
        """
        key = self._named(key_id)
        if key is not None:
            _require_lasting(key)
        members = {"KeyId": key_id, "Plaintext": _text(plaintext), "EncryptionAlgorithm": algorithm}
        answer = self._call("Encrypt", members | _context(context), key)
        return b64decode(answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str], algorithm: str, key_id: str | None) -> bytes:
        """The plaintext of a ciphertext. One of a symmetric key names its key.

        Raises Refused, and ValueError if several keys have the name `key_id`.
        """
        members = {"CiphertextBlob": _text(ciphertext), "EncryptionAlgorithm": algorithm} | _context(context)
        if key_id is None:
            return b64decode(self._call("Decrypt", members, self._key_of(ciphertext))["Plaintext"])
        return b64decode(self._call("Decrypt", members | {"KeyId": key_id}, self._named(key_id))["Plaintext"])

    def _named(self, name: str) -> Key | None:
        """The one key with this id, ARN or alias; None if there is none. Raises ValueError if there are several."""
        newest = self._endpoint.store.newest
        if is_alias(name):
            aliases = [alias for alias in newest.all_aliases() if name in (alias.arn, alias.name)]
            keys = [newest.require_key(alias.target_arn) for alias in aliases]
        else:
            keys = [key for key in newest.all_keys() if name in (key.arn, key.key_id)]
        found = [key for key in keys if self._is_here(key)]
        if len(found) > 1:
            arns = "".join(f"\n  {key.arn}" for key in found)
            raise ValueError(
                f"several keys have the name {name}; give --account or --region, or one of the ARNs:{arns}"
            )
        return found[0] if found else None

    def _key_of(self, ciphertext: bytes) -> Key | None:
        """The key that a symmetric ciphertext names, in any account and Region, if it is there."""
        try:
            blob = ciphertext_blob.read(ciphertext)
        except ciphertext_blob.NotABlob:
            return None
        keys = [key for key in self._endpoint.store.newest.all_keys() if key.key_id == blob.key_id]
        fitting = [key for key in keys if key.material is not None and key.find_material(blob.material_id) is not None]
        return next(filter(self._is_here, [*fitting, *keys]), None)

    def _is_here(self, key: Key) -> bool:
        return self._account in (None, key.account) and self._region in (None, key.region)

    def _call(self, operation: str, members: Mapping[str, object], key: Key | None) -> dict[str, Any]:
        """The answer to a call by the root of the key's account in its Region; without a key, of the settings'."""
        settings = self._endpoint.settings
        account = key.account if key is not None else self._account or settings.account
        region = key.region if key is not None else self._region or settings.region
        scope = f"{account}/20260101/{region}/kms/aws4_request"
        request = Request(
            "POST",
            "/",
            headers=[
                (b"authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0".encode()),
                (b"content-type", JSON_11.encode()),
                (b"x-amz-target", f"TrentService.{operation}".encode()),
            ],
            body=encode_json(members),
        )
        answer = self._endpoint.dispatcher.answer(request)
        response = answer.work() if isinstance(answer, Later) else answer
        body: dict[str, Any] = msgspec.json.decode(response.body)
        if response.status != 200:
            code, message = str(body["__type"]).rpartition("#")[2], body.get("message") or body.get("Message")
            raise Refused(f"{code}: {message}" if message else code)
        return body


def read_base64(text: bytes) -> bytes:
    """The bytes in a base64 text, which may have line breaks. Raises ValueError for any other text."""
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("standard input is not base64; a ciphertext of raw bytes needs --raw") from None


def read_encryption_context(texts: tuple[str, ...]) -> dict[str, str]:
    """The encryption context in texts such as `tenant=acme,purpose=test`, as the AWS CLI has it. Raises ValueError."""
    context: dict[str, str] = {}
    for text in texts:
        if text.lstrip().startswith("{"):
            context |= _read_json(text)
            continue
        for pair in text.split(","):
            name, equals, value = pair.partition("=")
            if not equals or not name:
                raise ValueError(f"expected NAME=VALUE, with commas between them, or a JSON object; got {text!r}")
            context[name] = value
    return context


def _read_json(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        raise ValueError(f"expected a JSON object of texts, got {text!r}") from None


def _require_lasting(key: Key) -> None:
    """Refuse a seeded RSA key without KeyMaterial: its pair is another one in every run."""
    if key.spec.startswith("RSA") and key.material is not None and not key.material.is_generated:
        raise ValueError(
            f"the seed has no KeyMaterial for {key.arn}, so its RSA pair is a new one in every run, "
            "and nobody could decrypt this; give it KeyMaterial"
        )


def _context(context: Mapping[str, str]) -> dict[str, object]:
    return {"EncryptionContext": dict(context)} if context else {}


def _text(data: bytes) -> str:
    return b64encode(data).decode()

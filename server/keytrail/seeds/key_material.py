"""Reading the key material that a seed contains."""

import binascii
from collections.abc import Callable

from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.seeds.reader import SeedReader


def material_name(account: str, region: str, key_id: str) -> str:
    """What the material of a key is derived from if its seed has none.

    Two accounts, or two Regions, have different material even for the same key id: else the one could decrypt what the
    other encrypted. The keys of a multi-Region set share their material.
    """
    return f"{account}/{key_id}" if key_id.startswith("mrk-") else f"{account}/{region}/{key_id}"


def read_key_material(
    path: str, text: str, spec: str, make: Callable[[str, bytes], KeyMaterial], reader: SeedReader
) -> KeyMaterial | None:
    """The key material in a base64 text at a path: what `make` makes of the spec and the decoded bytes.

    The bytes are raw for a symmetric or HMAC key, and PKCS #8 in DER for a key pair. If they do not fit the spec, adds
    a problem and returns None.
    """
    if not is_supported(spec):
        reader.add_problem(path, f"keys of {spec} have no key material here; leave it out")
        return None
    try:
        return make(spec, binascii.a2b_base64(text.encode(), strict_mode=True))
    except ValueError:  # binascii.Error is one
        message = "expected 32 bytes in base64; `openssl rand -base64 32` makes some"
        if spec != SYMMETRIC_DEFAULT:
            message = f"expected key material of {spec} in base64: raw bytes of an HMAC key, else PKCS #8 in DER"
        reader.add_problem(path, message)
        return None

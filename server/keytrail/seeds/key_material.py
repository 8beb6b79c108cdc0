"""Key material that a seed gives, in base64."""

import binascii
from collections.abc import Callable

from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT
from keytrail.seeds.reader import SeedReader


def read_key_material(
    path: str, text: str, spec: str, make: Callable[[str, bytes], KeyMaterial], reader: SeedReader
) -> KeyMaterial | None:
    """What `make` makes of a spec and the bytes that are given: raw ones of a secret, else PKCS #8 in DER."""
    if not is_supported(spec):
        reader.problem(f"{path}.KeyMaterial", f"keys of {spec} have no material here; leave it out")
        return None
    try:
        return make(spec, binascii.a2b_base64(text.encode(), strict_mode=True))
    except ValueError:  # binascii.Error is one
        what = "expected 32 bytes in base64; `openssl rand -base64 32` makes some"
        if spec != SYMMETRIC_DEFAULT:
            what = f"expected key material of {spec} in base64: raw bytes of an HMAC key, else PKCS #8 in DER"
        reader.problem(f"{path}.KeyMaterial", what)
        return None

"""CustomKey: the id and the material that a test has chosen for the key that CreateKey makes (setting `compat`).

KMS lets nobody choose these; other emulators do, so the words of the errors are ours.
"""

import re
from dataclasses import dataclass, field

from keytrail.crypto import key_pair
from keytrail.domain.key_material import KeyMaterial
from keytrail.errors import ValidationException

_KEY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MULTI_REGION_KEY_ID = re.compile(r"mrk-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CustomKey:
    """What has been chosen; None: nothing."""

    key_id: str | None = None
    material: bytes | None = field(default=None, repr=False)
    """The bytes of a secret, or a private key in DER: PKCS #8, PKCS #1 or SEC 1."""

    def require_key_id(self, *, multi_region: bool) -> None:
        """Raise ValidationException for an id that no key of this kind can have."""
        pattern = _MULTI_REGION_KEY_ID if multi_region else _KEY_ID
        if self.key_id is not None and not pattern.fullmatch(self.key_id):
            right = "`mrk-` and 32 lower-case hex digits" if multi_region else "a lower-case UUID"
            raise ValidationException(f"A tag chooses the key id {self.key_id!r}; Keytrail expects {right}.")

    def require_no_material(self) -> None:
        """Raise ValidationException if material has been chosen for a key whose material is to be imported."""
        if self.material is not None:
            raise ValidationException(
                "A tag chooses key material, but the key's Origin is EXTERNAL; import it instead."
            )

    def require_material(self, spec: str) -> KeyMaterial:
        """The material that has been chosen, for a key of this spec. The secret of an HMAC key may have any length.

        Raises ValidationException for any that does not fit. Slow for RSA.
        """
        assert self.material is not None
        try:
            if spec.startswith("HMAC") and self.material:
                return KeyMaterial.from_secret(self.material)
            return KeyMaterial.from_data(
                spec, key_pair.to_pkcs8(self.material) if spec in key_pair.SPECS else self.material
            )
        except ValueError:
            right = "a private key of this spec in DER" if spec in key_pair.SPECS else "32 bytes"
            raise ValidationException(
                f"A tag chooses key material that does not fit {spec}; Keytrail expects {right}, in base64."
            ) from None


NOT_CUSTOM = CustomKey()
"""Nothing has been chosen: KMS chooses."""

"""The secret behind a symmetric key, and its name."""

from dataclasses import dataclass, field

from keytrail.crypto import keygen, symmetric
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """32 bytes of AES-256 key, and the KeyMaterialId (64 hex digits) that tells it from others."""

    data: bytes = field(repr=False)
    id: str

    @classmethod
    def of(cls, data: bytes) -> "KeyMaterial":
        """Given material; the same bytes always have the same id."""
        return cls(data, symmetric.material_id(data))

    @classmethod
    def of_spec(cls, spec: str, data: bytes) -> "KeyMaterial":
        """Material for a key of this spec: raw bytes, or a PKCS #8 private key. Raises ValueError for a misfit."""
        if spec != SYMMETRIC_DEFAULT or len(data) != 32:
            raise ValueError(f"{len(data)} bytes are no key material of {spec}")
        return cls.of(data)

    @classmethod
    def random(cls) -> "KeyMaterial":
        """Fresh material."""
        return cls.of(keygen.new_symmetric_material())

    @classmethod
    def derived(cls, key_id: str) -> "KeyMaterial":
        """The material that a seeded key has when none is given: always the same for the same key id."""
        return cls.of(symmetric.derive_material(key_id))

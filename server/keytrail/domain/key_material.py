"""The secret behind a symmetric key, and its name."""

from dataclasses import dataclass, field

from keytrail.crypto import keygen, symmetric


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
    def random(cls) -> "KeyMaterial":
        """Fresh material."""
        return cls.of(keygen.new_symmetric_material())

    @classmethod
    def derived(cls, key_id: str) -> "KeyMaterial":
        """The material that a seeded key has when none is given: always the same for the same key id."""
        return cls.of(symmetric.derive_material(key_id))

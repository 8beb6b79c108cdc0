"""The secret behind a key, and its name."""

import os
from dataclasses import dataclass, field, replace
from threading import Lock

from keytrail.crypto import key_pair, key_pool, mac, seeded_pair, symmetric
from keytrail.crypto.key_pair import KeyPair
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT

_SECRET_SIZES = {SYMMETRIC_DEFAULT: 32, **mac.SECRET_SIZES}
"""Bytes of a secret, by the spec of its key."""


def is_supported(spec: str) -> bool:
    """Whether there is cryptography here for keys of this spec."""
    return spec in _SECRET_SIZES or spec in key_pair.SPECS


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A secret (32 bytes of AES-256 key, or an HMAC key), and the KeyMaterialId (64 hex digits) that names it."""

    data: bytes = field(repr=False)
    id: str

    @property
    def pair(self) -> KeyPair | None:
        """The pair of an asymmetric key; None of a secret."""
        return None

    @classmethod
    def of(cls, data: bytes) -> "KeyMaterial":
        """A given secret; the same bytes always have the same id."""
        return KeyMaterial(data, symmetric.material_id(data))

    @classmethod
    def of_pair(cls, pair: KeyPair) -> "KeyMaterial":
        """A given pair; the same pair always has the same id."""
        return PairMaterial(b"", symmetric.material_id(pair.public_der), LazyPair(pair.spec, pair))

    @classmethod
    def of_spec(cls, spec: str, data: bytes) -> "KeyMaterial":
        """Material for a key of this spec: raw bytes, or a PKCS #8 private key. Raises ValueError for a misfit."""
        if spec not in _SECRET_SIZES:
            return cls.of_pair(key_pair.load(spec, data))
        if len(data) != _SECRET_SIZES[spec]:
            raise ValueError(f"{len(data)} bytes are no key material of {spec}")
        return cls.of(data)

    @classmethod
    def imported(cls, key_id: str, spec: str, data: bytes) -> "KeyMaterial":
        """Material for the key of this id and spec, from elsewhere: as `of_spec`, but its name is the key's own.

        Source: KMS API Reference, ImportKeyMaterial: the id is computed from the key id and the material.
        """
        material = cls.of_spec(spec, data)
        secret = material.pair.public_der if material.pair is not None else material.data
        return replace(material, id=symmetric.imported_material_id(key_id, secret))

    @classmethod
    def fresh(cls, spec: str) -> "KeyMaterial":
        """New material for a key of this spec, which must be supported. Slow for RSA (up to seconds)."""
        size = _SECRET_SIZES.get(spec)
        return cls.of(os.urandom(size)) if size is not None else cls.of_pair(key_pool.new_pair(spec))

    @classmethod
    def at_hand(cls, spec: str) -> "KeyMaterial | None":
        """As `fresh`, without waiting: None where making it is slow and none is ready."""
        if spec not in key_pair.SLOW:
            return cls.fresh(spec)
        ready = key_pool.POOL.take(spec)
        return cls.of_pair(ready) if ready is not None else None

    @classmethod
    def random(cls) -> "KeyMaterial":
        """New material for a symmetric encryption key."""
        return cls.fresh(SYMMETRIC_DEFAULT)

    @classmethod
    def derived(cls, key_id: str, spec: str = SYMMETRIC_DEFAULT) -> "KeyMaterial":
        """The material that a seeded key of a supported spec has when none is given.

        It is always the same for the same key id, but for RSA. A pair is made at its first use.
        """
        data = symmetric.derive_material(key_id)
        if spec == SYMMETRIC_DEFAULT:
            return cls.of(data)
        if spec not in _SECRET_SIZES:
            return PairMaterial(b"", symmetric.material_id(data), LazyPair(spec, seed=data))
        data += symmetric.derive_material(f"{key_id}/2")
        return cls.of(data[: _SECRET_SIZES[spec]])


class LazyPair:
    """A key pair that is there, or is made when somebody first asks for it; all then get the same one. Thread-safe."""

    __slots__ = ("_lock", "_pair", "_seed", "_spec")

    def __init__(self, spec: str, pair: KeyPair | None = None, *, seed: bytes = b"") -> None:
        """A given pair, or one to be made for a key of this spec out of 32 bytes of seed."""
        self._spec = spec
        self._seed = seed
        self._pair = pair
        self._lock = Lock()

    def get(self) -> KeyPair:
        """The pair. The first call may be slow (RSA: up to seconds)."""
        if self._pair is None:
            with self._lock:
                if self._pair is None:
                    self._pair = seeded_pair.derive(self._spec, self._seed)
        return self._pair


@dataclass(frozen=True, slots=True)
class PairMaterial(KeyMaterial):
    """The material of an asymmetric key: a pair, and no bytes."""

    lazy: LazyPair = field(repr=False, compare=False)

    @property
    def pair(self) -> KeyPair:
        """The pair, made by now if it was not there."""
        return self.lazy.get()

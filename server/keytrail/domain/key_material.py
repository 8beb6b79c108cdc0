"""Key material: the secret or the key pair of a key, and the id of it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from keytrail.crypto import key_pair, key_pool, mac, seeded_pair, symmetric
from keytrail.crypto.key_pair import KeyPair
from keytrail.domain.key_spec import SYMMETRIC_DEFAULT

_SECRET_SIZES = {SYMMETRIC_DEFAULT: 32, **mac.SECRET_SIZES}
"""Bytes of the secret, by key spec; asymmetric specs have a pair instead."""


def is_supported(spec: str) -> bool:
    """Whether Keytrail has cryptography for keys of this spec."""
    return spec in _SECRET_SIZES or spec in key_pair.SPECS


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A secret (the 32 bytes of an AES-256 key, or an HMAC key), and its KeyMaterialId (64 hex digits)."""

    data: bytes = field(repr=False)
    id: str

    @property
    def pair(self) -> KeyPair | None:
        """The pair of an asymmetric key; None if the material is a secret."""
        return None

    @property
    def is_generated(self) -> bool:
        """Whether the secret or the pair is there already: that of a seeded key is generated at its first use."""
        return True

    @classmethod
    def from_secret(cls, data: bytes) -> "KeyMaterial":
        """The material of a secret. The same bytes always have the same id."""
        return KeyMaterial(data, symmetric.material_id(data))

    @classmethod
    def from_pair(cls, pair: KeyPair) -> "KeyMaterial":
        """The material of a pair. The same pair always has the same id."""
        return PairMaterial(b"", symmetric.material_id(pair.public_der), LazyPair(pair.spec, pair))

    @classmethod
    def from_data(cls, spec: str, data: bytes) -> "KeyMaterial":
        """Read material for a key of this spec: the bytes of a secret, or a PKCS #8 private key in DER.

        Raises ValueError for anything else.
        """
        if spec not in _SECRET_SIZES:
            return cls.from_pair(key_pair.load(spec, data))
        if len(data) != _SECRET_SIZES[spec]:
            raise ValueError(f"{len(data)} bytes are no key material of {spec}")
        return cls.from_secret(data)

    @classmethod
    def imported(cls, key_id: str, spec: str, data: bytes) -> "KeyMaterial":
        """Read material that is imported into the key of this id: as `from_data`, but with an id for this key only.

        Source: KMS API Reference, ImportKeyMaterial: the id is computed from the key id and the material.
        """
        material = cls.from_data(spec, data)
        secret = material.pair.public_der if material.pair is not None else material.data
        return replace(material, id=symmetric.imported_material_id(key_id, secret))

    @classmethod
    def fresh(cls, spec: str) -> "KeyMaterial":
        """New random material for a key of this supported spec. Slow for RSA (up to seconds)."""
        size = _SECRET_SIZES.get(spec)
        return cls.from_secret(os.urandom(size)) if size is not None else cls.from_pair(key_pool.new_pair(spec))

    @classmethod
    def at_hand(cls, spec: str) -> "KeyMaterial | None":
        """As `fresh`, but without waiting: None if generating the material is slow and the pool has no pair."""
        if spec not in key_pair.SLOW:
            return cls.fresh(spec)
        ready = key_pool.POOL.take(spec)
        return cls.from_pair(ready) if ready is not None else None

    @classmethod
    def random(cls) -> "KeyMaterial":
        """New material for a symmetric encryption key."""
        return cls.fresh(SYMMETRIC_DEFAULT)

    @classmethod
    def derived(cls, name: str, spec: str = SYMMETRIC_DEFAULT) -> "KeyMaterial":
        """The material of a seeded key of a supported spec whose seed contains no material.

        The same name always has the same material, except for RSA. A pair is generated at its first use.
        """
        data = symmetric.derive_material(name)
        if spec == SYMMETRIC_DEFAULT:
            return cls.from_secret(data)
        if spec not in _SECRET_SIZES:
            return PairMaterial(b"", symmetric.material_id(data), LazyPair(spec, seed=data))
        data += symmetric.derive_material(f"{name}/2")
        return cls.from_secret(data[: _SECRET_SIZES[spec]])


class LazyPair:
    """A key pair that may be generated only at its first use; all callers get the same one. Thread-safe."""

    __slots__ = ("_lock", "_on_random", "_pair", "private_der", "seed", "spec")

    def __init__(self, spec: str, pair: KeyPair | None = None, *, seed: bytes = b"", private_der: bytes = b"") -> None:
        """Of a pair, or else of a spec and its private key in DER, or 32 bytes of seed, from which it is derived."""
        self.spec = spec
        self.seed = seed
        self.private_der = private_der
        """The private key as it was read from a data folder; else empty."""
        self._pair = pair
        self._lock = Lock()
        self._on_random: Callable[[], None] | None = None

    @property
    def is_generated(self) -> bool:
        """Whether the pair is there already."""
        return self._pair is not None

    def get(self) -> KeyPair:
        """The pair. The first call may be slow (RSA: up to seconds)."""
        if self._pair is None:
            with self._lock:
                if self._pair is None:
                    if self.private_der:
                        self._pair = key_pair.load_own(self.spec, self.private_der)
                    else:
                        self._pair = seeded_pair.derive(self.spec, self.seed)
                        if self._on_random is not None:
                            self._on_random()
        return self._pair

    @property
    def is_random(self) -> bool:
        """Whether the seed, if there is one, says nothing of the pair: it does not for RSA."""
        return not self.seed or self.spec in seeded_pair.RANDOM

    def tell_random(self, tell: Callable[[], None]) -> bool:
        """Call `tell` when a random pair has been generated, before anybody gets it; False if it is there already."""
        with self._lock:
            if self._pair is None:
                self._on_random = tell
            return self._pair is None


@dataclass(frozen=True, slots=True)
class PairMaterial(KeyMaterial):
    """The material of an asymmetric key. Its `data` is empty."""

    lazy: LazyPair = field(repr=False, compare=False)

    @property
    def is_generated(self) -> bool:
        """Whether the pair is there already, so that `pair` is quick."""
        return self.lazy.is_generated

    @property
    def pair(self) -> KeyPair:
        """The pair. The first call may be slow (RSA: up to seconds)."""
        return self.lazy.get()

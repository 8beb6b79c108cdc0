"""A KMS key: what it is, which state it is in, and which change each state allows.

Source: KMS Developer Guide, "Key states of KMS keys"; the texts as recorded from AWS.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.crypto.key_pair import KeyPair
from keytrail.domain.arn import key_arn
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_materials import AutomaticRotation, Import, OnDemandRotation, PastMaterial
from keytrail.domain.key_spec import ALGORITHMS, SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.refusals import no_cryptography
from keytrail.domain.tag import read_tags
from keytrail.errors import (
    AwsError,
    DisabledException,
    InvalidKeyUsageException,
    KMSInvalidStateException,
)


class KeyState(StrEnum):
    """The state of a key, as DescribeKey tells it."""

    CREATING = "Creating"
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"
    PENDING_IMPORT = "PendingImport"
    PENDING_REPLICA_DELETION = "PendingReplicaDeletion"
    UNAVAILABLE = "Unavailable"
    UPDATING = "Updating"


class KeyManager(StrEnum):
    """Who manages a key: its owner, or AWS for a service of its own."""

    AWS = "AWS"
    CUSTOMER = "CUSTOMER"


class Origin(StrEnum):
    """Where a key's material comes from."""

    AWS_KMS = "AWS_KMS"
    EXTERNAL = "EXTERNAL"
    AWS_CLOUDHSM = "AWS_CLOUDHSM"
    EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"


CUSTOM_KEY_STORE_ORIGINS = frozenset({Origin.AWS_CLOUDHSM, Origin.EXTERNAL_KEY_STORE})

_REFUSALS: Mapping[KeyState, tuple[type[AwsError], str]] = {
    KeyState.DISABLED: (DisabledException, "is disabled."),
    KeyState.PENDING_DELETION: (KMSInvalidStateException, "is pending deletion."),
    # unverified: the words "replica deletion"; AWS documents only the code
    KeyState.PENDING_REPLICA_DELETION: (KMSInvalidStateException, "is pending replica deletion."),
    KeyState.PENDING_IMPORT: (KMSInvalidStateException, "is pending import."),
    KeyState.UNAVAILABLE: (KMSInvalidStateException, "is unavailable."),
    KeyState.CREATING: (KMSInvalidStateException, "is creating."),
    KeyState.UPDATING: (KMSInvalidStateException, "is updating."),
    KeyState.ENABLED: (KMSInvalidStateException, "is enabled."),
}


def state_refusal(arn: str, state: KeyState) -> AwsError:
    """The error of an operation that does not work on a key in this state."""
    error, words = _REFUSALS[state]
    return error(f"{arn} {words}")


_PENDING = frozenset({KeyState.PENDING_DELETION, KeyState.PENDING_REPLICA_DELETION})
_S = KeyState
_AWAITING = frozenset({_S.ENABLED, _S.DISABLED, _S.UPDATING})
"""States that a key without material changes for PendingImport."""

ANY = frozenset(KeyState)
"""The operation works in every state."""
USABLE = frozenset({_S.ENABLED, _S.UPDATING})
"""Cryptographic operations, and UpdatePrimaryRegion."""
NOT_PENDING_DELETION = ANY - _PENDING
"""CreateAlias, UpdateAlias (new target), UpdateKeyDescription, TagResource, UntagResource."""
SWITCHABLE = frozenset({_S.ENABLED, _S.DISABLED, _S.UNAVAILABLE})
"""EnableKey, DisableKey."""
DELETABLE = ANY - _PENDING - {_S.UPDATING}
"""ScheduleKeyDeletion."""
REPLICABLE = frozenset({_S.ENABLED})
"""ReplicateKey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One KMS key in one account and Region. Moments are aware datetimes in UTC.

    `material` is None until there is any (PendingImport, specs without cryptography here).
    `custom_key_store_id` is the store that holds the material, `xks_key_id` the external key behind it, if there are.
    `becomes` is the state that a Creating or Updating key takes when its `settles_at` has come, and an Unavailable
    one when its custom key store is connected.
    `materials` are all it has had, the current one last; empty for a key that was never rotated.
    Of Origin EXTERNAL, `imports` tells by id which of them are there, and `pending` is the one for the next rotation.
    A material that was deleted stays among them, for its id and public key; the key's state keeps it from use.
    `policy` is the document as given; None stands for the default key policy.
    """

    account: str
    region: str
    key_id: str
    creation_date: datetime
    description: str = ""
    spec: str = SYMMETRIC_DEFAULT
    usage: KeyUsage = KeyUsage.ENCRYPT_DECRYPT
    origin: Origin = Origin.AWS_KMS
    state: KeyState = KeyState.ENABLED
    becomes: KeyState | None = None
    settles_at: datetime | None = None
    deletion_date: datetime | None = None
    pending_window_in_days: int | None = None
    material: KeyMaterial | None = None
    materials: tuple[PastMaterial, ...] = ()
    automatic: AutomaticRotation | None = None
    on_demand: OnDemandRotation | None = None
    pending: KeyMaterial | None = None
    imports: Mapping[str, Import] = field(default_factory=dict)
    policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    custom_key_store_id: str | None = None
    xks_key_id: str | None = None
    manager: KeyManager = KeyManager.CUSTOMER
    arn: str = field(init=False)

    def __post_init__(self) -> None:
        """Work the ARN out once."""
        object.__setattr__(self, "arn", key_arn(self.region, self.account, self.key_id))

    @property
    def multi_region(self) -> bool:
        """Whether the key is a multi-Region primary or replica; its id says so."""
        return self.key_id.startswith("mrk-")

    @property
    def is_symmetric(self) -> bool:
        """Whether this is a symmetric encryption key."""
        return self.spec == SYMMETRIC_DEFAULT

    @property
    def lacks_material(self) -> bool:
        """Whether material is yet to be imported: any of what is the key's for good, so not what is pending."""
        if self.origin is not Origin.EXTERNAL or self.material is None:
            return self.origin is Origin.EXTERNAL
        ids = [past.material.id for past in self.materials] or [self.material.id]
        return not all(material_id in self.imports and self.imports[material_id].is_there for material_id in ids)

    def require_usage(self, usage: KeyUsage, operation: str) -> None:
        """Raise InvalidKeyUsageException unless the key is for this usage."""
        if self.usage is not usage:
            raise InvalidKeyUsageException(f"{self.arn} key usage is {self.usage} which is not valid for {operation}.")

    def require_state(self, allowed: frozenset[KeyState]) -> None:
        """Raise DisabledException or KMSInvalidStateException unless the key is in one of these states."""
        if self.state not in allowed:
            raise state_refusal(self.arn, self.state)

    @property
    def is_asymmetric(self) -> bool:
        """Whether this is a key pair."""
        return self.usage is not KeyUsage.GENERATE_VERIFY_MAC and not self.is_symmetric

    def require_algorithm(self, algorithm: str) -> None:
        """Raise InvalidKeyUsageException unless the algorithm is one of the key's."""
        if algorithm not in ALGORITHMS[self.spec][self.usage]:
            raise InvalidKeyUsageException(f"Algorithm {algorithm} is incompatible with key spec {self.spec}.")

    def require_material(self) -> KeyMaterial:
        """The material of a key that has some in this state; UnsupportedOperationException for a spec without.

        Raises KMSInvalidStateException for a key into which none was ever imported.
        """
        if self.material is None and self.origin is Origin.EXTERNAL:
            raise state_refusal(self.arn, KeyState.PENDING_IMPORT)
        if self.material is None:
            raise no_cryptography(self.spec)
        return self.material

    def require_pair(self) -> KeyPair:
        """The pair of an asymmetric key; at its first use this may take seconds."""
        pair = self.require_material().pair
        assert pair is not None  # the usage and the algorithm say that it is a pair
        return pair

    def require_aes_material(self) -> KeyMaterial:
        """The material to encrypt under, of a key whose state says that there is some."""
        assert self.material is not None
        return self.material

    def find_material(self, material_id: str) -> KeyMaterial | None:
        """The key's material of this id, current or earlier; None if it has none such."""
        if self.material is not None and self.material.id == material_id:
            return self.material
        return next((past.material for past in self.materials if past.material.id == material_id), None)

    def enable(self) -> "Key":
        """Enabled. A key that is unavailable shows it once it is back."""
        return self._switch(KeyState.ENABLED)

    def disable(self) -> "Key":
        """Disabled. A key that is unavailable shows it once it is back."""
        return self._switch(KeyState.DISABLED)

    def _switch(self, state: KeyState) -> "Key":
        if self.state is KeyState.UNAVAILABLE:
            return replace(self, becomes=state)
        if self.lacks_material:
            state = KeyState.PENDING_IMPORT  # its deletion was cancelled, and it still has no material
        return replace(self, state=state)

    def await_material(self) -> "Key":
        """PendingImport, if that is the state of a key without some of its material."""
        if not self.lacks_material or self.state not in _AWAITING:
            return self
        return replace(self, state=KeyState.PENDING_IMPORT, becomes=None, settles_at=None)

    def describe(self, description: str) -> "Key":
        """The same key under another description."""
        return replace(self, description=description)

    def tag(self, tags: Mapping[str, str]) -> "Key":
        """The same key with these tags besides its own. Raises TagException for too many."""
        return replace(self, tags=read_tags({**self.tags, **tags}.items()))

    def untag(self, names: Iterable[str]) -> "Key":
        """The same key without the tags of these keys."""
        gone = set(names)
        return replace(self, tags={name: value for name, value in self.tags.items() if name not in gone})

    def govern(self, policy: str) -> "Key":
        """The same key under another key policy."""
        return replace(self, policy=policy)

    def schedule_deletion(self, now: datetime, days: int, *, has_replicas: bool) -> "Key":
        """Pending deletion in `days`; a primary with replicas waits for them without a date."""
        if has_replicas:
            return self._pending(KeyState.PENDING_REPLICA_DELETION, None, days)
        return self._pending(KeyState.PENDING_DELETION, now + timedelta(days=days), None)

    def replicas_are_gone(self, now: datetime) -> "Key":
        """The last replica is deleted: the waiting period that was asked for begins."""
        if self.state is not KeyState.PENDING_REPLICA_DELETION:
            return self
        return self._pending(KeyState.PENDING_DELETION, now + timedelta(days=self.pending_window_in_days or 0), None)

    def _pending(self, state: KeyState, date: datetime | None, window: int | None) -> "Key":
        return replace(
            self,
            state=state,
            becomes=None,
            settles_at=None,
            deletion_date=date,
            pending_window_in_days=window,
        )

    def cancel_deletion(self) -> "Key":
        """Disabled, and no longer pending deletion. Raises KMSInvalidStateException if it was not."""
        if self.state not in _PENDING:
            raise KMSInvalidStateException(f"{self.arn} is not pending deletion.")
        # A key in a disconnected store keeps PendingDeletion until now, so Disabled is right for it too.
        return replace(self, state=KeyState.DISABLED, deletion_date=None, pending_window_in_days=None)

    def begin(self, state: KeyState, until: datetime) -> "Key":
        """Creating or Updating until a moment, then the state that the key has now."""
        return replace(self, state=state, becomes=self.becomes or self.state, settles_at=until)

    def settle(self, now: datetime) -> "Key":
        """What a Creating or Updating key has become by now."""
        if self.settles_at is None or self.settles_at > now or self.becomes is None:
            return self
        return replace(self, state=self.becomes, becomes=None, settles_at=None)


Transition = Callable[[Key], Key]
"""A change of a key: gives its new value, or raises and changes nothing."""

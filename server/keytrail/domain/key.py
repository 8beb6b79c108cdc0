"""KMS keys: their properties, their states, and the changes that each state allows.

Source: KMS Developer Guide, "Key states of KMS keys"; error messages as recorded from AWS.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from keytrail.crypto.key_pair import KeyPair
from keytrail.domain.arn import key_arn
from keytrail.domain.key_material import KeyMaterial
from keytrail.domain.key_spec import ALGORITHMS, SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.material_history import AutomaticRotation, Import, OnDemandRotation, PastMaterial
from keytrail.domain.refusals import no_cryptography
from keytrail.domain.tag import read_tags
from keytrail.errors import (
    AwsError,
    DisabledException,
    InvalidKeyUsageException,
    KMSInvalidStateException,
)


class KeyState(StrEnum):
    """The KeyState of DescribeKey."""

    CREATING = "Creating"
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"
    PENDING_IMPORT = "PendingImport"
    PENDING_REPLICA_DELETION = "PendingReplicaDeletion"
    UNAVAILABLE = "Unavailable"
    UPDATING = "Updating"


class KeyManager(StrEnum):
    """Who manages a key: the customer, or AWS for one of its services."""

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
    KeyState.PENDING_REPLICA_DELETION: (KMSInvalidStateException, "is pending replica deletion."),
    KeyState.PENDING_IMPORT: (KMSInvalidStateException, "is pending import."),
    KeyState.UNAVAILABLE: (KMSInvalidStateException, "is unavailable."),
    KeyState.CREATING: (KMSInvalidStateException, "is creating."),
    KeyState.UPDATING: (KMSInvalidStateException, "is updating."),
    KeyState.ENABLED: (KMSInvalidStateException, "is enabled."),
}


NO_PROXY = (
    "This KMS key is in a custom key store that is not connected to its external key store proxy. "
    "Connect the external key store and try the request again."
)
"""AWS's words about a key in an external key store that is not connected. Source: the XKS proxy API specification."""


def state_refusal(arn: str, state: KeyState) -> AwsError:
    """The error of an operation that does not work on a key in this state."""
    error, words = _REFUSALS[state]
    return error(f"{arn} {words}")


_PENDING = frozenset({KeyState.PENDING_DELETION, KeyState.PENDING_REPLICA_DELETION})
_S = KeyState
_AWAITING = frozenset({_S.ENABLED, _S.DISABLED, _S.UPDATING})
"""A key in one of these states becomes PendingImport when it loses material."""

ANY = frozenset(KeyState)
"""For operations that work in every state."""
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

    `material` is the current material; None while there is none (PendingImport, and specs without cryptography here).
    `materials` are all materials that the key has had, the current one last; empty if the key was never rotated.
    `pending` and `imports` are for keys of Origin EXTERNAL: the material for the next rotation, and by material id
    which materials are present. A deleted material stays in `material` and `materials`, because its id is still needed;
    the key's state prevents its use.
    `next_state` is the state that follows Creating and Updating at the moment `settles_at`, and Unavailable when the
    custom key store is connected.
    `custom_key_store_id` is the custom key store that has the material, `xks_key_id` the external key; None without.
    `policy` is the key policy's JSON text as the caller sent it; None means the default key policy.
    `ever_tagged`: whether the key has tags, or had some once.
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
    next_state: KeyState | None = None
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
    ever_tagged: bool = False
    custom_key_store_id: str | None = None
    xks_key_id: str | None = None
    manager: KeyManager = KeyManager.CUSTOMER
    arn: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the ARN once, and note tags."""
        object.__setattr__(self, "arn", key_arn(self.region, self.account, self.key_id))
        if self.tags:
            object.__setattr__(self, "ever_tagged", True)

    @property
    def multi_region(self) -> bool:
        """Whether the key is a multi-Region key, primary or replica: its id begins with mrk-."""
        return self.key_id.startswith("mrk-")

    @property
    def is_symmetric(self) -> bool:
        """Whether the key is a symmetric encryption key."""
        return self.spec == SYMMETRIC_DEFAULT

    @property
    def lacks_material(self) -> bool:
        """Whether any material except the pending one is missing and must be imported; only with Origin EXTERNAL."""
        if self.origin is not Origin.EXTERNAL or self.material is None:
            return self.origin is Origin.EXTERNAL
        ids = [past.material.id for past in self.materials] or [self.material.id]
        return not all(material_id in self.imports and self.imports[material_id].is_present for material_id in ids)

    def require_usage(self, usage: KeyUsage, operation: str) -> None:
        """Raise InvalidKeyUsageException unless the key has this KeyUsage."""
        if self.usage is not usage:
            raise InvalidKeyUsageException(f"{self.arn} key usage is {self.usage} which is not valid for {operation}.")

    def require_state(self, allowed: frozenset[KeyState]) -> None:
        """Raise DisabledException or KMSInvalidStateException unless the key is in one of these states."""
        if self.state in allowed:
            return
        if self.state is KeyState.UNAVAILABLE and self.xks_key_id is not None:
            raise KMSInvalidStateException(NO_PROXY)
        raise state_refusal(self.arn, self.state)

    @property
    def is_asymmetric(self) -> bool:
        """Whether the key is a key pair."""
        return self.usage is not KeyUsage.GENERATE_VERIFY_MAC and not self.is_symmetric

    def require_algorithm(self, algorithm: str) -> None:
        """Raise InvalidKeyUsageException unless the key supports the algorithm."""
        if algorithm not in ALGORITHMS[self.spec][self.usage]:
            raise InvalidKeyUsageException(f"Algorithm {algorithm} is incompatible with key spec {self.spec}.")

    def require_material(self) -> KeyMaterial:
        """The current material.

        Raises UnsupportedOperationException if the spec has no cryptography here, and KMSInvalidStateException if no
        material was ever imported.
        """
        if self.material is None and self.origin is Origin.EXTERNAL:
            raise state_refusal(self.arn, KeyState.PENDING_IMPORT)
        if self.material is None:
            raise no_cryptography(self.spec)
        return self.material

    def require_pair(self) -> KeyPair:
        """The pair of an asymmetric key. Its first use may take seconds."""
        pair = self.require_material().pair
        assert pair is not None  # usage and algorithm have been checked: the key is asymmetric
        return pair

    def require_aes_material(self) -> KeyMaterial:
        """The current material of a symmetric key whose state has been checked, so that there is one."""
        assert self.material is not None
        return self.material

    def find_material(self, material_id: str) -> KeyMaterial | None:
        """The key's material with this id, current or earlier; None if there is none."""
        if self.material is not None and self.material.id == material_id:
            return self.material
        return next((past.material for past in self.materials if past.material.id == material_id), None)

    def enable(self) -> "Key":
        """The key after EnableKey. An Unavailable key becomes Enabled when its custom key store is connected."""
        return self._switch(KeyState.ENABLED)

    def disable(self) -> "Key":
        """The key after DisableKey. An Unavailable key becomes Disabled when its custom key store is connected."""
        return self._switch(KeyState.DISABLED)

    def _switch(self, state: KeyState) -> "Key":
        if self.state is KeyState.UNAVAILABLE:
            return replace(self, next_state=state)
        return replace(self, state=state)

    def await_material(self) -> "Key":
        """The key in state PendingImport if it lacks material, unless its present state has priority."""
        if not self.lacks_material or self.state not in _AWAITING:
            return self
        return replace(self, state=KeyState.PENDING_IMPORT, next_state=None, settles_at=None)

    def update_description(self, description: str) -> "Key":
        """The key with another description."""
        return replace(self, description=description)

    def tag(self, tags: Mapping[str, str]) -> "Key":
        """The key with these tags added or replaced. Raises TagException as `read_tags` does."""
        return replace(self, tags=read_tags({**self.tags, **tags}.items()))

    def untag(self, names: Iterable[str]) -> "Key":
        """The key without the tags of these names."""
        removed = set(names)
        return replace(self, tags={name: value for name, value in self.tags.items() if name not in removed})

    def put_policy(self, policy: str) -> "Key":
        """The key with another key policy, a JSON text."""
        return replace(self, policy=policy)

    def schedule_deletion(self, now: datetime, days: int, *, has_replicas: bool) -> "Key":
        """The key pending deletion in `days`. A primary key with replicas has no date until they are deleted."""
        if has_replicas:
            return self._with_deletion(KeyState.PENDING_REPLICA_DELETION, None, days)
        return self._with_deletion(KeyState.PENDING_DELETION, now + timedelta(days=days), None)

    def start_waiting_period(self, now: datetime) -> "Key":
        """The primary key after its last replica was deleted: if it is pending deletion, its waiting period begins."""
        if self.state is not KeyState.PENDING_REPLICA_DELETION:
            return self
        return self._with_deletion(
            KeyState.PENDING_DELETION, now + timedelta(days=self.pending_window_in_days or 0), None
        )

    def _with_deletion(self, state: KeyState, date: datetime | None, window: int | None) -> "Key":
        return replace(
            self,
            state=state,
            next_state=None,
            settles_at=None,
            deletion_date=date,
            pending_window_in_days=window,
        )

    def cancel_deletion(self) -> "Key":
        """The key after CancelKeyDeletion: Disabled, or PendingImport if it lacks material.

        Raises KMSInvalidStateException unless it is pending deletion.
        """
        if self.state not in _PENDING:
            raise KMSInvalidStateException(f"{self.arn} is not pending deletion.")
        # The same in a disconnected custom key store: a key that is pending deletion does not become Unavailable.
        state = KeyState.PENDING_IMPORT if self.lacks_material else KeyState.DISABLED
        return replace(self, state=state, deletion_date=None, pending_window_in_days=None)

    def enter(self, state: KeyState, until: datetime) -> "Key":
        """The key in state Creating or Updating until a moment; then its present state returns."""
        return replace(self, state=state, next_state=self.next_state or self.state, settles_at=until)

    def settle(self, now: datetime) -> "Key":
        """The key with its next state, if Creating or Updating has ended by now."""
        if self.settles_at is None or self.settles_at > now or self.next_state is None:
            return self
        return replace(self, state=self.next_state, next_state=None, settles_at=None)


Transition = Callable[[Key], Key]
"""A change of a key: returns the new value, or raises."""

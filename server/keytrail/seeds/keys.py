"""The keys of a seed: what the members mean, and whether there can be such keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias, require_alias_name
from keytrail.domain.arn import partition_of
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import ALGORITHMS, SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.tag import read_tags
from keytrail.errors import AwsError
from keytrail.seeds.custom_key_stores import place_key
from keytrail.seeds.document import KeyMember, RegionalMember
from keytrail.seeds.given_material import read_material
from keytrail.seeds.grant_members import read_grants
from keytrail.seeds.identities import PolicyCheck
from keytrail.seeds.imports import check_state, read_imports, replica_imports
from keytrail.seeds.key_states import read_creation_date, read_state
from keytrail.seeds.last_usage import read_last_usage, usage_of
from keytrail.seeds.materials import read_rotation
from keytrail.seeds.parsing import Wrong
from keytrail.seeds.seed import Seed
from keytrail.settings import Settings

_SPEC_FOR = {
    KeyUsage.ENCRYPT_DECRYPT: SYMMETRIC_DEFAULT,
    KeyUsage.SIGN_VERIFY: "ECC_NIST_P256",
    KeyUsage.KEY_AGREEMENT: "ECC_NIST_P256",
    KeyUsage.GENERATE_VERIFY_MAC: "HMAC_256",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "ML_KEM_768",
}
"""The spec of a key that names none, by its usage."""


class KeyReader:
    """Turns the members of keys into values of a seed."""

    def __init__(self, seed: Seed, settings: Settings, now: datetime, check_policy: PolicyCheck, wrong: Wrong) -> None:
        """Add to a seed; `wrong` is told what cannot be."""
        self._seed = seed
        self._settings = settings
        self._now = now
        self._check_policy = check_policy
        self._wrong = wrong

    def read(self, path: str, member: KeyMember) -> None:
        """Add a key to the seed, and the replicas of it."""
        account = member.account or self._settings.account
        region = member.region or self._settings.region
        usage, spec = self._kind(path, member)
        multi_region = member.key_id.startswith("mrk-")
        if member.multi_region is not None and member.multi_region != multi_region:
            right = "`mrk-` and 32 hex digits" if member.multi_region else "a UUID"
            self._wrong(f"{path}.KeyId", f"with MultiRegion: {str(member.multi_region).lower()} it must be {right}")
        if member.replicas and not multi_region:
            self._wrong(f"{path}.Replicas", "only a multi-Region key has replicas; give it a KeyId with `mrk-`")
        if member.origin in CUSTOM_KEY_STORE_ORIGINS and (multi_region or spec != SYMMETRIC_DEFAULT):
            self._wrong(f"{path}.Origin", f"{member.origin} is for single-Region keys of SYMMETRIC_DEFAULT only")
        material = self._material(path, member, spec)
        shared: dict[str, Any] = {"account": account, "key_id": member.key_id, "spec": spec, "usage": usage}
        shared |= {"origin": member.origin, "material": material}
        shared |= read_rotation(path, member, spec, material, self._now, self._wrong)
        shared |= read_imports(path, member, spec, self._now, self._wrong)
        primary = self._regional(path, member, region, shared, None)
        dates = [past.rotation_date for past in primary.materials if past.rotation_date is not None]
        if dates and dates[0] < primary.creation_date:
            at_path = "KeyMaterials[1]" if member.key_materials else "Rotation.Rotations[0]"
            self._wrong(f"{path}.{at_path}.RotationDate", "is before the key's CreationDate")
        for at, replica in enumerate(member.replicas):
            at_path = f"{path}.Replicas[{at}]"
            if partition_of(replica.region) != partition_of(region):
                self._wrong(f"{at_path}.Region", f"{replica.region} is not in {region}'s partition")
            own = {"imports": replica_imports(at_path, replica, member, primary, self._now, self._wrong)}
            self._regional(at_path, replica, replica.region, {**shared, **own}, primary)
        if multi_region:
            if (account, member.key_id) in self._seed.sets:
                self._wrong(f"{path}.KeyId", f"{member.key_id} stands twice; name the other Regions under Replicas")
            regions = tuple(replica.region for replica in member.replicas)
            self._seed.sets[account, member.key_id] = MultiRegionSet(region, regions)

    def _kind(self, path: str, member: KeyMember) -> tuple[KeyUsage, str]:
        """The key's usage and spec; where neither is given, those that its last usage speaks of."""
        implied = KeyUsage.ENCRYPT_DECRYPT
        if member.last_usage is not None:
            implied = usage_of(member.last_usage.operation)
        spec = member.key_spec
        if spec is None:
            usage = member.key_usage or implied
            return usage, _SPEC_FOR[usage]
        if spec not in ALGORITHMS:
            self._wrong(f"{path}.KeySpec", f"expected one of {', '.join(ALGORITHMS)}, got {spec!r}")
            return implied, SYMMETRIC_DEFAULT
        usages = ALGORITHMS[spec]
        usage = member.key_usage or (implied if implied in usages else next(iter(usages)))
        if usage not in usages:
            self._wrong(f"{path}.KeyUsage", f"{spec} is for {' or '.join(usages)}, not for {usage}")
        return usage, spec

    def _material(self, path: str, member: KeyMember, spec: str) -> KeyMaterial | None:
        if member.origin is Origin.EXTERNAL:
            return None  # see read_imports
        if member.key_material is not None:
            return read_material(path, member.key_material, spec, KeyMaterial.of_spec, self._wrong)
        if member.key_state is KeyState.PENDING_IMPORT:
            return None
        return KeyMaterial.derived(member.key_id, spec) if is_supported(spec) else None

    def _regional(
        self, path: str, member: RegionalMember, region: str, shared: Mapping[str, Any], primary: Key | None
    ) -> Key:
        created = read_creation_date(path, member, primary, self._now, self._wrong)
        key_id, origin = shared["key_id"], shared["origin"]
        state, deletion_date, window = read_state(path, member, key_id, origin, self._now, self._wrong)
        key = Key(
            **shared,
            region=region,
            creation_date=created,
            description=member.description,
            state=state,
            deletion_date=deletion_date,
            pending_window_in_days=window,
            policy=self._policy(path, member),
            tags=self._tags(path, member),
        )
        key = place_key(path, member, key, self._seed, self._wrong)
        if key.arn in self._seed.keys:
            self._wrong(f"{path}.KeyId", f"{key.arn} stands twice; a Region holds one key of an id")
        self._seed.keys[key.arn] = key
        check_state(path, key, self._wrong)
        self._aliases(path, member, key)
        read_grants(f"{path}.Grants", member.grants, key, self._seed, self._now, self._wrong)
        if member.last_usage is not None:
            at_path = f"{path}.LastUsage"
            read_last_usage(at_path, member.last_usage, key, self._seed, self._settings, self._now, self._wrong)
        return key

    def _policy(self, path: str, member: RegionalMember) -> str | None:
        policy = member.policy
        if isinstance(policy, dict):
            policy = msgspec.json.encode(policy).decode()
        if policy is not None:
            try:
                self._check_policy(policy)
            except AwsError as error:
                self._wrong(f"{path}.Policy", f"{error.code}: {error.message}")
        return policy

    def _tags(self, path: str, member: RegionalMember) -> dict[str, str]:
        try:
            return read_tags(member.tags.items())
        except AwsError as error:
            self._wrong(f"{path}.Tags", str(error.message))
            return {}

    def _aliases(self, path: str, member: RegionalMember, key: Key) -> None:
        if len(member.aliases) > MAX_ALIASES_PER_KEY:
            self._wrong(f"{path}.Aliases", f"a key has at most {MAX_ALIASES_PER_KEY} aliases")
        for at, name in enumerate(member.aliases):
            alias = Alias(key.account, key.region, name, key.key_id, key.creation_date, key.creation_date)
            try:
                require_alias_name(name)
            except AwsError:
                self._wrong(f"{path}.Aliases[{at}]", f"{name} is no name that KMS gives to a customer's alias")
            if alias.arn in self._seed.aliases:
                self._wrong(f"{path}.Aliases[{at}]", f"{alias.arn} stands twice; an alias names one key")
            self._seed.aliases[alias.arn] = alias

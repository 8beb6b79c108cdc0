"""Reading the keys of a seed, with their replicas and aliases."""

from collections.abc import Mapping
from typing import Any

from keytrail.authorization.policy import PolicyType
from keytrail.domain.alias import MAX_ALIASES_PER_KEY, Alias, require_alias_name
from keytrail.domain.arn import partition_of
from keytrail.domain.key import CUSTOM_KEY_STORE_ORIGINS, Key, KeyState, Origin
from keytrail.domain.key_material import KeyMaterial, is_supported
from keytrail.domain.key_spec import ALGORITHMS, SYMMETRIC_DEFAULT, KeyUsage
from keytrail.domain.multi_region import MultiRegionSet
from keytrail.domain.tag import read_tags
from keytrail.errors import AwsError
from keytrail.seeds.custom_key_stores import place_key
from keytrail.seeds.document import AliasMember, KeyMember, RegionalMember
from keytrail.seeds.imported_material import check_state, read_imports, replica_imports
from keytrail.seeds.key_grants import read_grants
from keytrail.seeds.key_material import material_name, read_key_material
from keytrail.seeds.key_states import read_creation_date, read_state
from keytrail.seeds.last_usage import read_last_usage, usage_of
from keytrail.seeds.reader import SeedReader
from keytrail.seeds.rotations import read_rotation

_SPEC_FOR = {
    KeyUsage.ENCRYPT_DECRYPT: SYMMETRIC_DEFAULT,
    KeyUsage.SIGN_VERIFY: "ECC_NIST_P256",
    KeyUsage.KEY_AGREEMENT: "ECC_NIST_P256",
    KeyUsage.GENERATE_VERIFY_MAC: "HMAC_256",
    KeyUsage.ENCAPSULATE_DECAPSULATE: "ML_KEM_768",
}
"""By usage: the spec of a key that names none."""


def read_key(path: str, member: KeyMember, reader: SeedReader) -> None:
    """Add a key and its replicas."""
    account = member.account or reader.settings.account
    region = reader.region(f"{path}.Region", member.region)
    usage, spec = _kind(path, member, reader)
    multi_region = member.key_id.startswith("mrk-")
    if member.multi_region is not None and member.multi_region != multi_region:
        right = "`mrk-` and 32 hex digits" if member.multi_region else "a UUID"
        reader.add_problem(f"{path}.KeyId", f"with MultiRegion: {str(member.multi_region).lower()} it must be {right}")
    if member.replicas and not multi_region:
        reader.add_problem(
            f"{path}.Replicas", "only a multi-Region key has replicas; use a KeyId that begins with `mrk-`"
        )
    if member.origin in CUSTOM_KEY_STORE_ORIGINS and (multi_region or spec != SYMMETRIC_DEFAULT):
        reader.add_problem(f"{path}.Origin", f"{member.origin} is for single-Region keys of SYMMETRIC_DEFAULT only")
    name = material_name(account, region, member.key_id)
    material = _material(path, member, spec, name, reader)
    shared: dict[str, Any] = {"account": account, "key_id": member.key_id, "spec": spec, "usage": usage}
    shared |= {"origin": member.origin, "material": material}
    shared |= read_rotation(path, member, spec, material, name, reader)
    shared |= read_imports(path, member, spec, name, reader)
    primary = _add_key(path, member, region, shared, None, reader)
    dates = [past.rotation_date for past in primary.materials if past.rotation_date is not None]
    if dates and dates[0] < primary.creation_date:
        first_rotation = "KeyMaterials[1]" if member.key_materials else "Rotation.Rotations[0]"
        reader.add_problem(f"{path}.{first_rotation}.RotationDate", "is before the key's CreationDate")
    for index, replica in enumerate(member.replicas):
        item_path = f"{path}.Replicas[{index}]"
        if replica.region == region:
            reader.add_problem(
                f"{item_path}.Region", f"{region} is the Region of the primary key; a replica is in another Region"
            )
            continue
        reader.region(f"{item_path}.Region", replica.region)
        if partition_of(replica.region) != partition_of(region):
            reader.add_problem(f"{item_path}.Region", f"{replica.region} is not in {region}'s partition")
        own = {"imports": replica_imports(item_path, replica, member, primary, reader)}
        _add_key(item_path, replica, replica.region, {**shared, **own}, primary, reader)
    if multi_region:
        name = f"{member.key_id} of account {account}"
        reader.require_once(f"{path}.KeyId", name, "list the other Regions under Replicas")
        regions = tuple(replica.region for replica in member.replicas)
        reader.seed.multi_region_sets[account, member.key_id] = MultiRegionSet(region, regions)


def _kind(path: str, member: KeyMember, reader: SeedReader) -> tuple[KeyUsage, str]:
    """The key's usage and spec. What the seed leaves out is chosen to fit the rest, and its last usage."""
    implied = KeyUsage.ENCRYPT_DECRYPT
    if member.last_usage is not None:
        implied = usage_of(member.last_usage.operation)
    spec = member.key_spec
    if spec is None:
        usage = member.key_usage or implied
        return usage, _SPEC_FOR[usage]
    if spec not in ALGORITHMS:
        reader.add_problem(f"{path}.KeySpec", f"expected one of {', '.join(ALGORITHMS)}, got {spec!r}")
        return implied, SYMMETRIC_DEFAULT
    usages = ALGORITHMS[spec]
    usage = member.key_usage or (implied if implied in usages else next(iter(usages)))
    if usage not in usages:
        reader.add_problem(f"{path}.KeyUsage", f"{spec} is for {' or '.join(usages)}, not for {usage}")
    return usage, spec


def _material(path: str, member: KeyMember, spec: str, name: str, reader: SeedReader) -> KeyMaterial | None:
    if member.origin is Origin.EXTERNAL:
        return None  # `read_imports` reads it
    if member.key_material is not None:
        return read_key_material(f"{path}.KeyMaterial", member.key_material, spec, KeyMaterial.from_data, reader)
    if member.key_state is KeyState.PENDING_IMPORT:
        return None
    return KeyMaterial.derived(name, spec) if is_supported(spec) else None


def _add_key(
    path: str,
    member: RegionalMember,
    region: str,
    shared: Mapping[str, Any],
    primary: Key | None,
    reader: SeedReader,
) -> Key:
    """Add the key of one Region; `shared` has the fields of Key that all keys of a multi-Region set share."""
    created = read_creation_date(path, member, primary, reader)
    key = Key(
        **shared,
        region=region,
        creation_date=created,
        description=member.description,
        **read_state(path, member, shared["key_id"], shared["origin"], reader),
        policy=reader.policy(f"{path}.Policy", member.policy, PolicyType.KEY) if member.policy is not None else None,
        tags=_tags(path, member, reader),
        ever_tagged=member.previously_tagged,
    )
    key = place_key(path, member, key, reader)
    place = f"{path}.KeyId" if primary is None else f"{path}.Region"
    reader.require_once(place, key.arn, "a Region has one key with an id")
    reader.seed.keys[key.arn] = key
    check_state(path, key, reader)
    _aliases(path, member, key, reader)
    read_grants(f"{path}.Grants", member.grants, key, reader)
    if member.last_usage is not None:
        read_last_usage(f"{path}.LastUsage", member.last_usage, key, reader)
    return key


def _tags(path: str, member: RegionalMember, reader: SeedReader) -> dict[str, str]:
    try:
        return read_tags(member.tags.items(), by_aws=True)
    except AwsError as error:
        reader.add_problem(f"{path}.Tags", str(error.message))
        return {}


def _aliases(path: str, member: RegionalMember, key: Key, reader: SeedReader) -> None:
    if len(member.aliases) > MAX_ALIASES_PER_KEY:
        reader.add_problem(f"{path}.Aliases", f"a key has at most {MAX_ALIASES_PER_KEY} aliases")
    for index, item in enumerate(member.aliases):
        item_path = f"{path}.Aliases[{index}]"
        named = AliasMember(alias_name=item) if isinstance(item, str) else item
        created = updated = key.creation_date
        if named.creation_date is not None:
            created = updated = reader.past_moment(f"{item_path}.CreationDate", named.creation_date) or created
        if named.last_updated_date is not None:
            updated = reader.past_moment(f"{item_path}.LastUpdatedDate", named.last_updated_date) or updated
        alias = Alias(key.account, key.region, named.alias_name, key.key_id, created, updated)
        try:
            require_alias_name(alias.name)
        except AwsError:
            reader.add_problem(item_path, f"{alias.name} is not a name that CreateAlias accepts")
        reader.require_once(item_path, alias.arn, "an alias names one key")
        reader.seed.aliases[alias.arn] = alias

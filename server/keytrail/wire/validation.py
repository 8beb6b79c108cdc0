"""Checks requests against the service model's constraints; one error, in AWS's words, reports all violations.

Source: `min`, `max`, `pattern`, `enum` and `required` in the service model; messages as recorded from AWS. Tables in
this module add what KMS is known to check or to print although the public model lacks it.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from keytrail.errors import ValidationException
from keytrail.wire.service_model import Shape

Check = Callable[[object, str, list[str]], None]
"""Appends to the list the violations of a value at a path."""

MEASURED_PATTERNS = {"KeyIdType": r"^\p{ASCII}+$"}
"""Patterns that KMS checks although its public model lacks them, by shape."""

MEASURED_ENUMS: Mapping[str, tuple[str, ...]] = {
    "MacAlgorithmSpec": ("HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"),
    "EncryptionAlgorithmSpec": ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE", "SYMMETRIC_DEFAULT"),
    "SigningAlgorithmSpec": (
        "RSASSA_PSS_SHA_256",
        "RSASSA_PSS_SHA_384",
        "RSASSA_PSS_SHA_512",
        "RSASSA_PKCS1_V1_5_SHA_256",
        "RSASSA_PKCS1_V1_5_SHA_384",
        "RSASSA_PKCS1_V1_5_SHA_512",
        "ECDSA_SHA_256",
        "ECDSA_SHA_384",
        "ECDSA_SHA_512",
        "ED25519_SHA_512",
        "ED25519_PH_SHA_512",
        "SM2DSA",
        "ML_DSA_SHAKE_256",
    ),
    # KMS prints all key specs here, although it accepts only two of them.
    "DataKeySpec": (
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "SYMMETRIC_DEFAULT",
        "HMAC_224",
        "HMAC_256",
        "HMAC_384",
        "HMAC_512",
        "SM2",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
    ),
}
"""Enum sets with the values and in the order that KMS prints; the values that it accepts are in the model."""

ALSO_ACCEPTED: Mapping[str, frozenset[str]] = {"SigningAlgorithmSpec": frozenset({"SYMMETRIC_DEFAULT"})}
"""Values that pass validation although no enum set has them (measured for Sign); later, the key does not allow them."""

REQUIRED_WITHOUT = {
    "DecryptRequest": {"CiphertextBlob": "DryRunModifiers"},
    "ReEncryptRequest": {"CiphertextBlob": "DryRunModifiers"},
}
"""Members, optional in the model, that KMS requires unless the request has the other member."""

_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",  # \w has the underscore too, but every pattern that has \p{L} allows it
    r"\p{N}": r"\d",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
"""Character classes of Java's patterns that Python lacks."""

_FAILED = "failed to satisfy constraint: Member must"


def validate(shape: Shape, members: Mapping[str, object]) -> None:
    """Raise ValidationException with every violation of the input shape's constraints."""
    violations: list[str] = []
    _structure_check(shape)(members, "", violations)
    if violations:
        plural = "s" if len(violations) > 1 else ""
        raise ValidationException(f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}")


@cache
def _structure_check(shape: Shape) -> Check:
    checks = [(name, _camel(name), check) for name, member in shape.members.items() if (check := _check(member))]
    missing = [
        (name, _camel(name), "" if member.sensitive else "null ")
        for name, member in shape.members.items()
        if name in shape.required
    ]
    unless = REQUIRED_WITHOUT.get(shape.name, {})

    def run(value: object, path: str, violations: list[str]) -> None:
        assert isinstance(value, Mapping)
        for name, camel, null in missing:
            if name not in value:
                violations.append(f"Value {null}at '{path}{camel}' {_FAILED} not be null")
        for name, other in unless.items():
            if name not in value and not value.get(other):
                violations.append(f"Value null at '{path}{_camel(name)}' {_FAILED} not be null")
        for name, camel, check in checks:
            inner = value.get(name)
            if inner is not None:
                check(inner, path + camel, violations)

    return run


@cache
def _check(shape: Shape) -> Check | None:
    if shape.type == "structure":
        inner = _structure_check(shape)
        return lambda value, path, violations: inner(value, f"{path}.", violations)
    if shape.type == "list":
        return _list_check(shape)
    if shape.type == "map":
        return _map_check(shape)
    return _scalar_check(shape)


@cache
def _list_check(shape: Shape) -> Check | None:
    assert shape.member is not None
    size = _size_check(shape)
    item = _check(shape.member)
    if item is None:
        return size
    structured = shape.member.type == "structure"

    def run(value: object, path: str, violations: list[str]) -> None:
        assert isinstance(value, list)
        if size is not None:
            size(value, path, violations)
        if structured:
            for number, inner in enumerate(value, 1):
                item(inner, f"{path}.{number}.member", violations)
        elif any(_violations(item, inner) for inner in value):
            # unverified: this form; only emulators of other JSON services have it
            rules = ", ".join(_rules(shape.member)) if shape.member else ""
            violations.append(f"Value '{_echo(value)}' at '{path}' {_FAILED} satisfy constraint: [{rules}]")

    return run


@cache
def _map_check(shape: Shape) -> Check | None:
    assert shape.key is not None
    assert shape.member is not None
    size = _size_check(shape)
    # unverified: these two forms; several services of AWS are reported to have them, KMS has no map with such rules
    parts = [
        (part, check, f"satisfy constraint: [{', '.join(_rules(of))}]")
        for part, of in (("keys", shape.key), ("value", shape.member))
        if (check := _check(of)) is not None
    ]
    if size is None and not parts:
        return None

    def run(value: object, path: str, violations: list[str]) -> None:
        assert isinstance(value, Mapping)
        if size is not None:
            size(value, path, violations)
        for part, check, rules in parts:
            if any(_violations(check, inner) for inner in (value if part == "keys" else value.values())):
                violations.append(
                    f"{_value_at(shape, value, path)} failed to satisfy constraint: Map {part} must {rules}"
                )

    return run


def _violations(check: Check, value: object) -> list[str]:
    violations: list[str] = []
    check(value, "", violations)
    return violations


def _rules(shape: Shape) -> list[str]:
    rules = []
    if shape.max is not None:
        rules.append(f"Member must have length less than or equal to {shape.max}")
    if shape.min is not None:
        rules.append(f"Member must have length greater than or equal to {shape.min}")
    if shape.pattern is not None:
        rules.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.enum:
        rules.append(f"Member must satisfy enum value set: [{', '.join(_printed_enum(shape))}]")
    return rules


@cache
def _scalar_check(shape: Shape) -> Check | None:
    checks = [check for check in (_size_check(shape), _pattern_check(shape), _enum_check(shape)) if check]
    if len(checks) < 2:
        return checks[0] if checks else None

    def run(value: object, path: str, violations: list[str]) -> None:
        for check in checks:
            check(value, path, violations)

    return run


def _size_check(shape: Shape) -> Check | None:
    low, high = shape.min, shape.max
    if (low is None and high is None) or shape.type in ("boolean", "timestamp"):
        return None
    counted = shape.type not in ("integer", "long")
    verb = "have length" if counted else "have value"
    least, most = (low if low is not None else -(2**63)), (high if high is not None else 2**63)

    def run(value: object, path: str, violations: list[str]) -> None:
        size = len(value) if counted else value  # type: ignore[arg-type]
        if not least <= size <= most:  # type: ignore[operator]
            bound = f"greater than or equal to {low}" if size < least else f"less than or equal to {high}"  # type: ignore[operator]
            violations.append(f"{_value_at(shape, value, path)} {_FAILED} {verb} {bound}")

    return run


def _pattern_check(shape: Shape) -> Check | None:
    pattern = MEASURED_PATTERNS.get(shape.name, shape.pattern)
    if pattern is None or shape.type != "string":
        return None
    matches = _compile(pattern).fullmatch

    def run(value: object, path: str, violations: list[str]) -> None:
        if not matches(str(value)):
            violations.append(
                f"{_value_at(shape, value, path)} {_FAILED} satisfy regular expression pattern: {pattern}"
            )

    return run


def _compile(pattern: str) -> re.Pattern[str]:
    """Translate a pattern of the model, which is for Java."""
    flags = re.UNICODE if r"\p{L}" in pattern else re.ASCII
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, flags)


def _enum_check(shape: Shape) -> Check | None:
    if not shape.enum:
        return None
    allowed = frozenset(shape.enum) | ALSO_ACCEPTED.get(shape.name, frozenset())
    printed = ", ".join(_printed_enum(shape))

    def run(value: object, path: str, violations: list[str]) -> None:
        if value not in allowed:
            violations.append(f"{_value_at(shape, value, path)} {_FAILED} satisfy enum value set: [{printed}]")

    return run


def _printed_enum(shape: Shape) -> tuple[str, ...]:
    return MEASURED_ENUMS.get(shape.name, shape.enum)


def _value_at(shape: Shape, value: object, path: str) -> str:
    return f"Value at '{path}'" if shape.is_secret else f"Value '{_echo(value)}' at '{path}'"


def _echo(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}={_echo(inner)}' for name, inner in value.items())}}}"
    return f"[{', '.join(_echo(inner) for inner in value)}]" if isinstance(value, list) else str(value)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]

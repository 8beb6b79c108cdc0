"""The service model's constraints, reported in AWS's words, all violations of a request at once.

Source: the `min`, `max`, `pattern`, `enum` and `required` of the service model; texts as recorded from AWS. Where
KMS is known to check or to print something that the public model lacks, a table here says so.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from keytrail.errors import ValidationException
from keytrail.wire.service_model import Shape

Check = Callable[[object, str, list[str]], None]
"""Append to the list what is wrong with a value at a path."""

MEASURED_PATTERNS = {"KeyIdType": r"^\p{ASCII}+$"}
"""Patterns that KMS checks although its public model has none."""

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
    # KMS prints all key specs here, though only two of them pass.
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
"""Enum sets in the order, and with the values, that KMS prints; the values that pass are the model's."""

ALSO_PASS: Mapping[str, frozenset[str]] = {"SigningAlgorithmSpec": frozenset({"SYMMETRIC_DEFAULT"})}
"""Values that are in no enum set and pass all the same (measured for Sign); the operation refuses them by the key."""

REQUIRED_WITHOUT = {
    "DecryptRequest": {"CiphertextBlob": "DryRunModifiers"},
    "ReEncryptRequest": {"CiphertextBlob": "DryRunModifiers"},
}
"""Members that KMS requires unless another member is there; the model calls them optional."""

_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",  # with the underscore, which is allowed wherever letters of all languages are
    r"\p{N}": r"\d",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
"""Classes of characters that Java's patterns have and Python's lack."""

_NOTED = "failed to satisfy constraint: Member must"


def validate(shape: Shape, members: Mapping[str, object]) -> None:
    """Raise ValidationException with every violation of the input shape's constraints."""
    found: list[str] = []
    _structure_check(shape)(members, "", found)
    if found:
        plural = "s" if len(found) > 1 else ""
        raise ValidationException(f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


@cache
def _structure_check(shape: Shape) -> Check:
    checks = [(name, _camel(name), check) for name, member in shape.members.items() if (check := _check(member))]
    missing = [
        (name, _camel(name), "" if member.sensitive else "null ")
        for name, member in shape.members.items()
        if name in shape.required
    ]
    unless = REQUIRED_WITHOUT.get(shape.name, {})

    def run(value: object, path: str, found: list[str]) -> None:
        assert isinstance(value, Mapping)
        for name, camel, null in missing:
            if name not in value:
                found.append(f"Value {null}at '{path}{camel}' {_NOTED} not be null")
        for name, other in unless.items():
            if name not in value and other not in value:
                found.append(f"Value null at '{path}{_camel(name)}' {_NOTED} not be null")
        for name, camel, check in checks:
            inner = value.get(name)
            if inner is not None:
                check(inner, path + camel, found)

    return run


@cache
def _check(shape: Shape) -> Check | None:
    if shape.type == "structure":
        inner = _structure_check(shape)
        return lambda value, path, found: inner(value, f"{path}.", found)
    if shape.type == "list":
        return _list_check(shape)
    return _scalar_check(shape)


@cache
def _list_check(shape: Shape) -> Check | None:
    assert shape.member is not None
    size = _size_check(shape)
    item = _check(shape.member)
    if item is None:
        return size
    structured = shape.member.type == "structure"

    def run(value: object, path: str, found: list[str]) -> None:
        assert isinstance(value, list)
        if size is not None:
            size(value, path, found)
        if structured:
            for at, inner in enumerate(value, 1):
                item(inner, f"{path}.{at}.member", found)
        elif any(_violations(item, inner) for inner in value):
            # unverified for KMS: other JSON services report the items of a plain list in this form
            rules = ", ".join(_rules(shape.member)) if shape.member else ""
            found.append(f"Value '{_echo(value)}' at '{path}' {_NOTED} satisfy constraint: [{rules}]")

    return run


def _violations(check: Check, value: object) -> list[str]:
    found: list[str] = []
    check(value, "", found)
    return found


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

    def run(value: object, path: str, found: list[str]) -> None:
        for check in checks:
            check(value, path, found)

    return run


def _size_check(shape: Shape) -> Check | None:
    low, high = shape.min, shape.max
    if (low is None and high is None) or shape.type in ("boolean", "timestamp", "map"):
        return None
    counted = shape.type not in ("integer", "long")
    what = "have length" if counted else "have value"
    least, most = (low if low is not None else -(2**63)), (high if high is not None else 2**63)

    def run(value: object, path: str, found: list[str]) -> None:
        size = len(value) if counted else value  # type: ignore[arg-type]
        if not least <= size <= most:  # type: ignore[operator]
            bound = f"greater than or equal to {low}" if size < least else f"less than or equal to {high}"  # type: ignore[operator]
            found.append(f"{_at(shape, value, path)} {_NOTED} {what} {bound}")

    return run


def _pattern_check(shape: Shape) -> Check | None:
    pattern = MEASURED_PATTERNS.get(shape.name, shape.pattern)
    if pattern is None or shape.type != "string":
        return None
    matches = _in_python(pattern).fullmatch

    def run(value: object, path: str, found: list[str]) -> None:
        if not matches(str(value)):
            found.append(f"{_at(shape, value, path)} {_NOTED} satisfy regular expression pattern: {pattern}")

    return run


def _in_python(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's; it must match the whole text."""
    flags = re.UNICODE if r"\p{L}" in pattern else re.ASCII
    for of_java, of_python in _CLASSES.items():
        pattern = pattern.replace(of_java, of_python)
    return re.compile(pattern, flags)


def _enum_check(shape: Shape) -> Check | None:
    if not shape.enum:
        return None
    allowed = frozenset(shape.enum) | ALSO_PASS.get(shape.name, frozenset())
    printed = ", ".join(_printed_enum(shape))

    def run(value: object, path: str, found: list[str]) -> None:
        if value not in allowed:
            found.append(f"{_at(shape, value, path)} {_NOTED} satisfy enum value set: [{printed}]")

    return run


def _printed_enum(shape: Shape) -> tuple[str, ...]:
    return MEASURED_ENUMS.get(shape.name, shape.enum)


def _at(shape: Shape, value: object, path: str) -> str:
    return f"Value at '{path}'" if shape.is_secret else f"Value '{_echo(value)}' at '{path}'"


def _echo(value: object) -> str:
    return f"[{', '.join(_echo(inner) for inner in value)}]" if isinstance(value, list) else str(value)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]

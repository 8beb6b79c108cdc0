"""Writing DER (ITU-T X.690): a tag, a length, the content; and turning BER into it."""


def der(tag: int, *content: bytes) -> bytes:
    """One element: a tag of one byte, and the joined content."""
    whole = b"".join(content)
    size = len(whole)
    if size < 0x80:
        return bytes((tag, size)) + whole
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + whole


_DEEPEST = 16
"""How deep elements may be nested in what is read; private keys need four levels."""


def from_ber(data: bytes) -> bytes:
    """One element in DER, of the same element in BER: with lengths that are known, and as short as can be.

    Raises ValueError for what is no element, or more than one.
    """
    element, end = _read(data, 0, 0)
    if end != len(data):
        raise ValueError("bytes after the element")
    return element


def _read(data: bytes, at: int, depth: int) -> tuple[bytes, int]:
    """The element that begins here, in DER, and where it ends."""
    if depth > _DEEPEST or at + 2 > len(data):
        raise ValueError("an element that is cut off or nested too deeply")
    tag, size = data[at], data[at + 1]
    is_constructed, is_endless = bool(tag & 0x20), size == 0x80
    at += 2
    if size > 0x80:
        start, at = at, at + (size & 0x7F)
        size = int.from_bytes(data[start:at], "big")
    end = at + size
    if (is_endless and not is_constructed) or (end > len(data) and not is_endless):
        raise ValueError("an element without an end")
    if not is_constructed:
        return der(tag, data[at:end]), end
    content = []
    while (data[at : at + 2] != b"\x00\x00") if is_endless else (at < end):
        element, at = _read(data, at, depth + 1)
        content.append(element)
    if at != end and not is_endless:
        raise ValueError("an element that is longer than the one around it")
    return der(tag, *content), (at + 2 if is_endless else end)

"""Writing DER (ITU-T X.690): a tag, a length, the content."""


def der(tag: int, *content: bytes) -> bytes:
    """One element: a tag of one byte, and the joined content."""
    whole = b"".join(content)
    size = len(whole)
    if size < 0x80:
        return bytes((tag, size)) + whole
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + whole

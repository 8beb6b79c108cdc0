"""DER (ITU-T X.690), as much of it as is written here: a tag, a length, the content."""


def der(tag: int, *content: bytes) -> bytes:
    """The content, in one piece, under a tag of one byte."""
    whole = b"".join(content)
    size = len(whole)
    if size < 0x80:
        return bytes((tag, size)) + whole
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + whole

"""XML of AWS Query: decoding and encoding of members. XML texts are not trusted.

The members of a structure are elements with their names. The items of a list are elements `member`, the entries of a
map elements `entry` with `key` and `value`. The models do not rename or flatten any. Namespaces, attributes, and
elements that the model lacks are ignored. lxml is imported at the first use, because JSON does not need it.

Source: Smithy, "AWS query protocol", "Response serialization".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from keytrail.wire.codec_error import CodecError, map_step
from keytrail.wire.scalar_text import from_text, to_text
from keytrail.wire.service_model import Shape

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
"""What may precede the root element or a document type declaration."""

_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)""")
_ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii"})
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(document: str | bytes) -> "_Element":
    """The root element of an XML text; bytes must be UTF-8.

    Raises CodecError if the text is not well formed, has another encoding or a document type declaration. The
    declaration is refused before libxml2 reads the text, so there are no entities. libxml2's own limits (depth, length
    of names and text) remain in force.
    """
    text = _as_text(document)
    prolog = _PROLOG.match(text)
    if prolog is not None and text.startswith("<!DOCTYPE", prolog.end()):
        raise CodecError("a document type declaration is not allowed")
    from lxml import etree

    try:
        return etree.fromstring(text.encode(), _parser())
    except etree.XMLSyntaxError as error:
        raise CodecError(f"not XML: {' '.join((error.msg or '').split())}") from None
    except UnicodeEncodeError:
        raise CodecError("not XML: not Unicode") from None


def _as_text(document: str | bytes) -> str:
    if isinstance(document, str):
        return document.removeprefix("\ufeff")
    declaration = _ENCODING.match(document.removeprefix(b"\xef\xbb\xbf"))
    if declaration is not None and declaration[1].lower() not in _ENCODINGS:
        raise CodecError("not in UTF-8: the document declares another encoding")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CodecError("not in UTF-8") from None


@cache
def _parser() -> "XMLParser":
    from lxml import etree

    return etree.XMLParser(
        encoding="utf-8",  # `parse` has encoded the text so, whatever its declaration says
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def decode(shape: Shape, element: "_Element") -> Any:
    """The value of this shape in an element, as `aws_json` returns it. Raises CodecError."""
    read = _READERS.get(shape.type)
    return read(shape, element) if read is not None else from_text(shape, _text(element))


def _inside(shape: Shape, element: "_Element", step: str) -> object:
    try:
        return decode(shape, element)
    except CodecError as error:
        error.within(step)
        raise


def _structure(shape: Shape, element: "_Element") -> object:
    decoded: dict[str, object] = {}
    for name, child in _children(element):
        member = shape.members.get(name)
        if member is not None:
            if name in decoded:
                raise CodecError(f"{name} is given twice")
            decoded[name] = _inside(member, child, f".{name}")
    return decoded


def _list(shape: Shape, element: "_Element") -> object:
    assert shape.member is not None
    decoded: list[object] = []
    for name, child in _children(element):
        if name == "member":
            decoded.append(_inside(shape.member, child, f"[{len(decoded)}]"))
    return decoded


def _map(shape: Shape, element: "_Element") -> object:
    assert shape.member is not None
    decoded: dict[str, object] = {}
    for entry, child in _children(element):
        if entry == "entry":
            pair = dict(_children(child))
            if not pair.keys() >= {"key", "value"}:
                raise CodecError("expected an entry of key and value")
            name = _text(pair["key"])
            if name in decoded:
                raise CodecError("a key is given twice")
            decoded[name] = _inside(shape.member, pair["value"], map_step(name))
    return decoded


_READERS: Mapping[str, Callable[[Shape, "_Element"], object]] = {"structure": _structure, "list": _list, "map": _map}


def _children(element: "_Element") -> Iterator[tuple[str, "_Element"]]:
    """The child elements, with their names without namespaces. Raises CodecError for text between them."""
    if element.text is not None and element.text.strip():
        raise CodecError("expected elements, got text")
    for child in element.iterchildren():  # iterating over an objectified element yields its siblings
        if child.tail is not None and child.tail.strip():
            raise CodecError("expected elements, got text")
        if _is_element(child):
            yield child.tag.rpartition("}")[2], child


def _text(element: "_Element") -> str:
    parts = [element.text or ""]
    for child in element.iterchildren():
        if _is_element(child):
            raise CodecError("expected text, got elements")
        parts.append(child.tail or "")
    return "".join(parts)


def _is_element(child: "_Element") -> bool:
    """Whether this is an element; comments and processing instructions are not. Raises CodecError for an entity."""
    tag: object = child.tag
    if isinstance(tag, str):
        return True
    # Only an element that the caller has parsed can contain an entity.
    if getattr(tag, "__name__", "") == "Entity":
        raise CodecError("an entity reference is not allowed")
    return False


def encode(shape: Shape, value: object, tag: str) -> "_Element":
    """The element of this name for a value of the shape. Raises CodecError for characters that XML does not allow."""
    from lxml import etree

    element = etree.Element(tag)
    _fill(element, shape, value)
    return element


def to_bytes(element: "_Element") -> bytes:
    """The text of an element, in UTF-8 and without a declaration."""
    from lxml import etree

    return etree.tostring(element, encoding="utf-8", xml_declaration=False)


def without_invalid(text: str) -> str:
    """A text in which U+FFFD stands for each character that XML does not allow."""
    return _INVALID.sub("\ufffd", text)


def _fill(element: "_Element", shape: Shape, value: Any) -> None:
    fill = _WRITERS.get(shape.type)
    if fill is not None:
        fill(element, shape, value)
    else:
        _set_text(element, to_text(shape, value))


def _set_text(element: "_Element", text: str) -> None:
    try:
        element.text = text
    except ValueError:
        raise CodecError("holds a character that XML cannot") from None


def _add(element: "_Element", tag: str, shape: Shape, value: object, step: str) -> None:
    try:
        _fill(_sub(element, tag), shape, value)
    except CodecError as error:
        error.within(step)
        raise


def _sub(element: "_Element", tag: str) -> "_Element":
    child = element.makeelement(tag)
    element.append(child)
    return child


def _fill_structure(element: "_Element", shape: Shape, value: Mapping[str, object]) -> None:
    for name, member in shape.members.items():
        if name in value:
            _add(element, name, member, value[name], f".{name}")


def _fill_list(element: "_Element", shape: Shape, value: list[object]) -> None:
    assert shape.member is not None
    for index, inner in enumerate(value):
        _add(element, "member", shape.member, inner, f"[{index}]")


def _fill_map(element: "_Element", shape: Shape, value: Mapping[str, object]) -> None:
    assert shape.member is not None
    for name, inner in value.items():
        entry = _sub(element, "entry")
        _set_text(_sub(entry, "key"), name)
        _add(entry, "value", shape.member, inner, map_step(name))


_WRITERS: Mapping[str, Callable[["_Element", Shape, Any], None]] = {
    "structure": _fill_structure,
    "list": _fill_list,
    "map": _fill_map,
}

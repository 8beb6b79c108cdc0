"""CBOR: what another encoder writes is read as it was, and no bytes at all do harm.

How we know: RFC 8949; cbor2 is the other side; Smithy, "Smithy RPC v2 CBOR protocol".
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytrail.dispatch.rpc_v2_cbor import RpcV2Cbor
from keytrail.errors import NotFoundException
from keytrail.messages import Request
from keytrail.operations import SERVICES
from keytrail.wire import cbor
from keytrail.wire.codec_error import CodecError

DESCRIBE_KEY = SERVICES["kms"].operations["DescribeKey"]
ENCRYPT = SERVICES["kms"].operations["Encrypt"]
IMPORT = SERVICES["kms"].operations["ImportKeyMaterial"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(documents)
def test_what_another_encoder_writes_is_read(document: Any) -> None:
    assert cbor.parse(cbor2.dumps(document, datetime_as_timestamp=True)) == document


@given(documents)
def test_what_is_written_is_read(document: Any) -> None:
    assert cbor.parse(cbor.encode(document)) == document


@given(st.binary(max_size=64))
def test_no_bytes_do_harm(data: bytes) -> None:
    with contextlib.suppress(CodecError):
        cbor.parse(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("9f01820203ff", [1, [2, 3]]),
        ("bf6161016162f6ff", {"a": 1, "b": None}),
        ("7f657374726561646d696e67ff", "streaming"),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("f93e00", 1.5),
        ("fa47c35000", 100000.0),
        ("f7", None),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
    ],
)
def test_the_examples_of_the_rfc_are_read(data: str, value: object) -> None:
    assert cbor.parse(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "ff",
        "0101",
        "1c",
        "1f",
        "61ff",
        "5f6161ff",
        "81ff",
        "9a7fffffff",
        "bf01f6ff",
        "a10102",
        "f8ff",
        "c074323031332d30332d32315432303a30343a30305a",
        "c11b7fffffffffffffff",
        "c11bffffffffffffffff",
        "c1fb7ff0000000000000",
        "d8236161",
        "c5821a0fffffff01",
        "81" * 100 + "01",
    ],
)
def test_what_is_no_cbor_of_this_protocol_is_refused(data: str) -> None:
    with pytest.raises(CodecError):
        cbor.parse(bytes.fromhex(data))


def read(operation: Any, document: object) -> Any:
    """The members of a request with this document as its body."""
    protocol = RpcV2Cbor(SERVICES["kms"])
    request = Request("POST", "/", body=cbor2.dumps(document, datetime_as_timestamp=True))
    return protocol.read(operation, protocol.parse(request))


def test_members_are_those_of_json() -> None:
    sent = {"KeyId": "x", "Plaintext": b"\x00\xff", "EncryptionContext": {"a": "b"}, "GrantTokens": ["t"]}
    assert read(ENCRYPT, {**sent, "Other": 1, "DryRun": None}) == sent
    valid_to = datetime(2027, 1, 1, tzinfo=UTC)
    assert read(IMPORT, {"ValidTo": valid_to}) == {"ValidTo": valid_to}


@pytest.mark.parametrize(
    "document", [[], {"KeyId": 1}, {"Plaintext": "AA=="}, {"GrantTokens": "t"}, {"EncryptionContext": {"a": 1}}]
)
def test_a_member_of_another_type_is_a_serialization_exception(document: object) -> None:
    with pytest.raises(Exception, match="expected") as caught:
        read(ENCRYPT, document)
    assert type(caught.value).__name__ == "SerializationException"


def test_answers_and_refusals_are_cbor() -> None:
    protocol = RpcV2Cbor(SERVICES["kms"])
    made = datetime(2026, 8, 10, 12, tzinfo=UTC)
    reply = {"KeyMetadata": {"KeyId": "x", "CreationDate": made}}
    answer = protocol.write(DESCRIBE_KEY, reply, "id")
    assert (answer.status, cbor2.loads(answer.body)) == (200, reply)
    refusal = protocol.refuse(NotFoundException("gone"), "id")
    assert (refusal.status, cbor2.loads(refusal.body)) == (400, {"__type": "NotFoundException", "message": "gone"})
    assert protocol.write(SERVICES["kms"].operations["EnableKey"], None, "id").body == b""

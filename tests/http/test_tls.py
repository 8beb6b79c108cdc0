"""HTTPS beside HTTP: the certificates, the handshake, and the ends of connections.

tests/http/test_front.py has the rest: it has a client that speaks TLS.

How we know: RFC 8446 and RFC 5246 (TLS 1.3 and 1.2); RFC 5280, as OpenSSL's strict check reads it; docs/tls.md.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from keytrail.client import KeytrailClient
from keytrail.crypto.certificates import VALID, Authority
from keytrail.environment import aws_environment
from keytrail.http import tls_transport
from keytrail.server import KeytrailServer
from tests.support import ACCOUNT, KEY
from tests.support.clients import new_client
from tests.support.raw_http import Client, kms
from tests.support.wire import authorization

NOW = datetime.now(UTC)
NAMES = {"tls_names": "kms, *.kms.test, kms.eu-west-1.amazonaws.com, 192.0.2.7"}


@pytest.fixture(scope="module")
def module_server() -> Iterator[KeytrailServer]:
    with KeytrailServer(tls_port=0, **NAMES) as server:
        yield server


@pytest.fixture
def server(module_server: KeytrailServer) -> KeytrailServer:
    module_server.reset()
    return module_server


def strict(server: KeytrailServer, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    """A client's context that trusts the server alone, and checks its certificate as newer Pythons do."""
    context = ssl.create_default_context(cafile=server.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name, version in versions.items():
        setattr(context, name, version)
    return context


def session_of(server: KeytrailServer, name: str, **versions: ssl.TLSVersion) -> ssl.SSLSocket:
    """A connection of TLS to the server under a name."""
    port = int(server.tls_url.rpartition(":")[2])
    return strict(server, **versions).wrap_socket(
        socket.create_connection(("127.0.0.1", port), timeout=5), server_hostname=name
    )


def by_https(server: KeytrailServer) -> Any:
    """A boto3 client."""
    with aws_environment(server.tls_url, ca_file=server.ca_file):
        return boto3.client("kms")


# ---- Certificates


@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "127.0.0.1", "::1", socket.gethostname()),
        *("kms", "a.kms.test", "kms.eu-west-1.amazonaws.com", "192.0.2.7"),
    ],
)
def test_the_certificate_has_this_machines_names_and_those_of_the_settings(server: KeytrailServer, name: str) -> None:
    with session_of(server, name) as session:
        assert session.version() == "TLSv1.3"
        session.sendall(kms("ListKeys"))
        assert session.recv(65536).startswith(b"HTTP/1.1 ")


def test_another_name_is_not_in_it(server: KeytrailServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'example\.com'"):
        session_of(server, "example.com")


def test_it_is_valid_for_at_most_398_days_from_yesterday_on(server: KeytrailServer) -> None:
    with session_of(server, "localhost") as session:
        shown: Any = session.getpeercert()
    begin, end = [
        datetime.fromtimestamp(ssl.cert_time_to_seconds(shown[name]), UTC) for name in ("notBefore", "notAfter")
    ]
    assert end - begin <= timedelta(days=398)
    assert begin < NOW - timedelta(hours=23)
    assert end > NOW + VALID - timedelta(hours=1)


def test_each_server_has_an_authority_of_its_own(server: KeytrailServer) -> None:
    with KeytrailServer(tls_port=0) as other:
        assert Path(other.ca_file).read_text() != Path(server.ca_file).read_text()
        with pytest.raises(ssl.SSLCertVerificationError), Client(other, tls=strict(server)):
            ...


def test_the_authority_is_a_file_until_the_server_stops_and_the_same_after_another_start() -> None:
    server = KeytrailServer(tls_port=0)
    with pytest.raises(RuntimeError, match="the server does not run"):
        server.ca_file  # noqa: B018
    with server:
        file, url = Path(server.ca_file), server.tls_url
        pem = file.read_text()
        assert requests.get(f"{server.url}/_keytrail/ca.pem", timeout=5).text == pem
    assert not file.exists()
    with server:
        assert (server.tls_url, Path(server.ca_file).read_text()) == (url, pem)
        assert "PRIVATE" not in pem


def test_a_folder_keeps_the_authority_for_the_next_server(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tls"
    with KeytrailServer(tls_port=0, tls_dir=str(folder)) as first:
        trusted = strict(first)
        assert Path(first.ca_file) == folder / "ca.pem"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"authority.pem": 0o600, "ca.pem": 0o644}
    (folder / "ca.pem").write_text("damaged")
    with KeytrailServer(tls_port=0, tls_dir=str(folder), tls_names="later.test") as second:
        assert requests.get(f"{second.url}/_keytrail/ca.pem", timeout=5).text == (folder / "ca.pem").read_text()
        with Client(second, tls=trusted) as client:
            client.send(kms("ListKeys"))
            assert client.read_answer().status == 200
        with session_of(second, "later.test"):
            ...


def cut(pem: bytes) -> bytes:
    return pem[: len(pem) // 2]


def swapped(pem: bytes) -> bytes:
    """The key of one authority, the certificate of another."""
    end = pem.index(b"-----BEGIN CERTIFICATE")
    return Authority.make(NOW).pem_with_key[:end] + pem[end:]


DAMAGED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda pem: b"", "expected a private key and a certificate"),
    "cut": (cut, "expected a private key and a certificate"),
    "another's key": (swapped, "the key is not that of the certificate"),
    "no PEM inside": (lambda pem: re.sub(rb"\n[A-Za-z0-9+/=]{10}", b"\n!!!!!!!!!!", pem), ""),
    "too old": (
        lambda pem: Authority.make(NOW - timedelta(days=4000)).pem_with_key,
        r"the certificate is valid from 20\d\d-\d\d-\d\d to",
    ),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGED.values(), ids=DAMAGED)
def test_an_authority_that_cannot_be_used_is_an_error_with_the_remedy_and_stays(
    tmp_path: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    """Clients trust it: to make another silently would break them one by one."""
    with KeytrailServer(tls_port=0, tls_dir=str(tmp_path)):
        ...
    file = tmp_path / "authority.pem"
    file.write_bytes(damaged := damage(file.read_bytes()))
    message = f"tls_dir: {re.escape(str(file))} cannot be used: {told}.*; remove it, and another is made"
    with pytest.raises(ValueError, match=message):
        KeytrailServer(tls_port=0, tls_dir=str(tmp_path)).start()
    assert file.read_bytes() == damaged


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"tls_dir: .*file: .*; expected a folder to write to"):
        KeytrailServer(tls_port=0, tls_dir=str(tmp_path / "file")).start()


def given(folder: Path, *openssl: str) -> tuple[str, str]:
    """The files of a certificate for localhost, and of its key, made by OpenSSL."""
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=own", "-days", "2"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certificate, "-keyout", key]
    subprocess.run([*command, *(openssl or ["-nodes"])], check=True, capture_output=True)
    return certificate, key


def test_a_given_certificate_is_shown_and_its_authority_is_not_ours(tmp_path: Path) -> None:
    certificate, key = given(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    for files in ({"tls_cert": certificate, "tls_key": key}, {"tls_cert": str(both)}):
        with KeytrailServer(tls_port=0, **files) as server:
            answer = requests.get(f"{server.tls_url}/_keytrail/health", verify=certificate, timeout=5)
            assert answer.json() == {"status": "ready"}
            for control in (server, KeytrailClient(server.url)):
                with pytest.raises(LookupError, match="certificate was given"):
                    control.ca_file  # noqa: B018


def test_given_files_that_do_not_fit_are_errors_that_name_the_setting(tmp_path: Path) -> None:
    certificate, key = given(tmp_path)
    (tmp_path / "text.pem").write_text("nothing")
    (tmp_path / "other").mkdir()
    (tmp_path / "locked").mkdir()
    _, other = given(tmp_path / "other")
    locked, locked_key = given(tmp_path / "locked", "-passout", "pass:sesame")
    wrong = [
        (str(tmp_path / "none.pem"), key, "tls_cert: No such file"),
        (certificate, str(tmp_path / "none.pem"), "tls_key: No such file"),
        (str(tmp_path / "text.pem"), key, "tls_cert: expected PEM files with a certificate"),
        (certificate, other, "KEY_VALUES_MISMATCH"),
        (certificate, certificate, "tls_cert: expected PEM files"),
        (locked, locked_key, "tls_key: .* is encrypted; expected a key without a password"),
    ]
    for cert, its_key, told in wrong:
        with pytest.raises(ValueError, match=told):
            KeytrailServer(tls_port=0, tls_cert=cert, tls_key=its_key).start()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tls_names": "kms"}, "tls_names: there is no HTTPS without tls_port"),
        ({"tls_dir": "/tls"}, "tls_dir: there is no HTTPS without tls_port"),
        ({"tls_port": 0, "tls_key": "k.pem"}, "tls_key: it is the key of tls_cert"),
        ({"tls_port": 0, "tls_cert": "c.pem", "tls_names": "kms"}, "tls_names: it is for a certificate that is made"),
        ({"tls_port": 0, "tls_names": "kms:4600"}, "tls_names: expected names such as kms.example.com"),
        ({"tls_port": 65536}, "tls_port: expected 0 to 65535"),
        ({"tls_port": True}, "tls_port: expected a whole number, or None"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        KeytrailServer(**settings)


def test_a_taken_port_is_an_error_that_names_the_setting_and_leaves_the_other_port_free(server: KeytrailServer) -> None:
    port = int(server.tls_url.rpartition(":")[2])
    other = KeytrailServer(tls_port=port)
    with pytest.raises(OSError, match=r"set tls_port \(--tls-port, KEYTRAIL_TLS_PORT\) to another one"):
        other.start()
    with pytest.raises(RuntimeError, match="does not run"):
        other.url  # noqa: B018


# ---- The handshake


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_tls_1_2_and_1_3_are_spoken(server: KeytrailServer, version: str) -> None:
    only = ssl.TLSVersion[version]
    with session_of(server, "localhost", minimum_version=only, maximum_version=only) as session:
        assert session.version() == version.replace("_", ".")
        session.sendall(kms("ListKeys"))
        assert session.recv(65536).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_an_older_version_is_refused_by_an_alert(server: KeytrailServer, version: str) -> None:
    context = strict(server)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with pytest.raises(ssl.SSLError) as caught, Client(server, tls=context):
        ...
    assert caught.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_a_client_that_offers_http_2_as_well_is_answered_by_http_1_1(server: KeytrailServer) -> None:
    context = strict(server)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Client(server, tls=context) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1"


class PlainClient(Client):
    """A client that speaks plain HTTP to the port of HTTPS."""

    def __init__(self, server: KeytrailServer) -> None:
        class Elsewhere:
            url = server.tls_url

        super().__init__(Elsewhere)


@pytest.mark.parametrize(
    "request_bytes",
    [kms("ListKeys"), kms("Encrypt", bytes(500_000)), b"GET /_keytrail/health HTTP/1.1\r\nHost: kms\r\n\r\n"],
    ids=["KMS", "a large body", "control"],
)
def test_plain_http_is_told_that_the_port_speaks_https(server: KeytrailServer, request_bytes: bytes) -> None:
    with PlainClient(server) as client:
        client.send(request_bytes)
        answer = client.read_answer()
        assert (answer.status, answer.header("connection")) == (400, "close")
        assert answer.body == b"This port speaks HTTPS: the request came by plain HTTP."
        assert client.read_rest() == b""
    assert server.events() == []


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"\x80\x2e\x01"])
def test_what_is_neither_is_hung_up_on(server: KeytrailServer, data: bytes) -> None:
    with PlainClient(server) as client:
        client.send(data)
        client.end()
        assert b"HTTP" not in client.read_rest()


def test_a_client_that_does_not_get_on_with_the_handshake_is_hung_up_on(
    server: KeytrailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_transport, "HANDSHAKE", 0.02)
    with PlainClient(server) as silent, PlainClient(server) as halfway:
        halfway.send(b"\x16\x03\x01\x02\x00\x01\x00")
        for client in (silent, halfway):
            with pytest.raises((EOFError, ConnectionResetError)):
                client.read_answer()
    with Client(server, tls=True) as client:
        client.send(kms("ListKeys"))
        assert client.read_answer().status == 200


def test_a_client_that_does_not_trust_the_server_is_in_the_log_with_the_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with KeytrailServer(tls_port=0, log_format="json") as server:
        for context in (ssl.create_default_context(), ssl.create_default_context()):
            with pytest.raises(ssl.SSLCertVerificationError), Client(server, tls=context):
                ...
        with PlainClient(server) as client:
            client.send(kms("ListKeys"))
            client.read_answer()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["status"] for line in lines] == [0, 0, 400]
    assert lines[0]["errorMessage"].startswith("The client does not trust the certificate: let it trust what GET /_key")
    assert "(TLSV1_ALERT_UNKNOWN_CA)" in lines[0]["errorMessage"]


# ---- The ends of connections


class ByHand:
    """A client of TLS whose records are made in memory, so that it can say goodbye and read on."""

    def __init__(self, server: KeytrailServer, context: ssl.SSLContext) -> None:
        self.raw = PlainClient(server)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.until_done(self.tls.do_handshake)

    def until_done(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.raw.socket.recv(65536)
                self.incoming.write(data) if data else self.incoming.write_eof()

    def flush(self) -> None:
        self.raw.send(self.outgoing.read())


@pytest.mark.parametrize("operation", ["ListKeys", "CreateKey", "GenerateDataKeyPair"])
def test_a_client_that_has_said_goodbye_gets_its_answers_and_a_goodbye(server: KeytrailServer, operation: str) -> None:
    """GenerateDataKeyPair is worked out in a thread: its answer comes long after the goodbye."""
    key_id = new_client(server.url).create_key()["KeyMetadata"]["KeyId"]
    body = b'{"KeyId": "%s", "KeyPairSpec": "RSA_2048"}' % key_id.encode() if "Pair" in operation else b"{}"
    client = ByHand(server, strict(server))
    signed = f"Authorization: {authorization()}"
    client.tls.write(kms(operation, body, signed))
    with pytest.raises(ssl.SSLError):
        client.tls.unwrap()  # its goodbye goes out, and ours has not come
    client.flush()
    answer = client.until_done(lambda: client.tls.read(65536))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    with pytest.raises(ssl.SSLZeroReturnError):  # our goodbye
        client.until_done(lambda: client.tls.read(65536))
    client.raw.socket.close()


def test_an_answer_longer_than_a_record_of_tls_comes_whole(server: KeytrailServer) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ROOT | {"Sid": "s" * 30000}]})
    key_id = new_client(server.url).create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert json.loads(by_https(server).get_key_policy(KeyId=key_id)["Policy"]) == json.loads(policy)


ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"}


def test_a_stop_says_goodbye_to_the_idle_and_hangs_up_on_those_in_a_handshake() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(KeytrailServer(tls_port=0))
        idle = stack.enter_context(Client(server, tls=True))
        idle.send(kms("ListKeys"))
        idle.read_answer()
        halfway = stack.enter_context(PlainClient(server))
        halfway.send(b"\x16\x03\x01")
        server.stop()
        assert idle.read_rest() == b""
        assert halfway.read_rest() == b""


# ---- The same endpoint


def test_both_ports_are_one_endpoint(server: KeytrailServer) -> None:
    by_http = new_client(server.url)
    secure = by_https(server)
    key_id = secure.create_key()["KeyMetadata"]["KeyId"]
    blob = by_http.encrypt(KeyId=key_id, Plaintext=b"order 66")["CiphertextBlob"]
    assert secure.decrypt(CiphertextBlob=blob)["Plaintext"] == b"order 66"
    assert [call.operation for call in server.calls()] == ["CreateKey", "Encrypt", "Decrypt"]


@pytest.mark.parametrize(
    "host",
    [
        "kms.us-east-1.amazonaws.com",
        "kms-fips.us-east-1.amazonaws.com",
        "kms.us-east-1.api.aws",
        "kms-fips.us-east-1.api.aws",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_region_is_that_of_the_credential_scope_whatever_the_host(
    server: KeytrailServer, host: str, scheme: str
) -> None:
    region = "eu-west-3"
    headers = {
        "Host": host,
        "X-Amz-Target": "TrentService.CreateKey",
        "Authorization": authorization(region=region),
    }
    url = server.url if scheme == "http" else server.tls_url
    answer = requests.post(url, data=b"{}", headers=headers, timeout=5, verify=server.ca_file)
    assert answer.json()["KeyMetadata"]["Arn"].startswith(f"arn:aws:kms:{region}:")


def test_the_console_is_there_by_https_and_its_forms_work(server: KeytrailServer) -> None:
    browser = requests.Session()
    key_id = new_client(server.url).create_key()["KeyMetadata"]["KeyId"]

    def get(path: str) -> str:
        headers = {"Accept": "text/html"}
        return browser.get(f"{server.tls_url}{path}", headers=headers, timeout=5, verify=server.ca_file).text

    assert key_id in get("/")
    csrf = re.search(r'name="csrf" value="([^"]+)"', get("/_keytrail/console/reset"))
    assert csrf is not None
    for origin, status in ((server.tls_url.replace("https", "http"), 403), (server.tls_url, 302)):
        answer = browser.post(
            f"{server.tls_url}/_keytrail/console/reset",
            data={"csrf": csrf[1]},
            headers={"Origin": origin},
            allow_redirects=False,
            timeout=5,
            verify=server.ca_file,
        )
        assert answer.status_code == status
    assert new_client(server.url).list_keys()["Keys"] == []


def test_a_client_of_the_control_api_reaches_it_by_https(server: KeytrailServer) -> None:
    by_http = KeytrailClient(server.url)
    secure = KeytrailClient(server.tls_url, ca_file=by_http.ca_file)
    assert secure.load({"keys": [{"KeyId": KEY, "Account": ACCOUNT}]})["keys"] == 1
    assert (secure.tls_url, secure.ca_file) == (server.tls_url, by_http.ca_file)
    with pytest.raises(ConnectionError, match="certificate verify failed"):
        KeytrailClient(server.tls_url).mark()


def test_a_client_knows_the_port_of_https_if_the_settings_name_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with KeytrailServer(tls_port=port) as server:
        assert KeytrailClient(server.url).tls_url == server.tls_url == f"https://127.0.0.1:{port}"


def test_without_tls_there_is_no_url_no_authority_and_nothing_of_it_is_imported() -> None:
    program = """
import sys, urllib.request, urllib.error
from keytrail.server import KeytrailServer
with KeytrailServer() as server:
    for name in ("tls_url", "ca_file"):
        try:
            getattr(server, name)
        except RuntimeError as error:
            print(error)
    try:
        urllib.request.urlopen(server.url + "/_keytrail/ca.pem")
    except urllib.error.HTTPError as error:
        print(error.status, error.read().decode())
print({"keytrail.http.tls", "keytrail.http.tls_transport", "cryptography.x509"} & set(sys.modules))
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == [
        "the server speaks no TLS: KeytrailServer(tls_port=0)",
        "the server speaks no TLS: KeytrailServer(tls_port=0)",
        '404 {"error":"This server speaks no TLS: start it with KEYTRAIL_TLS_PORT."}',
        "set()",
    ]


def test_a_key_needs_no_disk_where_memory_has_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The image works with a read-only root file system; elsewhere the key is in a temporary file for a moment."""
    made: list[str] = []
    make = tempfile.mkstemp
    monkeypatch.setattr(tempfile, "mkstemp", lambda: made.append("a file") or make(dir=tmp_path))
    KeytrailServer(tls_port=0).start().stop()
    assert made == []
    monkeypatch.delattr("os.memfd_create")
    KeytrailServer(tls_port=0).start().stop()
    assert made == ["a file", "a file"]
    assert list(tmp_path.iterdir()) == []

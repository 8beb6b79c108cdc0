"""The pool of RSA key pairs: by itself with pairs that are quickly made, and behind a server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from keytrail.crypto import key_pool
from keytrail.crypto.key_pair import KeyPair
from keytrail.crypto.key_pool import KeyPool
from keytrail.server import KeytrailServer
from tests.support import refusal


class Maker:
    """Makes numbers for pairs; waits for `allow` if it is to be slow."""

    def __init__(self, *, slow: bool = False) -> None:
        self.made: list[str] = []
        self.threads: set[threading.Thread] = set()
        self.begun = threading.Event()
        self.allowed = threading.Semaphore(0 if slow else 10_000)

    def __call__(self, spec: str) -> KeyPair:
        self.threads.add(threading.current_thread())
        self.begun.set()
        assert self.allowed.acquire(timeout=30)
        self.made.append(spec)
        return KeyPair(spec, len(self.made), b"")


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.005)


def full(pool: KeyPool) -> bool:
    return pool._missing() is None and pool._stop is None


def test_a_new_pool_generates_nothing() -> None:
    maker = Maker()
    pool = KeyPool(maker, {"RSA_2048": 2})
    assert pool.take("ECC_NIST_P256") is None, "it holds RSA pairs only"
    assert maker.made == []


def test_a_pool_has_one_pair_of_each_spec_and_more_of_those_that_were_taken() -> None:
    maker = Maker()
    pool = KeyPool(maker, {"RSA_2048": 3, "RSA_3072": 3, "RSA_4096": 2})
    pool.fill()
    until(lambda: full(pool))
    assert sorted(maker.made) == ["RSA_2048", "RSA_3072", "RSA_4096"]
    assert pool.take("RSA_4096") is not None
    until(lambda: full(pool))
    assert sorted(maker.made) == ["RSA_2048", "RSA_3072", *["RSA_4096"] * 3]
    assert threading.current_thread() not in maker.threads


def test_taking_from_an_empty_pool_does_not_wait() -> None:
    maker = Maker(slow=True)
    pool = KeyPool(maker, {"RSA_2048": 2})
    assert [pool.take("RSA_2048") for _ in range(5)] == [None] * 5
    maker.allowed.release(2)
    until(lambda: full(pool))
    assert pool.take("RSA_2048") is not None
    maker.allowed.release(10)


def test_concurrent_takers_get_each_pair_once() -> None:
    pool = KeyPool(Maker(), {"RSA_2048": 8})
    taken: list[Any] = []

    def ask() -> None:
        while len(taken) < 100:
            pair = pool.take("RSA_2048")
            if pair is None:
                time.sleep(0.001)
            else:
                taken.append(pair.private)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(30)
    assert len(taken) >= 100
    assert len(set(taken)) == len(taken)


def test_a_stopped_pool_finishes_one_pair_and_continues_after_the_next_take() -> None:
    maker = Maker(slow=True)
    pool = KeyPool(maker, {"RSA_2048": 4})
    assert pool.take("RSA_2048") is None
    assert maker.begun.wait(30)
    pool.stop()
    maker.allowed.release(20)
    until(lambda: len(maker.made) == 1)
    time.sleep(0.05)
    assert len(maker.made) == 1
    assert pool.take("RSA_2048") is not None, "what was made is kept"
    until(lambda: full(pool))
    assert len(maker.made) == 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_pool_whose_generation_fails_tries_again_after_the_next_take() -> None:
    failing = [True]

    def make(spec: str) -> KeyPair:
        if failing[0]:
            raise MemoryError
        return KeyPair(spec, 1, b"")

    pool = KeyPool(make, {"RSA_2048": 1})
    assert pool.take("RSA_2048") is None
    until(lambda: pool._stop is None)
    failing[0] = False
    assert pool.take("RSA_2048") is None
    until(lambda: full(pool))
    assert pool.take("RSA_2048") is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_does_not_hand_out_its_parents_pairs() -> None:
    """Else both would have the same key."""
    pool = KeyPool(Maker(), {"RSA_2048": 2})
    pool.take("RSA_2048")
    until(lambda: full(pool))
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.take("RSA_2048") is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.take("RSA_2048") is not None


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux only")
def test_only_the_thread_of_the_pool_has_a_low_priority() -> None:
    priorities = []

    def make(spec: str) -> KeyPair:
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return KeyPair(spec, 1, b"")

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    pool = KeyPool(make, {"RSA_2048": 1})
    pool.fill()
    until(lambda: full(pool))
    assert priorities == [min(before + 5, 19)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


# ---- Behind a server


def test_keys_and_data_key_pairs_come_from_the_pool_and_are_all_different(
    kms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = KeyPool(sizes={"RSA_2048": 4})
    monkeypatch.setattr(key_pool, "POOL", pool)
    pool.take("RSA_2048")
    until(lambda: full(pool))
    ready = [pair.public_der for pair in pool._ready["RSA_2048"]]
    monkeypatch.setattr(pool, "fill", lambda: None)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = [kms.create_key(KeySpec="RSA_2048", KeyUsage=usage) for usage in ("SIGN_VERIFY", "ENCRYPT_DECRYPT")]
    public = [kms.get_public_key(KeyId=each["KeyMetadata"]["KeyId"])["PublicKey"] for each in made]
    public.append(kms.generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_2048")["PublicKey"])
    public.append(kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_2048")["PublicKey"])
    assert public == ready


def test_with_an_empty_pool_the_request_generates_a_pair(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = KeyPool(Maker(slow=True))
    monkeypatch.setattr(key_pool, "POOL", pool)
    monkeypatch.setattr(pool, "fill", lambda: None)
    made = [kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"] for _ in range(2)]
    public = {kms.get_public_key(KeyId=each["KeyId"])["PublicKey"] for each in made}
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    public |= {kms.generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_2048")["PublicKey"] for _ in range(2)}
    assert len(public) == 4


def test_every_wrapping_key_is_new(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_pool, "POOL", KeyPool(sizes={}))
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    asked = {"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    assert len({kms.get_parameters_for_import(**asked)["PublicKey"] for _ in range(4)}) == 4


def test_a_refused_request_takes_no_pair(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(key_pool.POOL, "take", asked.append)
    code, _ = refusal(kms, "CreateKey", KeySpec="RSA_2048", KeyUsage="GENERATE_VERIFY_MAC")
    assert code == "ValidationException"
    assert asked == []


def test_the_pool_begins_after_the_first_answer_and_stops_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    maker = Maker(slow=True)
    pool = KeyPool(maker, {"RSA_2048": 2})
    monkeypatch.setattr(key_pool, "POOL", pool)
    with KeytrailServer() as server:
        assert pool._stop is None, "a start makes no pairs"
        client = boto3.client(
            "kms", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        client.list_keys()
        assert maker.begun.wait(30)
    assert pool._stop is None
    maker.allowed.release(9)
    until(lambda: not any(thread.is_alive() for thread in maker.threads))
    assert len(maker.made) == 1


PROGRAM = """
import sys, threading
from keytrail.crypto import key_pool
assert not any(name.startswith("cryptography") for name in sys.modules)
key_pool.POOL.take("RSA_4096")
"""


def test_a_process_ends_while_its_pool_is_filling() -> None:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=30)
    assert time.monotonic() - started < 10

"""A server that is killed at random moments under load loses nothing that it has answered, and keeps nothing by halves.

Each client works on keys of its own and knows what it was answered; of the call that the kill interrupts it knows
nothing, so a key may be as before it or as after it. KILLS is how many kills there are.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from botocore.exceptions import BotoCoreError

from tests.support import ACCOUNT, POLICY
from tests.support.clients import new_client
from tests.support.data_dir import serving

KILLS = int(os.environ.get("KILLS", "10"))
CLIENTS = 4
MOST_KEYS, KEPT_CIPHERTEXTS = 3, 3
LONGEST_LIFE = 0.6
"""Seconds of load before a kill, at most."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"


@dataclass(frozen=True)
class KnownKey:
    """What a client was answered about a key. A grant's id is chosen by KMS, so a grant is known by its name."""

    key_id: str
    description: str
    tags: frozenset[tuple[str, str]]
    state: str = "Enabled"
    policy: str = "key-default-1"
    """Its Id."""
    aliases: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    ciphertexts: tuple[bytes, ...] = field(default=(), compare=False)


class Client:
    """One client with keys of its own: it calls until the server is gone, and checks when there is another."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.keys: dict[str, KnownKey] = {}
        self.interrupted: KnownKey | None = None
        """What the key of the call that was interrupted is like if it was carried out."""
        self.creating = ""
        """The description of a key whose making was interrupted."""
        self.answers = 0
        self.made = 0

    def work(self, url: str) -> None:
        """Call, and note each answer, until the server is gone."""
        kms = new_client(url, "kms", "us-east-1", ACCOUNT, "any")
        while True:
            try:
                if len(self.keys) < MOST_KEYS:
                    self.create(kms)
                else:
                    self.change(kms)
                self.answers += 1
            except BotoCoreError:
                return

    def create(self, kms: Any) -> None:
        self.made += 1
        self.creating = f"{self.number}/{self.made}"
        tags = [{"TagKey": "made", "TagValue": self.creating}]
        metadata = kms.create_key(Description=self.creating, Tags=tags)["KeyMetadata"]
        key = KnownKey(metadata["KeyId"], self.creating, frozenset({("made", self.creating)}))
        self.keys[key.key_id] = key
        self.creating = ""

    def change(self, kms: Any) -> None:
        key = self.random.choice(list(self.keys.values()))
        changes = [change for change in CHANGES if key.state != "PendingDeletion" or change is cancel_deletion]
        call, after = self.random.choice(changes)(self, key)
        self.interrupted = after
        answer = call(kms)
        if "CiphertextBlob" in answer:
            after = replace(after, ciphertexts=(*key.ciphertexts, answer["CiphertextBlob"])[-KEPT_CIPHERTEXTS:])
        self.keys[key.key_id] = after
        self.interrupted = None

    def check(self, url: str) -> None:
        """Compare what a new server tells with what the one before it has answered."""
        kms = new_client(url, "kms", "us-east-1", ACCOUNT, "any")
        for key in list(self.keys.values()):
            found = told(kms, key.key_id)
            possible = [key]
            if self.interrupted is not None and self.interrupted.key_id == key.key_id:
                possible.append(self.interrupted)
            assert found in possible, f"answered: {possible}"
            for ciphertext in key.ciphertexts if found.state == "Enabled" else ():
                assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == key.key_id.encode()
            self.keys[key.key_id] = replace(found, ciphertexts=key.ciphertexts)
        self.interrupted = None

    def forget_deleted(self) -> None:
        """Know no more of keys whose waiting period is over; `require_no_halves` finds them if they are there."""
        self.keys = {key.key_id: key for key in self.keys.values() if key.state != "PendingDeletion"}


def let_waiting_periods_end(url: str) -> None:
    body = json.dumps({"duration": "P31D"}).encode()
    with urlopen(Request(f"{url}/_keytrail/clock/advance", body, method="POST")) as answer:
        assert answer.status == 200


Change = tuple[Callable[[Any], dict[str, Any]], KnownKey]
"""A call, and what its key is like afterwards."""


def tag(client: Client, key: KnownKey) -> Change:
    value = str(client.random.random())
    tags = {**dict(key.tags), "number": value}
    return (
        lambda kms: kms.tag_resource(KeyId=key.key_id, Tags=[{"TagKey": "number", "TagValue": value}]),
        replace(key, tags=frozenset(tags.items())),
    )


def untag(client: Client, key: KnownKey) -> Change:
    left = frozenset(pair for pair in key.tags if pair[0] != "number")
    return lambda kms: kms.untag_resource(KeyId=key.key_id, TagKeys=["number"]), replace(key, tags=left)


def put_policy(client: Client, key: KnownKey) -> Change:
    name = str(client.random.random())
    policy = json.dumps({**POLICY, "Id": name})
    return lambda kms: kms.put_key_policy(KeyId=key.key_id, Policy=policy), replace(key, policy=name)


def switch(client: Client, key: KnownKey) -> Change:
    if key.state == "Enabled":
        return lambda kms: kms.disable_key(KeyId=key.key_id), replace(key, state="Disabled")
    return lambda kms: kms.enable_key(KeyId=key.key_id), replace(key, state="Enabled")


def schedule_deletion(client: Client, key: KnownKey) -> Change:
    return lambda kms: kms.schedule_key_deletion(KeyId=key.key_id), replace(key, state="PendingDeletion")


def cancel_deletion(client: Client, key: KnownKey) -> Change:
    if key.state != "PendingDeletion":
        return schedule_deletion(client, key)
    return lambda kms: kms.cancel_key_deletion(KeyId=key.key_id), replace(key, state="Disabled")


def add_alias(client: Client, key: KnownKey) -> Change:
    name = f"alias/{key.key_id}/{client.random.randrange(10**9)}"
    return (
        lambda kms: kms.create_alias(AliasName=name, TargetKeyId=key.key_id),
        replace(key, aliases=key.aliases | {name}),
    )


def delete_alias(client: Client, key: KnownKey) -> Change:
    if not key.aliases:
        return add_alias(client, key)
    name = min(key.aliases)
    return lambda kms: kms.delete_alias(AliasName=name), replace(key, aliases=key.aliases - {name})


def add_grant(client: Client, key: KnownKey) -> Change:
    if key.state != "Enabled":
        return switch(client, key)
    name = str(client.random.randrange(10**9))
    return (
        lambda kms: kms.create_grant(KeyId=key.key_id, GranteePrincipal=ROLE, Operations=["Decrypt"], Name=name),
        replace(key, grants=key.grants | {name}),
    )


def revoke_grant(client: Client, key: KnownKey) -> Change:
    if not key.grants:
        return add_grant(client, key)
    name = min(key.grants)

    def call(kms: Any) -> dict[str, Any]:
        grants = {grant["Name"]: grant["GrantId"] for grant in kms.list_grants(KeyId=key.key_id)["Grants"]}
        answer: dict[str, Any] = kms.revoke_grant(KeyId=key.key_id, GrantId=grants[name])
        return answer

    return call, replace(key, grants=key.grants - {name})


def encrypt(client: Client, key: KnownKey) -> Change:
    if key.state != "Enabled":
        return switch(client, key)
    return lambda kms: kms.encrypt(KeyId=key.key_id, Plaintext=key.key_id.encode()), key


CHANGES = (
    *(tag, untag, put_policy, switch, add_alias, delete_alias),
    *(add_grant, revoke_grant, encrypt, encrypt, schedule_deletion, cancel_deletion),
)


def told(kms: Any, key_id: str) -> KnownKey:
    """A key as the server tells it."""
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    policy = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])
    return KnownKey(
        key_id,
        metadata["Description"],
        frozenset((tag["TagKey"], tag["TagValue"]) for tag in kms.list_resource_tags(KeyId=key_id)["Tags"]),
        metadata["KeyState"],
        policy["Id"],
        frozenset(alias["AliasName"] for alias in kms.list_aliases(KeyId=key_id)["Aliases"]),
        frozenset(grant["Name"] for grant in kms.list_grants(KeyId=key_id)["Grants"]),
    )


def require_no_halves(url: str, clients: list[Client]) -> None:
    """A key that no client was told of is one whose making was interrupted, and it is whole."""
    kms = new_client(url, "kms", "us-east-1", ACCOUNT, "any")
    known = {key_id for client in clients for key_id in client.keys}
    for page in kms.get_paginator("list_keys").paginate():
        for key_id in [entry["KeyId"] for entry in page["Keys"] if entry["KeyId"] not in known]:
            key = told(kms, key_id)
            owner = clients[int(key.description.partition("/")[0])]
            assert key == KnownKey(key_id, owner.creating, frozenset({("made", owner.creating)}))
            owner.keys[key_id] = key


def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    moments = random.Random(18)
    clients = [Client(number) for number in range(CLIENTS)]
    for _ in range(KILLS):
        with serving(folder) as server:
            require_no_halves(server.url, clients)
            for client in clients:
                client.check(server.url)
                client.creating = ""
                client.forget_deleted()
            let_waiting_periods_end(server.url)
            require_no_halves(server.url, clients)
            threads = [threading.Thread(target=client.work, args=(server.url,)) for client in clients]
            for thread in threads:
                thread.start()
            time.sleep(moments.uniform(0.0, LONGEST_LIFE))  # a kill at a random moment is what this is about
            server.kill()
            for thread in threads:
                thread.join()
    with serving(folder) as server:
        require_no_halves(server.url, clients)
        for client in clients:
            client.check(server.url)
        assert server.stop() == ""
    assert sum(client.answers for client in clients) > KILLS, "the kills came while there were answers"

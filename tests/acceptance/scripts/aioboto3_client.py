"""What test_aioboto3.py has aioboto3 do."""

import asyncio
from typing import Any

import aioboto3

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


async def there_and_back(kms: Any, number: int) -> bytes:
    """Encrypt a number and decrypt it."""
    context = {"number": str(number)}
    sealed = await kms.encrypt(KeyId="alias/orders", Plaintext=b"%d" % number, EncryptionContext=context)
    opened = await kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    plaintext: bytes = opened["Plaintext"]
    return plaintext


async def main() -> None:
    async with aioboto3.Session().client("kms") as kms:
        opened = await asyncio.gather(*(there_and_back(kms, number) for number in range(100)))
        assert opened == [b"%d" % number for number in range(100)]

        pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
        listed = [key["KeyId"] async for page in pages for key in page["Keys"]]
        assert len(listed) == len(set(listed)) == 5

        try:
            await kms.describe_key(KeyId="alias/none")
        except kms.exceptions.NotFoundException:
            return
        raise AssertionError("a missing alias is found")


asyncio.run(main())

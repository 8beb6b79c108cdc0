"""boto3 clients. Making one takes longer than its first calls, so each is made once for all tests of a process.

They do not try again: a test sees the first answer, and waits for no other. A shared client is nobody's: a test that
adds event handlers to one takes `new_client`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


def new_client(
    url: str,
    service: str = "kms",
    region: str = "us-east-1",
    access_key: str = "000000000000",
    secret: str = "any",
    token: str | None = None,
    *,
    attempts: int = 1,
    **config: Any,
) -> Any:
    """A client of the endpoint at a URL that makes a call so many times at most; `config` is botocore's."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, **config),
    )


shared_client = cache(new_client)

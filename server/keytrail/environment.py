"""The environment variables that point AWS's SDKs and tools at a server, so that no call can reach AWS.

Source: AWS SDKs and Tools Reference Guide, "Settings reference" and "Service-specific endpoints".
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

SERVICES = ("CLOUDTRAIL", "KMS", "RESOURCE_GROUPS_TAGGING_API", "STS")
"""The services that answer here, as AWS_ENDPOINT_URL_<service> has their names.

EC2 and Account Management are not among them: they only list Regions here, and a suite may have them elsewhere.
"""

REMOVED = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"),
    *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
)
"""Variables that must not be set: they name other credentials, or lead past the endpoint."""


def aws_variables(
    url: str, account: str = "000000000000", region: str = "us-east-1", *, ca_file: str = ""
) -> dict[str, str]:
    """The variables that point AWS's SDKs and tools at the server at a URL, as the root of an account.

    AWS_ENDPOINT_URL is set too. So a call of a service that is not here is refused by the server, and does not reach
    AWS; for services of another emulator, set its AWS_ENDPOINT_URL_<service> beside these. If this process has a proxy,
    it is passed by. With `ca_file`, which a URL of HTTPS needs, AWS's SDKs and Node.js trust the authority in that PEM
    file. For a process of its own, leave out the variables in REMOVED.
    """
    passed_by = os.environ.get("no_proxy", os.environ.get("NO_PROXY", "")).split(",")
    no_proxy = ",".join(dict.fromkeys(filter(None, (*passed_by, urlsplit(url).hostname))))
    return {
        "AWS_ENDPOINT_URL": url,
        **{f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES},
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **({"AWS_CA_BUNDLE": ca_file, "NODE_EXTRA_CA_CERTS": ca_file} if ca_file else {}),
    }


@contextmanager
def aws_environment(
    url: str, account: str = "000000000000", region: str = "us-east-1", *, ca_file: str = ""
) -> Iterator[Mapping[str, str]]:
    """Set `aws_variables` in this process, and remove those in REMOVED, until the end of the with statement.

    boto3's default session, which has read the variables before, is put aside. Clients that exist already keep their
    endpoint. Gives the variables.
    """
    variables = aws_variables(url, account, region, ca_file=ca_file)
    before = {name: os.environ.get(name) for name in (*variables, *REMOVED)}
    boto3 = sys.modules.get("boto3")
    session = getattr(boto3, "DEFAULT_SESSION", None)
    _set({**dict.fromkeys(REMOVED), **variables})
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None  # type: ignore[attr-defined]
    try:
        yield variables
    finally:
        _set(before)
        boto3 = sys.modules.get("boto3")
        if boto3 is not None:
            boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined]


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

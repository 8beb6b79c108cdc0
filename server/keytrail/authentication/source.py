"""For which resource a service of AWS calls: what is aws:SourceArn and aws:SourceAccount in conditions.

Source: IAM User Guide, "The confused deputy problem" and "AWS global condition context keys". AWS's own components send
them as these headers; whoever is no service sends them in vain.
"""

from typing import NamedTuple

from keytrail.authentication.canonical_request import Signed


class Source(NamedTuple):
    """The resource, and the account that owns it; None for what the service does not tell."""

    arn: str | None = None
    account: str | None = None


def source_of(request: Signed) -> Source:
    """The resource for which a service has sent this request."""
    headers = {name.lower(): value.strip() for name, value in request.sent().headers}
    return Source(headers.get("x-amz-source-arn") or None, headers.get("x-amz-source-account") or None)

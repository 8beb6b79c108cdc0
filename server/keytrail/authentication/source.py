"""For which resource a service of AWS calls: what is aws:SourceArn and aws:SourceAccount in conditions.

Source: IAM User Guide, "The confused deputy problem" and "AWS global condition context keys". AWS's own components send
them as these headers; whoever is no service sends them in vain.
"""

from typing import NamedTuple

from keytrail.messages import Request


class Source(NamedTuple):
    """The resource, and the account that owns it; None for what the service does not tell."""

    arn: str | None = None
    account: str | None = None


NO_SOURCE = Source()
"""Of callers that are no service."""


def source_of(request: Request) -> Source:
    """The resource for which a service has sent this request."""
    arn, account = request.header(b"x-amz-source-arn").strip(), request.header(b"x-amz-source-account").strip()
    return Source(arn or None, account or None)

"""The resource on whose behalf an AWS service calls: aws:SourceArn and aws:SourceAccount in conditions.

A service sends it in the headers x-amz-source-arn and x-amz-source-account. Other callers' headers are ignored.
Source: IAM User Guide, "The confused deputy problem" and "AWS global condition context keys".
"""

from typing import NamedTuple

from keytrail.messages import Request


class Source(NamedTuple):
    """The resource's ARN, and the account that owns it; None for what the service did not send."""

    arn: str | None = None
    account: str | None = None


NO_SOURCE = Source()
"""The source of any caller that is not a service."""


def source_of(request: Request) -> Source:
    """The resource on whose behalf a service sent this request."""
    arn, account = request.header(b"x-amz-source-arn").strip(), request.header(b"x-amz-source-account").strip()
    return Source(arn or None, account or None)

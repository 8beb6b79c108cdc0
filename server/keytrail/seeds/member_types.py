"""The types of texts that seed documents consist of, and Members, the mappings with AWS's names."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from keytrail.operations import SERVICES

Moment = Annotated[
    str,
    Meta(
        title="a moment",
        description="ISO 8601, such as 2026-05-01T08:00:00Z; or `200 days ago`, `in 10 days`, `now`",
    ),
]
AccountId = Annotated[str, Meta(pattern="^[0-9]{12}$", description="12 digits, in quotes")]
RegionName = Annotated[str, Meta(pattern="^[a-z0-9-]{1,32}$", description="the name of a Region, such as us-east-1")]
AliasName = Annotated[str, Meta(pattern="^alias/[a-zA-Z0-9/_-]+$", description="a name such as alias/orders")]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a lower-case UUID")]
RootId = Annotated[str, Meta(pattern="^r-[0-9a-z]{4,32}$", description="such as r-ab12; derived if not given")]
_UNIT_ID = "such as ou-ab12-11111111; derived if not given"
UnitId = Annotated[str, Meta(pattern="^ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$", description=_UNIT_ID)]
CustomKeyStoreId = Annotated[str, Meta(pattern="^cks-[0-9a-f]{17}$", description="`cks-` and 17 lower-case hex digits")]
Description = Annotated[str, Meta(max_length=8192)]
PrincipalArn = Annotated[str, Meta(min_length=1, max_length=256, description="ARN of a user, role, session or root")]
ServiceName = Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+){2,}$")]
Tags = Annotated[dict[str, str], Meta(examples=[{"team": "payments"}])]
EncryptionContext = Annotated[dict[str, str], Meta(examples=[{"tenant": "acme"}])]
MATERIAL = "base64: raw bytes, or a private key in PKCS #8 (DER)"
if TYPE_CHECKING:
    FaultService = str
else:  # a fault rule can be about any service on the port
    FaultService = Literal[tuple(sorted(SERVICES))]
PolicyDocument = str | dict[str, Any]
"""A policy: a JSON text, or the document itself."""


class Members(Struct, rename="pascal", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A mapping whose members have AWS's names. A member that is not declared is an error.

    A member with a pattern has a description, for the message about a text that does not match: `expected ...`.
    """

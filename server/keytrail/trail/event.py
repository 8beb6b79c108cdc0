"""Event: what the trail keeps of one call, and the CloudTrail record that is made of it.

Source: CloudTrail User Guide, "CloudTrail record contents"; KMS Developer Guide, "Logging AWS KMS API calls".
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from keytrail.crypto.randomness import new_uuid
from keytrail.domain.arn import partition_of
from keytrail.domain.principal import Principal

RESOURCE_TYPE = "AWS::KMS::Key"
"""CloudTrail's type of every resource of KMS, including aliases."""


def resource_type(arn: str) -> str:
    """CloudTrail's type of the resource with this ARN."""
    return "AWS::IAM::Role" if arn.split(":", 3)[2:3] == ["iam"] else RESOURCE_TYPE


_INTERNAL = "AWS Internal"
"""invokedBy, sourceIPAddress and userAgent when a service does something by itself."""

_SECONDS = "%Y-%m-%dT%H:%M:%SZ"

_CONTEXTS = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
"""The members of requests that are encryption contexts."""


class Event(NamedTuple):
    """One CloudTrail event, as parts; `record()` makes the document."""

    event_id: str
    request_id: str | None
    time: datetime
    name: str
    region: str
    principal: Principal | None
    """The caller; None if the service did it by itself (eventType AwsServiceEvent, unless it has a request id)."""
    recipient: str
    """The account that this copy is delivered to."""
    read_only: bool
    request_parameters: Mapping[str, object] | None = None
    response_elements: Mapping[str, object] | None = None
    additional: Mapping[str, object] | None = None
    resources: tuple[tuple[str, str], ...] | None = None
    """(account, ARN) of each resource; None if the record has no such member."""
    error_code: str | None = None
    error_message: str | None = None
    shared_event_id: str | None = None
    source_ip: str = ""
    user_agent: str = ""
    invoked_by: str | None = None
    source: str = "kms.amazonaws.com"
    service_details: Mapping[str, object] | None = None
    """serviceEventDetails, which some AwsServiceEvents have."""

    def record(self) -> dict[str, object]:
        """The record as CloudTrail writes it (eventVersion 1.11): camelCase members, eventTime in seconds."""
        invoked_by = _INTERNAL if self.principal is None else self.invoked_by
        if self.principal is not None and self.principal.kind == "service":
            invoked_by = self.principal.name
        record: dict[str, object] = {
            "eventVersion": "1.11",
            "userIdentity": self._identity(),
            "eventTime": f"{self.time:{_SECONDS}}",
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": invoked_by or self.source_ip,
            "userAgent": invoked_by or self.user_agent,
        }
        if self.error_code is not None:
            record["errorCode"] = self.error_code
            if self.error_message is not None:
                record["errorMessage"] = self.error_message
        record["requestParameters"] = _member(self.request_parameters)
        record["responseElements"] = _member(self.response_elements)
        if self.additional:
            record["additionalEventData"] = dict(self.additional)
        if self.request_id is not None:
            record["requestID"] = self.request_id
        record["eventID"] = self.event_id
        record["readOnly"] = self.read_only
        if self.resources is not None:
            record["resources"] = [
                {"accountId": account, "type": resource_type(arn), "ARN": arn} for account, arn in self.resources
            ]
        by_itself = self.principal is None and self.request_id is None
        record["eventType"] = "AwsServiceEvent" if by_itself else "AwsApiCall"
        record["managementEvent"] = True
        record["recipientAccountId"] = self.recipient
        if self.shared_event_id is not None:
            record["sharedEventID"] = self.shared_event_id
        if self.service_details is not None:
            record["serviceEventDetails"] = _member(self.service_details)
        record["eventCategory"] = "Management"
        if invoked_by is None:
            record["tlsDetails"] = self._tls_details()
        return record

    def text(self) -> str:
        """The record as JSON, in one line."""
        return msgspec.json.encode(self.record()).decode()

    @property
    def encryption_contexts(self) -> list[Mapping[str, str]]:
        """The encryption contexts of the request: ReEncrypt can have two, and the source's is the first."""
        parameters = self.request_parameters or {}
        return [context.data for name in _CONTEXTS if isinstance(context := parameters.get(name), Verbatim)]

    @property
    def username(self) -> str | None:
        """As username_in."""
        return username_in(self.recipient, self.principal)

    @property
    def access_key_id(self) -> str | None:
        """As access_key_id_in."""
        return access_key_id_in(self.recipient, self.principal)

    def _tls_details(self) -> dict[str, str]:
        """What AWS tells of a client with today's defaults: Keytrail's own connections have no TLS."""
        service = self.source.partition(".")[0]
        domain = "amazonaws.com.cn" if partition_of(self.region) == "aws-cn" else "amazonaws.com"
        return {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": f"TLS_AES_{'256_GCM_SHA384' if service == 'kms' else '128_GCM_SHA256'}",
            "clientProvidedHostHeader": f"{service}.{self.region}.{domain}",
            "keyExchange": "X25519MLKEM768",
        }

    def _identity(self) -> dict[str, object]:
        if self.principal is None:
            return {"accountId": self.recipient, "invokedBy": _INTERNAL}
        is_own = self.recipient == self.principal.account
        identity = self.principal.user_identity() if is_own else self.principal.cross_account_identity()
        if self.invoked_by is not None:
            if self.invoked_by != self.source and is_own and self.principal.kind != "root":
                identity["sessionContext"] = self._forwarded_context(identity.get("sessionContext"))
            identity["invokedBy"] = self.invoked_by
        return identity

    def _forwarded_context(self, context: object) -> dict[str, object]:
        """The sessionContext of a caller for whom a service calls: it has attributes, also without a session of STS."""
        known = dict(context) if isinstance(context, Mapping) else {}
        attributes = {"creationDate": f"{self.time:{_SECONDS}}", "mfaAuthenticated": "false"}
        return {**known, "attributes": known.get("attributes", attributes)}


RECORD_MEMBERS = frozenset(
    {
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
        *("userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData"),
        *("requestID", "eventID", "readOnly", "resources", "eventType", "managementEvent", "recipientAccountId"),
        *("sharedEventID", "serviceEventDetails", "eventCategory", "tlsDetails"),
    }
)
"""The members that a record may have."""


def new_event_id() -> str:
    """A new, random eventID."""
    return new_uuid()


def copied_event_id(shared: str, recipient: str) -> str:
    """The eventID of the copy for an account of the event with this sharedEventID: a UUID of version 3, as AWS's."""
    digits = hashlib.md5(f"{shared}/{recipient}".encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-3{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def username_in(recipient: str, principal: Principal | None) -> str | None:
    """LookupEvents' Username of a caller's event in the account `recipient`: the user, the role session, or `root`.

    None if the account is not the caller's own, and for services.
    """
    if principal is None or recipient != principal.account or principal.kind == "service":
        return None
    return principal.name.rpartition("/")[2] or principal.kind


def access_key_id_in(recipient: str, principal: Principal | None) -> str | None:
    """The access key of a caller's event in the account `recipient`; None if that is not the caller's own account."""
    return principal.access_key_id if principal is not None and recipient == principal.account else None


def _member(value: object) -> object:
    """A value as CloudTrail writes it: names of members in camelCase, times in ISO 8601, without fractions."""
    if isinstance(value, Verbatim):
        return dict(value.data)
    if isinstance(value, Mapping):
        return {_camel(name): _member(inner) for name, inner in value.items()}
    if isinstance(value, datetime):
        return f"{value:{_SECONDS}}"
    if isinstance(value, (list, tuple)):
        return [_member(inner) for inner in value]
    return value


class Verbatim:
    """A map whose keys the caller chose (an encryption context): a record has them as sent, not in camelCase."""

    __slots__ = ("data",)

    def __init__(self, data: Mapping[str, str]) -> None:
        """Wrap the map."""
        self.data = data


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]

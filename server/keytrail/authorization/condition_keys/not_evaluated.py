"""Condition keys of AWS that no request has here, each with the reason."""

from collections.abc import Mapping

_NO_VPC = "no request comes through a VPC endpoint here"
_NO_FEDERATION = "only AssumeRole and seeds create sessions"

NOT_EVALUATED: Mapping[str, str] = {
    "aws:SourceVpc": _NO_VPC,
    "aws:SourceVpce": _NO_VPC,
    "aws:VpcSourceIp": _NO_VPC,
    "aws:FederatedProvider": _NO_FEDERATION,
    "aws:referer": "KMS is called by programs, which send none",
}
"""By condition key: why no request has it. A condition sees it as absent."""

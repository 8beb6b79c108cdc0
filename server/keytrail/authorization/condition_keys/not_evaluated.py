"""Condition keys of AWS that no request has here, each with the reason."""

from collections.abc import Mapping

_NO_VPC = "no request comes through a VPC endpoint here"
_NO_PATHS = "seeds declare organizations, but not the paths of their units"
_NO_FEDERATION = "only AssumeRole and seeds create sessions"

NOT_EVALUATED: Mapping[str, str] = {
    "aws:PrincipalServiceNamesList": "seeds give a service one name",
    "aws:SourceOrgPaths": "a service sends only the ARN and the account of its source",
    "aws:PrincipalOrgPaths": _NO_PATHS,
    "aws:ResourceOrgPaths": _NO_PATHS,
    "aws:SourceVpc": _NO_VPC,
    "aws:SourceVpce": _NO_VPC,
    "aws:VpcSourceIp": _NO_VPC,
    "aws:FederatedProvider": _NO_FEDERATION,
    "aws:MultiFactorAuthAge": "the time at which an MFA code was entered is not kept",
    "aws:referer": "KMS is called by programs, which send none",
}
"""By condition key: why no request has it. A condition sees it as absent."""

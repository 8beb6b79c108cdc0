"""Condition keys that AWS has and that no request has here, each with the reason."""

from collections.abc import Mapping

_NO_SERVICE = "no AWS service forwards a caller's request to KMS here"
_NO_VPC = "no request comes through a VPC endpoint here"
_NO_PATHS = "seeds declare organizations, but not the paths of their units"
_NO_FEDERATION = "sessions are those of roles that are assumed, and of seeds"

NOT_EVALUATED: Mapping[str, str] = {
    "kms:ViaService": _NO_SERVICE,
    "aws:CalledVia": _NO_SERVICE,
    "aws:CalledViaFirst": _NO_SERVICE,
    "aws:CalledViaLast": _NO_SERVICE,
    "aws:PrincipalServiceNamesList": "seeds give a service one name",
    "aws:SourceOrgID": "a service tells no more of its source than ARN and account",
    "aws:SourceOrgPaths": "a service tells no more of its source than ARN and account",
    "aws:PrincipalOrgPaths": _NO_PATHS,
    "aws:ResourceOrgPaths": _NO_PATHS,
    "aws:SourceVpc": _NO_VPC,
    "aws:SourceVpce": _NO_VPC,
    "aws:VpcSourceIp": _NO_VPC,
    "aws:FederatedProvider": _NO_FEDERATION,
    "aws:MultiFactorAuthAge": "when a device's code was given is not kept",
    "aws:referer": "KMS is called by programs, which send none",
}
"""A condition on one of these finds that the request does not have it."""

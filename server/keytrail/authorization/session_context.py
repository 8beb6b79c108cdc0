"""The condition keys that a session brings along, for every action of every service.

Source: IAM User Guide, "AWS global condition context keys", the keys of the principal and of its session.
"""

from keytrail.authorization.conditions import Values
from keytrail.domain.principal import Principal

_TAG = "aws:principaltag/"
KEYS = ("aws:principaltag/", "aws:multifactorauth", "aws:sourceidentity", "aws:tokenissuetime")
"""What such a key begins with, in lower case."""


def session_values(principal: Principal, name: str) -> Values:
    """The values under such a key, in lower case; None for one that the session does not have.

    Long-term access keys have none of them: not even aws:MultiFactorAuthPresent, as in AWS.
    """
    session = principal.session
    if session is None:
        return None
    if name.startswith(_TAG):
        wanted = name.removeprefix(_TAG)
        return next(((value,) for key, value in session.tags if key.lower() == wanted), None)
    value = {
        "aws:multifactorauthpresent": str(session.mfa).lower(),
        "aws:sourceidentity": session.source_identity,
        "aws:tokenissuetime": session.created.isoformat(timespec="seconds"),
    }.get(name)
    return (value,) if value is not None else None

"""The condition keys that a session brings along, for every action of every service.

Source: IAM User Guide, "AWS global condition context keys", the keys of the principal and of its session.
"""

from collections.abc import Mapping

from keytrail.domain.principal import Principal

SESSION_KEYS = ("aws:multifactorauthpresent", "aws:sourceidentity", "aws:tokenissuetime")
"""In lower case."""


def session_value(principal: Principal, name: str) -> str | None:
    """The value under one of these keys; None for one that the session does not have.

    Long-term access keys have none of them: not even aws:MultiFactorAuthPresent, as in AWS.
    """
    session = principal.session
    if session is None:
        return None
    return {
        "aws:multifactorauthpresent": str(session.mfa).lower(),
        "aws:sourceidentity": session.source_identity,
        "aws:tokenissuetime": session.created.isoformat(timespec="seconds"),
    }[name]


def principal_tags(principal: Principal, own: Mapping[str, str] | None) -> Mapping[str, str]:
    """The tags of a caller: its own, under those of its session, in whatever case their keys are."""
    session = principal.session
    if session is None or not session.tags:
        return own or {}
    hidden = {key.lower() for key, _ in session.tags}
    return {**{key: value for key, value in (own or {}).items() if key.lower() not in hidden}, **dict(session.tags)}

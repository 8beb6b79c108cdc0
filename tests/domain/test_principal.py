"""Who calls, as an ARN tells it.

How we know: IAM User Guide, "IAM identifiers".
"""

from __future__ import annotations

import pytest

from keytrail.domain.principal import Principal

PRINCIPALS = {
    "arn:aws:iam::111122223333:root": "root",
    "arn:aws:iam::111122223333:user/Alice": "user",
    "arn:aws:iam::111122223333:user/team/Alice": "user",
    "arn:aws:iam::111122223333:role/KeyAuditor": "role",
    "arn:aws:sts::111122223333:assumed-role/KeyAuditor/session": "assumed-role",
}


@pytest.mark.parametrize("arn", PRINCIPALS)
def test_a_principal_is_read_from_its_arn(arn: str) -> None:
    principal = Principal.from_arn(arn)
    assert (principal.kind, principal.account, principal.arn) == (PRINCIPALS[arn], "111122223333", arn)


@pytest.mark.parametrize(
    "arn",
    [
        "alice",
        "arn:aws:iam::1:root",
        "arn:aws:iam::111122223333:group/Admins",
        "arn:aws:iam::111122223333:root/x",
        "arn:aws:iam::111122223333:user",
        "arn:aws:kms:us-east-1:111122223333:key/x",
    ],
)
def test_the_arn_of_anything_else_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="role/KeyAuditor"):
        Principal.from_arn(arn)

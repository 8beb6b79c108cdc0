"""Key policies as KMS prints them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from keytrail.domain.key_policy import default_key_policy, printed

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda items: st.lists(items, max_size=4) | st.dictionaries(st.text(), items, max_size=4),
)


def test_the_default_key_policy_is_printed_as_kms_prints_it() -> None:
    """How we know: AWS SDK for Ruby, example of GetKeyPolicy; radkawar/stackd imports_multi_region.json."""
    assert printed(default_key_policy("us-east-1", "111122223333")) == (
        '{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n'
        '    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n    "Principal" : {\n'
        '      "AWS" : "arn:aws:iam::111122223333:root"\n    },\n    "Action" : "kms:*",\n    "Resource" : "*"\n'
        "  } ]\n}"
    )


def test_lists_stand_on_one_line_and_members_each_on_their_own() -> None:
    """How we know: published outputs of GetKeyPolicy for keys that the console made (key-consolepolicy-3)."""
    policy = '{"Statement":[{"Action":["kms:Get*","kms:List*"]},{"Effect": "Deny"}],"Empty":[],"Nothing":{}}'
    assert printed(policy).splitlines() == [
        "{",
        '  "Statement" : [ {',
        '    "Action" : [ "kms:Get*", "kms:List*" ]',
        "  }, {",
        '    "Effect" : "Deny"',
        "  } ],",
        '  "Empty" : [ ],',
        '  "Nothing" : { }',
        "}",
    ]


@given(document=DOCUMENTS, indent=st.sampled_from([None, 0, 4]))
def test_printing_changes_nothing_but_the_spaces(document: object, indent: int | None) -> None:
    policy = json.dumps(document, indent=indent)
    assert json.loads(printed(policy)) == document
    assert printed(printed(policy)) == printed(policy)


def test_a_policy_may_be_nested_as_deeply_as_json_is_read() -> None:
    policy = '{"Deep":' + "[" * 900 + "]" * 900 + "}"
    assert json.loads(printed(policy)) == json.loads(policy)

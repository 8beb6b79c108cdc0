"""A second evaluator of policies, to hold Keytrail's against.

It is written from what AWS documents (IAM User Guide, KMS Developer Guide, Organizations User Guide) and from
docs/kms-behaviour.md, by somebody who had not read `keytrail/authorization`. Keep it so: whoever changes it reads those
documents, not that code. It is plain and slow, and does not answer (`Unsettled`) where no document says what AWS does.

`evaluator` is the way in; it and what it is made of import nothing of keytrail. `random_policies` makes what is asked,
`keytrail_answers` asks Keytrail the same, `comparison` shows the smallest difference.
"""

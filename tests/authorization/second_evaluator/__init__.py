"""A second evaluator of policies, to hold Keytrail's against.

It is written from what AWS documents (IAM User Guide, KMS Developer Guide, Organizations User Guide) and from
docs/kms-behaviour.md, by somebody who had not read `keytrail/authorization`. Keep it so: whoever changes it reads those
documents, not that code, and it imports nothing of keytrail. It is plain and slow, and refuses to answer (`Unsettled`)
where no document says what AWS does.
"""

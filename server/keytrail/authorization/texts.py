"""The members of a policy's statements that are a text or a list of texts, and what is wrong with a policy."""

from collections.abc import Mapping

from keytrail.errors import MalformedPolicyDocumentException


def texts(members: Mapping[str, object], *names: str) -> tuple[str, ...]:
    """The texts of the one of these members that is there; raises MalformedPolicyDocumentException."""
    present = [name for name in names if name in members]
    if len(present) != 1:
        raise malformed(f"Policy contains a statement without exactly one of {' and '.join(names)}.")
    value = members[present[0]]
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(text, str) and text for text in found):
        raise malformed(f"Policy contains a statement whose {present[0]} is no text and no list of texts.")
    return tuple(found)


def malformed(words: str) -> MalformedPolicyDocumentException:
    """The refusal of a document."""
    # unverified: AWS's words for a broken document are not known, but for the invalid principals.
    return MalformedPolicyDocumentException(words)

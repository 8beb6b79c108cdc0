"""Reading the elements of a policy statement that are a text or a list of texts, such as Action and Resource."""

from collections.abc import Mapping

from keytrail.errors import MalformedPolicyDocumentException


def read_texts(statement: Mapping[str, object], *names: str) -> tuple[str, ...]:
    """The texts of the one element that the statement has out of `names`, such as Action and NotAction.

    Raises MalformedPolicyDocumentException if it has none of them or several, or if the element is not texts.
    """
    present = [name for name in names if name in statement]
    if len(present) != 1:
        raise malformed(f"Policy contains a statement without exactly one of {' and '.join(names)}.")
    value = statement[present[0]]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise malformed(f"Policy contains a statement whose {present[0]} is no text and no list of texts.")
    return tuple(texts)


def malformed(message: str) -> MalformedPolicyDocumentException:
    """The error for a policy document that KMS refuses."""
    # unverified: most of the words; AWS's docs, recordings and issues have only those about invalid principals
    return MalformedPolicyDocumentException(message)

"""What is wrong with a policy document, and reading elements that are a text or a list of texts, such as Action."""

from collections.abc import Iterable, Mapping

from keytrail.errors import AwsError, MalformedPolicyDocumentException

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
INVALID_PRINCIPALS = "Policy contains a statement with one or more invalid principals."


class PolicyProblem(Exception):
    """A policy document that AWS refuses.

    `detail` says what is wrong and what would be right; `text` are AWS's words, None if it sends none. `place` is where
    in the document, such as `Statement[0].Condition`. `of_kms`: KMS is known to say these very words of a key policy.
    """

    def __init__(
        self,
        detail: str,
        text: str | None = SYNTAX,
        *,
        place: str = "",
        of_kms: bool = False,
        error: type[AwsError] = MalformedPolicyDocumentException,
    ) -> None:
        """Describe the problem; `error` is the error that AWS answers."""
        super().__init__(detail)
        self.detail, self.text, self.place, self.of_kms, self.error = detail, text, place, of_kms, error

    def within(self, place: str) -> "PolicyProblem":
        """The problem, for who reads the element around it."""
        self.place = f"{place}.{self.place}" if self.place else place
        return self

    def answer(self) -> AwsError:
        """The error in AWS's words."""
        return self.error(self.text)

    def answer_of_kms(self) -> AwsError:
        """The error for a key policy; where KMS's words are not known, with place and detail."""
        if self.of_kms or self.text is None:
            return self.answer()
        # unverified: the words; AWS's docs, recordings and issues have those of IAM, and of KMS only a few
        return self.error(f"{self.text} {f'{self.place}: ' if self.place else ''}{self.detail}")


def read_texts(value: object, place: str) -> tuple[str, ...]:
    """The texts of an element that is a text or a list of them; raises PolicyProblem."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise PolicyProblem("expected a text or a list of texts", place=place)
    return tuple(texts)


def require_members(value: Mapping[str, object], known: Iterable[str], what: str) -> None:
    """Raise PolicyProblem if a JSON object has a member that is not among `known`; `what` is what it is."""
    known = tuple(known)
    unknown = next((name for name in value if name not in known), None)
    if unknown is None:
        return
    import difflib  # imported late, so that the server starts faster

    folded = {name.lower(): name for name in known}
    near = folded.get(unknown.lower()) or next(iter(difflib.get_close_matches(unknown, known, 1, 0.6)), None)
    remedy = f"did you mean {near}?" if near is not None else f"it may have {', '.join(known)}"
    raise PolicyProblem(f"{what} has no {unknown}; {remedy}", place=unknown)

"""Grant constraints: what a request must contain for a grant to apply.

Source: KMS API Reference, GrantConstraints; KMS Developer Guide, "Using grant constraints".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keytrail.errors import ValidationException

_MAX_PAIRS, _MAX_CONTEXT = 8, 384


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a request must contain for a grant to apply. None: there is no such constraint."""

    encryption_context_subset: Mapping[str, str] | None = None
    encryption_context_equals: Mapping[str, str] | None = None
    source_arn: str | None = None

    @classmethod
    def read(cls, members: Mapping[str, object] | None) -> "Constraints":
        """The constraints of a GrantConstraints structure.

        If both encryption contexts are present, an empty one is ignored: Terraform sends both, one of them empty.
        """
        present: Mapping[str, object] = members or {}
        contexts = [name for name in ("EncryptionContextSubset", "EncryptionContextEquals") if name in present]
        if len(contexts) > 1:
            present = {name: value for name, value in present.items() if name not in contexts or value}
        subset, equals, source = (
            present.get(name) for name in ("EncryptionContextSubset", "EncryptionContextEquals", "SourceArn")
        )
        return cls(
            dict(subset) if isinstance(subset, Mapping) else None,
            dict(equals) if isinstance(equals, Mapping) else None,
            str(source) if source is not None else None,
        )

    def members(self) -> dict[str, object]:
        """The GrantConstraints structure; empty if there are no constraints."""
        members = {
            "EncryptionContextSubset": self.encryption_context_subset,
            "EncryptionContextEquals": self.encryption_context_equals,
            "SourceArn": self.source_arn,
        }
        return {name: value for name, value in members.items() if value is not None}

    @property
    def restricts_context(self) -> bool:
        """Whether there is a constraint on the encryption context."""
        return self.encryption_context_subset is not None or self.encryption_context_equals is not None

    @property
    def first_pair(self) -> tuple[str, str] | None:
        """The pair of the required encryption context whose name sorts first; None if no pair is required."""
        return min((self.encryption_context_equals or self.encryption_context_subset or {}).items(), default=None)

    def require_valid(self) -> None:
        """Raise ValidationException unless a grant may have these constraints."""
        if self.encryption_context_subset is not None and self.encryption_context_equals is not None:
            # unverified: the words; not in AWS's docs, recordings or issues
            raise ValidationException(
                "A grant can have an EncryptionContextEquals or an EncryptionContextSubset constraint, but not both."
            )
        for context in (self.encryption_context_subset, self.encryption_context_equals):
            if context is None:
                continue
            if len(context) > _MAX_PAIRS:
                # unverified: the words; not in AWS's docs, recordings or issues
                raise ValidationException(f"A grant constraint can have at most {_MAX_PAIRS} encryption context pairs.")
            if sum(len(name) + len(value) for name, value in context.items()) > _MAX_CONTEXT:
                # unverified: the words, and that names count, too; not in AWS's docs, recordings or issues
                raise ValidationException(
                    f"The encryption context of a grant constraint can have at most {_MAX_CONTEXT} characters."
                )

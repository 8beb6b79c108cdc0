"""What a test makes go wrong: fault rules and request quotas."""

from keytrail.faults.quotas import Quotas, require_known
from keytrail.faults.rules import Fault, Faults

__all__ = ["Fault", "Faults", "Quotas", "require_known"]

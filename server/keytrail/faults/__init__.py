"""What goes wrong on demand: faults by rule, and request quotas."""

from keytrail.faults.quotas import Quotas
from keytrail.faults.rules import Fault, Faults

__all__ = ["Fault", "Faults", "Quotas"]

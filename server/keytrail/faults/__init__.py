"""What goes wrong on demand: faults by rule, and request quotas."""

from keytrail.faults.book import Dropped, Faults, Plan
from keytrail.faults.quotas import Quotas

__all__ = ["Dropped", "Faults", "Plan", "Quotas"]

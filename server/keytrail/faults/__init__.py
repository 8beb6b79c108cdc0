"""What goes wrong on demand: faults by rule, and request quotas."""

from keytrail.faults.quotas import Quotas
from keytrail.faults.rules import Dropped, Faults, Plan

__all__ = ["Dropped", "Faults", "Plan", "Quotas"]

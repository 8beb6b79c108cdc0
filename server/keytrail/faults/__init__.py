"""What goes wrong on demand: faults by rule, and request quotas."""

from keytrail.faults.book import Dropped, Faults, Plan

__all__ = ["Dropped", "Faults", "Plan"]

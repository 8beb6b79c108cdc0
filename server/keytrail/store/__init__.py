"""The store: keys, aliases, grants and custom key stores of all accounts and Regions, behind one lock."""

from keytrail.store.multi_region_sets import MultiRegionSetId
from keytrail.store.store import MAX_KEYS_PER_REGION, Store
from keytrail.store.view import View

__all__ = ["MAX_KEYS_PER_REGION", "MultiRegionSetId", "Store", "View"]

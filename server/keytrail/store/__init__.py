"""All state of all accounts and Regions but the trail, behind one private lock."""

from keytrail.store.delayed_view import DelayedView
from keytrail.store.keys import MAX_KEYS_PER_REGION
from keytrail.store.multi_region import Place
from keytrail.store.store import Store

__all__ = ["MAX_KEYS_PER_REGION", "DelayedView", "Place", "Store"]

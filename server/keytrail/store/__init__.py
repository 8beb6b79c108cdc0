"""All state of all accounts and Regions but the trail, behind one private lock."""

from keytrail.store.delayed_view import DelayedView
from keytrail.store.key_store import MAX_KEYS_PER_REGION, KeyStore, Place

__all__ = ["MAX_KEYS_PER_REGION", "DelayedView", "KeyStore", "Place"]

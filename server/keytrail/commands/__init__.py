"""The commands whose options fill a page: each module has those of one subject, and `keytrail.cli` adds them."""

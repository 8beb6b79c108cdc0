"""Keytrail: a local AWS KMS endpoint for integration tests that knows when each key was last used."""

"""Bytes in, bytes out: knows algorithms, not KMS."""

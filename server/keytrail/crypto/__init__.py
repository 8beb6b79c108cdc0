"""Cryptographic algorithms on bytes, without anything of KMS."""

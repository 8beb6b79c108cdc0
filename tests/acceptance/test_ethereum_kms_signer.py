"""ethereum-kms-signer for Python: an address and signed transactions of a secp256k1 key."""

from __future__ import annotations

from tests.acceptance.program import Program

PROGRAM = Program(
    name="ethereum-kms-signer",
    pip=("ethereum-kms-signer==0.1.6",),
    how="`AWS_ENDPOINT_URL`",
    cannot="it ends with an ImportError on Python 3.11 and newer: its parsimonious 0.8 wants `inspect.getargspec`",
)

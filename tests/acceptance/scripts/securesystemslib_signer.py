"""python securesystemslib_signer.py KEY SCHEME"""

import sys

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import AWSSigner, Signer

uri, public_key = AWSSigner.import_(sys.argv[1], sys.argv[2])
signature = Signer.from_priv_key_uri(uri, public_key).sign(b"order 66")
public_key.verify_signature(signature, b"order 66")
try:
    public_key.verify_signature(signature, b"order 67")
except UnverifiedSignatureError:
    print("verified", public_key.scheme)

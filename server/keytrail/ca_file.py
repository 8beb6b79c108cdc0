"""CaFile: a certificate authority as a file, which is how clients of TLS are told whom to trust."""

import os
import tempfile
import weakref
from pathlib import Path

KEPT = "ca.pem"
"""The name of the file, in a folder that keeps an authority."""


class CaFile:
    """A temporary file. It is removed by `remove`, or at the latest when the process ends."""

    def __init__(self, pem: bytes) -> None:
        """Write the certificate of an authority, in PEM."""
        handle, self.path = tempfile.mkstemp(prefix="keytrail-ca-", suffix=".pem")
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        self._remover = weakref.finalize(self, Path(self.path).unlink, missing_ok=True)

    def remove(self) -> None:
        """Remove the file."""
        self._remover()

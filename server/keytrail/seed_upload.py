"""Seed files as the body of a request, for a server that runs elsewhere."""

from pathlib import Path
from uuid import uuid4


def form_of_files(path: Path) -> tuple[bytes, str]:
    """A multipart/form-data body with the seed files at a path, and its media type. Raises SeedError."""
    from keytrail.seeds import SeedError, files_of  # imported late: it takes as long as the rest of a client

    boundary = uuid4().hex
    parts = []
    try:
        for file in files_of(str(path)):
            name = str(file).replace('"', "%22").replace("\n", "%0A")
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="seed"; filename="{name}"\r\n\r\n'
            parts.append(head.encode() + file.read_bytes() + b"\r\n")
    except OSError as error:
        raise SeedError([f"{error.filename}: {error.strerror}; expected a readable file or folder"]) from None
    if not parts:
        raise SeedError([f"{path}: has no seed file; expected a .yaml, .yml or .json file"])
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"

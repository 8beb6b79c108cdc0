"""Seeds: documents that describe keys and their past, read as a whole or not at all.

A document is YAML or JSON with KMS's own member names; `keytrail check --schema` prints its JSON Schema. A problem is
reported with file, path, what was found and what would be right, and nothing of the document is loaded then.

A new member is a line in `document.py`, and what it means stands in the module that reads its part.
"""

from keytrail.seeds.document import json_schema
from keytrail.seeds.error import SeedError
from keytrail.seeds.faults import read_rule
from keytrail.seeds.files import read_document, read_files
from keytrail.seeds.moments import read_relative_moment
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import MEMBERS as SETTINGS
from keytrail.seeds.settings import settings_members

__all__ = [
    "SETTINGS",
    "Seed",
    "SeedError",
    "json_schema",
    "read_document",
    "read_files",
    "read_relative_moment",
    "read_rule",
    "settings_members",
]

"""Seed files: keys and their past, read as a whole or not at all.

A document is YAML or JSON with KMS's own member names; `keytrail check --schema` prints its JSON Schema. What is wrong
is told with file, path, what was found and what would be right, and nothing of the document is loaded.
"""

from keytrail.seeds.document import json_schema
from keytrail.seeds.faults import FaultCheck, read_rule
from keytrail.seeds.parsing import SeedError, read_relative_moment
from keytrail.seeds.reader import read_document, read_files
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import MEMBERS as SETTINGS
from keytrail.seeds.settings import settings_members

__all__ = [
    "SETTINGS",
    "FaultCheck",
    "Seed",
    "SeedError",
    "json_schema",
    "read_document",
    "read_files",
    "read_relative_moment",
    "read_rule",
    "settings_members",
]

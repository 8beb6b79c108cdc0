"""Seeds: documents that describe what an endpoint starts with, such as keys and their past, and callers.

A document is YAML or JSON with KMS's own member names; `keytrail check --schema` prints its JSON Schema. Every problem
is reported with its file, its path in the document, what is wrong and what would be right. A document with a problem is
not loaded at all.

The members are declared in `document.py`, and explained in `member_words.py`. Each other module reads one part of a
document into a `Seed`.
"""

from keytrail.seeds.decoding import convert
from keytrail.seeds.error import SeedError
from keytrail.seeds.faults import read_rule
from keytrail.seeds.files import files_of, read_document, read_documents, read_files
from keytrail.seeds.moments import read_relative_moment
from keytrail.seeds.schema import json_schema
from keytrail.seeds.seed import Seed
from keytrail.seeds.settings import MEMBERS as SETTINGS
from keytrail.seeds.settings import settings_members
from keytrail.seeds.writing import to_yaml

__all__ = [
    "SETTINGS",
    "Seed",
    "SeedError",
    "convert",
    "files_of",
    "json_schema",
    "read_document",
    "read_documents",
    "read_files",
    "read_relative_moment",
    "read_rule",
    "settings_members",
    "to_yaml",
]

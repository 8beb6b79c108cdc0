"""Writing an endpoint, or a part of it, as a seed document that makes it again, and documents as YAML.

`export.py` writes all of an endpoint, `keys.py` a key with its set and its store; each other module writes one part.
"""

from keytrail.seeds.writing.export import EndpointParts, Selection, WrittenSeed, uses_before_tracking, write_endpoint
from keytrail.seeds.writing.keys import via_of, write_key
from keytrail.seeds.writing.source import MomentForm, Source
from keytrail.seeds.writing.text import to_yaml

__all__ = [
    "EndpointParts",
    "MomentForm",
    "Selection",
    "Source",
    "WrittenSeed",
    "to_yaml",
    "uses_before_tracking",
    "via_of",
    "write_endpoint",
    "write_key",
]

"""Writing an endpoint, or a part of it, as a seed document that makes it again, and documents as YAML.

`export.py` writes all of an endpoint, `keys.py` a key with its set and its store; each other module writes one part.
"""

from keytrail.seeds.writing.keys import WrittenSeed, write_key
from keytrail.seeds.writing.text import to_yaml

__all__ = ["WrittenSeed", "to_yaml", "write_key"]

"""Converting the seed files of other emulators to Keytrail's."""

from keytrail.conversion.local_kms import Conversion, convert_local_kms

__all__ = ["Conversion", "convert_local_kms"]

"""How hypothesis tries: for as long as an example takes, for a busy machine is no fault of the code's."""

from hypothesis import settings

settings.register_profile("keytrail", deadline=None)
settings.load_profile("keytrail")

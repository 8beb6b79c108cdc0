"""What ends a call, or the whole recording, without an answer."""


class Refused(Exception):
    """AWS refuses one call; the text is the code of the error. The recording goes on."""


class Stopped(Exception):
    """The recording cannot go on: the text says why. What it has read is kept."""


class Boto3Missing(Exception):
    """boto3 is not installed, or is too old; the text says what to install."""

"""The nearest of several names to one that is misspelled, for messages."""

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `name` was probably meant to be; None if none is near. Never `name` itself.

    Case, dashes and underscores do not count: `key_id` is nearest to `KeyId`. Letters that are exchanged count least:
    `us-esat-1` is nearer to us-east-1 than to us-west-1.
    """
    import difflib  # imported late, so that the server starts faster

    plain = {_plain(each): each for each in sorted(names, reverse=True) if each != name}
    near = difflib.get_close_matches(_plain(name), plain, 5, 0.6)
    exchanged = [each for each in near if sorted(each) == sorted(_plain(name))]
    return plain[(exchanged or near)[0]] if near else None


def suggestion(name: str, names: Iterable[str]) -> str:
    """What to append to a message about a name that is none of `names`: `; did you mean port?`, or nothing."""
    near = nearest(name, names)
    return f"; did you mean {near}?" if near is not None else ""


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()

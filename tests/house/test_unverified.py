"""What nobody has recorded of AWS is marked in the code, with what was looked for; README says how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.house.prose import Passage, everything, lines_of, page

_MARK = re.compile(r"\bunverified\b(?:(?!\bunverified\b|\n[ ]*\n).)*", re.DOTALL)
_FORM = re.compile(r"unverified: [^;]+; .+", re.DOTALL)


def marks(passages: Iterable[Passage]) -> Iterator[tuple[str, str]]:
    """The marks in docstrings and comments: the place of each as `path:line`, and its text up to the next paragraph."""
    for passage in passages:
        for mark in _MARK.finditer(passage.text):
            yield passage.place(mark), " ".join(mark[0].split())


def without_search(passages: Iterable[Passage]) -> list[str]:
    """The marks that do not say what was looked for, each with its place."""
    return [f"{place}: {text}" for place, text in marks(passages) if _FORM.fullmatch(text) is None]


def of_the_server() -> list[Passage]:
    """The docstrings and comments of the server."""
    return [passage for passage in everything() if passage.path.startswith("server/")]


def test_each_mark_says_what_is_guessed_and_what_was_looked_for() -> None:
    """`# unverified: <what is guessed>; <what was looked for>`, as CONTRIBUTING says."""
    missing = without_search(of_the_server())
    assert not missing, "\n" + "\n".join(missing)


def test_the_readme_says_how_many_places_are_guesses() -> None:
    (told,) = re.findall(r"^\* (\d+) places imitate", "\n".join(lines_of("README.md")), re.MULTILINE)
    assert int(told) == len(list(marks(of_the_server())))


def test_a_mark_ends_with_its_paragraph_or_with_the_next_mark() -> None:
    passages = [
        page("server/a.py", "unverified: the words; not in AWS's\ndocs\nunverified: the code\n\nand more; of this"),
        page("server/b.py", "one line\n\n# unverified"),
    ]
    assert list(marks(passages)) == [
        ("server/a.py:1", "unverified: the words; not in AWS's docs"),
        ("server/a.py:3", "unverified: the code"),
        ("server/b.py:3", "unverified"),
    ]
    assert without_search(passages) == ["server/a.py:3: unverified: the code", "server/b.py:3: unverified"]

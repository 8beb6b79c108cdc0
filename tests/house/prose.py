"""The prose in the repository's files: Markdown, docstrings and comments, each with its file and line."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", ".github", "docs", "examples", "fixtures", "server", "tests")


@dataclass(frozen=True)
class Passage:
    """A Markdown page without its code blocks, a docstring, or comments on lines that follow each other."""

    path: str
    line: int
    """The line on which the text begins."""
    text: str

    def place(self, match: re.Match[str]) -> str:
        """The file and line of a match in the text, as `path:line`."""
        before = self.text.count("\n", 0, match.start())
        return f"{self.path}:{self.line + before}"


@cache
def files() -> tuple[str, ...]:
    """The repository's files: those at the top, and all in its folders."""
    found = [path for path in ROOT.iterdir() if path.is_file()]
    found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts))


@cache
def lines_of(path: str) -> tuple[str, ...]:
    """The lines of a file."""
    return tuple((ROOT / path).read_text(encoding="utf-8").splitlines())


@cache
def markdown() -> tuple[Passage, ...]:
    """Every Markdown page."""
    return tuple(page(path, "\n".join(lines_of(path))) for path in files() if path.endswith(".md"))


@cache
def everything() -> tuple[Passage, ...]:
    """Every Markdown page, and the docstrings and comments of every Python file."""
    scripts = (path for path in files() if path.endswith(".py"))
    return markdown() + tuple(passage for path in scripts for passage in script(path, "\n".join(lines_of(path))))


def page(path: str, text: str) -> Passage:
    """A Markdown page, with empty lines in place of code blocks."""
    return Passage(path, 1, re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S))


def script(path: str, text: str) -> Iterator[Passage]:
    """The docstrings and comments of a Python file; any string that is a statement counts as a docstring."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(docstring))):
                yield Passage(path, node.lineno, docstring)
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield Passage(path, last - len(block) + 1, "\n".join(block))
            block = []
        block.append(token.string.lstrip("#"))
        last = line
    if block:
        yield Passage(path, last - len(block) + 1, "\n".join(block))

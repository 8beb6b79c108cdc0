"""Links, sections, decisions, files, names and code in the repository's pages, docstrings and comments exist.

Each check yields what it finds as `path:line: what is wrong`, and has a test that shows that it finds something.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache

from tests.house.prose import Passage, everything, files, lines_of, markdown, page, script

SPECIFICATION = "docs/kms-behaviour.md"
DECISIONS = "docs/DECISIONS.md"
MOST_LINES = 400


def sample(text: str, path: str = "docs/faults.md") -> list[Passage]:
    """A page with this text, in place of one of ours."""
    return [page(path, text)]


def expect_none(found: Iterable[str]) -> None:
    """Fail if anything was found, with a line for each."""
    lines = "\n".join(found)
    assert not lines, f"\n{lines}"


# ---- What can be cited


@cache
def headings(path: str) -> tuple[str, ...]:
    """The headings of a Markdown page, without marks."""
    marked = re.findall(r"^#{1,6} +(.+?) *$", page(path, "\n".join(lines_of(path))).text, re.MULTILINE)
    return tuple(re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading) for heading in marked)


@cache
def anchors(path: str) -> frozenset[str]:
    """What a link may name after `#`, as GitHub makes it of the headings."""
    made: list[str] = []
    for heading in headings(path):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        made.append(f"{anchor}-{count}" if (count := made.count(anchor)) else anchor)
    return frozenset(made)


def sections() -> frozenset[str]:
    """What can be cited of the specification: a letter, a letter and a number, `0.1`, `appendix 1`."""
    numbered = (re.match(r"(Appendix \d|\w(?:\.\d+)?)\.? ", heading) for heading in headings(SPECIFICATION))
    return frozenset(found[1].replace("Appendix", "appendix") for found in numbered if found)


def decisions() -> frozenset[str]:
    """The numbers of the decisions."""
    return frozenset(number for heading in headings(DECISIONS) for number in re.findall(r"^(\d+)\. ", heading))


# ---- Links


def dangling_links(pages: Iterable[Passage]) -> Iterator[str]:
    """Links of Markdown to files or headings that do not exist. Links to other sites are not checked."""
    for passage in pages:
        text = re.sub(r"`[^`\n]*`", lambda code: "`" * len(code[0]), passage.text)
        for link in re.finditer(r"\]\(([^)\s]*)(?: \"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)", text, re.MULTILINE):
            target = link[1] or link[2] or ""
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            path = beside(passage.path, name) if name else passage.path
            if path not in files() and not any(file.startswith(f"{path}/") for file in files()):
                yield f"{passage.place(link)}: the link to {target}: there is no {path}"
            elif anchor and anchor not in anchors(path):
                yield f"{passage.place(link)}: the link to {target}: {path} has no heading #{anchor}"


def beside(path: str, name: str) -> str:
    """The path that a relative link of a file names."""
    parts = path.split("/")[:-1]
    for part in name.rstrip("/").split("/"):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_links_have_targets() -> None:
    expect_none(dangling_links(markdown()))


def test_a_dangling_link_is_found() -> None:
    text = "[a](values.md) [b](nowhere.md),\n[c](values.md#nothing) [d](#faults) [e](#nothing)\n\n[f]: ../nowhere.py"
    assert list(dangling_links(sample(text))) == [
        "docs/faults.md:1: the link to nowhere.md: there is no docs/nowhere.md",
        "docs/faults.md:2: the link to values.md#nothing: docs/values.md has no heading #nothing",
        "docs/faults.md:2: the link to #nothing: docs/faults.md has no heading #nothing",
        "docs/faults.md:4: the link to ../nowhere.py: there is no nowhere.py",
    ]


def test_a_link_may_have_another_site_a_folder_or_the_second_of_two_headings_as_its_target() -> None:
    expect_none(dangling_links(sample("[a](https://example.com/x#y) [b](../fixtures) [c](../README.md#keytrail)")))
    assert {"0-how-to-read-the-tags", "f3-accessdeniedexception-texts-http-400"} <= anchors(SPECIFICATION)


# ---- Sections of the specification


LIST = r"(?:,\s+|\s+and\s+|\s+to\s+)"
CITATION = re.compile(rf"kms-behaviour\s+((?:[A-Z]\.\d+|[A-Z]\b|\d(?:\.\d)?|appendix\s\d)(?:{LIST}[A-Z]\.\d+)*)")
SECTION = re.compile(r"(?<![\w./-])[A-O]\.\d+(?![\w/])")
BARE = re.compile(rf"{SECTION.pattern}|(?<=know: )[A-O]\b|(?<=docs, )[A-O]\b|(?<=ed, )[A-O]\b")
"""A section, or a letter behind `How we know:` or a tag: docs, recorded, measured, reported, inferred."""


def dangling_sections(passages: Iterable[Passage]) -> Iterator[str]:
    """Citations `kms-behaviour F.2` of headings that the specification does not have, its own among them."""
    for passage in passages:
        citations = SECTION if passage.path == SPECIFICATION else CITATION
        for citation in citations.finditer(passage.text):
            cited = re.split(LIST, citation[1] if citations is CITATION else citation[0])
            for section in cited:
                if re.sub(r"\s", " ", section) not in sections():
                    yield f"{passage.place(citation)}: kms-behaviour {section}: {SPECIFICATION} has no such heading"


def bare_sections(passages: Iterable[Passage]) -> Iterator[str]:
    """Sections that are cited without their page: it should be `kms-behaviour F.2`."""
    for passage in passages:
        if passage.path != SPECIFICATION:
            rest = CITATION.sub(lambda cited: re.sub(r"\S", "-", cited[0]), passage.text)
            for section in BARE.finditer(rest):
                yield f"{passage.place(section)}: {section[0]}: say of which page, as in kms-behaviour {section[0]}"


def test_cited_sections_are_in_the_specification() -> None:
    expect_none(dangling_sections(everything()))


def test_no_section_is_cited_without_its_page() -> None:
    expect_none(bare_sections(everything()))


def test_a_dangling_section_is_found() -> None:
    text = "kms-behaviour F.2, F.99 and\nC.7; kms-behaviour\nH; kms-behaviour Z"
    assert list(dangling_sections(sample(text))) == [
        "docs/faults.md:1: kms-behaviour F.99: docs/kms-behaviour.md has no such heading",
        "docs/faults.md:3: kms-behaviour Z: docs/kms-behaviour.md has no such heading",
    ]
    assert list(dangling_sections(sample("(F.2, F.99)", SPECIFICATION))) == [
        "docs/kms-behaviour.md:1: kms-behaviour F.99: docs/kms-behaviour.md has no such heading"
    ]


def test_a_section_without_its_page_is_found() -> None:
    assert list(bare_sections(sample("kms-behaviour F.2 to F.4 (docs,\nF.3), kms-behaviour, C.7; docs, H: so"))) == [
        "docs/faults.md:2: F.3: say of which page, as in kms-behaviour F.3",
        "docs/faults.md:2: C.7: say of which page, as in kms-behaviour C.7",
        "docs/faults.md:2: H: say of which page, as in kms-behaviour H",
    ]


# ---- Decisions


def dangling_decisions(passages: Iterable[Passage]) -> Iterator[str]:
    """Citations `decision 12` of decisions that do not exist."""
    for passage in passages:
        for citation in re.finditer(rf"(?i)\bdecisions?\s+(\d+(?:{LIST}\d+)*)", passage.text):
            for number in re.split(LIST, citation[1]):
                if number not in decisions():
                    yield f"{passage.place(citation)}: decision {number}: {DECISIONS} has none of this number"


def test_cited_decisions_exist() -> None:
    expect_none(dangling_decisions(everything()))


def test_a_dangling_decision_is_found() -> None:
    assert list(dangling_decisions(sample("Decision 1, decisions 2, 998\nand 3 to 4; the\ndecision\n999"))) == [
        "docs/faults.md:1: decision 998: docs/DECISIONS.md has none of this number",
        "docs/faults.md:3: decision 999: docs/DECISIONS.md has none of this number",
    ]


# ---- Headings of the README and of other pages


def dangling_headings(passages: Iterable[Passage]) -> Iterator[str]:
    """Citations `README, "Seeds"` and `docs/faults.md, "Faults"` of headings that do not begin so."""
    for passage in passages:
        for citation in re.finditer(r"\b(README|docs/[\w-]+\.md),\s+\"([^\"]+)\"", passage.text):
            path = "README.md" if citation[1] == "README" else citation[1]
            cited = re.sub(r"\s+", " ", citation[2])
            if path in files() and not any(heading.startswith(cited) for heading in headings(path)):
                yield f'{passage.place(citation)}: {citation[1]}, "{cited}": no heading of the page begins so'


def test_cited_headings_are_on_their_pages() -> None:
    expect_none(dangling_headings(everything()))


def test_a_dangling_heading_is_found() -> None:
    text = 'README, "Seeds"; README,\n"Spores"; docs/faults.md, "Faults"; docs/faults.md, "Vaults"'
    assert list(dangling_headings(sample(text))) == [
        'docs/faults.md:1: README, "Spores": no heading of the page begins so',
        'docs/faults.md:2: docs/faults.md, "Vaults": no heading of the page begins so',
    ]


# ---- Files


FILE = re.compile(
    r"(?<![\w./-])((?:[\w.-]+/)+[\w.-]+\.(?:py|md|tsv)|(?:docs|tests)/[\w./-]+\.json|(?:docs|fixtures)/[\w./-]+\.yaml)\b"
)


def dangling_files(passages: Iterable[Passage]) -> Iterator[str]:
    """Names of files, `docs/faults.md` or `crypto/cms.py`, that are not the path, or the end of the path, of a file."""
    ends = {"/".join(file.split("/")[at:]) for file in files() for at in range(file.count("/") + 1)}
    for passage in passages:
        for name in FILE.finditer(passage.text):
            if name[0] not in ends and beside(passage.path, name[0]) not in files():
                yield f"{passage.place(name)}: {name[0]}: there is no such file"


def test_named_files_exist() -> None:
    expect_none(dangling_files(everything()))


def test_a_dangling_file_is_found() -> None:
    text = (
        "`crypto/cms.py`, `crypto/nothing.py`\ntests/nothing.json, docs/DECISIONS.md, https://example.com/x/nothing.md"
    )
    assert list(dangling_files(sample(text))) == [
        "docs/faults.md:1: crypto/nothing.py: there is no such file",
        "docs/faults.md:2: tests/nothing.json: there is no such file",
    ]


# ---- Names in files


def dangling_names(passages: Iterable[Passage]) -> Iterator[str]:
    """Names such as `call.py:Call.admit`, whose last part the file of the server does not define."""
    for passage in passages:
        for name in re.finditer(r"`((?:[\w-]+/)*[\w-]+\.py):([A-Za-z_][\w.]*)`", passage.text):
            path = next((path for path in (f"server/keytrail/{name[1]}", name[1]) if path in files()), "")
            if not path:
                yield f"{passage.place(name)}: {name[1]}: there is no such file of the server"
            elif name[2] not in defined_in(path):
                yield f"{passage.place(name)}: {name[2]}: {path} defines nothing of this name"


@cache
def defined_in(path: str) -> frozenset[str]:
    """The functions, classes and constants of a module, and the methods and attributes of its classes."""
    return frozenset(_defined(ast.parse("\n".join(lines_of(path))).body))


def _defined(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
                yield from (f"{name}.{inner}" for inner in _defined(node.body))
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def test_names_in_files_are_defined_there() -> None:
    expect_none(dangling_names(everything()))


def test_a_dangling_name_is_found() -> None:
    text = "`call.py:Call.admit`, `call.py:admit`,\n`nothing.py:Call`, `domain/key.py:USABLE`"
    assert list(dangling_names(sample(text))) == [
        "docs/faults.md:1: admit: server/keytrail/call.py defines nothing of this name",
        "docs/faults.md:2: nothing.py: there is no such file of the server",
    ]


# ---- Code samples


def untrue_samples(page: str) -> Iterator[str]:
    """Blocks of Python on a page whose lines, except the first, are not in the file that the first line names."""
    for block in code_blocks(page):
        head, _, code = block.partition("\n")
        path = head.removeprefix("# ")
        if path not in files():
            yield f"{head}: a block of code begins with a comment that names its file"
        elif code not in "\n".join(lines_of(path)) + "\n":
            yield f"{path} does not have this code:\n{code}"


def code_blocks(page: str) -> list[str]:
    """The blocks of Python on a page, in lists too."""
    found = re.findall(r"^( *)```python\n(.*?)^\1```", page, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) if indent else block for indent, block in found]


def test_code_samples_in_contributing_are_in_the_code() -> None:
    contributing = "\n".join(lines_of("CONTRIBUTING.md"))
    assert code_blocks(contributing)
    expect_none(untrue_samples(contributing))


def test_a_code_sample_that_is_not_in_the_code_is_found() -> None:
    ours = "```python\n# server/keytrail/domain/key.py\nANY = frozenset(KeyState)\n```\n"
    changed = textwrap.indent(ours.replace("ANY", "NONE"), "   ")
    nameless = "```python\nimport os\n```\n"
    assert list(untrue_samples(f"{ours}1. So:\n\n{changed}{nameless}")) == [
        "server/keytrail/domain/key.py does not have this code:\nNONE = frozenset(KeyState)\n",
        "import os: a block of code begins with a comment that names its file",
    ]


# ---- Sources that readers do not have


UNREADABLE = re.compile(
    r"(?i)\bthe\s+issue\b|\bissue(?:'s|\s+\d+)|\bthe\s+reference\b|\breference,?\s+[a-o](?:\.\d+)?\b"
)


def unreadable_sources(passages: Iterable[Passage]) -> Iterator[str]:
    """Citations of an issue or a reference that is not in the repository."""
    for passage in passages:
        for words in UNREADABLE.finditer(passage.text):
            yield f"{passage.place(words)}: {' '.join(words[0].split())}: cite what the reader has"


def test_no_cited_source_is_one_that_readers_do_not_have() -> None:
    expect_none(unreadable_sources(everything()))


def test_a_source_that_readers_do_not_have_is_found() -> None:
    assert list(unreadable_sources(sample("the issuer; the\nissue's words, issue 3\n(Reference F.2)"))) == [
        "docs/faults.md:1: the issue: cite what the reader has",
        "docs/faults.md:2: issue 3: cite what the reader has",
        "docs/faults.md:3: Reference F.2: cite what the reader has",
    ]


# ---- The size of files


def long_files(sizes: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Files with too many lines."""
    for path, size in sizes:
        if size > MOST_LINES:
            yield f"{path}:{size}: {size} lines; a file of the server has at most {MOST_LINES}"


def test_no_file_of_the_server_is_too_long() -> None:
    server = [path for path in files() if path.startswith("server/") and path.endswith(".py")]
    assert server
    expect_none(long_files((path, len(lines_of(path))) for path in server))


def test_a_file_that_is_too_long_is_found() -> None:
    assert list(long_files([("server/a.py", 400), ("server/b.py", 401)])) == [
        "server/b.py:401: 401 lines; a file of the server has at most 400"
    ]


# ---- What is checked


def test_docstrings_and_comments_are_read_where_they_stand() -> None:
    text = '"""One,\ntwo."""\n\nx = 1  # three\n# four\n"""Five."""\n\ny = "six"\n# seven\n'
    assert sorted((said.line, said.text) for said in script("a.py", text)) == [
        (1, "One,\ntwo."),
        (4, " three\n four"),
        (6, "Five."),
        (9, " seven"),
    ]


def test_code_blocks_are_not_read_and_keep_their_lines() -> None:
    assert page("a.md", "one\n```python\ntwo\n```\nthree").text == "one\n\n\n\nthree"


def test_all_parts_of_the_repository_are_read() -> None:
    read = {passage.path.split("/")[0] for passage in everything()}
    assert {"README.md", "CHANGELOG.md", "docs", "server", "tests"} <= read

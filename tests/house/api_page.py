"""The page of the Python API, from the signatures and docstrings of the code.

`python -m tests.house.test_pages` writes it anew.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from keytrail import values

HEAD = """# Python API

All that is public in Python, from the docstrings. Names that are not here, or that begin with `_`, may change.
[Recipes](pytest.md) show the fixtures in use, and [the response as a value](values.md) shows `keytrail.values`.
"""


def page() -> str:
    """The whole page."""
    server = _classes("keytrail.server")["KeytrailServer"]
    client = _classes("keytrail.client")["KeytrailClient"]
    shared = [name for name, _ in _methods(client) if name in dict(_methods(server))]
    names = ", ".join(f"`{name}`" for name in sorted(shared))
    parts = [
        HEAD,
        "## keytrail\n",
        *_class(server),
        *_class(client, without=shared),
        f"It also has these of KeytrailServer, which do the same: {names}.\n",
        "## server.clock\n",
        *_class(_classes("keytrail.server_clock")["ServerClock"], constructed=False),
        "## Calls\n",
        "`server.calls(...)` and `kms_calls` give these.\n",
        *_class(_classes("keytrail.trail.calls")["RecordedCall"], without=["of"]),
        "## Fixtures of pytest\n",
        *_fixtures(),
        *_class(_classes("keytrail.pytest_plugin")["KmsCalls"], constructed=False),
        "## keytrail.environment\n",
        *_functions("keytrail.environment"),
        "## keytrail.testcontainers\n",
        *_class(_classes("keytrail.testcontainers")["KeytrailContainer"]),
        "## keytrail.values\n",
        *_values(),
    ]
    return "\n".join(parts)


def _tree(module: str) -> ast.Module:
    # Not imported: the page does not need what testcontainers needs.
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text())


def _classes(module: str) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.ClassDef)}


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _methods(of: ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The public methods and properties; of overloads only the last, which is the one with the docstring."""
    for node in of.body:
        overloaded = isinstance(node, ast.FunctionDef) and "overload" in map(ast.unparse, node.decorator_list)
        if isinstance(node, ast.FunctionDef) and _is_public(node.name) and not overloaded:
            yield node.name, node


def _attributes(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The public attributes, each with the docstring below it."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        match node, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                if _is_public(name):
                    yield f"`{name}: {ast.unparse(node.annotation)}`", inspect.cleandoc(said)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))), _:
                yield f"`{name}`", f'`"{text}"`'
            case ast.AnnAssign(target=ast.Name(id=name)), _ if _is_public(name):
                yield f"`{name}: {ast.unparse(node.annotation)}`", ""


def _class(of: ast.ClassDef, *, without: Sequence[str] = (), constructed: bool = True) -> Iterator[str]:
    """A class; `without` these methods, and if a user never makes one himself, without its constructor."""
    constructors = [node for node in of.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    constructor = constructors[0] if constructed and constructors else None
    yield f"### {of.name}\n"
    if constructor is not None:
        yield f"```pyi\n{_signature(of.name, constructor, method=True)}\n```\n".replace(" -> None", "")
    yield _docstring(of)
    if constructor is not None:
        yield _docstring(constructor)
    for name, said in _attributes(of.body):
        yield f"* {name}{': ' if said else ''}{' '.join(said.split())}"
    if any(True for _ in _attributes(of.body)):
        yield ""
    for name, node in _methods(of):
        if name not in without:
            yield from _function(node, of.name)


def _function(node: ast.FunctionDef, owner: str = "") -> Iterator[str]:
    name = f"{owner}.{node.name}" if owner else node.name
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if "property" in decorators:
        yield f"#### {name}\n\n`{node.name} -> {_annotation(node.returns)}`\n"
    else:
        yield f"#### {name}\n\n```pyi\n{_signature(node.name, node, method=bool(owner))}\n```\n"
    yield _docstring(node)


def _functions(module: str) -> Iterator[str]:
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef) and _is_public(node.name):
            yield from _function(node)


def _fixtures() -> Iterator[str]:
    for node in _tree("keytrail.pytest_plugin").body:
        decorators = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])]
        if isinstance(node, ast.FunctionDef) and _is_public(node.name) and decorators[:1] != []:
            assert decorators[0].startswith("pytest.fixture")
            scope = "session" if "session" in decorators[0] else "test"
            yield f"#### {node.name}\n\nOf each {scope}. {_docstring(node)}"


def _values() -> Iterator[str]:
    """What keytrail.values exports, in the order of its modules."""
    yield _docstring(_tree("keytrail.values"))
    imports = [node for node in _tree("keytrail.values").body if isinstance(node, ast.ImportFrom)]
    for line in imports:
        assert line.module is not None
        body = _tree(line.module).body
        exported = {alias.name for alias in line.names} & set(values.__all__)
        for node, after in zip(body, [*body[1:], None], strict=True):
            name = getattr(node, "name", None) or _assigned(node)
            if name not in exported:
                continue
            match node, after:
                case ast.ClassDef(), _:
                    yield from _class(node)
                case ast.FunctionDef(), _:
                    yield from _function(node)
                case _, ast.Expr(value=ast.Constant(value=str(said))):
                    yield f"#### {name}\n\n{inspect.cleandoc(said)}\n"
                case _:
                    yield f"#### {name}\n\n```pyi\n{ast.unparse(node)}\n```\n"


def _assigned(node: ast.stmt) -> str | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def _docstring(node: ast.ClassDef | ast.FunctionDef | ast.Module) -> str:
    return (ast.get_docstring(node) or "").strip() + "\n"


def _annotation(node: ast.expr | None) -> str:
    return ast.unparse(node).strip("'\"") if node is not None else "None"


def _signature(name: str, node: ast.FunctionDef, *, method: bool) -> str:
    """The signature on one line, or with a line for each parameter if that is too long."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    shown = [_parameter(*both) for both in zip(positional, defaults, strict=True)]
    is_static = any(ast.unparse(decorator) == "staticmethod" for decorator in node.decorator_list)
    if method and not is_static:
        shown = shown[1:]
    if arguments.vararg is not None:
        shown.append(f"*{_parameter(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        shown.append("*")
    shown += [_parameter(*both) for both in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg is not None:
        shown.append(f"**{_parameter(arguments.kwarg, None)}")
    line = f"{name}({', '.join(shown)}) -> {_annotation(node.returns)}"
    if len(line) <= 100:
        return line
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in shown) + f") -> {_annotation(node.returns)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    shown = argument.arg if argument.annotation is None else f"{argument.arg}: {_annotation(argument.annotation)}"
    if default is None:
        return shown
    value = json.dumps(ast.literal_eval(default)) if _is_text(default) else ast.unparse(default)
    return f"{shown}{' = ' if argument.annotation is not None else '='}{value}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)

"""The habits of STYLE that no linter knows, each with an example that passes and one that fails.

A rule looks at one file's text and returns the lines that break it. After TigerBeetle's `tidy`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
LINE_LENGTH_MAX = 110

SOURCE_SUFFIXES = frozenset({".py", ".ts", ".js", ".svelte", ".css"})
SQL = re.compile(
    r"^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s*\("
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|ROLE|DATABASE|FUNCTION|TRIGGER)\s)",
    re.IGNORECASE | re.DOTALL,
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
SKIPPED = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)|\b(it|test|describe)\.(skip|only|todo)\(")
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "constants", "misc", "base"})
REGISTRY_HOST = re.compile(r"https?://[\w.-]*(registry|pythonhosted|pypi|npmjs|mirror)[\w.-]*")
AWS_CLIENT_PACKAGES = frozenset({"boto3", "botocore", "aiobotocore"})


@dataclass(frozen=True)
class Finding:
    """One broken rule: the 1-based line and what is wrong there."""

    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One habit: where it holds, how it is found broken, and the two examples that prove the finder works."""

    name: str
    applies: Callable[[PurePosixPath], bool]
    find: Callable[[PurePosixPath, str], Iterator[Finding]]
    good: tuple[str, str]  # path, text
    bad: tuple[str, str]


def is_test(path: PurePosixPath) -> bool:
    return "tests" in path.parts or path.name == "conftest.py" or ".test." in path.name


def is_source(path: PurePosixPath) -> bool:
    return path.suffix in SOURCE_SUFFIXES


def is_python(path: PurePosixPath) -> bool:
    return path.suffix == ".py"


def is_shipped_python(path: PurePosixPath) -> bool:
    return is_python(path) and not is_test(path)


def may_speak_sql(path: PurePosixPath) -> bool:
    administers_postgres = path.parts[:3] == ("runtime", "portico_runtime", "postgres")
    return path.name == "repository.py" or "migrations" in path.parts or administers_postgres


def may_hold_aws_clients(path: PurePosixPath) -> bool:
    provisions = path.parts[:3] == ("runtime", "portico_runtime", "emulator")
    return path.name == "repository.py" or path.parts[0] == "kit" or provisions


def long_functions(_path: PurePosixPath, text: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield Finding(node.lineno, f"{node.name} has {lines} lines; at most {FUNCTION_LINES_MAX}")


def long_files(path: PurePosixPath, text: str) -> Iterator[Finding]:
    limit = TEST_FILE_LINES_MAX if is_test(path) else FILE_LINES_MAX
    lines = text.count("\n")
    if lines > limit:
        yield Finding(lines, f"the file has {lines} lines; at most {limit}")


def long_lines(_path: PurePosixPath, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LINE_LENGTH_MAX:
            yield Finding(number, f"{len(line)} characters; at most {LINE_LENGTH_MAX}")


def stray_sql(_path: PurePosixPath, text: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield Finding(node.lineno, "SQL belongs in a repository module or a migration")


def stray_aws_clients(_path: PurePosixPath, text: str) -> Iterator[Finding]:
    for node in ast.walk(ast.parse(text)):
        for name in imported_packages(node):
            if name in AWS_CLIENT_PACKAGES:
                yield Finding(node.lineno, f"{name} belongs in the kit or in a repository module")


def imported_packages(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.split(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module.split(".")[0]


def matching(pattern: re.Pattern[str], what: str) -> Callable[[PurePosixPath, str], Iterator[Finding]]:
    def find(_path: PurePosixPath, text: str) -> Iterator[Finding]:
        for number, line in enumerate(text.splitlines(), start=1):
            if match := pattern.search(line):
                yield Finding(number, f"{match.group(0)}: {what}")

    return find


def vague_names(path: PurePosixPath, _text: str) -> Iterator[Finding]:
    for part in (path.stem, *path.parts[:-1]):
        if part in VAGUE_NAMES:
            yield Finding(1, f"a module called {part} says nothing of what is in it")


def missing_docstrings(_path: PurePosixPath, text: str) -> Iterator[Finding]:
    module = ast.parse(text)
    if module.body and ast.get_docstring(module) is None:
        yield Finding(1, "a module says in its docstring what it is for")


RULES = (
    Rule(
        name="functions are short",
        applies=is_python,
        find=long_functions,
        good=("kit/a.py", "def f():\n" + "    a = 1\n" * 69),
        bad=("kit/a.py", "def f():\n" + "    a = 1\n" * 70),
    ),
    Rule(
        name="files are short",
        applies=is_source,
        find=long_files,
        good=("kit/tests/test_a.py", "a = 1\n" * 600),
        bad=("kit/a.py", "a = 1\n" * 401),
    ),
    Rule(
        name="lines are short",
        applies=is_source,
        find=long_lines,
        good=("kit/a.py", "#" * 110),
        bad=("kit/a.py", "#" * 111),
    ),
    Rule(
        name="SQL lives in repositories",
        find=stray_sql,
        applies=lambda path: is_shipped_python(path) and not may_speak_sql(path),
        good=("kit/a.py", "word = 'Select a seat on the map'"),
        bad=("kit/a.py", "q = 'select 1 from seat'"),
    ),
    Rule(
        name="AWS clients live in the kit and in repositories",
        find=stray_aws_clients,
        applies=lambda path: is_shipped_python(path) and not may_hold_aws_clients(path),
        good=("services/a.py", "import portico_kit.aws"),
        bad=("services/a.py", "from botocore.config import Config"),
    ),
    Rule(
        name="nothing is left unfinished",
        applies=is_source,
        find=matching(UNFINISHED, "finish it, or open an issue"),
        good=("kit/a.py", "# to do this, sort first"),
        bad=("kit/a.py", "# TO" + "DO sort first"),
    ),
    Rule(
        name="no test is skipped",
        applies=lambda path: is_test(path) and path.name != "tidy.py",
        find=matching(SKIPPED, "a check that is skipped checks nothing"),
        good=("kit/tests/test_a.py", "skipped = 0"),
        bad=("kit/tests/test_a.py", "@pytest.mark.sk" + "ip"),
    ),
    Rule(
        name="modules have telling names",
        applies=is_source,
        find=vague_names,
        good=("kit/portico_kit/ids.py", ""),
        bad=("kit/portico_kit/utils.py", ""),
    ),
    Rule(
        name="modules say what they are for",
        applies=is_shipped_python,
        find=missing_docstrings,
        good=("kit/a.py", '"""Ids."""\nimport uuid'),
        bad=("kit/a.py", "import uuid"),
    ),
    Rule(
        name="no file names a package registry",
        find=matching(REGISTRY_HOST, "name the package, not the host"),
        applies=lambda path: path.suffix in {".txt", ".toml", ".json", ".in", ".lock", ".npmrc"},
        good=("requirements/all.txt", "uv==1.0"),
        bad=("package-lock.json", "https://registry" + ".example.org/a.tgz"),
    ),
)

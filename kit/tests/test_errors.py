"""The tree of problems: every code is stable, unique and snake_case."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException

from portico_kit import errors
from portico_kit.errors import FrameworkRefusal, Problem, framework_problem, retry_after, validation_problem


def descendants(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def test_codes_are_unique_and_the_tree_in_the_docstring_is_complete() -> None:
    kinds = [kind for kind in descendants(Problem) if kind.__module__ == errors.__name__]
    named = [kind for kind in kinds if kind is not FrameworkRefusal]
    assert all(re.fullmatch(r"[a-z][a-z_]+", kind.code) for kind in named)
    assert len({kind.code for kind in named}) == len(named)
    tree = errors.__doc__ or ""
    assert not [kind.__name__ for kind in named if f"{kind.__name__} {kind.status}" not in tree]


@pytest.mark.parametrize(("seconds", "header"), [(0, "1"), (0.2, "1"), (1, "1"), (1.01, "2"), (30, "30")])
def test_waiting_is_rounded_up(seconds: float, header: str) -> None:
    assert retry_after(seconds) == {"Retry-After": header}


def test_an_error_of_the_framework_that_we_do_not_know_names_itself() -> None:
    problem = framework_problem(HTTPException(451))
    assert (problem.status, problem.code) == (451, "unavailable_for_legal_reasons")
    assert Problem.status == 500


def test_a_flood_of_field_errors_is_cut() -> None:
    error = {"type": "missing", "loc": ("body", "x" * 5000), "msg": "Field required"}
    listed = validation_problem([error] * 500).members["errors"]
    assert len(listed) == errors.ERRORS_MAX
    assert len(listed[0]["location"]) == errors.LOCATION_LENGTH_MAX

"""Identifiers are UUIDs of version 7 and sort by the time they were made."""

from __future__ import annotations

from uuid import UUID

from portico_kit.ids import new_id


def test_ids_are_of_version_7_and_the_standard_librarys_type() -> None:
    made = new_id()
    assert type(made) is UUID
    assert made.version == 7


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000

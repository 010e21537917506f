"""Every rule of `tidy.py` holds in the whole tree, and every rule can fail."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests.tidy import RULES, Rule

ROOT = Path(__file__).resolve().parents[1]


@cache
def tree() -> tuple[tuple[PurePosixPath, str], ...]:
    """Path and text of every file that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted(set(listing.stdout.split("\0")) - {""})
    files = ((PurePosixPath(name), ROOT / name) for name in names)
    return tuple((name, path.read_text(errors="replace")) for name, path in files if path.is_file())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    broken = [
        f"{path}:{finding.line}: {finding.what}"
        for path, text in tree()
        if rule.applies(path)
        for finding in rule.find(path, text)
    ]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_accepts_its_good_example_and_refuses_its_bad_one(rule: Rule) -> None:
    good_path, good_text = PurePosixPath(rule.good[0]), rule.good[1]
    bad_path, bad_text = PurePosixPath(rule.bad[0]), rule.bad[1]
    assert not (rule.applies(good_path) and list(rule.find(good_path, good_text)))
    assert rule.applies(bad_path)
    assert list(rule.find(bad_path, bad_text))


def test_the_tree_is_really_read() -> None:
    assert len(tree()) > 30

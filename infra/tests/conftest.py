"""The stacks, synthesised once in this process with cdk-nag's rules beside the CDK's own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portico_runtime import node

os.environ.update(node.environment(os.environ))  # before the CDK looks for a Node

import aws_cdk as cdk
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from portico_infra.__main__ import SETTINGS
from portico_infra.app import build
from portico_topology import SYSTEM, System

Resource = dict[str, Any]


@dataclass(frozen=True)
class Synthesis:
    """The folder of the templates, and what the validations said against them; `None` if nothing."""

    folder: Path
    objections: str | None

    def template(self, stack: str) -> dict[str, Any]:
        """Return a stack's template by the stack's name without the system's prefix."""
        path = self.folder / f"{SYSTEM.name.title()}-{stack}.template.json"
        made: dict[str, Any] = json.loads(path.read_text())
        return made

    def resources(self, stack: str, kind: str) -> dict[str, Resource]:
        """Return the properties of a stack's resources of one type."""
        found = self.template(stack)["Resources"].items()
        return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}

    def assertions(self, stack: str) -> Template:
        """Return the CDK's own assertions of a stack."""
        return Template.from_json(self.template(stack))


def synthesise(folder: Path, system: System = SYSTEM) -> Synthesis:
    app = cdk.App(outdir=str(folder), context=json.loads(SETTINGS.read_text())["context"])
    build(app, system)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        return Synthesis(folder, f"{error}\n{(folder / 'validation-report.json').read_text()}")
    return Synthesis(folder, None)


@pytest.fixture(scope="session")
def synthesis() -> Iterator[Synthesis]:
    folder = Path(tempfile.mkdtemp(prefix="portico-cdk-"))
    yield synthesise(folder)
    shutil.rmtree(folder)

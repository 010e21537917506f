"""All templates: valid, repeatable, and saying what the topology says, no less and no more."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from infra.tests.conftest import Synthesis, synthesise
from portico_infra import app as application
from portico_runtime.emulator.provision import STACKS, compact
from portico_runtime.emulator.synthesis import templates
from portico_topology import SYSTEM, Table

TEMPLATE_CHARACTERS_MAX = 51_200  # of a request to CloudFormation
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
LINT_TIMEOUT_S = 60
REDUNDANT_DEPENDS_ON = "W3005"  # the CDK writes each dependency out


def test_no_validation_objects(synthesis: Synthesis) -> None:
    assert synthesis.objections is None, synthesis.objections


def test_without_acknowledgements_cdk_nag_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "acknowledge", lambda *_: None)
    objections = synthesise(tmp_path).objections
    assert objections is not None
    for rule in ("COG1", "COG8", "IAM5[Resource::*]"):
        assert f"AwsSolutions-{rule}" in objections


def test_a_second_synthesis_makes_the_same_templates(synthesis: Synthesis) -> None:
    other = templates()
    names = sorted(path.name for path in synthesis.folder.glob("*.template.json"))
    assert names == sorted(f"{stack}.template.json" for stack in STACKS)
    for name in names:
        assert (synthesis.folder / name).read_text() == (other / name).read_text()


def test_each_template_fits_into_a_request(synthesis: Synthesis) -> None:
    for path in synthesis.folder.glob("*.template.json"):
        assert len(compact(path.read_text())) < TEMPLATE_CHARACTERS_MAX


def lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(CFN_LINT),
        "--regions",
        "eu-west-1",
        "--ignore-checks",
        REDUNDANT_DEPENDS_ON,
        "--",
        *map(str, paths),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=LINT_TIMEOUT_S, check=False)


def test_cfn_lint_finds_nothing_and_finds_what_is_wrong(synthesis: Synthesis, tmp_path: Path) -> None:
    done = lint(*synthesis.folder.glob("*.template.json"))
    assert (done.returncode, done.stdout) == (0, "")
    wrong = tmp_path / "wrong.template.json"
    tables = synthesis.folder / "Portico-Tables.template.json"
    wrong.write_text(tables.read_text().replace("PAY_PER_REQUEST", "PAY_NEVER"))
    assert "PAY_NEVER" in lint(wrong).stdout


def named(synthesis: Synthesis, stack: str, kind: str, attribute: str) -> set[str]:
    found = {made[attribute] for made in synthesis.resources(stack, kind).values()}
    return {name.removeprefix(f"{SYSTEM.name}-") for name in found}


def test_templates_and_topology_name_the_same_things(synthesis: Synthesis) -> None:
    tables = named(synthesis, "Tables", "AWS::DynamoDB::Table", "TableName")
    assert tables == {table.name for table in SYSTEM.tables}
    functions = named(synthesis, "Workflows", "AWS::Lambda::Function", "FunctionName")
    assert functions == {function.name for function in SYSTEM.functions}
    machines = named(synthesis, "Workflows", "AWS::StepFunctions::StateMachine", "StateMachineName")
    assert machines == {workflow.name for workflow in SYSTEM.workflows}
    groups = named(synthesis, "Identity", "AWS::Cognito::UserPoolGroup", "GroupName")
    assert groups == set(SYSTEM.groups)


def test_a_table_added_to_the_topology_is_in_the_template(tmp_path: Path) -> None:
    more = dataclasses.replace(SYSTEM, tables=(*SYSTEM.tables, Table(name="extra", partition_key="id")))
    made = synthesise(tmp_path, more)
    assert "extra" in named(made, "Tables", "AWS::DynamoDB::Table", "TableName")
    assert "ExtraTable" in made.template("Tables")["Outputs"]

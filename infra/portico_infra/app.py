"""The CDK application: which stacks there are and what each needs of another."""

from __future__ import annotations

import aws_cdk as cdk

from portico_infra.acknowledgements import acknowledge
from portico_infra.identity import IdentityStack
from portico_infra.tables import TablesStack
from portico_infra.workflows import WorkflowsStack
from portico_topology import SYSTEM, System


def build(app: cdk.App, system: System = SYSTEM) -> None:
    """Add every stack to the application."""
    prefix = system.name.title()
    IdentityStack(app, f"{prefix}-Identity", system=system, synthesizer=synthesizer())
    tables = TablesStack(app, f"{prefix}-Tables", system=system, synthesizer=synthesizer())
    breakers = tables.tables["breakers"]
    WorkflowsStack(app, f"{prefix}-Workflows", system=system, breakers=breakers, synthesizer=synthesizer())
    acknowledge(app, system)


def synthesizer() -> cdk.DefaultStackSynthesizer:
    """Return the usual synthesizer, without the rule that reads the bootstrap version from Parameter Store.

    The CDK command line checks that version itself before it deploys.
    """
    return cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)

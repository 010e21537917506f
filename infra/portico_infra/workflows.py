"""The state machines and the function that they call.

The definitions are the files in `workflows/`, the function is the folder in `functions/`: the emulator runs
the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from portico_topology import System

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("Boxoffice", "Accounts", "Payments", "Notifications")
SECRETS = {"InternalToken": "INTERNAL_TOKEN", "PartnerApiKey": "PARTNER_API_KEY"}
NOT_PACKAGED = ["tests", "**/__pycache__", "pyproject.toml", "README.md", "*.md"]


class WorkflowsStack(Stack):
    """`call_partner` (Express: the circuit breaker), `checkout` (Standard: the saga), and their function."""

    def __init__(
        self,
        scope: Construct,
        identifier: str,
        *,
        system: System,
        breakers: dynamodb.Table,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(scope, identifier, **options)
        self._system = system
        function = self._function()
        call_partner = self._machine(
            "CallPartner",
            "call_partner",
            {"BreakersTable": breakers.table_name, "CallPartnerFunction": function.function_arn},
        )
        breakers.grant(call_partner, "dynamodb:GetItem", "dynamodb:UpdateItem")
        checkout = self._machine(
            "Checkout",
            "checkout",
            {
                "CallPartnerStateMachine": call_partner.state_machine_arn,
                "CallPartnerFunction": function.function_arn,
            },
        )
        call_partner.grant_start_sync_execution(checkout)
        for machine in (call_partner, checkout):
            # Not grant_invoke, which adds every version and alias.
            machine.add_to_role_policy(
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
            )
        CfnOutput(self, "CallPartnerStateMachineArn", value=call_partner.state_machine_arn)
        CfnOutput(self, "CheckoutStateMachineArn", value=checkout.state_machine_arn)
        CfnOutput(self, "CallPartnerFunctionName", value=function.function_name)

    def _function(self) -> lambda_.Function:
        (definition,) = self._system.functions
        urls = {f"{target.upper()}_URL": self._parameter(f"{target}Url") for target in TARGETS}
        secrets = {variable: self._parameter(name, secret=True) for name, variable in SECRETS.items()}
        name = f"{self._system.name}-{definition.name}"
        log_group = self._log_group("CallPartnerFunctionLogs", f"/aws/lambda/{name}")
        role = iam.Role(
            self, "CallPartnerFunctionRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        log_group.grant_write(role)
        return lambda_.Function(
            self,
            "CallPartnerFunction",
            function_name=name,
            role=role,
            description="One bounded, jittered, idempotent call",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=definition.handler,
            code=lambda_.Code.from_asset(str(ROOT / definition.folder), exclude=NOT_PACKAGED),
            timeout=Duration.seconds(definition.timeout_s),
            memory_size=definition.memory_mb,
            reserved_concurrent_executions=definition.concurrency_max,
            environment={**urls, **secrets},
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )

    def _machine(self, identifier: str, name: str, substitutions: dict[str, str]) -> sfn.StateMachine:
        workflow = next(workflow for workflow in self._system.workflows if workflow.name == name)
        full_name = f"{self._system.name}-{name}"
        kind = sfn.StateMachineType.EXPRESS if workflow.express else sfn.StateMachineType.STANDARD
        return sfn.StateMachine(
            self,
            identifier,
            state_machine_name=full_name,
            state_machine_type=kind,
            definition_body=sfn.DefinitionBody.from_string(definition(name)),
            definition_substitutions=substitutions,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._log_group(f"{identifier}Logs", f"/aws/vendedlogs/states/{full_name}"),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,  # it holds card tokens and addresses
            ),
        )

    def _log_group(self, identifier: str, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            identifier,
            log_group_name=name,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _parameter(self, name: str, *, secret: bool = False) -> str:
        return CfnParameter(self, name, type="String", no_echo=secret).value_as_string


def definition(name: str) -> str:
    """Return a machine's definition without the white space, which counts against a template's size."""
    states = json.loads((ROOT / "workflows" / f"{name}.asl.json").read_text())
    return json.dumps(states, separators=(",", ":"))

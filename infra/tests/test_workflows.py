"""The state machines and their function as they will be on AWS, and what each of them may do."""

from __future__ import annotations

import json
import re
from typing import Any

from aws_cdk.assertions import Match

from infra.tests.conftest import Resource, Synthesis
from portico_infra.workflows import ROOT, definition
from portico_topology import SYSTEM

FUNCTION, MACHINE = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"
POLICY, ROLE, LOG_GROUP = "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup"
LOG_DELIVERY = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}


def function(synthesis: Synthesis) -> Resource:
    (made,) = synthesis.resources("Workflows", FUNCTION).values()
    return made


def grants(synthesis: Synthesis) -> dict[str, set[tuple[str, str]]]:
    """Return what each role may do: pairs of an action and a resource, by the role's name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for policy in synthesis.resources("Workflows", POLICY).values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for role in policy["Roles"]:
                found.setdefault(without_hashes(role["Ref"]), set()).update(pairs(statement))
    return found


def pairs(statement: dict[str, Any]) -> set[tuple[str, str]]:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return {(action, resource_name(statement["Resource"])) for action in actions}


def resource_name(resource: Any) -> str:
    """Return what a policy's resource refers to: a logical id, or what is imported of another stack."""
    if isinstance(resource, str):
        return resource
    (reference,) = resource.values()
    name = reference[0] if isinstance(reference, list) else reference
    return without_hashes(name.rpartition("FnGetAtt")[2])


def without_hashes(name: str) -> str:
    """Return a logical id without the eight digits that the CDK makes of its path."""
    return re.sub("[0-9A-F]{8}", "", name)


def on_all(actions: set[str]) -> set[tuple[str, str]]:
    return {(action, "*") for action in actions}


def test_each_role_may_do_what_it_does_and_no_more(synthesis: Synthesis) -> None:
    machines = on_all(LOG_DELIVERY | TRACES | SAMPLING)
    assert grants(synthesis) == {
        "CallPartnerFunctionRole": {
            ("logs:CreateLogStream", "CallPartnerFunctionLogs"),
            ("logs:PutLogEvents", "CallPartnerFunctionLogs"),
        }
        | on_all(TRACES),
        "CallPartnerRole": {
            ("dynamodb:GetItem", "BreakersArn"),
            ("dynamodb:UpdateItem", "BreakersArn"),
            ("lambda:InvokeFunction", "CallPartnerFunction"),
        }
        | machines,
        "CheckoutRole": {
            ("states:StartSyncExecution", "CallPartner"),
            ("lambda:InvokeFunction", "CallPartnerFunction"),
        }
        | machines,
    }


def test_roles_are_for_their_service_in_this_account_and_hold_no_managed_policy(synthesis: Synthesis) -> None:
    roles = synthesis.resources("Workflows", ROLE)
    assert len(roles) == 3
    for name, role in roles.items():
        assert "ManagedPolicyArns" not in role
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        if name.startswith("CallPartnerFunction"):
            assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
        else:
            assert statement["Principal"] == {"Service": "states.amazonaws.com"}
            account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            assert statement["Condition"]["StringEquals"] == account


def test_secrets_are_parameters_that_are_never_shown(synthesis: Synthesis) -> None:
    parameters = synthesis.template("Workflows")["Parameters"]
    hidden = {name for name, parameter in parameters.items() if parameter.get("NoEcho")}
    assert hidden == {"InternalToken", "PartnerApiKey"}
    assert not [name for name in parameters if "Default" in parameters[name]]
    variables = function(synthesis)["Environment"]["Variables"]
    assert variables == {
        "BOXOFFICE_URL": {"Ref": "BoxofficeUrl"},
        "ACCOUNTS_URL": {"Ref": "AccountsUrl"},
        "PAYMENTS_URL": {"Ref": "PaymentsUrl"},
        "NOTIFICATIONS_URL": {"Ref": "NotificationsUrl"},
        "INTERNAL_TOKEN": {"Ref": "InternalToken"},
        "PARTNER_API_KEY": {"Ref": "PartnerApiKey"},
    }


def test_the_function_is_the_topologys(synthesis: Synthesis) -> None:
    (described,) = SYSTEM.functions
    made = function(synthesis)
    assert made["FunctionName"] == f"{SYSTEM.name}-{described.name}"
    assert made["Handler"] == described.handler
    assert made["Timeout"] == described.timeout_s
    assert made["MemorySize"] == described.memory_mb
    assert made["ReservedConcurrentExecutions"] == described.concurrency_max
    assert made["TracingConfig"] == {"Mode": "Active"}
    assert made["Architectures"] == ["arm64"]


def test_the_package_holds_the_function_and_nothing_else(synthesis: Synthesis) -> None:
    (asset,) = synthesis.folder.glob("asset.*")
    packed = {path.relative_to(asset) for path in asset.rglob("*") if path.is_file()}
    source = ROOT / SYSTEM.functions[0].folder
    wanted = {path.relative_to(source) for path in (source / "call_partner").glob("*") if path.is_file()}
    assert packed == wanted


def test_machines_are_traced_and_log_no_card_token(synthesis: Synthesis) -> None:
    machines = synthesis.resources("Workflows", MACHINE).values()
    for made in machines:
        assert made["TracingConfiguration"] == {"Enabled": True}
        logging = made["LoggingConfiguration"]
        assert logging["Level"] == "ALL"
        assert logging["IncludeExecutionData"] is False
        assert len(logging["Destinations"]) == 1


def test_machines_are_the_files_with_names_filled_in(synthesis: Synthesis) -> None:
    machines = synthesis.resources("Workflows", MACHINE).values()
    for workflow in SYSTEM.workflows:
        made = next(each for each in machines if each["StateMachineName"] == f"{SYSTEM.name}-{workflow.name}")
        assert made["StateMachineType"] == ("EXPRESS" if workflow.express else "STANDARD")
        assert made["DefinitionString"] == definition(workflow.name)
        assert json.loads(definition(workflow.name))["TimeoutSeconds"] == workflow.timeout_s
        for name in made["DefinitionSubstitutions"]:
            assert f"${{{name}}}" in made["DefinitionString"]
        assert made["DefinitionString"].count("${") == sum(
            made["DefinitionString"].count(f"${{{name}}}") for name in made["DefinitionSubstitutions"]
        )


def test_logs_end_after_a_month(synthesis: Synthesis) -> None:
    template = synthesis.assertions("Workflows")
    template.all_resources_properties(LOG_GROUP, {"RetentionInDays": 30})
    template.resource_count_is(LOG_GROUP, 3)
    for prefix, count in (("/aws/vendedlogs/states/", 2), ("/aws/lambda/", 1)):
        name = Match.string_like_regexp(f"^{prefix}{SYSTEM.name}-")
        template.resource_properties_count_is(LOG_GROUP, {"LogGroupName": name}, count)

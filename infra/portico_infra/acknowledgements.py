"""What cdk-nag's AwsSolutions rules object to and why it stays: a reason for each finding."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct

from portico_topology import System

NO_RESOURCES = "X-Ray and the delivery of logs know no resources: their actions are granted on all or none"


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """One finding: the construct's path without the system's prefix, the rule's full id, and the reason."""

    path: str
    rule: str
    reason: str


ACKNOWLEDGED = (
    Acknowledged(
        path="Identity/UserPool",
        rule="AwsSolutions-COG1",
        reason="Twelve characters without required symbols: length helps more (NIST SP 800-63B, 3.1.1.2)",
    ),
    Acknowledged(
        path="Identity/UserPool",
        rule="AwsSolutions-COG2",
        reason="Buyers choose whether they want a second factor",
    ),
    Acknowledged(
        path="Identity/UserPool",
        rule="AwsSolutions-COG8",
        reason="The plus plan costs per user; accounts and the gateway limit guessing themselves",
    ),
    *(
        Acknowledged(path=f"Workflows/{path}", rule="AwsSolutions-IAM5[Resource::*]", reason=NO_RESOURCES)
        for path in ("CallPartnerFunction", "CallPartner/Role", "Checkout/Role")
    ),
)


def acknowledge(app: cdk.App, system: System) -> None:
    """Record every acknowledgement at its construct; a path that leads nowhere is an error."""
    for acknowledged in ACKNOWLEDGED:
        scope: IConstruct = app
        for part in f"{system.name.title()}-{acknowledged.path}".split("/"):
            scope = scope.node.find_child(part)
        acknowledgement = cdk.Acknowledgment(id=acknowledged.rule, reason=acknowledged.reason)
        cdk.Validations.of(scope).acknowledge(acknowledgement)

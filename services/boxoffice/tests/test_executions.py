"""Step Functions itself: a name is started once; what is not there, or does not answer, is told apart."""

from __future__ import annotations

import pytest

from boxoffice.outbox.repository import Executions
from boxoffice.settings import BoxofficeSettings
from portico_kit.aws import AwsClients
from portico_kit.errors import Unavailable
from portico_kit.ids import new_id
from tests.fixtures.ports import free_port

pytestmark = pytest.mark.integration


async def test_a_name_is_started_once(settings: BoxofficeSettings) -> None:
    name = str(new_id())
    async with AwsClients(settings) as clients:
        executions = Executions(clients, state_machine_arn=settings.checkout_state_machine_arn)
        assert await executions.status(name) is None
        await executions.start(name, {"action": "charge"})
        await executions.start(name, {"action": "charge"})
        await executions.start(name, {"action": "charge", "other": True})
        assert await executions.status(name) == "RUNNING"
        listed = await clients.stepfunctions.list_executions(
            stateMachineArn=settings.checkout_state_machine_arn
        )
    assert [execution["name"] for execution in listed["executions"]].count(name) == 1


async def test_what_refuses_or_does_not_answer_is_unavailable(settings: BoxofficeSettings) -> None:
    async with AwsClients(settings) as clients:
        executions = Executions(clients, state_machine_arn=f"{settings.checkout_state_machine_arn}-none")
        with pytest.raises(Unavailable):
            await executions.start("any", {})
    away = settings.model_copy(update={"aws_endpoint_url": f"http://127.0.0.1:{free_port()}"})
    async with AwsClients(away) as clients:
        executions = Executions(clients, state_machine_arn=settings.checkout_state_machine_arn)
        with pytest.raises(Unavailable):
            await executions.status("any")

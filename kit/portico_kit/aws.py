"""AWS clients: asynchronous, pooled, each with deadlines.

Retries happen here and nowhere above: one, on failure. A client is made when it is first used, so a service
pays only for what it calls.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self, cast

from portico_kit.settings import AwsSettings

if TYPE_CHECKING:
    from aiobotocore.session import AioSession
    from types_aiobotocore_cognito_idp import CognitoIdentityProviderClient
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_ses import SESClient
    from types_aiobotocore_stepfunctions import SFNClient

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 5
ATTEMPTS_MAX = 2
CONNECTIONS_MAX = 20


class AwsClients:
    """The clients of one service. Use as an asynchronous context manager; closing it closes them all."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._session: AioSession | None = None
        self._clients: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._clients.clear()
        await self._stack.aclose()

    @property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return cast("DynamoDBClient", self._lazy("dynamodb"))

    @property
    def stepfunctions(self) -> SFNClient:
        """Step Functions."""
        return cast("SFNClient", self._lazy("stepfunctions"))

    @property
    def cognito(self) -> CognitoIdentityProviderClient:
        """Cognito user pools."""
        return cast("CognitoIdentityProviderClient", self._lazy("cognito-idp"))

    @property
    def ses(self) -> SESClient:
        """Simple Email Service."""
        return cast("SESClient", self._lazy("ses"))

    def _lazy(self, service: str) -> LazyClient:
        return LazyClient(self, service)

    async def client(self, service: str) -> Any:  # noqa: ANN401  botocore makes its classes at run time
        """Return the entered client of a service, making it at the first call."""
        made = self._clients.get(service)
        if made is None:
            made = self._clients[service] = asyncio.ensure_future(self._make(service))
        try:
            return await asyncio.shield(made)
        except BaseException:
            if made.done() and (made.cancelled() or made.exception()):
                self._clients.pop(service, None)
            raise

    async def _make(self, service: str) -> Any:  # noqa: ANN401
        from aiobotocore.config import AioConfig  # noqa: PLC0415  40 MB that services without AWS never load
        from aiobotocore.session import get_session  # noqa: PLC0415

        if self._session is None:  # one for all clients: it holds what botocore reads from its data files
            self._session = get_session()

        config = AioConfig(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            max_pool_connections=CONNECTIONS_MAX,
            retries={"total_max_attempts": ATTEMPTS_MAX, "mode": "standard"},
            # StartSyncExecution would otherwise be sent to a host of its own, which an endpoint has not.
            inject_host_prefix=self._settings.aws_endpoint_url is None,
        )
        context = self._session.create_client(
            cast("Any", service),
            region_name=self._settings.aws_region,
            endpoint_url=self._settings.aws_endpoint_url,
            config=config,
        )
        return await self._stack.enter_async_context(context)


class LazyClient:
    """Stands where a client is expected; each operation first makes sure that the real one exists."""

    def __init__(self, clients: AwsClients, service: str) -> None:
        self._clients = clients
        self._service = service

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401
        async def call(**arguments: Any) -> Any:  # noqa: ANN401
            client = await self._clients.client(self._service)
            return await getattr(client, operation)(**arguments)

        return call

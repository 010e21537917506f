"""The one-shot job that makes the groups and the demo accounts."""

from __future__ import annotations

from typing import get_args

from accounts.seed.repository import SeedRepository
from accounts.settings import Group, SeedSettings
from portico_kit.aws import AwsClients
from portico_kit.telemetry import get_logger

log = get_logger(__name__)


async def seed(settings: SeedSettings) -> None:
    """Make what is missing and mend what differs; running it again changes nothing."""
    async with AwsClients(settings) as clients:
        repository = SeedRepository(clients, user_pool_id=settings.user_pool_id)
        for group in get_args(Group):
            await repository.ensure_group(group)
        for account in settings.demo_accounts:
            await repository.ensure_user(account)
            await repository.ensure_only_group(account.email, account.role)
    log.info("seeded", extra={"demo_accounts": len(settings.demo_accounts)})

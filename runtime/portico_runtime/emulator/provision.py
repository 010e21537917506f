"""Fills the emulator from the CDK's templates, through CloudFormation, as a deployment fills an account.

Safe to repeat: a stack is created, updated or left as it is. What the emulator drops from a template is set
by API afterwards (the tables' time to live), and what lies outside the templates on AWS too: assets, sender.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from portico_runtime.emulator.synthesis import templates
from portico_topology import SYSTEM

ACCOUNT = "000000000000"
REGION = "eu-west-1"
STACKS = ("Portico-Identity", "Portico-Tables", "Portico-Workflows")
ASSETS_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
STACK_TIMEOUT_S = 60
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same archive


class ProvisionError(RuntimeError):
    """The emulator did not take a stack; the message says which, and why."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Keys of the emulator's account."""

    access_key_id: str = "test"
    secret_access_key: str = "test"  # noqa: S105  the emulator's own root

    def environment(self, endpoint_url: str) -> dict[str, str]:
        """Return the variables that point an AWS client at the emulator."""
        return {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What the stacks made, as services need to know it."""

    user_pool_id: str
    client_id: str
    issuer: str
    jwks_url: str
    tables: dict[str, str]
    call_partner_arn: str
    checkout_arn: str
    function_name: str


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the function calls, and the secrets that it shows there."""

    boxoffice_url: str
    accounts_url: str
    payments_url: str
    notifications_url: str
    internal_token: str
    partner_api_key: str

    def parameters(self) -> list[dict[str, str]]:
        """Return the parameters of the workflows' stack."""
        values = {
            "BoxofficeUrl": self.boxoffice_url,
            "AccountsUrl": self.accounts_url,
            "PaymentsUrl": self.payments_url,
            "NotificationsUrl": self.notifications_url,
            "InternalToken": self.internal_token,
            "PartnerApiKey": self.partner_api_key,
        }
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


class Account:
    """The emulator's account, seen through botocore."""

    def __init__(self, endpoint_url: str, credentials: Credentials) -> None:
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._session = botocore.session.get_session()

    def client(self, service: str) -> Any:  # noqa: ANN401  botocore makes its classes at run time
        """Return a client with deadlines."""
        config = Config(
            connect_timeout=2,
            read_timeout=30,
            retries={"total_max_attempts": 3, "mode": "standard"},
            inject_host_prefix=False,  # "sync-127.0.0.1" is no host
        )
        return self._session.create_client(
            service,
            endpoint_url=self._endpoint_url,
            region_name=REGION,
            aws_access_key_id=self._credentials.access_key_id,
            aws_secret_access_key=self._credentials.secret_access_key,
            config=config,
        )


def provision(endpoint_url: str, credentials: Credentials, targets: Targets, *, sender: str) -> Resources:
    """Bring the emulator to what the templates say, and return what is there."""
    folder = templates()
    account = Account(endpoint_url, credentials)
    cloudformation = account.client("cloudformation")
    upload_assets(account, folder)
    outputs: dict[str, str] = {}
    for name in STACKS:
        parameters = targets.parameters() if name.endswith("Workflows") else []
        template = compact((folder / f"{name}.template.json").read_text())
        outputs |= deploy_stack(cloudformation, name, template, parameters)
    set_times_to_live(account, outputs)
    account.client("ses").verify_email_identity(EmailAddress=sender)
    return resources_of(endpoint_url, outputs)


def resources_of(endpoint_url: str, outputs: Mapping[str, str]) -> Resources:
    """Return the stacks' outputs by the names that we use."""
    pool = outputs["UserPoolId"]
    return Resources(
        user_pool_id=pool,
        client_id=outputs["UserPoolClientId"],
        issuer=f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
        jwks_url=f"{endpoint_url}/{pool}/.well-known/jwks.json",
        tables={table.name: outputs[f"{table.name.title()}Table"] for table in SYSTEM.tables},
        call_partner_arn=outputs["CallPartnerStateMachineArn"],
        checkout_arn=outputs["CheckoutStateMachineArn"],
        function_name=outputs["CallPartnerFunctionName"],
    )


def upload_assets(account: Account, folder: Path) -> None:
    """Put each asset where the templates look for it, as the CDK's bootstrap and publishing do."""
    storage = account.client("s3")
    with contextlib.suppress(ClientError):  # it is there already
        storage.create_bucket(Bucket=ASSETS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for source in sorted(folder.glob("asset.*")):
        key = f"{source.name.removeprefix('asset.')}.zip"
        with contextlib.suppress(ClientError):
            storage.head_object(Bucket=ASSETS_BUCKET, Key=key)
            continue
        storage.put_object(Bucket=ASSETS_BUCKET, Key=key, Body=archive(source))


def archive(folder: Path) -> bytes:
    """Return a folder as a zip file, the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), EPOCH)
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def deploy_stack(
    cloudformation: Any,  # noqa: ANN401
    name: str,
    template: str,
    parameters: list[dict[str, str]],
) -> dict[str, str]:
    """Create or update a stack unless it has this template and these parameters; return its outputs."""
    mark = hashlib.sha256(json.dumps([template, parameters]).encode()).hexdigest()
    existing = describe(cloudformation, name)
    if existing is not None and {"Key": "portico:content", "Value": mark} in existing.get("Tags", []):
        return outputs_of(existing)
    act = cloudformation.create_stack if existing is None else cloudformation.update_stack
    try:
        act(
            StackName=name,
            TemplateBody=template,
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "portico:content", "Value": mark}],
        )
    except ClientError as error:
        raise ProvisionError(f"the emulator refuses the stack {name}: {error}") from error
    return outputs_of(wait_until_complete(cloudformation, name))


def compact(template: str) -> str:
    """Return a template without white space: CloudFormation takes 51,200 characters in a request."""
    return json.dumps(json.loads(template), separators=(",", ":"))


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401
    """Return a stack, or None if there is none."""
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    return None if stack["StackStatus"].startswith("DELETE") else stack


def wait_until_complete(cloudformation: Any, name: str) -> dict[str, Any]:  # noqa: ANN401
    """Wait for a stack to be done; `ProvisionError` if it failed or takes too long."""
    deadline = time.monotonic() + STACK_TIMEOUT_S
    while time.monotonic() < deadline:
        stack = describe(cloudformation, name)
        status = stack["StackStatus"] if stack else "absent"
        if stack and status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return stack
        if "ROLLBACK" in status or status.endswith("FAILED"):
            raise ProvisionError(
                f"the emulator refuses the stack {name}: {failures_of(cloudformation, name)}"
            )
        time.sleep(0.02)
    raise ProvisionError(f"the stack {name} is not done after {STACK_TIMEOUT_S} s")


def failures_of(cloudformation: Any, name: str) -> str:  # noqa: ANN401
    """Return the first reasons why a stack failed."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if "FAILED" in event["ResourceStatus"]]
    return "; ".join(event.get("ResourceStatusReason", "no reason given") for event in failed[:3])


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's outputs by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def set_times_to_live(account: Account, outputs: Mapping[str, str]) -> None:
    """Set what the emulator's CloudFormation leaves out of a table."""
    dynamodb = account.client("dynamodb")
    for table in SYSTEM.tables:
        if table.ttl_attribute:
            with contextlib.suppress(ClientError):  # it is set already
                dynamodb.update_time_to_live(
                    TableName=outputs[f"{table.name.title()}Table"],
                    TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
                )

"""The user pool as it will be on AWS."""

from __future__ import annotations

from infra.tests.conftest import Synthesis
from portico_topology import SYSTEM

POOL, CLIENT, GROUP = (f"AWS::Cognito::{kind}" for kind in ("UserPool", "UserPoolClient", "UserPoolGroup"))


def test_passwords_are_long_and_addresses_confirmed(synthesis: Synthesis) -> None:
    (pool,) = synthesis.resources("Identity", POOL).values()
    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireLowercase": True,
        "RequireUppercase": True,
        "RequireNumbers": True,
        "RequireSymbols": False,
    }
    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def test_a_second_factor_is_an_app_and_never_a_message(synthesis: Synthesis) -> None:
    (pool,) = synthesis.resources("Identity", POOL).values()
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert "SmsConfiguration" not in pool


def test_the_pool_outlives_its_stack(synthesis: Synthesis) -> None:
    synthesis.assertions("Identity").has_resource(
        POOL,
        {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"DeletionProtection": "ACTIVE"},
        },
    )


def test_the_client_signs_in_without_secret_and_tells_nothing_of_who_exists(synthesis: Synthesis) -> None:
    (client,) = synthesis.resources("Identity", CLIENT).values()
    assert set(client["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert client["AllowedOAuthFlowsUserPoolClient"] is False


def test_access_tokens_live_as_long_as_revocations_are_remembered(synthesis: Synthesis) -> None:
    (client,) = synthesis.resources("Identity", CLIENT).values()
    assert client["AccessTokenValidity"] == client["IdTokenValidity"] == 30
    assert client["RefreshTokenValidity"] == 30 * 24 * 60
    assert set(client["TokenValidityUnits"].values()) == {"minutes"}


def test_the_groups_are_the_topologys_the_mightiest_first(synthesis: Synthesis) -> None:
    groups = synthesis.resources("Identity", GROUP).values()
    ordered = sorted(groups, key=lambda group: group["Precedence"])
    assert [group["GroupName"] for group in ordered] == list(reversed(SYSTEM.groups))

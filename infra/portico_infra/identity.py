"""Who the users are: the Cognito user pool, its groups and its one client."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from portico_topology import System

PASSWORD_LENGTH_MIN = 12
ACCESS_TOKEN_LIFETIME = Duration.minutes(30)  # the kit's revocation feed looks back as far
REFRESH_TOKEN_LIFETIME = Duration.days(30)


class IdentityStack(Stack):
    """The user pool. People sign themselves up; their address is confirmed by a mailed code."""

    def __init__(
        self,
        scope: Construct,
        identifier: str,
        *,
        system: System,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(scope, identifier, **options)
        self.pool = cognito.UserPool(
            self,
            "UserPool",
            user_pool_name=f"{system.name}-users",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True),
                fullname=cognito.StandardAttribute(required=False, mutable=True),
                locale=cognito.StandardAttribute(required=False, mutable=True),
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=PASSWORD_LENGTH_MIN,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=False,  # length helps more: NIST SP 800-63B, section 3.1.1.2
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        for precedence, group in enumerate(reversed(system.groups)):
            cognito.CfnUserPoolGroup(
                self,
                f"Group{group.title()}",
                group_name=group,
                user_pool_id=self.pool.user_pool_id,
                precedence=precedence,
            )
        self.client = self.pool.add_client(
            "Client",
            user_pool_client_name=f"{system.name}-accounts",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=ACCESS_TOKEN_LIFETIME,
            id_token_validity=ACCESS_TOKEN_LIFETIME,
            refresh_token_validity=REFRESH_TOKEN_LIFETIME,
        )
        CfnOutput(self, "UserPoolId", value=self.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=self.client.user_pool_client_id)

"""Authentication service: accounts and sessions over Cognito."""

"""Fixtures that start real components, shared by every test folder."""

pytest_plugins = [
    "tests.fixtures.postgres",
    "tests.fixtures.emulator",
    "tests.fixtures.system",
    "tests.fixtures.browser",
]

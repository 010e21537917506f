"""The local machine: supervisor, zones, Envoy, PostgreSQL, emulator, command line."""

"""The committed OpenAPI documents, held against real answers."""

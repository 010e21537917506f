"""Events: flexible documents in DynamoDB, with a durable copy in PostgreSQL."""

"""External microservice 2: e-mail with tickets, of a foreign company."""

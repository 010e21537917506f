"""External microservice 1: card charges and refunds of a foreign company."""

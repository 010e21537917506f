"""Events and seats to begin with."""

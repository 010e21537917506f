"""How every call to the user pool is made and what its refusals mean."""

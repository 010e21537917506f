"""The figures that must add up."""

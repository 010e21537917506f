"""Holds: seats kept for a buyer for some minutes, all or nothing."""

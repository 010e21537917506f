"""Handing a message to SES."""

from __future__ import annotations

from notifications.emails.delivery.repository import Delivery, MessageRefused

__all__ = ["Delivery", "MessageRefused"]

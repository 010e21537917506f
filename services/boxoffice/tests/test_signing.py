"""Ticket codes: ours are accepted, everything else is not."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from boxoffice.tickets.signing import TicketSigner, verify
from portico_kit.ids import new_id
from services.boxoffice.tests.house import SIGNING_KEY


def test_a_changed_code_is_not_ours() -> None:
    signer = TicketSigner(SIGNING_KEY)
    ticket_id = new_id()
    qr = signer.qr(ticket_id)
    assert verify(signer.public_key, qr) == ticket_id
    other = signer.qr(new_id())
    forged = ".".join((*other.split(".")[:2], qr.split(".")[2]))
    for code in (forged, qr[:-4], qr.replace("TQ1", "TQ2"), "TQ1.a.b", ""):
        assert verify(signer.public_key, code) is None


def test_a_code_of_another_key_is_not_ours() -> None:
    qr = TicketSigner(SIGNING_KEY).qr(new_id())
    assert verify(Ed25519PrivateKey.generate().public_key(), qr) is None


@pytest.mark.parametrize("code", ["TQ1", "TQ1.", "TQ1..", "TQ1.é.é", "TQ1.AA.AA", "x" * 10_000, "\0.\0.\0"])
def test_what_is_no_code_is_not_ours(code: str) -> None:
    assert verify(TicketSigner(SIGNING_KEY).public_key, code) is None

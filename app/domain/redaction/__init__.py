"""Redaction: what must not leave is replaced by a placeholder that stays the same for the whole incident."""

from app.domain.redaction.redactor import Redacted, Redactor

__all__ = ["Redacted", "Redactor"]

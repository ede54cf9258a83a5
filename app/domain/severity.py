"""How bad it is, from SEV1 (everyone) to SEV4 (look tomorrow)."""

from enum import IntEnum

from app.domain.errors import BadInput

_WORDS = {
    "critical": 1, "page": 1, "fatal": 1, "emergency": 1, "disaster": 1, "p1": 1,
    "error": 2, "high": 2, "major": 2, "p2": 2,
    "warning": 3, "warn": 3, "average": 3, "medium": 3, "minor": 3, "ticket": 3, "p3": 3,
    "info": 4, "low": 4, "notice": 4, "none": 4, "p4": 4, "p5": 4,
}  # fmt: skip


class Severity(IntEnum):
    """Lower is worse; if in doubt the worse one."""

    SEV1 = 1
    SEV2 = 2
    SEV3 = 3
    SEV4 = 4

    @classmethod
    def parse(cls, text: str) -> "Severity":
        """Reads `1`, `sev1` or `SEV-1`; raises BadInput."""
        digits = text.strip().lower().removeprefix("sev").strip("-_ ")
        if digits in {"1", "2", "3", "4"}:
            return cls(int(digits))
        raise BadInput(f"'{text}' is not a severity.", "Use sev1 (worst) to sev4.")

    @classmethod
    def from_label(cls, text: str) -> "Severity":
        """The severity behind an alert's label; an unknown word counts as SEV3.

        An alert's `critical` opens a SEV2: SEV1 means customers cannot work at all, and a person says so.
        """
        word = _WORDS.get(text.strip().lower())
        if word is None:
            return cls.SEV3
        return cls(max(word, 2))

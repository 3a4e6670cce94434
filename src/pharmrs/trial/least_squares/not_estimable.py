"""What cannot be computed from the data at hand is an outcome with a reason, told by this exception."""

from __future__ import annotations

from pharmrs.core.errors import PharmrsError


class NotEstimable(PharmrsError):
    """A model or test that these data do not support; the message is the stated outcome. Never a silent fallback."""

"""The gateway before the versions of one deployment: it splits, counts, mirrors and logs, and loses no request."""

ANNOUNCED = "gateway.json"
"""Where a running gateway says, to its owner only, at which address it is told and asked."""

"""The gateway before the versions of one deployment: it splits, counts, mirrors and logs, and loses no request."""

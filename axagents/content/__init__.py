"""The shipped content: beside this file in a wheel, at the top of the checkout in development."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_IN_WHEEL = any((_HERE / kind).is_dir() for kind in ("personas", "tools", "prompts", "memory"))
SHIPPED = _HERE if _IN_WHEEL else _HERE.parent.parent

__path__ = [str(SHIPPED)]

"""The shipped content: beside this file in a wheel, at the top of the checkout in development."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
SHIPPED = _HERE if (_HERE / "personas").is_dir() else _HERE.parent.parent

__path__ = [str(SHIPPED)]

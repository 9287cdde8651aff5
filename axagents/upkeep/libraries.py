"""Load every heavy library once, and open the stores as a command would."""

import time
from collections.abc import Iterator
from importlib import import_module

from axagents.upkeep.check import Check

LIBRARIES = """
    numpy pandas scipy pyarrow duckdb sklearn xgboost optuna matplotlib skops langgraph.graph chromadb mlflow evidently
    anthropic openai
""".split()


def check_libraries() -> Iterator[Check]:
    """Yield for each library whether it loads, and how long that takes alone or after those before it."""
    for name in LIBRARIES:
        began = time.process_time()
        try:
            import_module(name)
        except (ImportError, OSError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            found = f"does not load: {type(error).__name__}: {error}"
            yield Check(
                name=f"library {name}", state="wrong", found=found, hint="pip install -c requirements.lock -e ."
            )
        else:
            yield Check(name=f"library {name}", state="ok", found=f"loads in {time.process_time() - began:.1f} s")

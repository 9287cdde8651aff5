"""Put a real recording of the main job into README.md, between its marks: `make recording`."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
README = CHECKOUT / "README.md"
MARKS = ("<!-- recording: made by `make recording` -->", "<!-- end of recording -->")
QUERY = """{"query": "Build a churn prediction model using the customer dataset"}"""


def record() -> str:
    """Run the main job in a new folder and return what a person sees of it."""
    ax = str(Path(sys.executable).parent / "ax")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ax, "init", "--demo", "churn"], cwd=folder, check=True, capture_output=True)
        command = [ax, "agent", "run", "data-scientist", "--input", QUERY]
        done = subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    return f"$ ax agent run data-scientist --input '{QUERY}'\n{done.stdout.strip()}"


def main() -> None:
    """Replace what stands between the marks."""
    text = README.read_text(encoding="utf-8")
    block = f"{MARKS[0]}\n```console\n{record()}\n```\n{MARKS[1]}"
    pattern = re.compile(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", re.DOTALL)
    README.write_text(pattern.sub(lambda _: block, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()

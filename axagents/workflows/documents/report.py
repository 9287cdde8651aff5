"""A written document, as a person reads of it at a terminal."""

from axagents.workflows.documents.request import DocumentResult


def report_text(result: DocumentResult) -> str:
    """Return the report of write-document."""
    lines = [
        f"{result.title}: {result.words:,} words, {len(result.sources)} facts with their sources.",
        f"  {result.path}",
    ]
    lines += [f"published as {result.published}"] if result.published else []
    if result.missing:
        lines += ["", "not known, and said so in the document:"]
        for each in result.missing:
            lines += [f"  {each.what}", *([f"    {each.command}"] if each.command else [])]
    if result.unverified_numbers:
        lines += ["", f"numbers in the notes that no fact is: {', '.join(result.unverified_numbers)}"]
    lines += [] if result.published else ["", f"to publish it: {result.publish_command}"]
    return "\n".join(lines)

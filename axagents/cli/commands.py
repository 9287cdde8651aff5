"""The commands of `ax`, by name: where each lives and its line of help, so that `ax --help` imports none of them."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One top-level command; `module` holds its Typer `app`."""

    module: str
    help: str


COMMANDS = {
    "init": Entry("axagents.cli.init", "Make a project here, or with --demo a whole example world."),
    "run": Entry("axagents.cli.run", "Run a workflow."),
    "list": Entry("axagents.cli.list", "List the workflows and their required fields."),
    "agent": Entry("axagents.cli.agent", "Run the persona agents, or look at them."),
    "chat": Entry("axagents.cli.chat.command", "Talk with the personas."),
    "call": Entry("axagents.cli.call", "Ask a language model, or the offline planner, with the tools that only read."),
    "memory": Entry("axagents.cli.memory", "Store, find and tidy what should be remembered."),
    "data": Entry("axagents.cli.data", "Keep the catalog of datasets."),
    "features": Entry("axagents.cli.features", "Look at feature sets and their values."),
    "experiments": Entry("axagents.cli.experiments", "Look at experiments and compare them."),
    "registry": Entry("axagents.cli.registry", "Look at registered models and change their stage."),
    "outcomes": Entry("axagents.cli.outcomes", "Tell what became true of predictions."),
    "deploy": Entry("axagents.cli.deploy", "Look at deployments, promote, abort, roll back, stop."),
    "serve": Entry("axagents.cli.serve", "Keep this project's deployments running."),
    "runs": Entry("axagents.cli.runs", "List, show, resume, abandon and undo runs."),
    "approve": Entry("axagents.cli.approve", "Approve what an agent asked for."),
    "deny": Entry("axagents.cli.deny", "Deny what an agent asked for."),
    "eval": Entry("axagents.cli.eval", "Measure what the agents can do, on seeded worlds."),
    "doctor": Entry("axagents.cli.doctor", "Check that this machine and this project are in order."),
    "config": Entry("axagents.cli.config", "Show and change the settings."),
    "mcp": Entry("axagents.cli.mcp", "Serve the tools to MCP clients."),
    "trust": Entry("axagents.cli.trust", "Trust this project's own content, and its MCP servers."),
    "backup": Entry("axagents.cli.backup", "Write the project's state into one file."),
    "restore": Entry("axagents.cli.restore", "Bring the project's state back from a backup."),
    "gc": Entry("axagents.cli.gc", "Remove what the retentions say is too old."),
}

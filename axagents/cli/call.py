"""`ax call`: one question in plain words, with the tools that only read."""

import re
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from axagents.cli.agent import show_plan, show_run
from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, show_error
from axagents.errors import AxError, ProviderError, UserError, nearest
from axagents.progress import note
from axagents.ways import Ways, using_ways, ways

if TYPE_CHECKING:
    from axagents.agents.iterating import Iterated
    from axagents.agents.opening import Desk
    from axagents.agents.request import Request
    from axagents.project import Project

app = group()

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_SHOWN = 300
"""Letters of a prompt that are written out in a command; a longer one is to be piped again."""

ProviderArgument = Annotated[
    str, typer.Argument(metavar="PROVIDER", help="claude, openai, offline, another of ax.toml, or auto.")
]
PromptArgument = Annotated[str | None, typer.Argument(metavar="PROMPT", help="What to ask; - or nothing for a pipe.")]
FilesOption = Annotated[list[str] | None, typer.Option(metavar="FILE", help="Put a text behind the prompt; - a pipe.")]
SystemOption = Annotated[str | None, typer.Option(metavar="TEXT", help="How to answer; @FILE reads it.")]
IterateOption = Annotated[bool, typer.Option("--iterate", help="Work on until it is done, or a limit is reached.")]
IterationsOption = Annotated[int | None, typer.Option(min=1, help="With --iterate; 20 by default.")]
TimeOption = Annotated[
    str | None, typer.Option("--max-time", "--deadline", metavar="TIME", help="90s, 5m; with --iterate 5m by default.")
]
TapeOption = Annotated[str | None, typer.Option(metavar="FILE", help="Write every exchange with the provider.")]


@command(app, "call", project=Need.NONE)
def call(
    provider: ProviderArgument,
    prompt: PromptArgument = None,
    *,
    file: FilesOption = None,
    model: Annotated[str | None, typer.Option(help="Another model than the provider's own.")] = None,
    system: SystemOption = None,
    iterate: IterateOption = False,
    max_iterations: IterationsOption = None,
    max_time: TimeOption = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Model turns and tool calls at most.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0, metavar="USD", help="US dollars at most.")] = None,
    session: Annotated[str | None, typer.Option(help="Go on with this conversation.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Take one planning turn and call nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what the offline planner weighed.")] = False,
    record: TapeOption = None,
    replay: Annotated[str | None, typer.Option(metavar="FILE", help="Let recorded exchanges answer.")] = None,
) -> Shown:
    """Ask one question in plain words; whatever the answer takes, nothing is changed."""
    from axagents.agents.opening import CALL, open_desk
    from axagents.agents.request import Request
    from axagents.project import project_here

    seconds, words = _read_time(max_time), _read_prompt(provider, prompt)
    request = Request(CALL, words, provider, session, max_steps, seconds, model=model, max_usd=max_usd)
    request = replace(request, record=record, replay=replay, system=_read_system(system), attached=_read_files(file))
    rounds = _rounds(max_iterations, iterate=iterate)
    with _somewhere(session) as project, using_ways(_CallWays(words, is_kept=project_here() is not None)):
        if replay is None:
            _check_provider(project, provider, words)
        desk = open_desk(project, request)
        _check_reader(desk, request)
        if project_here() is None:
            note("no project here (no ax.toml in this folder or above): tools that look into one will say so")
        return show_plan(desk, request, dry_run=dry_run, explain=explain) or _work(desk, request, rounds)


def _work(desk: "Desk", request: "Request", rounds: int | None) -> Shown:
    # Loads LangGraph, so only once it is sure that there is something to run.
    if rounds is None:
        from axagents.agents.run import run_agent

        return show_run(run_agent(desk.project, request, desk=desk))
    from axagents.agents.iterating import iterate

    return _show_iterated(iterate(desk, request, rounds))


def _show_iterated(done: "Iterated") -> Shown:
    """Show the best answer; where a limit or an error ended the work, tell it and end with its exit code."""
    best, stopped = done.best, done.stopped
    shown = show_run(best)
    data = {
        **best.model_dump(mode="json"),
        "calls": [call for each in done.runs for call in each.calls],
        **asdict(done.spent),
        "iterations": [{"run_id": each.run_id, "status": each.status, "answer": each.answer} for each in done.runs],
    }
    if stopped is None:
        return replace(shown, data=data)
    show_error(stopped, as_json=False)
    data |= {"status": "failed", "error": stopped.as_dict()}
    return replace(shown, data=data, exit_code=stopped.exit_code, verdict="failed")


def _rounds(iterations: int | None, *, iterate: bool) -> int | None:
    if iterations is not None and not iterate:
        raise UserError("--max-iterations goes with --iterate", field="--max-iterations")
    if not iterate:
        return None
    from axagents.agents.iterating import ITERATIONS

    return iterations or ITERATIONS


def _read_time(text: str | None) -> float | None:
    """Return seconds from 90, 90s, 5m or 1h."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?", text.strip())
    seconds = float(found.group(1)) * _UNITS[found.group(2) or ""] if found else 0.0
    if seconds <= 0:
        raise UserError(f"--max-time takes a time such as 90s, 5m or 1h, not {text!r}", field="--max-time")
    return seconds


def _read_prompt(provider: str, prompt: str | None) -> str:
    from axagents.cli.piped import EXPECTED_SECONDS, read_pipe

    if prompt is None:
        words = read_pipe("PROMPT", instead=f'ax call {provider} "..."')
    elif prompt == "-":
        words = read_pipe("PROMPT", instead=f'ax call {provider} "..."', patience=EXPECTED_SECONDS)
    else:
        words = prompt
    if words.strip() in ("", "...", "…"):
        raise UserError("PROMPT must say what is wanted", field="PROMPT", hint="ax call --help")
    return words.strip()


def _read_system(text: str | None) -> str:
    from axagents.cli.piped import read_file

    return read_file(Path(text[1:]), "--system") if text and text.startswith("@") else text or ""


def _read_files(names: list[str] | None) -> str:
    from axagents.cli.attached import read_attached, write_attached

    files = [read_attached(name) for name in names or []]
    for each in files:
        note(f"behind the prompt: {each.told()}")
    return write_attached(files)


@contextmanager
def _somewhere(session: str | None) -> Generator["Project"]:
    """Give the project of this folder, or one for the time being in which tools find that there is none."""
    from axagents.project import create_project, project_here, use_project

    found = project_here()
    if found is not None:
        with use_project(found):
            yield found
        return
    if session is not None:
        raise UserError("--session needs a project, which keeps conversations", field="--session", hint="ax init")
    with TemporaryDirectory(prefix="ax-call-") as folder:
        try:
            yield create_project(Path(folder))
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None
        except AxError as error:
            # The run is gone when this command ends, so nothing can be shown or resumed.
            error.hint = None if (error.hint or "").startswith("ax runs") else error.hint
            raise


class _CallWays(Ways):
    """The ways of `ax call`, on a prompt; without a project no conversation is kept to go on with."""

    time = "--max-time"

    def __init__(self, prompt: str, *, is_kept: bool) -> None:
        self.offline = f"ax call offline {shlex.quote(prompt) if len(prompt) <= _SHOWN else '-'}"
        self._is_kept = is_kept

    def to_answer(self, persona: str, session: str, answer: str) -> str:
        del persona
        return f"ax call offline --session {session} {shlex.quote(answer)}" if self._is_kept else ""


def _check_provider(project: "Project", name: str, prompt: str) -> None:
    """Stop where the provider is not to be had, with the command that works.

    Raises:
        ProviderError: there is none of that name, or its key is not there.
    """
    from axagents.llm.providers import find_endpoint

    if name in ("auto", "offline") or name.startswith("script:"):
        return
    offline = ways().offline
    try:
        endpoint = find_endpoint(name, project.settings.providers)
    except ProviderError as error:
        if error.field == "--provider":
            near = nearest(name, error.legal)
            error.field, error.hint = "PROVIDER", f"ax call {near[0]} {shlex.quote(prompt)}" if near else offline
        raise
    if endpoint.key_variable and not endpoint.key:
        raise ProviderError(
            f"{name} needs a key, and {endpoint.key_variable} is not set",
            field="PROVIDER",
            hint=f"export {endpoint.key_variable}=..., or without a language model: {offline}",
        )


def _check_reader(desk: "Desk", request: "Request") -> None:
    if desk.provider.name != "offline":
        return
    if request.attached:
        raise UserError("the offline planner reads no files: --file takes a language model", field="--file")
    if request.system:
        note("the offline planner takes no instructions: --system is left out")

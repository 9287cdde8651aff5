"""Providers by name: the shipped list, ax.toml over it, keys, prices, and which one `auto` is."""

import subprocess
import sys
from pathlib import Path

import pytest

from axagents.errors import ProviderError, UserError
from axagents.llm.providers import automatic_provider, find_endpoint, key_variables, open_provider
from axagents.llm.scripted import ScriptedModel, read_script
from axagents.llm.tape import Recorder
from axagents.llm.turn import Provider, Usage
from axagents.settings import Prices, ProviderSettings

SHIPPED = ["claude", "openai", "gemini", "grok", "qwen", "glm", "ollama", "vllm"]


def test_the_shipped_list_is_whole() -> None:
    assert list(key_variables({})) == SHIPPED
    for name in SHIPPED:
        endpoint = find_endpoint(name, {})
        assert endpoint.prices is not None
        assert endpoint.context_window or endpoint.key_variable is None


def test_ax_toml_overrides_field_by_field_and_adds() -> None:
    own = {
        "claude": ProviderSettings(base_url="http://127.0.0.1:1/", model="claude-opus-5-5"),
        "mine": ProviderSettings(base_url="http://127.0.0.1:2/v1", model="m", prices=Prices(input=1, output=2)),
    }
    claude, mine = find_endpoint("claude", own), find_endpoint("mine", own)
    assert (claude.kind, claude.base_url, claude.key_variable) == (
        "anthropic",
        "http://127.0.0.1:1",
        "ANTHROPIC_API_KEY",
    )
    assert (claude.model, claude.prices and claude.prices.input) == ("claude-opus-5-5", 4)
    assert (mine.kind, mine.key_variable, mine.cost(Usage(input=1000, output=500))) == ("openai", None, 0.002)
    assert (
        find_endpoint("openai", {}, model="gpt-5.4-2026-03-05").prices
        == find_endpoint("openai", {}, model="gpt-5.4").prices
    )
    assert find_endpoint("openai", {}, model="gpt-5.4-nano").prices is None


def test_the_usual_variable_of_an_address_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    assert find_endpoint("claude", {}).base_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_the_variable_and_the_offline_way_are_told(
    monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    if key is not None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY is not set; --provider offline") as caught:
        open_provider("claude", {})
    assert caught.value.exit_code == 4


def test_local_endpoints_need_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert open_provider("ollama", {}).name == "ollama"


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ProviderError, match="did you mean claude") as caught:
        open_provider("claud", {})
    assert "claude" in caught.value.legal
    with pytest.raises(ProviderError, match="there is offline, claude, openai, gemini"):
        open_provider("xyz", {})


def test_an_added_endpoint_without_a_model_is_told() -> None:
    with pytest.raises(ProviderError, match=r"\[providers.mine\] of ax.toml has no model"):
        open_provider("mine", {"mine": ProviderSettings(base_url="http://127.0.0.1:1")})


def test_auto_is_the_setting_then_a_key_then_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    assert automatic_provider("ollama", {}) == "ollama"
    assert automatic_provider("auto", {}) == "claude"
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert automatic_provider("auto", {}) == "openai"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert automatic_provider("auto", {}) == "offline"


def test_a_library_is_loaded_when_it_is_needed() -> None:
    code = (
        "import os, sys; os.environ['ANTHROPIC_API_KEY'] = 'x'\n"
        "from axagents.llm.providers import load_library, open_provider\n"
        "open_provider('claude', {})\n"
        "assert not {'anthropic', 'openai', 'httpx2'} & set(sys.modules)\n"
        "load_library('openai', {})\n"
        "assert 'openai' in sys.modules and 'anthropic' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_script_that_is_none_is_told_by_the_option_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("no turn\n")
    for path in (tmp_path / "nowhere.jsonl", tmp_path / "bad.jsonl"):
        with pytest.raises(UserError) as raised:
            read_script(path)
        assert raised.value.field == "--provider"


def test_whoever_thinks_says_whether_a_turn_costs_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    thinking: list[Provider] = [open_provider("openai", {}), ScriptedModel([]), open_provider("ollama", {})]
    recorded = [Recorder(each, tmp_path / "tape").is_paid for each in thinking]
    assert [each.is_paid for each in thinking] == recorded == [True, False, False]

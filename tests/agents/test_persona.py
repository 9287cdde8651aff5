"""Personas are content: checked, overlaid, told by name when something is wrong."""

import pytest

from axagents.agents.persona import list_personas, load_persona
from axagents.agents.prompting import render_prompt
from axagents.catalog import open_catalog
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.trust import read_holding, record_trust


def test_the_four_personas_are_there() -> None:
    personas = {each.id: each for each in list_personas(open_catalog(None))}
    assert list(personas) == ["data-scientist", "ml-engineer", "mlops-engineer", "writer"]
    assert personas["mlops-engineer"].motto == "Automate everything. Monitor everything. Trust nothing."
    for each in personas.values():
        assert set(each.may_ask) <= set(personas) - {each.id}
        assert len(each.examples) >= 3


def test_instructions_are_rendered_with_the_persona() -> None:
    catalog = open_catalog(None)
    persona = load_persona(catalog, "mlops-engineer")
    text = render_prompt(catalog, persona.prompt, {"persona": persona.model_dump()})
    assert "Trust nothing." in text
    assert "{{r1.metrics.auc_roc.mean}}" in text


def test_an_unknown_persona_is_told() -> None:
    with pytest.raises(NotFound, match="no persona called 'data-scientst'; did you mean data-scientist"):
        load_persona(open_catalog(None), "data-scientst")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("lab-count", "lab-cuont"), "no tool, which tester.yaml names, called 'lab-cuont'; did you mean lab-count"),
        (("prompt: persona", "prompt: perosna"), "no prompt, which tester.yaml names, called 'perosna'"),
        (("id: tester", "id: another"), "by the file's name it must be 'tester'"),
        (("motto: Try it.", "motto: ..."), "motto: must not be empty|placeholder"),
        (("words: [try]", "wrods: [try]"), "wrods"),
        (("lab-note, lab-flip", "lab-note, lab-note"), "'lab-note' stands there twice"),
    ],
    ids=["tool", "prompt", "id", "placeholder", "field", "twice"],
)
def test_what_is_wrong_in_a_persona_is_told(lab: Project, change: tuple[str, str], told: str) -> None:
    path = lab.root / "personas" / "tester.yaml"
    path.write_text(path.read_text().replace(*change))
    record_trust(read_holding(lab.root))
    with pytest.raises(UserError, match=told):
        load_persona(open_catalog(lab), "tester")

"""Hold everything that the planner knows of tools, commands and personas, as what a ranking looks up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from axagents.llm.offline.content import CommandContent, Synonyms, ToolContent
from axagents.llm.offline.examples import Examples, Phrases, stems_of
from axagents.llm.offline.opening import opening
from axagents.llm.offline.text import COURTESY, stem, tokenise

_FREE = ("searched", "remembered", "handed", "text", "topic", "params")
KIND_OF = {
    "test": ("test",),
    "experiment": ("experiment", "experiments"),
    "path": ("path",),
    "dataset": ("dataset",),
}
"""Kinds of names, and the kinds of arguments that take them."""


@dataclass(frozen=True)
class Vocabulary:
    """What is known of tools, commands and personas.

    Attributes:
        commands: by their names, such as "ax data list".
        personas: the names that each persona goes by.
        askable: what is known of the tools that ask them.
    """

    tools: Mapping[str, ToolContent]
    synonyms: Synonyms
    commands: Mapping[str, CommandContent] = field(default_factory=dict[str, CommandContent])
    personas: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    askable: Mapping[str, ToolContent] = field(default_factory=dict[str, ToolContent])

    def content(self, tool: str) -> ToolContent | None:
        """Return what is known of a tool, or of one that asks a persona."""
        return self.tools.get(tool) or self.askable.get(tool)

    def needed(self, tool: str) -> ToolContent:
        """Return what is known of a tool that the ranking named."""
        return self.askable[tool] if tool in self.askable else self.tools[tool]

    def is_effect(self, tool: str) -> bool:
        """Tell whether a tool changes what others rely on; a command is none."""
        return tool in self.tools and self.tools[tool].is_effect

    @cached_property
    def examples(self) -> Examples:
        return Examples(tuple(self.tools.values()), tuple(self.commands.values()), self.synonyms)

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Return words that are no name although they have hyphens or digits."""
        phrases = [phrase for group in self.synonyms.groups.values() for phrase in group]
        phrases += [phrase for content in self.tools.values() for phrase in self._phrases(content)]
        phrases += [sign for command in self.commands.values() for sign in command.signs]
        words = {word for phrase in phrases for word in phrase.lower().split()}
        return frozenset(words | set(self.synonyms.ordinary.split())) | self.examples.vocabulary

    @cached_property
    def common(self) -> frozenset[str]:
        """Return stems that are never the unknown name of something."""
        said = {one for name in self.tools for verb in self._verb_phrases[name] for one in verb}
        said |= {one for name in self._signs for phrase in self._signs[name].by_stems for one in phrase}
        return self.examples.vocabulary | said | self.everyday | self.functional | COURTESY

    def _phrases(self, content: ToolContent) -> list[str]:
        found = [*content.signs, *content.verbs, *content.not_signs]
        for argument in content.arguments.values():
            found += [*argument.cues, *argument.near, *argument.phrases]
            found += [phrase for phrases in argument.choices.values() for phrase in phrases]
        return found

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Return the stems with which a request may begin."""
        first = {stems_of(verb)[0] for content in self.tools.values() for verb in content.verbs if stems_of(verb)}
        return frozenset(first) | {stem(word) for word in ("show", "tell", "give", "list", "check", "run", "use")}

    @cached_property
    def harmless_verbs(self) -> frozenset[str]:
        """Return the stems of verbs that ask for no tool with an effect; what is misspelt may mean one of these."""
        heads = {name: {verb[0] for verb in self._verb_phrases[name] if verb} for name in self.tools}
        safe = {verb for name, verbs in heads.items() if not self.is_effect(name) for verb in verbs}
        return frozenset(safe - {verb for name, verbs in heads.items() if self.is_effect(name) for verb in verbs})

    @cached_property
    def plain(self) -> frozenset[str]:
        """Return the stems that are nobody's name."""
        return self.everyday | self.functional | self.verbs

    @cached_property
    def reads(self) -> frozenset[str]:
        """Return the tools that only look something up."""
        return frozenset(name for name, content in self.tools.items() if content.touches == "read")

    @cached_property
    def swallows(self) -> Phrases:
        """Return the openings behind which the rest of a sentence is a text, with the tool that each is of."""
        return Phrases.of({name: content.swallows for name, content in self.tools.items()})

    @cached_property
    def _signs(self) -> Mapping[str, Phrases]:
        known = (*self.tools.items(), *self.commands.items())
        return {name: Phrases.of({phrase: [phrase] for phrase in each.signs}) for name, each in known}

    @cached_property
    def _not_signs(self) -> Mapping[str, Phrases]:
        return {name: Phrases.of({phrase: [phrase] for phrase in each.not_signs}) for name, each in self.tools.items()}

    @cached_property
    def _verb_phrases(self) -> Mapping[str, frozenset[tuple[str, ...]]]:
        return {name: frozenset(stems_of(verb) for verb in each.verbs) for name, each in self.tools.items()}

    @cached_property
    def strong_verbs(self) -> Mapping[str, frozenset[tuple[str, ...]]]:
        return {name: frozenset(stems_of(verb) for verb in each.strong_verbs) for name, each in self.tools.items()}

    def owners(self, verb: str) -> set[str]:
        """Return the tools that have a stem for a verb."""
        return {name for name, verbs in self._verb_phrases.items() if any(stems[0] == verb for stems in verbs if stems)}

    @cached_property
    def everyday(self) -> frozenset[str]:
        """Return the stems of everyday words."""
        return frozenset(stem(word) for word in self.synonyms.common.split())

    def words_of(self, tool: str) -> frozenset[str]:
        """Return every stem that one tool's examples and phrases have."""
        return self._words[tool]

    @cached_property
    def _words(self) -> Mapping[str, frozenset[str]]:
        said: defaultdict[str, set[str]] = defaultdict(set)
        for word in self.examples.stems:
            for tool in self.examples.users(word):
                said[tool].add(word)
        for name, content in self.tools.items():
            said[name] |= {one for phrase in self._phrases(content) for one in stems_of(phrase)}
        return {name: frozenset(words) for name, words in said.items()}

    @cached_property
    def _required(self) -> Mapping[str, frozenset[str]]:
        """Return the kinds of the arguments without which each tool cannot be called."""
        return {
            name: frozenset(argument.kind for argument in content.arguments.values() if argument.required)
            for name, content in self.tools.items()
        }

    @cached_property
    def functional(self) -> frozenset[str]:
        """Return stems that say nothing of what a sentence is about."""
        return frozenset(stem(word) for word in self.synonyms.functional.split())

    @cached_property
    def _destructive(self) -> frozenset[str]:
        return frozenset(self.synonyms.destructive.split())

    @cached_property
    def _free(self) -> frozenset[str]:
        """Return the tools that take words of any kind."""
        return frozenset(
            name
            for name, content in self.tools.items()
            if any(argument.kind in _FREE for argument in content.arguments.values())
        )

    @cached_property
    def _never_asked(self) -> frozenset[str]:
        """Return the tools and commands none of whose examples is a question."""
        known = (*self.tools.items(), *self.commands.items())
        return frozenset(name for name, content in known if not any(map(_is_question, content.examples)))

    @cached_property
    def _command_texts(self) -> Mapping[str, str]:
        return {name: f"{each.command} {each.sentences}" for name, each in self.commands.items()}

    @cached_property
    def _takers(self) -> Mapping[str, frozenset[str]]:
        """Return for each kind of name the tools that have an argument for it."""
        return {
            kind: frozenset(
                name
                for name, content in self.tools.items()
                if any(argument.kind in kinds for argument in content.arguments.values())
            )
            for kind, kinds in KIND_OF.items()
        }


def _is_question(line: str) -> bool:
    tokens = tokenise(line.replace("{", " ").replace("}", " "))
    return opening(tokens, 0, len(tokens) - 1).mood == "question"

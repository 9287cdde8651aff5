"""How what to do next is written in a chat: questions are answered by typing on, and much is a command of the chat."""

from axagents.ways import Ways


class ChatWays(Ways):
    """The ways of `ax chat`."""

    def to_answer(self, persona: str, session: str, answer: str) -> str:
        """Write nothing: typing on answers."""
        del persona, session, answer
        return ""

    def to_ask(self, persona: str, query: str) -> str:
        """Write what gives another persona the floor."""
        del query
        return f"/agent {persona}"

    def to_approve(self, approval_id: str, run_id: str) -> str:
        """Write what approves the plan of an effect, and goes on with the turn that wants it."""
        del run_id
        return f"ax approve {approval_id}   # in another terminal, then /continue"

    def to_ask_again(self, persona: str, query: str, plan: str) -> str:
        """Write nothing: the turn goes on."""
        del persona, query, plan
        return ""

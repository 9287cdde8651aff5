"""The refusal of a request that a client can put right."""


class Unfit(Exception):
    """A request that the model cannot answer.

    Args:
        message: what is wrong, in one line.
        field: the column or the key of the body that is to blame.
        status: the HTTP status, 4xx.
    """

    def __init__(self, message: str, *, field: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status

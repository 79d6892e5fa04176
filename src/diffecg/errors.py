"""The one exception that diffecg raises on purpose."""


class DiffecgError(ValueError):
    """Something that the user can put right.

    The message is one line: what is wrong with the value given, the values allowed, the way out.
    The command line prints it and exits with status 1; every other exception is a bug.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # it may quote a name from a file


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

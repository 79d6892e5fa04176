"""The exceptions that diffecg raises."""


class DiffecgError(ValueError):
    """An error that the user can correct.

    The message is one line: the value given, the values allowed, the way out. The command line prints it and
    exits with status 1; any other exception is a bug.

    Example:
        >>> import diffecg
        >>> try:
        ...     diffecg.read_recording("missing.edf")
        ... except diffecg.DiffecgError as error:
        ...     print(error)
        no file at missing.edf
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # names from files may contain line breaks


class MissingDependencyError(DiffecgError, ImportError):
    """An optional dependency is not installed."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM, and has saved its work."""


def one_line(error: BaseException) -> str:
    """Return the message of an exception on one line; the name of its type if the message is empty."""
    return " ".join(str(error).split()) or type(error).__name__

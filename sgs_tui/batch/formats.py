"""The formats by name; apart, so that a command line is read without loading any of them."""

from enum import StrEnum


class Format(StrEnum):
    """How a comparison is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    VENDOR = "vendor"
    HTML = "html"
    JUNIT = "junit"


class AdviceFormat(StrEnum):
    """How advice, and what came of it, is written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class ListFormat(StrEnum):
    """How a list of records or values is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class FailOn(StrEnum):
    """What makes the command end with exit code 1; REGRESSION: only what got worse than the baseline."""

    FAIL = "fail"
    WARN = "warn"
    REGRESSION = "regression"
    NEVER = "never"

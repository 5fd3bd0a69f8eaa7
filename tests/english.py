"""What is still English in a text that should be Chinese: three words in a row that nobody has to type."""

import re
from collections.abc import Container

_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|“[^”]*”")
_TYPED = re.compile(r"^\s*(sgs-tui|export|pip|apt-get)\b.*$|[\w.~-]*[/=][\w./~=-]*|--?[a-z][\w-]*", re.MULTILINE)
"""Commands, paths, options."""
_SENTENCE = re.compile(r"(?<![\w.-])[A-Za-z]+(?:'[a-z]+)?(?:[,;:]? [A-Za-z]+(?:'[a-z]+)?){2,}(?![\w.])")


def sentences_in(text: str) -> list[str]:
    """English sentences, or pieces of them, that people would read."""
    return _SENTENCE.findall(_TYPED.sub("`", _QUOTED.sub("`", text)))


# What a screen shows is mostly no sentences: there each English word is one too many.

KNOWN = frozenset(
    [
        "sample",
        "benchmark",
        "twin",
        "sweep",
        "baseline",
        "dump",
        "dumps",
        "tensor",
        "tensors",
        "shape",
        "scale",
        "batch",
        "top",
        "softmax",
        "relu",
        "bit",
        "bits",
        "op",
        "ops",
        "float",
        "fixed",
        "original",
        "board",
        "integer",
        "string",
        "manual",
        "sop",
        "strict",
        "ok",
        "path",
        "paths",
        "bin",
        "key",
        "keys",
        "id",
        "ids",
        "linux",
        "python",
        "bash",
        "shell",
        "docker",
        "ssh",
        "root",
        "sdk",
        "onnx",
        "onnxruntime",
        "tflite",
        "caffe",
        "numpy",
        "dask",
        "gdb",
        "cmodel",
        "markdown",
        "in",
        "out",
        "both",
        "mean",
        "std",
        "marked",
        "breaks",
        "compare",
        "json",
        "csv",
        "md",
        "html",
        "svg",
        "png",
        "fg",
        "dumpasstring",
        "dumpdonotrecovery",
        "enter",
        "esc",
        "space",
        "tab",
        "pgdn",
        "pgup",
        "home",
        "end",
        "up",
        "down",
        "left",
        "right",
        "shift",
        "ctrl",
        "delete",
        "bksp",
        "db",
        "rmse",
        "cos",
        "mse",
        "sqnr",
        "snr",
        "nan",
        "inf",
        "kb",
        "mb",
        "gb",
        "ms",
        "min",
        "max",
        "conv",
        "int",
        "fp",
        "msb",
        "lsb",
        "macs",
        "mac",
        "dc",
        "ac",
    ]
)
"""Words that stand in Chinese text as they are: terms, what is typed, keys of the keyboard, figures and units."""
_WORD = re.compile(r"(?<![\w./=#<>%@$\\:-])[A-Za-z][a-z']+(?![\w./=#<>%@$\\]|[-:]\w|…|\()")
_FILE_TEXT = re.compile(r"^.*[│ ](\d+ )?[+ -]?#.*$|^.*[│ ]@@ .*$", re.MULTILINE)
"""Lines of configuration files, whose comments are as they were written."""


def words_in(text: str, names: Container[str] = ()) -> list[str]:
    """English words that nobody has to type and that are no `names` (of tensors, files); those in a row in one."""
    runs: list[str] = []
    for line in _FILE_TEXT.sub("", text).splitlines():
        end = -2
        for found in _WORD.finditer(_QUOTED.sub("`", line)):
            if found[0].lower() in KNOWN or found[0] in names:
                continue
            if found.start() - end == 1:
                runs[-1] += f" {found[0]}"
            else:
                runs.append(found[0])
            end = found.end()
    return runs

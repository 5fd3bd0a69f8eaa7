# ruff: noqa: UP031, UP036 (it has to run under Python 2.7 too)

"""Runs a user's preprocess module in a process of its own; started by preprocess.py, never imported.

usage: preprocess_worker.py REQUEST.json

The interpreter may be another one than ours, down to Python 2.7: nothing but the standard library and numpy,
types in comments. REQUEST: module, images, folder, nchw, answer. Each result lands in folder/N.npy, the
verdict in the answer file; whatever the module prints stays on this process's own stdout and stderr.
"""

import json
import os
import sys
import traceback

MYPY = False
if MYPY:
    from typing import Any  # noqa: F401


def load_module(path):
    # type: (str) -> Any
    """The module at `path`; its folder comes first in sys.path, so that its neighbours can be imported."""
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path[0] = os.path.dirname(path)
    if sys.version_info[0] == 2:
        import imp

        return imp.load_source(name, path)
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def accepted(function, wanted):
    # type: (Any, dict[str, bool]) -> dict[str, bool]
    """Those of the `wanted` keywords that `function` takes; all of them where that can not be told."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x08:
        return wanted
    names = code.co_varnames[: code.co_argcount + getattr(code, "co_kwonlyargcount", 0)]
    return {name: value for name, value in wanted.items() if name in names}


def find_function(module, nchw):
    # type: (Any, bool) -> tuple[str, dict[str, bool], str]
    """Name, keywords and layout of the function that the module defines (the vendor's two conventions)."""
    if hasattr(module, "image_preprocess"):
        return "image_preprocess", {"norm": True}, "NHWC"
    if hasattr(module, "get_image"):
        return "get_image", {"norm": True, "nchw": nchw}, "NCHW" if nchw else "NHWC"
    raise AttributeError("it defines neither image_preprocess(path, norm=True) nor get_image(path, ..., nchw=True)")


def store(result, path):
    # type: (Any, str) -> None
    """Save one returned array; TypeError for anything but numbers in an array."""
    import numpy

    if not hasattr(result, "__array__"):
        raise TypeError("it returned %s, expected a numpy array" % type(result).__name__)
    array = numpy.asarray(result)
    if array.dtype.kind not in "fiub":
        raise TypeError("it returned an array of %s, expected numbers" % array.dtype)
    numpy.save(path, numpy.ascontiguousarray(array), allow_pickle=False)


def line_in(path):
    # type: (str) -> int
    """The line of the file `path` that the current exception passed through last; 0 for none."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    return ([frame[1] for frame in frames if frame[0] == path] or [0])[-1]


def work(request):
    # type: (dict[str, Any]) -> dict[str, Any]
    """Call the module's function once for each image; the answer to our parent."""
    answer = {"image": ""}  # type: dict[str, Any]
    try:
        module = load_module(request["module"])
        answer["function"], keywords, answer["layout"] = find_function(module, request["nchw"])
        function = getattr(module, answer["function"])
        for number, image in enumerate(request["images"]):
            answer["image"] = image
            result = function(image, **accepted(function, keywords))
            store(result, os.path.join(request["folder"], "%d.npy" % number))
    except (Exception, SystemExit) as error:
        text = traceback.format_exception_only(type(error), error)[-1].strip()
        answer["error"] = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        answer["line"] = line_in(request["module"])
    return answer


def native(value):
    # type: (Any) -> Any
    """JSON text as the interpreter's own `str`: Python 2 takes no unicode for module names."""
    if isinstance(value, list):
        return [native(item) for item in value]
    return value.encode("utf-8") if sys.version_info[0] == 2 and hasattr(value, "encode") else value


def main():
    # type: () -> None
    """Read the request, work, leave the answer in one step."""
    with open(sys.argv[1]) as file:
        request = {str(name): native(value) for name, value in json.load(file).items()}
    answer = work(request)
    with open(request["answer"] + ".part", "w") as file:
        json.dump(answer, file)
    os.rename(request["answer"] + ".part", request["answer"])


if __name__ == "__main__":
    main()

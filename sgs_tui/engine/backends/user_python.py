# ruff: noqa: UP031, UP036 (it has to run under Python 2.7 too)

"""Runs what is the user's in a process of its own: a preprocess module, or a Caffe net by OpenCV or pycaffe.

usage: user_python.py REQUEST.json, or user_python.py fd:NUMBER, whose first line is the request

Apart because other interpreters than ours run it, down to Python 2.7: nothing but the standard library, numpy and the
framework, types in comments; never imported. REQUEST: `work` (preprocess, serve, caffe), `answer`, `folder`, and
- preprocess: module, images, nchw. Each result lands in folder/N.npy;
- serve (by fd:NUMBER): module, nchw, and the numbers of open files: asked (where the request came from; then a line an
  image), answered (a line each), array (the result, as .npy). It ends, with all it started, when nobody asks any more;
- caffe: engine (opencv, pycaffe), caffe_root, prototxt, weights, inputs (name, .npy file, in order), blobs (name,
  layer, top; for opencv). Each blob lands in folder/N.npy.
The verdict goes to the answer file; whatever is printed stays on this process's own stdout and stderr.
"""

import json
import os
import signal
import sys
import traceback

MYPY = False
if MYPY:
    from collections.abc import Iterable  # noqa: F401
    from typing import Any  # noqa: F401


class RefusedError(Exception):
    """What is ours to say of the user's module: an English sentence and its values, for a reader who translates."""

    def __init__(self, template, **values):
        # type: (str, Any) -> None
        Exception.__init__(self, template.format(**values) if values else template)
        self.facts = {"id": template, "values": {name: str(value) for name, value in values.items()}}


def load_module(path):
    # type: (str) -> Any
    """The module at `path`; its folder comes first in sys.path, so that its neighbours can be imported."""
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path.insert(0, os.path.dirname(path))
    if sys.version_info[0] == 2:
        import imp

        return imp.load_source(name, path)
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RefusedError("not a Python module")
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
    raise RefusedError("it defines neither image_preprocess(path, norm=True) nor get_image(path, ..., nchw=True)")


def store(result, path):
    # type: (Any, Any) -> None
    """Save one returned array, to a path or an open file; RefusedError for anything but numbers in an array."""
    import numpy

    if not hasattr(result, "__array__"):
        raise RefusedError("it returned {kind}, expected a numpy array", kind=type(result).__name__)
    array = numpy.asarray(result)
    if array.dtype.kind not in "fiub":
        raise RefusedError("it returned an array of {kind}, expected numbers", kind=array.dtype)
    numpy.save(path, array, allow_pickle=False)


def line_in(path):
    # type: (str) -> int
    """The line of the file `path` that the current exception passed through last; 0 for none."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    return ([frame[1] for frame in frames if frame[0] == path] or [0])[-1]


def end_copy(ours):
    # type: (int) -> None
    """End a copy of the process `ours` that the script has forked, and that came back from it: one of us answers."""
    if os.getpid() != ours:
        os._exit(1)


def preprocess(request):
    # type: (dict[str, Any]) -> dict[str, Any]
    """Call the module's function once for each image; the answer to our parent."""
    answer = {"image": ""}  # type: dict[str, Any]
    ours = os.getpid()
    try:
        module = load_module(request["module"])
        answer["function"], keywords, answer["layout"] = find_function(module, request["nchw"])
        function = getattr(module, answer["function"])
        for number, image in enumerate(request["images"]):
            answer["image"] = image
            result = function(image, **accepted(function, keywords))
            end_copy(ours)
            store(result, os.path.join(request["folder"], "%d.npy" % number))
    except BaseException as error:
        answer.update(told(error))
        answer["line"] = line_in(request["module"])
    end_copy(ours)
    return answer


def serve(asked):
    # type: (Any) -> None
    """One image after the other; the module is loaded once, with the first."""
    request = request_in(asked.readline())
    loaded = []  # type: list[Any]
    ours = os.getpid()
    answered = os.fdopen(request["answered"], "w")
    array = os.fdopen(request["array"], "r+b")
    for line in iter(asked.readline, ""):
        image = native(json.loads(line)["image"])
        answer = {"image": image}  # type: dict[str, Any]
        try:
            if not loaded:
                answer["image"] = ""
                loaded.append(load_module(request["module"]))
                answer["image"] = image
            answer["function"], keywords, answer["layout"] = find_function(loaded[0], request["nchw"])
            function = getattr(loaded[0], answer["function"])
            result = function(image, **accepted(function, keywords))
            end_copy(ours)
            array.seek(0)
            array.truncate()
            store(result, array)
            array.flush()
        except BaseException as error:
            answer.update(told(error))
            answer["line"] = line_in(request["module"])
        end_copy(ours)
        for stream in (sys.stdout, sys.stderr):
            try:  # noqa: SIM105 (Python 2.7 has no suppress)
                stream.flush()
            except (OSError, ValueError):  # the script has closed it
                pass
        answered.write(json.dumps(answer) + "\n")
        answered.flush()
    os.killpg(os.getpid(), signal.SIGKILL)


def by_opencv(request):
    # type: (dict[str, Any]) -> Iterable[tuple[str, Any]]
    """Name and data of every blob; blobs of layers that OpenCV left out are missing."""
    import cv2
    import numpy

    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        raise RefusedError("OpenCV {version} has no Caffe reader any more, 4.x has", version=cv2.__version__)
    net = cv2.dnn.readNetFromCaffe(request["prototxt"], request["weights"])
    net.enableFusion(False)
    if hasattr(net, "enableWinograd"):
        net.enableWinograd(False)
    for name, path in request["inputs"]:
        net.setInput(numpy.load(path), name)
    results = layer_outputs(net, request["blobs"])
    given = {name: numpy.load(path) for name, path in request["inputs"]}
    for name, layer, top in request["blobs"]:
        if name in given:
            yield name, given[name]
        elif layer in results and top < len(results[layer]):
            yield name, results[layer][top]


def layer_outputs(net, blobs):
    # type: (Any, list[tuple[str, str, int]]) -> dict[str, list[Any]]
    """The outputs of every layer that writes one of the blobs (name, layer, top)."""
    import numpy

    known = set(net.getLayerNames())
    several = {layer for _, layer, top in blobs if top and layer in known}
    single = sorted({layer for _, layer, _ in blobs if layer in known} - several)
    results = {}
    # In one go OpenCV keeps only the first output of a layer; the memory of the others is used again.
    for group in [single] + [[layer] for layer in sorted(several)]:
        for number, outputs in enumerate(net.forwardAndRetrieve(group) if group else ()):
            results[group[number]] = [numpy.array(output) for output in outputs]
    return results


def by_pycaffe(request):
    # type: (dict[str, Any]) -> Iterable[tuple[str, Any]]
    """Name and data of every blob of the net, in the net's own order."""
    import numpy

    os.environ.setdefault("GLOG_minloglevel", "2")
    if request["caffe_root"]:
        sys.path.insert(0, os.path.join(request["caffe_root"], "python"))
    import caffe  # type: ignore[import-not-found]

    net = caffe.Net(request["prototxt"], request["weights"], caffe.TEST)
    for name, path in request["inputs"]:
        values = numpy.load(path)
        net.blobs[name].reshape(*values.shape)
        net.blobs[name].data[...] = values
    net.forward()
    for name in net.blobs:
        yield name, net.blobs[name].data


def caffe(request):
    # type: (dict[str, Any]) -> dict[str, Any]
    """Run the net and save every blob to folder/N.npy; the answer to our parent."""
    try:
        import numpy

        run = by_opencv if request["engine"] == "opencv" else by_pycaffe
        names = []
        for number, (name, values) in enumerate(run(request)):
            path = os.path.join(request["folder"], "%d.npy" % number)
            numpy.save(path, numpy.asarray(values, dtype=numpy.float32), allow_pickle=False)
            names.append(name)
        return {"blobs": names}
    except (Exception, SystemExit) as error:
        return told(error)


def told(error):
    # type: (BaseException) -> dict[str, Any]
    """The error for an answer; what is ours in it with what it was made of (`restored` in sgs_tui/language.py)."""
    if isinstance(error, RefusedError):
        return {"error": str(error), "messages": {str(error): error.facts}}
    return {"error": last_words(error)}


def last_words(error):
    # type: (BaseException) -> str
    """The exception as a traceback ends with it."""
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def native(value):
    # type: (Any) -> Any
    """JSON text as the interpreter's own `str`: Python 2 takes no unicode for module names, nor Caffe for names."""
    if isinstance(value, list):
        return [native(item) for item in value]
    return value.encode("utf-8") if sys.version_info[0] == 2 and hasattr(value, "encode") else value


def request_in(text):
    # type: (str) -> dict[str, Any]
    """The request that JSON says."""
    return {str(name): native(value) for name, value in json.loads(text).items()}


def main():
    # type: () -> None
    """Read the request, work, leave the answer in one step."""
    if os.path.abspath(sys.path[0]) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]  # this folder has modules called caffe and onnx
    if sys.argv[1].startswith("fd:"):
        serve(os.fdopen(int(sys.argv[1][3:]), "r"))
    with open(sys.argv[1]) as file:
        request = request_in(file.read())
    answer = {"preprocess": preprocess, "caffe": caffe}[request["work"]](request)
    with open(request["answer"] + ".part", "w") as file:
        json.dump(answer, file)
    os.rename(request["answer"] + ".part", request["answer"])


if __name__ == "__main__":
    main()

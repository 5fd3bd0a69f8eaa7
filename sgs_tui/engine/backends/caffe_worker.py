# ruff: noqa: UP031 (it has to run under Python 2.7 too)

"""Runs a Caffe net in a process of its own, by OpenCV or by pycaffe; started by caffe_dump.py, never imported.

usage: caffe_worker.py REQUEST.json

The interpreter may be that of the user's pycaffe, down to Python 2.7: nothing but the standard library, numpy
and the framework, types in comments. REQUEST: engine (opencv, pycaffe), caffe_root, prototxt, weights, folder,
inputs (name, .npy file, in order), blobs (name, layer, top; for opencv), answer.
"""

import json
import os
import sys
import traceback

import numpy

MYPY = False
if MYPY:
    from collections.abc import Iterable  # noqa: F401
    from typing import Any  # noqa: F401


def by_opencv(request):
    # type: (dict[str, Any]) -> Iterable[tuple[str, Any]]
    """Name and data of every blob; blobs of layers that OpenCV left out are missing."""
    import cv2

    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        raise RuntimeError("OpenCV %s has no Caffe reader any more, 4.x has" % cv2.__version__)
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


def work(request):
    # type: (dict[str, Any]) -> dict[str, Any]
    """Run the net and save every blob to folder/N.npy; the answer to our parent."""
    try:
        run = by_opencv if request["engine"] == "opencv" else by_pycaffe
        names = []
        for number, (name, values) in enumerate(run(request)):
            path = os.path.join(request["folder"], "%d.npy" % number)
            numpy.save(path, numpy.asarray(values, dtype=numpy.float32), allow_pickle=False)
            names.append(name)
        return {"blobs": names}
    except (Exception, SystemExit) as error:
        text = " ".join(traceback.format_exception_only(type(error), error)).strip()
        return {"error": text.decode("utf-8", "replace") if isinstance(text, bytes) else text}


def native(value):
    # type: (Any) -> Any
    """JSON text as the interpreter's own `str`: what Caffe's bindings for Python 2 want."""
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

"""Stand-in for sim_calibrator.py: a fixed model that is healthy where the quantisation file raises `cat`."""

import argparse
import json
import os
import pickle
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from standin_tools import image_list, misbehave_before, preprocess_function, read_model


def quant_info(path):
    """The list in a pickle or a JSON file, with the real one's checks; the float model is changed where it has data."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        entries = pickle.loads(data)
    except pickle.UnpicklingError:
        entries = json.loads(data)
    for entry in entries:
        if not isinstance(entry["min"], list) or entry["bit"] not in (8, 16):
            raise ValueError(f"quant_info of {entry['name']} is wrong")
    return entries


def main():
    """No log/ handling, no word about the model it makes."""
    parser = argparse.ArgumentParser(description="Calibrator Tool")
    parser.add_argument("-i", "--image", type=str, required=True)
    parser.add_argument("-m", "--model", type=str, required=True)
    parser.add_argument("--input_config", type=str, required=True)
    parser.add_argument("-n", "--preprocess", type=str, required=True)
    parser.add_argument("--quant_level", default="L5", choices=["L1", "L2", "L3", "L4", "L5"])
    parser.add_argument("--mixed_precision", default="sp")
    parser.add_argument("--quant_file", default=None)
    parser.add_argument("--num_process", default=10, type=int)
    parser.add_argument("-o", "--output", default=None)
    args = parser.parse_args()
    image_list(args.image)
    preprocess_function(args.preprocess.split(",")[0])
    model = read_model(args.model)
    entries = quant_info(args.quant_file)
    raised = {entry["name"] for entry in entries if entry["bit"] == 16}
    if any("data" in entry for entry in entries):
        with open(args.model, "w") as file:
            json.dump(dict(model, changed=True), file)
    misbehave_before(model.get("calibrator", ""))
    if model.get("calibrator_fails_at") in raised:
        raise RuntimeError("Run Calibration Fixed failed!\nUse command to debug: sgs_calibrator -p convert_fixed")
    with open(args.model.replace("_float.sim", "_cmodel_float.sim"), "w") as file:
        json.dump(dict(model, kind="cmodel_float"), file)
    dumps = model["dumps_with_cat"] if "cat" in raised else model["dumps"]
    with open(args.output or args.model.replace("_float.sim", "_fixed.sim"), "w") as file:
        json.dump(dict(model, kind="fixed", dumps=dumps), file)


if __name__ == "__main__":
    main()

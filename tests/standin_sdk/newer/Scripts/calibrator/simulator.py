"""Stand-in for the newer generation's simulator.py: all in one process, -n required, its own words."""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from calibrator_custom.versions import VERSION
from standin_tools import (
    image_list,
    misbehave_before,
    preprocess_function,
    read_model,
    renew,
    tidy_up_at_exit,
    write_dump,
)


def arguments():
    """Required: -i -m -n, and -t for the chips of older versions."""
    parser = argparse.ArgumentParser(description="Simulator Tool")
    parser.add_argument("-i", "--image", type=str, required=True)
    parser.add_argument("-m", "--model", type=str, required=True)
    parser.add_argument("-c", "--category", default="Unknown", choices=["Classification", "Detection", "Unknown"])
    older_chip = VERSION.startswith(("1.", "Q_"))
    parser.add_argument("-t", "--type", choices=["Float", "Fixed", "Offline"], required=older_chip)
    parser.add_argument("-n", "--preprocess", type=str, required=True)
    parser.add_argument("-l", "--label", default=None)
    parser.add_argument("--input_config", type=str, default=None)
    parser.add_argument("--soc_version", type=str, default=None)
    parser.add_argument("--tool", default=None)
    parser.add_argument("--num_process", default=1, type=int)
    parser.add_argument("--show_log", default=False, action="store_true")
    parser.add_argument("--dump_rawdata", default=False, action="store_true")
    parser.add_argument("--skip_garbage", default=False, action="store_true")
    parser.add_argument("--draw_result", default=None)
    parser.add_argument("--continue_run", default=False, action="store_true")
    return parser.parse_args()


def main():
    """As the real one goes about it; with one process it says neither when it starts nor that it is done."""
    args = arguments()
    tidy_up_at_exit()
    if not os.path.exists(args.model):
        raise FileNotFoundError(f"\033[31mNo such {args.model} model\033[0m")
    functions = [preprocess_function(name) for name in args.preprocess.split(",")]
    samples = image_list(args.image)
    renew("output")
    model = read_model(args.model)
    if model is None:
        raise ValueError("model can not be loaded")
    # -t changes nothing: the model's own class decides.
    print("Net:\nmodel (\n  Input(0):\n    name:\tdata\n    dtype:\tfloat32\n    layout:\tNHWC\n)", flush=True)
    for images in samples:
        if len(functions) != len(images):
            raise ValueError("Got different num of preprocess_methods and images!")
        for function, image in zip(functions, images):  # noqa: B905
            function(image, norm=model["kind"] != "fixed")
        misbehave_before(model.get("behave", ""))
        write_dump(model)
        with open(f"./output/unknown_{os.path.basename(args.model)}_{os.path.basename(images[0])}.txt", "w") as file:
            file.write("prob Tensor:\n{\n}\n")


if __name__ == "__main__":
    main()

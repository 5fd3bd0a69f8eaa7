"""Stand-in for the older generation's simulator.py: same options, same output, same habits."""

import argparse
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from standin_tools import PLAIN, RED, image_list, preprocess_function, renew, tidy_up_at_exit


def arguments():
    """Required: -i -m -c -t."""
    parser = argparse.ArgumentParser(description="Simulator Tool")
    parser.add_argument("-i", "--image", type=str, required=True)
    parser.add_argument("-m", "--model", type=str, required=True)
    parser.add_argument("-l", "--label", type=str, default="0")
    parser.add_argument("-c", "--category", type=str, required=True, choices=["Classification", "Detection", "Unknown"])
    parser.add_argument("-t", "--type", type=str, required=True, choices=["Float", "Fixed", "Offline"])
    parser.add_argument("-n", "--preprocess", type=str, default="0")
    parser.add_argument("--tool", default="0", type=str)
    parser.add_argument("--num_process", default=0, type=int)
    parser.add_argument("--dump_rawdata", default=False, action="store_true")
    parser.add_argument("--skip_garbage", default=False, action="store_true")
    parser.add_argument("--draw_result", default="0", type=str)
    parser.add_argument("--continue_run", default=False, action="store_true")
    parser.add_argument("--save_input", default=False, action="store_true")
    return parser.parse_args()


def preprocessed(function, path, norm, target):
    """The input as text: a line with the picture's shape, then 16 values a line."""
    values = list(function(path, norm))
    with open(target, "w") as file:
        file.write("Input_shape=32, 32\n")
        for number, value in enumerate(values):
            file.write(f"{value}, ")
            if (number + 1) % 16 == 0:
                file.write("\n")


def simulate(args, label, functions, images):
    """One sample through the native program."""
    native = "sgs_simulator_float" if args.type == "Float" else "sgs_simulator_fixed"
    tool = os.path.join(os.environ["SGS_IPU_DIR"], "bin", native)
    given = images[0]
    if functions:
        if len(functions) != len(images):
            raise ValueError("Got different num of preprocess_methods and images!")
        several = len(images) > 1
        texts = []
        for number, (function, image) in enumerate(zip(functions, images)):  # noqa: B905
            name = os.path.basename(image)
            texts.append(os.path.join("tmp_image", f"{number}_{name}" if several else name))
            preprocessed(function, image, args.type == "Float", texts[-1])
        given = ":".join(texts)
    model = os.path.abspath(args.model)
    command = f"{tool} -i '{given}' -l {label} -m {model} -c {args.category} --skip_preprocess "
    result = os.path.join("output", f"unknown_{os.path.basename(model)}_{given.split('/')[-1]}.txt")
    os.system(command)
    if not os.path.exists(result):
        raise RuntimeError(f"Run simulator failed!\nUse command to debug: {command}")


def main():
    """As the real one goes about it."""
    args = arguments()
    images = image_list(args.image)
    if not os.path.exists(args.model):
        raise FileNotFoundError(f"No such model: {args.model}")
    if "SGS_IPU_DIR" not in os.environ:
        raise OSError("Run source cfg_env.sh in top directory.")
    functions = [preprocess_function(name) for name in args.preprocess.split(",")] if args.preprocess != "0" else []
    tidy_up_at_exit()
    label = os.path.abspath(f"fake_label_{os.path.basename(args.model).split('.')[0]}.txt")
    with open(label, "w") as file:
        file.write(" \n" * 6)
    base = args.image.split(":")[-1]
    print(f"{RED}Start to evaluate on {base.strip().split('/')[-1]}...{PLAIN}", flush=True)
    renew("output")
    renew("tmp_image")
    try:
        for sample in images:
            simulate(args, label, functions, sample)
    finally:
        os.remove(label)
        if not args.save_input:
            shutil.rmtree("tmp_image")
    print(f"{RED}Run evaluation OK.{PLAIN}", flush=True)


if __name__ == "__main__":
    main()

"""Stand-in for sim_optimizer.py: the pickles that the real one left for `bad`, its words, its by-product."""

import argparse
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from standin_tools import image_list, misbehave_before, preprocess_function, read_model

RATES = [0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]


def main():
    """Leaves <model>_cmodel_float.sim beside the model and one pickle a rate in the working directory."""
    parser = argparse.ArgumentParser(description="Optimizer Tool")
    parser.add_argument("-i", "--image", type=str, required=True)
    parser.add_argument("-m", "--model", type=str, required=True)
    parser.add_argument("--input_config", type=str, required=True)
    parser.add_argument("-n", "--preprocess", type=str, required=True)
    parser.add_argument("--num_process", default=10, type=int)
    args = parser.parse_args()
    if "SGS_IPU_DIR" not in os.environ:
        raise OSError("Run source cfg_env.sh in top directory.")
    model = read_model(args.model)
    if not os.path.exists(args.input_config):
        raise FileNotFoundError("input_config.ini file not found.")
    functions = [preprocess_function(name) for name in args.preprocess.split(",")]
    for sample in image_list(args.image):
        for function, image in zip(functions, sample):  # noqa: B905
            function(image, norm=True)
    misbehave_before(model.get("optimizer", ""))
    if model.get("optimizer") == "fails":
        raise RuntimeError("Run Statistics MinMax failed!\nUse command to debug: sgs_calibrator -p statistics")
    with open(args.model.replace("_float.sim", "_cmodel_float.sim"), "w") as file:
        json.dump(dict(model, kind="cmodel_float"), file)
    for number, rate in enumerate(RATES):
        print(f"Target compression rate:  {rate}\nActual compression rate: {rate - 0.0014:.4f}")
        print("Policy:  {'0': 16, '2': 16}", flush=True)
        shutil.copy(os.path.join(model["candidates"], f"optimized_quant_info_{number}_{rate}.pkl"), ".")


if __name__ == "__main__":
    main()

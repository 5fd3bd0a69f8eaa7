"""Stand-in for the older generation's calibrator.py: two progress bars, a long silence, files in log/."""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from standin_tools import PLAIN, RED, image_list, read_model, tidy_up_at_exit


def bar(steps, pause):
    """`[===>  ]25.00% | ETA: 00:00:09`, drawn over and over on one line."""
    for step in range(1, steps + 1):
        arrows = 50 * step // steps
        drawn = "=" * max(0, arrows - 1) + ">" + " " * (50 - arrows)
        sys.stdout.write(f"\r[{drawn}]{100 * step / steps:.2f}% | ETA: 00:00:{(steps - step) % 60:02d}")
        sys.stdout.flush()
        time.sleep(pause)
    print("\nTotal time elapsed: 00:00:01", flush=True)


def main():
    """Float model in, fixed model and ranges out. A failure leaves an older fixed model where it is."""
    parser = argparse.ArgumentParser(description="Calibrator Tool")
    parser.add_argument("-i", "--image", required=True)
    parser.add_argument("-m", "--model", required=True)
    parser.add_argument("--input_config", required=True)
    parser.add_argument("-c", "--category", default="Unknown")
    parser.add_argument("-n", "--preprocess", default="0")
    parser.add_argument("--quant_level", default="L5", choices=["L1", "L2", "L3", "L4", "L5"])
    parser.add_argument("--num_process", default=10, type=int)
    parser.add_argument("-o", "--output", default=None)
    args = parser.parse_args()
    image_list(args.image)
    model = read_model(args.model)
    how = model.get("behave", "")
    tidy_up_at_exit()
    for start, end in (("analysis model", "analysis model"), ("run statistics", "statistics")):
        print(f"{RED}Start to {start}...{PLAIN}", flush=True)
        bar(8, 0.15 if how == "slow" else 0.01)
        print(f"{RED}Run {end} OK.{PLAIN}", flush=True)
    print(f"{RED}Start to convert model...{PLAIN}", flush=True)
    if how == "dark_pictures":
        print("sgs_calibrator: dma.c:312: SGS_DMA_CoefMartixGen: Assertion `0' failed.", file=sys.stderr, flush=True)
        raise RuntimeError("Run Calibration Fixed failed!\nUse command to debug: sgs_calibrator -p convert_fixed")
    if how == "calibration_fails":
        raise RuntimeError("Run Calibration Fixed failed!\nUse command to debug: sgs_calibrator -p convert_fixed")
    time.sleep(0.3 if how == "slow" else 0.0)
    target = args.output or args.model.replace("_float.sim", "_fixed.sim")
    with open(target, "w") as file:
        json.dump(dict(model, kind="fixed"), file)
    with open("tensor_min_max.txt", "w") as file:
        file.write("Name:data, min: -1.000000, max: 1.000000;\n")
    print(f"{RED}Fixed model at: {target}{PLAIN}\n{RED}Run convert model OK.{PLAIN}", flush=True)


if __name__ == "__main__":
    main()

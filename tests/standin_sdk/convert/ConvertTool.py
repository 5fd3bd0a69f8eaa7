"""Stand-in for ConvertTool.py: the old result goes first, then an ini that Python refuses ends it."""

import argparse
import configparser
import json
import os
import sys


class ConverterError(Exception):
    """As the real one ends."""


def main():
    """Original model in, float model out; the dumps it will give depend on the tensors that the ini raises."""
    root = argparse.ArgumentParser(description="Convert Tool")
    parser = root.add_subparsers(dest="platform").add_parser("onnx")
    parser.add_argument("--model_file", required=True)
    parser.add_argument("--input_shapes", required=True)
    parser.add_argument("--input_arrays", required=True)
    parser.add_argument("--output_arrays", required=True)
    parser.add_argument("--input_config", required=True)
    parser.add_argument("--output_file", required=True)
    args = root.parse_args()
    with open(args.model_file) as file:
        model = json.load(file)
    if os.path.exists(args.output_file):
        os.remove(args.output_file)
    ini = configparser.ConfigParser()
    try:
        ini.read(args.input_config)
        ini["INPUT_CONFIG"], ini["OUTPUT_CONFIG"]
        raised = ini.get("CONV_CONFIG", "tensor_arrays", fallback="").split(";")[0].strip("'\"")
    except (configparser.Error, KeyError) as error:
        print("listing\n" * 185, file=sys.stderr)
        raise ConverterError(f"Convert failed. See console for info. ({error})") from error
    if model.get("behave") == "convert_lies":
        return
    dumps = model["dumps"].get(raised)
    if dumps is None:
        raise ConverterError("Convert failed. See console for info.")
    with open(args.output_file, "w") as file:
        json.dump({"kind": "float", "dumps": dumps, "behave": model.get("behave", "")}, file)
    print(f"Float model at: {args.output_file}", flush=True)


if __name__ == "__main__":
    main()

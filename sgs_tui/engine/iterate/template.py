"""The example sgs-tui.toml, which `sgs-tui iterate --init` writes; cfg/sgs-tui.toml is the same file to copy."""

TEMPLATE = r'''
# How to make this network's models again, for `sgs-tui iterate`. Keep it as sgs-tui.toml beside the network.
#
# After a change of the INT16 tensors both commands are run again, in this folder, through bash, in the SDK's
# environment; then both models are dumped and compared with the state before. Paths are relative to this folder.

[iterate]
# From the original model to the float one. Needed where an INT16 tensor makes the converter insert a cast; leave it
# out and only calibration is run again.
convert = """
python3 $SGS_IPU_DIR/Scripts/ConvertTool/ConvertTool.py onnx --model_file net.onnx --input_shapes 1,3,224,224 \
  --input_config input_config.ini --output_file net_float.sim"""

# From the float model to the fixed one.
calibrate = """
python3 $SGS_IPU_DIR/Scripts/calibrator/calibrator.py -i images -m net_float.sim -c Unknown -n preprocess.py \
  --input_config input_config.ini"""

# What the commands leave. A file that is not new afterwards is a failure, whatever the exit code says.
float_model = "net_float.sim"
fixed_model = "net_fixed.sim"

# The picture that both stages are dumped on, and its preprocess script, as simulator.py takes them.
image = "images/0001.jpg"
preprocess = "preprocess.py"

# The file that chooses the INT16 tensors (default input_config.ini).
#ini = "input_config.ini"

# The SDK's root folder (default SGS_IPU_DIR), and the interpreter for its simulator.
#sdk = "/opt/SGS_IPU_SDK"
#python = "python3"

# The limits: manual, sop, strict, or the path of a .toml file.
#profile = "manual"

# Seconds that each step may take; without it as long as it wants.
#timeout = 3600
'''[1:]

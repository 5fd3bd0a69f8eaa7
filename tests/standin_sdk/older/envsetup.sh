#!/bin/bash
# Stand-in: like the repackaged envsetup.sh it takes the current folder for the SDK's root, and it talks.
SGS_IPU_DIR=`pwd`
if [ ! -d "${SGS_IPU_DIR}/libs/x86_64" ]; then
    echo "error! please enter the SGS Release Dir !"
else
    export SGS_IPU_DIR
    export LD_LIBRARY_PATH=${LD_LIBRARY_PATH}:${SGS_IPU_DIR}/libs/x86_32:${SGS_IPU_DIR}/libs/x86_64
    export PYTHONPATH=${PYTHONPATH}:${SGS_IPU_DIR}/Scripts
fi

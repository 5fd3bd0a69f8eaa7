#!/bin/bash
# Stand-in: sets what the scripts ask for and, like many such files, ends with a false condition.
export SGS_IPU_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH=${SGS_IPU_DIR}/Scripts:${PYTHONPATH}
echo "SGS_IPU_DIR is ${SGS_IPU_DIR}"
[ -d "${SGS_IPU_DIR}/nothing" ]

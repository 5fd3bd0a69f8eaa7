"""Element types: of payloads in a file, and of the arrays that come out of them.

Apart because `format` is loaded before the first picture of the app, and numpy is not.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
AnyArray = npt.NDArray[np.generic]

INTEGER_TYPES: dict[str, np.dtype[np.generic]] = {
    "SGS_U8": np.dtype("<u1"),
    "SGS_S8": np.dtype("<i1"),
    "SGS_BOOL": np.dtype("<u1"),
    "SGS_U16": np.dtype("<u2"),
    "SGS_S16": np.dtype("<i2"),
    "SGS_S32": np.dtype("<i4"),
    "SGS_S64": np.dtype("<i8"),
}
"""`type:` of a header to the payload's element type in an `isFloat: 0` file."""

FLOAT32 = np.dtype("<f4")

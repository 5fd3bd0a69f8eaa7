"""The Textual front end.

Textual reads these once, when it is first imported: a repaint waits at most 5 ms for its turn instead of 17, and
nothing glides (every step of a glide is a repaint that a slow line has to carry).
"""

import os

os.environ.setdefault("TEXTUAL_FPS", "200")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

"""The rim that paints: RenderRequest -> Keyframe. The only place with torch."""

import os

# Read by OpenMP when torch is first imported. Its default spins while it waits, which on a machine that also draws and
# encodes makes a keyframe ten times slower; sleeping costs nothing measurable on an idle one.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

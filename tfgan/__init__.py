"""GANs and conditional GANs for TensorFlow and Keras."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# Keras can load a saved model only if its classes are registered, so `import tfgan` imports them all,
# and TensorFlow with them. The `tfgan` command imports what it needs itself: `--help` does not wait.
_ARGV0 = sys.argv[0] if sys.argv else ""  # "-m" while `python -m` finds its module
_STARTED_BY_COMMAND = Path(_ARGV0).stem == "tfgan" or (_ARGV0 == "-m" and "tfgan" in sys.orig_argv)
if not _STARTED_BY_COMMAND:
    from tfgan import (
        augment,
        baselines,
        callbacks,
        checkpoints,
        conditions,
        data,
        figure1,
        layers,
        losses,
        metrics,
        networks,
        optimizers,
        plots,
        recipes,
        runs,
        theory,
    )
    from tfgan.cgan import CGAN
    from tfgan.errors import InputError
    from tfgan.gan import GAN

    __all__ = [
        "CGAN",
        "GAN",
        "InputError",
        "augment",
        "baselines",
        "callbacks",
        "checkpoints",
        "conditions",
        "data",
        "figure1",
        "layers",
        "losses",
        "metrics",
        "networks",
        "optimizers",
        "plots",
        "recipes",
        "runs",
        "theory",
    ]


def __getattr__(name):
    if name == "export":
        import tfgan.export

        return tfgan.export
    raise AttributeError(f"module 'tfgan' has no attribute {name!r}")

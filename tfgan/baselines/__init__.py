"""The systems that the 2014 papers set adversarial nets beside, trained and sampled on one code base.

Each is a Keras model that `fit` trains under XLA, with `sample(count, seed=...)`, saved and loaded as
any other: `RBM`, `DBN`, `CAE`, `GSN` and `NCE`.
"""

from tfgan.baselines.cae import CAE
from tfgan.baselines.dbn import DBN
from tfgan.baselines.densities import Normal, NormalDensity
from tfgan.baselines.gsn import GSN
from tfgan.baselines.nce import NCE
from tfgan.baselines.rbm import RBM

__all__ = ["CAE", "DBN", "GSN", "NCE", "RBM", "Normal", "NormalDensity"]

"""How kernels begin and what they are kept to."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="tfgan")
class SparseNormal(keras.initializers.Initializer):
    """Few weights from N(0, 1) in each column of a matrix, the rest 0.

    Args:
        count: int >= 1. Weights of a column that are not 0; all of them where there are fewer rows.
        seed: int, or None for one that follows `keras.utils.set_random_seed`.

    Reference:
        Martens, *Deep learning via Hessian-free optimization*, 2010; pylearn2's `sparse_init`.
    """

    def __init__(self, count, seed=None):
        self.count = count
        self.seed = seed

    def __call__(self, shape, dtype=None):
        rows, columns = shape
        count = min(self.count, rows)
        # NumPy's own state is what `set_random_seed` sets.
        seed = np.random.randint(2**31) if self.seed is None else self.seed
        rng = np.random.default_rng(seed)
        order = rng.random((columns, rows), dtype="float32")
        chosen = np.argpartition(order, count - 1, axis=1)[:, :count]  # (columns, count), all different
        weights = np.zeros((columns, rows), "float32")
        np.put_along_axis(weights, chosen, rng.standard_normal(chosen.shape, "float32"), axis=1)
        return ops.convert_to_tensor(weights.T, dtype)

    def get_config(self):
        return {"count": self.count, "seed": self.seed}


def column_norm(largest):
    """Keras constraint: each column of a matrix keeps an L2 norm of at most `largest`.

    For the kernels of Dense and `Maxout`, whose columns are the weights of one unit or one piece. It
    acts after each update, not on the initial weights.

    Reference:
        pylearn2's `max_col_norm`; Srivastava et al., *Dropout*, 2014, section 5.1.
    """
    return keras.constraints.MaxNorm(largest, axis=0)

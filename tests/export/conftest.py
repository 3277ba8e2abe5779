import numpy as np
import pytest
from makers import MAKERS


@pytest.fixture(params=MAKERS)
def gan(request):
    """A GAN, and a conditional one, whose images differ from one another."""
    gan = MAKERS[request.param]()
    rng = np.random.default_rng(0)
    gan.generator.set_weights([rng.normal(size=w.shape) for w in gan.generator.get_weights()])
    return gan

"""What XLA compiles by itself within a step that is a plain graph."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan import parts
from tfgan.errors import InputError


@pytest.fixture
def counter():
    return keras.Variable(np.float32(1.0), trainable=False)


def step_of(counter, seen):
    def make():
        seen.append(parts.inside())
        counter.assign_add(1.0)
        return {"twice": 2.0 * counter.value, "none": None}

    return tf.function(lambda: parts.apart(make)["twice"], autograph=False)


def compiled_by_xla(function):
    library = function.get_concrete_function().graph.as_graph_def().library.function
    return any(one.attr["_XlaMustCompile"].b for one in library)


def test_a_part_is_compiled_and_sets_what_it_would(counter):
    seen = []
    plain = step_of(counter, seen)
    assert float(plain()) == 4.0
    assert float(counter) == 2.0
    assert not compiled_by_xla(plain)
    with parts.compiled([counter]):
        by_xla = step_of(counter, seen)
        assert float(by_xla()) == 6.0
    assert float(counter) == 3.0
    assert compiled_by_xla(by_xla)
    assert float(by_xla()) == 8.0
    assert seen == [False, True]
    assert not parts.inside()


def test_losses_of_layers_are_of_their_last_pass():
    layer = keras.layers.ActivityRegularization(l1=1.0)

    def make():
        layer(tf.fill((1, 3), 5.0))
        layer(tf.fill((1, 3), 2.0))
        return tf.add_n(layer.losses)

    found = []
    for variables in (None, []):
        with parts.compiled(variables):
            found.append(float(tf.function(lambda: parts.apart(make), autograph=False)()))
    assert found[0] == found[1] == 6.0


def test_what_needs_other_replicas_is_refused():
    parts.refuse("this")
    with parts.compiled([]), pytest.raises(InputError, match="does not compile this on") as error:
        parts.apart(lambda: parts.refuse("this"))
    one_line(error)

"""What all baselines do alike: `fit`, `sample`, save and load."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan import checkpoints
from tfgan.baselines import CAE, DBN, GSN, NCE, RBM, Normal, NormalDensity
from tfgan.baselines.draws import Draws
from tfgan.errors import DivergedError, InputError

SHAPE = (2, 3, 1)
CHAINS = {"seed": 3, "chains": 8, "burn_in": 5}
MAKERS = {
    "rbm": lambda **more: RBM(SHAPE, hidden=5, **CHAINS, **more),
    "pcd": lambda **more: RBM(SHAPE, hidden=5, persistent=True, particles=7, **CHAINS, **more),
    "dbn": lambda **more: DBN(SHAPE, hidden=(5, 4), **CHAINS, **more),
    "cae": lambda **more: CAE(SHAPE, hidden=(5, 4), **CHAINS, **more),
    "gsn": lambda **more: GSN(SHAPE, hidden=(5, 4), walkbacks=2, **CHAINS, **more),
    "nce": lambda **more: NCE(
        keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), NormalDensity()]),
        Normal([0.5] * 6, [0.5] * 6),
        SHAPE,
        **CHAINS,
        **more,
    ),
}

DEAR = ("pcd", "dbn", "cae", "gsn", "nce")  # to compile


@pytest.fixture
def images():
    return (np.random.default_rng(0).random((24, *SHAPE)) < 0.4).astype("float32")


def compiled(name, **options):
    model = MAKERS[name]()
    layers = {"steps_per_layer": 2} if name in ("dbn", "cae") else {}
    model.compile(**{"steps_per_execution": 4, **layers, **options})
    return model


def fit(model, images, epochs=2):
    return model.fit(images, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in DEAR else ()) for name in MAKERS]
)
def test_trains_samples_and_goes_on_when_loaded(name, images, tmp_path):
    model = compiled(name)
    history = fit(model, images)
    assert int(model.train_steps.numpy()) == 12
    assert all(np.isfinite(values).all() for values in history.values())
    samples = model.sample(19, seed=5)
    assert samples.shape == (19, *SHAPE)
    assert samples.dtype == np.float32
    if not model.unbounded:
        assert samples.min() >= 0
        assert samples.max() <= 1
    np.testing.assert_array_equal(model.sample(19, seed=5), samples)
    assert not np.array_equal(model.sample(19, seed=6), samples)
    checkpoints.save(model, tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample(19, seed=5), samples)
    assert loaded.evaluate(images, verbose=0) == model.evaluate(images, verbose=0)
    assert fit(loaded, images) == fit(model, images)
    for one, other in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_samples_are_those_of_what_is_set_now():
    model, other = MAKERS["cae"](), CAE(SHAPE, hidden=(5, 4), noise=3.0, **CHAINS)
    before = model.sample(8, seed=0)
    model.noise = 3.0
    other.set_weights(model.get_weights())
    after = model.sample(8, seed=0)
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(after, other.sample(8, seed=0))


@pytest.mark.parametrize("name", ["rbm", "dbn"])
def test_more_chains_than_it_was_made_with(name):
    model = MAKERS[name]()
    model.chains = 11
    assert model.walk(2, seed=0).shape == (2, 11, *SHAPE)


@pytest.mark.parametrize("name", ["pcd", pytest.param("dbn", marks=pytest.mark.slow)])
def test_the_number_of_steps_a_call_changes_nothing(name, images):
    one, many = compiled(name, steps_per_execution=1), compiled(name, steps_per_execution=50)
    fit(one, images)
    fit(many, images)
    for a, b in zip(one.get_weights(), many.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"jit_compile": False}, {"run_eagerly": True, "jit_compile": False}])
def test_without_xla(how, images):
    """Of what draws nothing: of the same seeds XLA draws other numbers."""
    xla, other = compiled("cae"), compiled("cae", **how)
    fit(xla, images)
    fit(other, images)
    for a, b in zip(xla.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_graph_draws_as_eager_steps_do(images):
    """In whichever layer learns."""
    graph, eager = (
        compiled("dbn", jit_compile=False, run_eagerly=eagerly) for eagerly in (False, True)
    )
    fit(graph, images)
    fit(eager, images)
    for a, b in zip(graph.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_bytes_and_data_sets(images):
    one, other = (compiled("cae", jit_compile=False) for _ in range(2))
    fit(one, images)
    batches = tf.data.Dataset.from_tensor_slices((255 * images).astype("uint8")).batch(4)
    other.fit(batches, epochs=2, verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_everything_is_measured_where_that_is_left_open(images):
    model = compiled("rbm", jit_compile="auto", steps_per_execution="auto")
    fit(model, images)
    assert not model.unsettled
    assert int(model.train_steps.numpy()) == 12


@pytest.mark.parametrize("name", ["rbm", "dbn", "gsn"])
def test_what_diverges_is_named(name, images):
    model = compiled(name, optimizer=keras.optimizers.SGD(1e38))
    with pytest.raises(DivergedError, match="diverged at step") as error:
        fit(model, images, epochs=20)
    one_line(error)
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda m, x: m.fit(x[:, :1], verbose=0), "images must have shape"),
        (lambda m, x: m.fit(2 * x, verbose=0), r"must lie in \[0, 1\]"),
        (lambda m, x: m.sample(0), "number of samples"),
        (lambda m, x: m.sample(2, [1, 2]), "this RBM has no condition"),
        (lambda m, x: m.sample(2, seed=-1), "seed"),
        (lambda m, x: m.compile(steps_per_execution=0), "steps_per_execution"),
        (lambda m, x: m.compile(jit_compile="yes"), "jit_compile"),
        (lambda m, x: RBM(SHAPE, chains=0), "chains"),
        (lambda m, x: RBM((2, 0)), "image_shape"),
        (lambda m, x: RBM(5), "image_shape"),
    ],
)
def test_refuses(do, words, images):
    with pytest.raises(InputError, match=words) as error:
        do(compiled("rbm"), images)
    one_line(error)


def test_trains_on_one_device():
    with (
        tf.distribute.MirroredStrategy(["CPU:0"]).scope(),
        pytest.raises(InputError, match="one device"),
    ):
        compiled("rbm")


def test_draws_are_their_own(monkeypatch):
    monkeypatch.setattr("tfgan.baselines.draws.MOST", 300)
    draws = Draws(3, 7)
    found = [draws.uniform((4,)).numpy().tolist() for _ in range(300)]
    next_one = Draws(3, 8)
    found += [next_one.uniform((4,)).numpy().tolist() for _ in range(300)]
    assert len({tuple(row) for row in found}) == 600
    assert draws.again().uniform((4,)).numpy().tolist() == found[0]
    with pytest.raises(InputError, match="lower cd_steps") as error:
        draws.uniform((4,))
    one_line(error)


def test_as_many_steps_as_are_asked_for(images):
    model = RBM(SHAPE, hidden=5, cd_steps=130, seed=3)
    model.compile(run_eagerly=True, jit_compile=False)
    fit(model, images[:4], epochs=1)
    assert np.isfinite(model.kernel.numpy()).all()

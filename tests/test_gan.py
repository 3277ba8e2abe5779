"""GAN and CGAN as Keras models."""

import gc
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, SHAPE, one_line, small_cgan, small_gan
from pairs import MOSTLY_CONDITIONAL, paired

import tfgan
from tfgan import latents
from tfgan.conditions import Labels
from tfgan.errors import InputError


def functional_pair(*, conditional=False, shape=SHAPE):
    """Networks a user might write, with batch normalisation and dropout."""
    z = keras.Input((5,))
    y = keras.Input((), dtype="int32")
    x = keras.Input(shape)
    encode = keras.layers.CategoryEncoding(CLASSES, output_mode="one_hot")
    code = encode(keras.layers.Reshape((1,))(y))
    h = keras.layers.Concatenate()([z, code]) if conditional else z
    h = keras.layers.Dense(16)(h)
    h = keras.layers.BatchNormalization()(h)
    h = keras.layers.Dropout(0.3)(keras.layers.LeakyReLU()(h))
    h = keras.layers.Dense(int(np.prod(shape)), activation="sigmoid")(h)
    images = keras.layers.Reshape(shape)(h)
    h = keras.layers.Flatten()(x)
    h = keras.layers.Concatenate()([h, code]) if conditional else h
    h = keras.layers.Dropout(0.3)(keras.layers.Dense(16, activation="relu")(h))
    logits = keras.layers.Dense(1)(h)
    if conditional:
        return keras.Model([z, y], images), keras.Model([x, y], logits)
    return keras.Model(z, images), keras.Model(x, logits)


def test_fit_learns_the_mean(images):
    """On constant images the generator comes close to them."""
    target = np.full_like(images, 0.8)
    gan = small_gan()
    gan.compile(
        g_optimizer=keras.optimizers.Adam(0.01, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(0.01, beta_1=0.5),
    )
    before = np.abs(gan.sample(50, seed=0) - 0.8).mean()
    history = gan.fit(target, batch_size=10, epochs=100, verbose=0).history
    after = np.abs(gan.sample(50, seed=0) - 0.8).mean()
    assert after < 0.4 * before
    assert set(history) == {"d_loss", "g_loss", "d_real", "d_fake"}
    assert len(history["d_loss"]) == 100


def test_first_losses_are_those_of_chance(make_gan, images, labels):
    gan = make_gan()
    gan.compile()
    logs = gan.evaluate(images, labels, return_dict=True, verbose=0)
    np.testing.assert_allclose(logs["d_loss"], np.log(2), atol=0.01)
    np.testing.assert_allclose(logs["g_loss"], np.log(2), atol=0.01)
    np.testing.assert_allclose(logs["d_real"], 0.5, atol=0.01)


def test_metrics_weigh_each_image_alike(images):
    gan = small_gan()
    gan.compile()
    rng = np.random.default_rng(0)
    gan.discriminator.set_weights([rng.normal(size=w.shape) for w in gan.discriminator.get_weights()])
    whole = gan.evaluate(images, batch_size=30, return_dict=True, verbose=0)
    parts = gan.evaluate(images, batch_size=29, return_dict=True, verbose=0)
    np.testing.assert_allclose(parts["d_real"], whole["d_real"], rtol=1e-5)
    logits = gan.discriminate(images, training=False).numpy()
    np.testing.assert_allclose(whole["d_real"], (1 / (1 + np.exp(-logits))).mean(), rtol=1e-5)


@pytest.mark.parametrize("make_gan", MOSTLY_CONDITIONAL, indirect=True)
def test_nothing_is_left_of_a_gan_that_is_gone(make_gan, images, labels):
    """Not its graphs either, which in a search over settings would be gigabytes."""

    def graphs_left():
        gan = make_gan()
        gan.compile(jit_compile=False)
        gan.fit(images, labels, batch_size=10, verbose=0)
        gan.evaluate(images, labels, verbose=0)
        gan.sample(2, seed=0)
        del gan
        gc.collect()
        return sum(isinstance(kept, tf.Graph) for kept in gc.get_objects())

    graphs_left()  # lets go of what other tests left
    first, second = graphs_left(), graphs_left()
    assert second == first


@pytest.mark.parametrize(
    "update", ["alternating", pytest.param("simultaneous", marks=pytest.mark.slow)]
)
def test_user_networks(images, labels, update):
    gan = tfgan.GAN(*functional_pair())
    gan.compile(update=update)
    gan.fit(images, batch_size=10, verbose=0)
    assert gan.sample(3).shape == (3, *SHAPE)
    cgan = tfgan.CGAN(*functional_pair(conditional=True))
    cgan.compile(update=update)
    cgan.fit(images, labels, batch_size=10, verbose=0)
    assert cgan.sample(3, condition=[0, 1, 2]).shape == (3, *SHAPE)
    with pytest.raises(InputError, match="condition"):
        cgan.sample(3)


@pytest.mark.parametrize("make_gan", MOSTLY_CONDITIONAL, indirect=True)
def test_kinds_of_data(make_gan, images, labels):
    """Arrays, data sets of several forms, uint8, a generator: the same contract."""
    gan = make_gan()
    gan.compile(steps_per_execution=2)
    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    assert len(gan.fit(pairs.batch(7), verbose=0).history["d_loss"]) == 1
    assert gan.d_optimizer.iterations == 5
    gan.fit(pairs.repeat().batch(7), steps_per_epoch=4, epochs=2, verbose=0)
    assert gan.d_optimizer.iterations == 13
    gan.fit(np.uint8(images * 255), labels, batch_size=10, verbose=0)
    assert gan.d_optimizer.iterations == 16

    def batches():
        while True:
            yield images[:6], labels[:6]

    gan.fit(batches(), steps_per_epoch=2, verbose=0)
    assert gan.d_optimizer.iterations == 18
    if not gan.conditional:
        gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(10), verbose=0)
        assert gan.d_optimizer.iterations == 21


def test_uint8_equals_float(images, labels):
    pixels = np.uint8(images * 255)

    def trained(x):
        keras.utils.set_random_seed(3)
        gan = small_cgan()
        gan.compile()
        gan.fit(x, labels, batch_size=10, shuffle=False, verbose=0)
        return gan.get_weights()

    for a, b in zip(trained(pixels), trained(pixels.astype("float32") / 255), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("make_gan", MOSTLY_CONDITIONAL, indirect=True)
def test_validation_evaluate_predict_and_callbacks(make_gan, images, labels, tmp_path):
    gan = make_gan()
    gan.compile()
    history = gan.fit(
        images,
        labels,
        batch_size=10,
        epochs=3,
        validation_data=(images[:9], labels[:9]),
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_d_loss", mode="min"),
            keras.callbacks.TensorBoard(tmp_path / "logs", write_graph=False),
            keras.callbacks.EarlyStopping(monitor="val_g_loss", mode="min", patience=50),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            keras.callbacks.TerminateOnNaN(),
        ],
    ).history
    assert {"val_d_loss", "val_g_loss", "val_d_real", "val_d_fake"} < set(history)
    assert len(history["val_d_loss"]) == 3
    assert (tmp_path / "best.keras").is_file()
    assert list((tmp_path / "logs/train").iterdir())
    one = gan.evaluate(images, labels, return_dict=True, verbose=0)
    assert one == gan.evaluate(images, labels, return_dict=True, verbose=0)
    z = gan.draw_latents(4, seed=1)
    given = [z, labels[:4]] if gan.conditional else z
    np.testing.assert_allclose(
        gan.predict(given, verbose=0),
        gan.images_of(z, labels[:4] if gan.conditional else None),
        rtol=1e-5,
    )


@pytest.mark.slow
@pytest.mark.parametrize("make_gan", MOSTLY_CONDITIONAL, indirect=True)
def test_validation_data_set(make_gan, images, labels):
    gan = make_gan()
    gan.compile()
    data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(10)
    history = gan.fit(data, validation_data=data, verbose=0).history
    assert "val_g_loss" in history


def test_sample(make_gan):
    gan = make_gan()
    one = gan.sample(7, seed=4)
    assert one.shape == (7, *SHAPE)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert one.max() <= 1
    np.testing.assert_array_equal(one, gan.sample(7, seed=4))
    np.testing.assert_allclose(one, gan.sample(7, seed=4, batch_size=3), rtol=1e-5)
    assert not np.array_equal(one, gan.sample(7, seed=5))
    assert not np.array_equal(gan.sample(7), gan.sample(7))


def test_sample_is_inference_mode():
    """No dropout, and batch normalisation that does not look at the batch."""
    keras.utils.set_random_seed(1)
    gan = tfgan.GAN(*functional_pair())
    alone = gan.sample(1, seed=0)
    np.testing.assert_array_equal(alone, gan.sample(1, seed=0))
    z = gan.draw_latents(8, seed=0)
    np.testing.assert_allclose(gan.images_of(z)[:1], gan.images_of(z[:1]), rtol=1e-5)


def test_sample_conditions():
    gan = small_cgan()
    z = gan.draw_latents(4, seed=0)
    np.testing.assert_array_equal(
        gan.sample(4, condition=2, seed=0), gan.images_of(z, np.full(4, 2, "int32"))
    )
    np.testing.assert_array_equal(
        gan.sample(4, condition=[0, 1, 2, 0], seed=0), gan.images_of(z, np.array([0, 1, 2, 0]))
    )


def trained(make, images, labels, epochs, update="alternating", **kwargs):
    gan = make(**kwargs)
    gan.compile(update=update, loss="minimax", d_steps=1 if update == "simultaneous" else 2)
    gan.fit(images, labels, batch_size=10, epochs=epochs, shuffle=False, verbose=0)
    return gan


def assert_same_state(a, b):
    state_a = [*a.variables, *a.g_optimizer.variables, *a.d_optimizer.variables]
    state_b = [*b.variables, *b.g_optimizer.variables, *b.d_optimizer.variables]
    for x, y in zip(state_a, state_b, strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy(), err_msg=x.path)


def dropping_cgan(**kwargs):
    return small_cgan(dropout=0.5, **kwargs)


@pytest.mark.parametrize(
    ("make", "update"), paired([small_gan, dropping_cgan], ["simultaneous", "alternating"])
)
def test_training_goes_on_after_loading(make, images, labels, update, tmp_path):
    """2N epochs = N, save, load, N: to the last bit, dropout and optimizers included."""
    gan = trained(make, images, labels, 2, update)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert_same_state(gan, loaded)
    assert (loaded.update, loaded.d_steps, loaded.seed) == (gan.update, gan.d_steps, gan.seed)
    assert loaded.loss_pair == tfgan.losses.LOSSES["minimax"]
    for model in (gan, loaded):
        model.fit(images, labels, batch_size=10, epochs=2, shuffle=False, verbose=0)
    assert_same_state(gan, loaded)
    np.testing.assert_array_equal(gan.sample(3, seed=1), loaded.sample(3, seed=1))


@pytest.mark.parametrize("conditional", [False, True])
def test_saving_user_networks(images, labels, conditional, tmp_path):
    kind = tfgan.CGAN if conditional else tfgan.GAN
    args = {"condition": Labels(CLASSES)} if conditional else {}
    gan = kind(*functional_pair(conditional=conditional), noise="uniform", **args)
    gan.compile()
    gan.fit(images, labels, batch_size=10, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert_same_state(gan, loaded)
    assert (loaded.noise, loaded.condition) == ("uniform", gan.condition)
    np.testing.assert_array_equal(gan.sample(3, seed=1), loaded.sample(3, seed=1))


def test_saving_uncompiled(tmp_path, make_gan):
    gan = make_gan()
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert not loaded.compiled
    np.testing.assert_array_equal(gan.sample(3, seed=1), loaded.sample(3, seed=1))


@pytest.mark.slow
def test_seed(images):
    def samples(seed):
        keras.utils.set_random_seed(0)
        return trained(small_gan, images, None, 10, seed=seed).sample(4, seed=0)

    of_five = samples(5)
    np.testing.assert_array_equal(samples(5), of_five)
    assert not np.array_equal(samples(6), of_five)
    assert not np.array_equal(samples(None), of_five)


def test_compile_defaults_and_strings(images):
    gan = small_gan()
    gan.compile(g_optimizer="sgd", d_optimizer="adam")
    assert isinstance(gan.g_optimizer, keras.optimizers.SGD)
    gan.fit(images, batch_size=10, verbose=0)


# Mistakes. Each is one line, said before anything is trained.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "hinged"}, "loss must be one of"),
        ({"update": "both"}, "update must be one of"),
        ({"d_steps": 0}, "d_steps"),
        ({"d_steps": 1.5}, "d_steps"),
        ({"update": "simultaneous", "d_steps": 2}, "alternating"),
        ({"loss": None}, "two functions"),
        ({"loss": ["minimax"]}, "two functions"),
        ({"steps_per_execution": 0}, "steps_per_execution"),
        ({"g_optimizer": "adamm"}, "such as 'adam', got 'adamm'"),
        ({"d_optimizer": 3}, "such as 'adam', got 3"),
    ],
)
def test_compile_refuses(arguments, words):
    with pytest.raises(InputError, match=words) as error:
        small_gan().compile(**arguments)
    one_line(error)


def test_compile_refuses_one_optimizer_for_both():
    optimizer = keras.optimizers.SGD()
    with pytest.raises(InputError, match="own instance"):
        small_gan().compile(g_optimizer=optimizer, d_optimizer=optimizer)


def changed(images, index, value):
    images = images.copy()
    images[index] = value
    return images


WRONG = {
    "shape": (lambda x, y: (x[:, :3], y), r"\(batch, 4, 4, 1\), got \(\w+, 3, 4, 1\)"),
    "no channels": (lambda x, y: (x[..., 0], y), "channel axis"),
    "nan": (lambda x, y: (changed(x, 29, np.nan), y), "NaN"),
    "0..255": (lambda x, y: (x * 255, y), "divide by 255"),
    "-1..1": (lambda x, y: (x * 2 - 1, y), r"\(images \+ 1\) / 2"),
    "int": (lambda x, y: (np.int32(x * 255), y), "float in"),
    "label too large": (lambda x, y: (x, changed(y, 29, 3)), r"\[0, 3\), got 3"),
    "label negative": (lambda x, y: (x, changed(y, 29, -1)), "got -1"),
    "label half": (lambda x, y: (x, y + 0.5), "whole numbers"),
    "one-hot": (lambda x, y: (x, np.eye(3)[y]), "one-hot"),
    "no labels": (lambda x, y: (x, None), "needs .images, condition."),
    "few labels": (lambda x, y: (x, y[:29]), "conditions, got"),
}


def fit_arrays(gan, x, y, *_):
    gan.fit(x, y, batch_size=10, verbose=0)


def fit_data_set(gan, x, y, *_):
    parts = x if y is None else (x, y)
    gan.fit(tf.data.Dataset.from_tensor_slices(parts).batch(10), verbose=0)


def fit_with_validation(gan, x, y, images, labels):
    gan.fit(images, labels, validation_data=(x, y), verbose=0)


@pytest.mark.parametrize(
    ("case", "fit"),
    [
        (case, fit)
        for case in WRONG
        for fit in (fit_arrays, fit_data_set, fit_with_validation)
        if (case, fit) != ("few labels", fit_data_set)  # tf.data refuses that itself
    ],
)
def test_wrong_data(case, fit, images, labels):
    change, words = WRONG[case]
    x, y = change(images, labels)
    gan = small_cgan()
    gan.compile()
    before = gan.get_weights()
    with pytest.raises(InputError, match=words) as error:
        fit(gan, x, y, images, labels)
    one_line(error)
    for a, b in zip(before, gan.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", ["nan", "0..255", "label too large"])
def test_wrong_data_met_while_training(case, images, labels):
    """A data set of unknown length is checked batch by batch."""
    x, y = WRONG[case][0](images, labels)
    data = tf.data.Dataset.from_tensor_slices((x, y)).filter(lambda *_: True).batch(10)
    gan = small_cgan()
    gan.compile()
    with pytest.raises(InputError, match=WRONG[case][1]) as error:
        gan.fit(data, verbose=0)
    one_line(error)


class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images) // 10

    def __getitem__(self, index):
        rows = slice(10 * index, 10 * index + 10)
        return self.images[rows], self.labels[rows]


def python_generator(images, labels):
    batches = Batches(images, labels)
    yield from (batches[index] for index in range(len(batches)))


@pytest.mark.parametrize(
    ("make", "case"), paired([Batches, python_generator], ["nan", "label too large", "0..255"])
)
def test_wrong_data_of_python_iterators(make, case, images, labels):
    gan = small_cgan()
    gan.compile()
    gan.fit(make(images, labels), steps_per_epoch=3, verbose=0)
    assert gan.train_steps.numpy() == 3
    x, y = WRONG[case][0](images, labels)
    with pytest.raises(InputError, match=WRONG[case][1]) as error:
        gan.fit(make(x, y), steps_per_epoch=3, verbose=0)
    one_line(error)


@pytest.mark.slow
def test_labels_in_a_column(images, labels):
    """As keras.datasets.cifar10 has them."""
    column = labels[:, None]
    gan = small_cgan()
    gan.compile()
    gan.fit(images, column, batch_size=10, validation_data=(images, column), verbose=0)
    gan.fit(tf.data.Dataset.from_tensor_slices((images, column)).batch(10), verbose=0)
    gan.fit(images, column.tolist(), batch_size=10, verbose=0)
    np.testing.assert_array_equal(gan.sample(3, column[:3], seed=0), gan.sample(3, labels[:3], seed=0))


def as_dicts(images, labels):
    return tf.data.Dataset.from_tensor_slices({"image": images, "label": labels}).batch(10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda x, y: {"x": as_dicts(x, y)}, "map the data set"),
        (lambda x, y: {"x": x, "y": y, "sample_weight": y}, "sample_weight"),
        (lambda x, y: {"x": x, "y": y, "validation_data": (x, y, y)}, "sample weights"),
        (lambda x, y: {"x": x.tolist(), "y": y}, "numpy.asarray"),
        (lambda x, y: {"x": tfgan.data.load("digits")}, r"data\.train\.batch"),
        (lambda x, y: {}, "NoneType"),
        (lambda x, y: {"x": x[:0], "y": y[:0]}, "empty"),
        (
            lambda x, y: {
                "x": x,
                "y": y,
                "callbacks": [keras.callbacks.ReduceLROnPlateau("d_loss", mode="min")],
            },
            "schedules",
        ),
        (
            lambda x, y: {"x": x, "y": y, "callbacks": [keras.callbacks.SwapEMAWeights()]},
            "ema_decay",
        ),
    ],
)
def test_fit_refuses(arguments, words, images, labels):
    gan = small_cgan()
    gan.compile()
    with pytest.raises(InputError, match=words) as error:
        gan.fit(**arguments(images, labels), verbose=0)
    one_line(error)
    assert gan.train_steps.numpy() == 0


def test_networks_of_other_conditions():
    g, d = small_cgan().generator, small_cgan().discriminator
    other = tfgan.networks.mirza2014.Discriminator(SHAPE, condition=Labels(4), units=4)
    with pytest.raises(InputError, match=r"Labels\(4\), expected Labels\(3\)"):
        tfgan.CGAN(g, other)
    with pytest.raises(InputError, match=r"Labels\(3\), expected Labels\(7\)"):
        tfgan.CGAN(g, d, condition=Labels(7))


def test_not_networks():
    with pytest.raises(InputError, match="Keras model"):
        tfgan.GAN(tfgan.networks.goodfellow2014.Generator, small_gan().discriminator)
    with pytest.raises(InputError, match="Labels"):
        tfgan.CGAN(*functional_pair(conditional=True), condition=3)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", 2**70, True])
def test_wrong_seeds(seed, make_gan):
    with pytest.raises(InputError, match="seed"):
        make_gan(seed=seed)
    with pytest.raises(InputError, match="seed"):
        make_gan().sample(2, seed=seed)


@pytest.mark.parametrize(
    ("policy", "update"), paired(["mixed_bfloat16", "mixed_float16"], ["simultaneous", "alternating"])
)
def test_precision(images, tmp_path, policy, update):
    """Losses are float32; in float16 both optimizers scale them, and what that adds is saved."""
    keras.config.set_dtype_policy(policy)
    try:
        gan = small_gan()
        rates = [keras.optimizers.SGD(0.1) for _ in range(2)]
        gan.compile(g_optimizer=rates[0], d_optimizer=rates[1], update=update, jit_compile=False)
        gan.fit(images, batch_size=10, verbose=0)
        assert gan.discriminate(images[:2], training=False).dtype == tf.float32
    finally:
        keras.config.set_dtype_policy("float32")
    scaled = [isinstance(o, keras.optimizers.LossScaleOptimizer) for o in optimizers_of(gan)]
    assert scaled == [policy == "mixed_float16"] * 2
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    for mine, theirs in zip(optimizers_of(gan), optimizers_of(loaded), strict=True):
        assert type(mine) is type(theirs)
        for a, b in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a, b)
    loaded.fit(images, batch_size=10, verbose=0)


def optimizers_of(gan):
    return gan.g_optimizer, gan.d_optimizer


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_scaled_losses_take_the_same_steps(images, update):
    """A scale, here in float32, changes no step; an overflow takes none and halves the scale."""
    weights = small_gan().get_weights()

    def trained(scaled):
        gan = small_gan()
        gan.set_weights(weights)
        optimizers = [keras.optimizers.SGD(0.1) for _ in range(2)]
        if scaled:
            optimizers = [keras.optimizers.LossScaleOptimizer(o, 2.0**12) for o in optimizers]
        gan.compile(
            g_optimizer=optimizers[0],
            d_optimizer=optimizers[1],
            update=update,
            penalties={"r1": 1.0},
            ema_decay=0.9,
            run_eagerly=True,
        )
        gan.fit(images, batch_size=10, shuffle=False, verbose=0)
        return gan

    plain, scaled = trained(False), trained(True)
    for a, b in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    before = scaled.ema_generator.get_weights()
    scaled.g_optimizer.dynamic_scale.assign(np.inf)
    scaled.fit(images[:10], batch_size=10, verbose=0)
    for a, b in zip(before, scaled.ema_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_gradients_accumulate_over_batches(images, update):
    """Two batches of SGD summed up are a step on both; the average moves when the weights do."""
    gan = small_gan()
    optimizers = [keras.optimizers.SGD(0.1, gradient_accumulation_steps=2) for _ in range(2)]
    gan.compile(
        g_optimizer=optimizers[0],
        d_optimizer=optimizers[1],
        update=update,
        ema_decay=0.5,
        jit_compile=False,
    )
    seen = []
    for _ in range(4):
        gan.fit(images[:10], batch_size=10, verbose=0)
        weights = [gan.discriminator.get_weights(), gan.generator.get_weights()]
        seen.append([*weights, gan.ema_generator.get_weights()])
    for before, after, moves in zip(seen[:-1], seen[1:], (True, False, True), strict=True):
        for one, other in zip(before, after, strict=True):
            same = all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
            assert same is not moves


def test_gradients_are_clipped(images):
    """By the norm of all of them, over the weights of one network."""
    gan = small_gan()
    clipped = [keras.optimizers.SGD(1.0, global_clipnorm=1e-3) for _ in range(2)]
    gan.compile(g_optimizer=clipped[0], d_optimizer=clipped[1], jit_compile=False)
    for network in (gan.generator, gan.discriminator):
        for variable in network.trainable_variables:
            variable.assign(np.random.default_rng(2).normal(size=variable.shape) / 5)
    before = [network.get_weights() for network in (gan.generator, gan.discriminator)]
    gan.fit(images[:10], batch_size=10, verbose=0)
    after = [network.get_weights() for network in (gan.generator, gan.discriminator)]
    for one, other in zip(before, after, strict=True):
        moved = sum(np.square(a - b).sum() for a, b in zip(one, other, strict=True))
        np.testing.assert_allclose(np.sqrt(moved), 1e-3, rtol=1e-2)


def test_losses_that_cannot_be_saved_train(images):
    gan = small_gan()
    gan.compile(
        loss=(lambda real, fake: tf.reduce_mean(fake - real), lambda fake: -tf.reduce_mean(fake))
    )
    gan.fit(images, batch_size=10, verbose=0)


def test_unbatched_data_set(images):
    gan = small_gan()
    gan.compile()
    with pytest.raises(InputError, match=r"\.batch\(100\)"):
        gan.fit(tf.data.Dataset.from_tensor_slices(images))


def test_sample_weights_are_refused(images, labels):
    gan = small_cgan()
    gan.compile()
    data = tf.data.Dataset.from_tensor_slices((images, labels, labels)).batch(10)
    with pytest.raises(InputError, match="weights"):
        gan.fit(data)


def test_networks_that_do_not_fit():
    generator, _ = functional_pair()
    _, discriminator = functional_pair(shape=(5, 5, 1))
    with pytest.raises(
        InputError, match=r"takes images of shape \(5, 5, 1\), the generator makes"
    ) as e:
        tfgan.GAN(generator, discriminator)
    one_line(e)
    with pytest.raises(InputError, match=r"\(batch, 1\), got \(batch, 3\)"):
        tfgan.GAN(
            generator,
            keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(3)]),
        )


def test_networks_called_the_wrong_way():
    conditional = functional_pair(conditional=True)
    with pytest.raises(InputError, match="the generator does not take") as error:
        tfgan.GAN(*conditional)
    one_line(error)
    with pytest.raises(InputError, match="condition") as error:
        tfgan.CGAN(*functional_pair())
    one_line(error)


def test_unknown_latent_dim():
    class Bare(keras.Model):
        def call(self, z):
            return keras.ops.reshape(z, (-1, 1, 1, 1))

    _, discriminator = functional_pair(shape=(1, 1, 1))
    with pytest.raises(InputError, match="latent_dim"):
        tfgan.GAN(Bare(), discriminator)
    assert tfgan.GAN(Bare(), discriminator, latent_dim=1).image_shape == (1, 1, 1)


@pytest.mark.parametrize("count", [0, -3, 1.5, True])
def test_wrong_number_of_samples(count):
    with pytest.raises(InputError, match="positive integer"):
        small_gan().sample(count)


@pytest.mark.parametrize(
    ("condition", "words"),
    [([0, 1], "need 3 conditions"), ([0, 1, 3], r"\[0, 3\)"), (-1, "got -1"), (["a"] * 3, "whole")],
)
def test_wrong_conditions(condition, words):
    with pytest.raises(InputError, match=words):
        small_cgan().sample(3, condition=condition)


def test_condition_for_a_plain_gan():
    with pytest.raises(InputError, match="train a CGAN"):
        small_gan().sample(3, condition=[1, 2, 3])


def test_generator_out_of_range_warns(images):
    generator = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Reshape(SHAPE)]
    )
    gan = tfgan.GAN(generator, functional_pair()[1])
    gan.compile()
    with pytest.warns(UserWarning, match="sigmoid"):
        gan.fit(images, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        good = small_gan()
        good.compile()
        good.fit(images, verbose=0)


@pytest.mark.parametrize(("noise", "mean"), [("uniform", 0.0), ("normal", 0.0), ("unit_uniform", 0.5)])
def test_truncation_scales_latents_towards_their_mean(noise, mean):
    gan = small_gan(noise=noise)
    z = gan.draw_latents(2000, seed=1)
    assert z.mean() == pytest.approx(mean, abs=0.03)
    half = gan.draw_latents(2000, seed=1, truncation=0.5)
    np.testing.assert_allclose(half - mean, 0.5 * (z - mean), atol=1e-6)
    np.testing.assert_array_equal(
        gan.sample(5, seed=1, truncation=0.25),
        gan.images_of(mean + 0.25 * (gan.draw_latents(5, seed=1) - mean)),
    )
    np.testing.assert_array_equal(gan.sample(5, seed=1, truncation=1), gan.sample(5, seed=1))


@pytest.mark.parametrize("noise", ["normal", "unit_uniform"])
@pytest.mark.parametrize("make", [small_gan, small_cgan])
def test_smoothing_is_a_mean_of_nearby_images(make, noise):
    gan = make(noise=noise)
    rng = np.random.default_rng(0)
    gan.generator.set_weights([rng.normal(size=w.shape) for w in gan.generator.get_weights()])
    std = 1 if noise == "normal" else 12**-0.5
    z = gan.draw_latents(7, seed=1)
    labels = np.arange(7) % 3 if gan.conditional else None
    around = list(latents.nearby(z, 0.4 * std))
    assert len(around) == 6
    offsets = np.array(around) - z  # (6, 7, 5)
    assert offsets.std() == pytest.approx(0.4 * std, rel=0.5)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=1e-6)
    mean = np.mean([gan.images_of(near, labels) for near in around], axis=0)
    smooth = gan.images_of(z, labels, smoothing=0.4)
    np.testing.assert_allclose(smooth, mean, atol=1e-6)
    assert np.abs(smooth - gan.images_of(z, labels)).max() > 1e-4
    np.testing.assert_array_equal(gan.sample(7, labels, seed=1, smoothing=0.4), smooth)
    np.testing.assert_array_equal(gan.images_of(z.tolist(), labels, smoothing=np.float64(0.4)), smooth)
    np.testing.assert_array_equal(gan.images_of(z, labels, smoothing=0), gan.images_of(z, labels))
    alone = [
        gan.images_of(z[i : i + 1], None if labels is None else labels[i : i + 1], smoothing=0.4)[0]
        for i in range(7)
    ]
    np.testing.assert_allclose(alone, smooth, atol=1e-6)


@pytest.mark.parametrize("smoothing", [-0.1, float("nan"), float("inf"), "1", True, None])
def test_wrong_smoothing(smoothing):
    with pytest.raises(InputError, match="smoothing") as error:
        small_gan().sample(1, smoothing=smoothing)
    one_line(error)


@pytest.mark.parametrize("truncation", [0, -1, 1.5, "1", True, float("nan")])
def test_wrong_truncation(truncation):
    with pytest.raises(InputError, match="truncation") as error:
        small_gan().sample(1, truncation=truncation)
    one_line(error)


def keras_pair(*, last=None):
    makes = [keras.Input((4,)), keras.layers.Dense(16, "sigmoid"), keras.layers.Reshape((4, 4, 1))]
    judges = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1, last)]
    return keras.Sequential(makes), keras.Sequential(judges)


def test_networks_in_wrong_order_are_told():
    makes, judges = keras_pair()
    with pytest.raises(InputError, match="give the generator first") as error:
        tfgan.GAN(judges, makes)
    one_line(error)
    tfgan.GAN(makes, judges)


def test_a_discriminator_that_ends_with_a_sigmoid_is_warned_of():
    pair = keras_pair(last="sigmoid")
    with pytest.warns(UserWarning, match="ends with a sigmoid, where logits are expected") as caught:
        tfgan.GAN(*pair)
    assert caught[0].filename == __file__


def test_what_a_network_raises_is_one_line_without_colours():
    makes, _ = keras_pair()
    dense = keras.Sequential([keras.Input((7,)), keras.layers.Dense(1)])
    with pytest.raises(InputError) as error:
        tfgan.GAN(makes, dense)
    assert "x1b" not in one_line(error)


@pytest.mark.parametrize("ask", ["fit", "evaluate"])
def test_what_is_not_compiled_does_not_train(ask, images):
    with pytest.raises(InputError, match=r"is not compiled: call its compile\(\) first") as error:
        getattr(small_gan(), ask)(images, verbose=0)
    one_line(error)

"""The compiled loop: the same training for every K, no batch lost, no way back to the host."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, SHAPE, gan_with_python, one_line, small_cgan, small_gan
from pairs import paired

import tfgan
from tfgan import programs, tuning
from tfgan.errors import InputError

EPOCHS = 3


def numbered(count, batch, *, start=0):
    """Data set of `count` images of one value each, image i being i / 1000, in order."""
    values = np.arange(start, start + count, dtype="float32") / 1000
    images = np.broadcast_to(values[:, None, None, None], (count, *SHAPE))
    return tf.data.Dataset.from_tensor_slices(images).batch(batch)


@keras.saving.register_keras_serializable(package="tests")
class Recorder(tfgan.GAN):
    """Notes the first image of every batch it trains on, instead of training."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = self.add_weight(shape=(200, 2), initializer="zeros", trainable=False)

    def train_step(self, data):
        images, _ = self._unpack(data)
        row = tf.stack([images[0, 0, 0, 0] * 1000, tf.cast(tf.shape(images)[0], tf.float32)])
        here = tf.reshape(tf.identity(self.train_steps), (1, 1))
        self.seen.assign(tf.tensor_scatter_nd_update(tf.identity(self.seen), here, [row]))
        self.train_steps.assign_add(1)
        self.record(tf.shape(images)[0], d_loss=images)
        return self.get_metrics_result()

    def batches(self):
        count = int(self.train_steps.numpy())
        return [(round(float(first)), int(size)) for first, size in self.seen.numpy()[:count]]


def recorder(**kwargs):
    gan = small_gan()
    gan = Recorder(gan.generator, gan.discriminator, seed=0)
    gan.compile(jit_compile=False, **kwargs)
    return gan


def in_order(count, batch):
    return [(first, min(batch, count - first)) for first in range(0, count, batch)]


@pytest.mark.parametrize("count", [1, 7, 21, 23])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_every_batch_of_finite_data_once_an_epoch(count, k):
    gan = recorder(steps_per_execution=k)
    history = gan.fit(numbered(count, 3), epochs=EPOCHS, verbose=0)
    assert gan.batches() == EPOCHS * in_order(count, 3)
    mean = (count - 1) / 2 / 1000
    np.testing.assert_allclose(history.history["d_loss"], [mean] * EPOCHS, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 4, 7])
@pytest.mark.parametrize("k", [3, 50])
def test_infinite_data_and_steps_per_epoch(steps, k):
    gan = recorder(steps_per_execution=k)
    gan.fit(numbered(10, 3).repeat(), steps_per_epoch=steps, epochs=EPOCHS, verbose=0)
    expected = 20 * in_order(10, 3)
    assert gan.batches() == expected[: EPOCHS * steps]


@pytest.mark.parametrize(("steps", "known"), paired([3, 8, 7], [True, False]))
@pytest.mark.parametrize("k", [3, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_finite_data_and_steps_per_epoch_as_one_step_at_a_time(steps, k, known):
    def seen(k):
        gan = recorder(steps_per_execution=k)
        data = numbered(20, 3)
        if not known:  # how many batches there are
            data = data.filter(lambda batch: True)
        gan.fit(data, steps_per_epoch=steps, epochs=4, verbose=0)
        return gan.batches()

    assert seen(k) == seen(1)


def test_batches_of_many_sizes():
    parts = [numbered(n, n, start=100 * i) for i, n in enumerate([2, 2, 3, 2, 1, 1, 1, 4])]
    data = parts[0]
    for part in parts[1:]:
        data = data.concatenate(part)
    gan = recorder(steps_per_execution=5)
    gan.fit(data, epochs=2, verbose=0)
    assert gan.batches() == 2 * [(100 * i, n) for i, n in enumerate([2, 2, 3, 2, 1, 1, 1, 4])]


def test_stacked_data():
    """A data set of stacks of batches is the data set of its batches."""
    gan = recorder(steps_per_execution=3)
    gan.fit(numbered(24, 3).batch(4, drop_remainder=True), epochs=2, verbose=0)
    assert gan.batches() == 2 * in_order(24, 3)


def test_data_set_without_shapes():
    data = numbered(9, 3).map(lambda x: tf.numpy_function(lambda y: y, [x], tf.float32))
    gan = recorder(steps_per_execution=2)
    gan.fit(data, epochs=2, verbose=0)
    assert gan.batches() == 2 * in_order(9, 3)


def test_interrupted_epoch_is_not_carried_over():
    """Data that ends early leaves the next epoch whole."""

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    gan = recorder(steps_per_execution=3)
    gan.fit(numbered(30, 3).repeat(), steps_per_epoch=5, epochs=2, verbose=0, callbacks=[Stop()])
    gan.fit(numbered(30, 3).repeat(), steps_per_epoch=5, verbose=0)
    assert gan.batches() == in_order(9, 3) + in_order(15, 3)
    gan.train_on_batch(np.zeros((2, *SHAPE), "float32"))
    assert gan.batches()[-1] == (0, 2)


@pytest.mark.parametrize(
    "callbacks",
    [
        lambda one, gan: one,
        lambda one, gan: [one],
        lambda one, gan: keras.callbacks.CallbackList([one], add_history=True, model=gan, epochs=1),
    ],
    ids=["one", "list", "CallbackList"],
)
def test_callbacks_count_as_keras_counts(callbacks):
    class Count(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []

        def on_train_batch_begin(self, batch, logs=None):
            self.calls.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append(("end", batch))

    gan = recorder(steps_per_execution=np.int64(4))
    count = Count()
    gan.fit(numbered(30, 3), verbose=0, callbacks=callbacks(count, gan))
    assert count.calls == [
        ("begin", 0),
        ("end", 3),
        ("begin", 4),
        ("end", 7),
        ("begin", 8),
        ("end", 11),
    ]


# The same training.


def in_bfloat16():
    """Networks whose layers compute in bfloat16 on float32 weights."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return convolutional()
    finally:
        keras.config.set_dtype_policy("float32")


def convolutional():
    layers = keras.layers
    generator = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(16),
            layers.BatchNormalization(),
            layers.Reshape((2, 2, 4)),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(4, 3, strides=2, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    return tfgan.GAN(generator, discriminator, seed=0)


def case_name(case):
    """Names a case of options, the same in every process."""
    if not isinstance(case, dict):
        return str(case)
    return ",".join(f"{key}={getattr(value, '__name__', value)}" for key, value in case.items())


def trained(k, *, jit_compile, dropout=0.3, maker=small_cgan, data=None, **compile_args):
    keras.utils.set_random_seed(1)
    gan = maker(dropout=dropout) if maker is small_cgan else maker()
    rate = keras.optimizers.schedules.ExponentialDecay(1e-2, 3, 0.9)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(rate, use_ema=True, ema_momentum=0.5),
        d_optimizer=keras.optimizers.Adam(rate),
        jit_compile=jit_compile,
        steps_per_execution=k,
        **compile_args,
    )
    rng = np.random.default_rng(0)
    images = rng.random((23, *SHAPE), "float32")
    labels = np.arange(23, dtype="int32") % CLASSES
    pairs = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(23, seed=2).batch(4)
    arguments = {"steps_per_epoch": 5} if data == "infinite" else {}
    history = gan.fit(
        pairs.repeat() if data == "infinite" else pairs,
        epochs=EPOCHS,
        verbose=0,
        validation_data=(images[:9], labels[:9]),
        validation_batch_size=2,
        **arguments,
    )
    return gan, history.history


def assert_alike(one, other):
    variables = [
        [*gan.variables, *gan.g_optimizer.variables, *gan.d_optimizer.variables]
        for gan, _ in (one, other)
    ]
    for a, b in zip(*variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)
    assert one[1] == other[1]


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"d_steps": 3}, marks=pytest.mark.slow),
        pytest.param({"d_steps": 3, "data": "infinite"}, marks=pytest.mark.slow),
        {"update": "simultaneous", "maker": small_gan, "matmul_precision": "bfloat16"},
    ],
    ids=case_name,
)
def test_bitwise_equal_for_every_k(arguments, jit_compile):
    one = trained(1, jit_compile=jit_compile, **arguments)
    steps = EPOCHS * (5 if arguments.get("data") else 6)
    assert one[0].d_optimizer.iterations == steps
    assert one[0].g_optimizer.iterations == steps // one[0].d_steps
    assert_alike(one, trained(7, jit_compile=jit_compile, **arguments))


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("k", [4, 50])
@pytest.mark.parametrize("update", tfgan.checks.UPDATES)
@pytest.mark.parametrize("maker", [small_gan, small_cgan, convolutional, in_bfloat16])
def test_bitwise_equal_for_many(k, jit_compile, update, maker):
    one = trained(1, jit_compile=jit_compile, update=update, maker=maker)
    assert_alike(one, trained(k, jit_compile=jit_compile, update=update, maker=maker))


@pytest.mark.parametrize(
    "options",
    [
        {"update": "simultaneous", "instance_noise": 0.1},
        {
            "penalties": {"gradient_penalty": 1.0},
            "mismatched": True,
            "augment": "color,translation,cutout",
            "augment_strength": 0.5,
        },
    ],
    ids=case_name,
)
def test_xla_and_graphs_draw_the_same_numbers(options, images):
    def weights(jit_compile):
        keras.utils.set_random_seed(1)
        gan = small_cgan(dropout=0.3)
        sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
        gan.compile(g_optimizer=sgd[0], d_optimizer=sgd[1], jit_compile=jit_compile, **options)
        gan.fit(images, np.arange(30) % CLASSES, batch_size=5, shuffle=False, verbose=0)
        return gan.get_weights()

    for one, other in zip(weights(False), weights(True), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_loop_equals_single_compiled_steps(images):
    """Against steps compiled one by one, without the loop."""
    batches = images.reshape(6, 5, *SHAPE)

    def fresh():
        keras.utils.set_random_seed(3)
        gan = convolutional()
        sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
        gan.compile(
            g_optimizer=sgd[0], d_optimizer=sgd[1], jit_compile=True, steps_per_execution=4, d_steps=2
        )
        return gan

    looped = fresh()
    looped.fit(tf.data.Dataset.from_tensor_slices(batches), verbose=0)
    single = fresh()
    step = tf.function(single.train_step, jit_compile=True)
    for batch in batches:
        step(tf.constant(batch))
    for a, b in zip(looped.variables, single.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


# The program.


def compiled(gan, batch=4, k=3):
    """(optimized HLO, unoptimized graph's input types) of a GAN's training."""
    stacks = [tf.zeros((k, batch, *gan.image_shape), tf.uint8)]
    run = programs.of_steps(gan, gan.train_step, jit_compile=True)
    return run.experimental_get_compiler_ir(stacks, tf.constant(k))(stage="optimized_hlo")


@pytest.mark.parametrize("update", tfgan.checks.UPDATES)
def test_the_host_is_not_asked_between_steps(update):
    gan = small_gan()
    gan.compile(update=update)
    text = compiled(gan)
    assert len(re.findall(r" while\(", text)) == 1
    assert not re.findall(r" (infeed|outfeed|send|recv|send-done|recv-done)\(", text)
    assert not re.findall(r'custom_call_target="[^"]*(callback|host|py)[^"]*"', text, re.IGNORECASE)
    entry = text[text.index("\nENTRY") :]
    assert "u8[3,4,4,4,1]" in entry.splitlines()[1]  # bytes cross to the device as bytes


def product_flops(text):
    """Multiply-adds of all matrix products in the text of a compiled program."""
    shapes = dict(re.findall(r"%([\w.-]+) = \w+\[([\d,]*)\]", text))
    shapes.update(re.findall(r"([\w.-]+): \w+\[([\d,]*)\]", text))
    total = 0
    for name, left, contracted in re.findall(
        r"%([\w.-]+) = [^\n]* dot\(%([\w.-]+), [^\n]*lhs_contracting_dims={([\d,]*)}", text
    ):
        sizes = [int(n) for n in shapes[left].split(",")]
        inner = np.prod([sizes[int(i)] for i in contracted.split(",")])
        total += inner * np.prod([int(n) for n in shapes[name].split(",") if n] or [1])
    return total


@pytest.mark.parametrize("update", tfgan.checks.UPDATES)
def test_nothing_is_computed_that_no_one_reads(update):
    """The products of the compiled program are those of the backward passes, counted by hand."""
    n, latent, units, pixels, wide = 64, 5, 32, 16, 24
    gan = tfgan.GAN(
        tfgan.networks.goodfellow2014.Generator(SHAPE, latent_dim=latent, units=units),
        tfgan.networks.goodfellow2014.Discriminator(
            SHAPE, units=wide // 2, pieces=2, input_dropout=0.0, dropout=0.0
        ),
        seed=0,
    )
    gan.compile(update=update)
    g = [latent * units, units * units, units * pixels]
    d = [pixels * wide, wide // 2 * wide, wide // 2]
    forward_g, forward_d = sum(g), sum(d)
    g_backward = forward_g + sum(g[1:])
    d_backward = forward_d + sum(d[1:])  # weights, and inputs but the image
    if update == "simultaneous":
        expected = forward_g + g_backward + 2 * (forward_d + d_backward) + d[0]
    else:
        expected = 2 * forward_g + g_backward + 2 * (forward_d + d_backward) + 2 * forward_d
    outer = 3 * wide // 2 * n  # XLA makes the last layer's rank-one products element by element
    assert abs(product_flops(compiled(gan, batch=n)) - n * expected) <= 2 * outer


@pytest.mark.slow
def test_a_smaller_last_batch_compiles_once(images):
    gan = small_gan()
    gan.compile(jit_compile=True, steps_per_execution=3)
    data = tf.data.Dataset.from_tensor_slices(images[:23]).batch(4)
    gan.fit(data, epochs=2, verbose=0)
    before = gan.train_function.program.experimental_get_tracing_count()
    gan.fit(data, epochs=3, verbose=0)
    assert before == gan.train_function.program.experimental_get_tracing_count() == 2


def test_what_xla_cannot_compile_is_named(images):
    gan = gan_with_python()
    gan.compile(jit_compile=True)
    with pytest.raises(InputError, match="PyFunc") as error:
        gan.fit(images, verbose=0)
    assert "jit_compile" in one_line(error)


@pytest.mark.parametrize("jit_compile", ["yes", 1, None])
def test_jit_compile_is_one_of_three(jit_compile):
    with pytest.raises(InputError, match="jit_compile must be one of True, False, auto") as error:
        small_gan().compile(jit_compile=jit_compile)
    one_line(error)


def test_layers_that_say_they_cannot_be_compiled():
    gan = small_gan()
    rotation = keras.layers.RandomRotation(0.1)
    discriminator = keras.Sequential([keras.Input(SHAPE), rotation, gan.discriminator])
    gan = tfgan.GAN(gan.generator, discriminator)
    with pytest.raises(InputError, match=rotation.name) as error:
        gan.compile(jit_compile=True)
    one_line(error)


def test_auto_goes_on_without_xla_where_it_must(images, monkeypatch):
    monkeypatch.setattr(tuning, "_fastest", {})
    gan = gan_with_python()
    gan.compile(jit_compile="auto", steps_per_execution=2)
    with pytest.warns(UserWarning, match="PyFunc.*without XLA") as warned:
        gan.fit(images, batch_size=10, verbose=0)
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    assert gan.jit_compile is False
    assert gan.train_steps == 3


@pytest.mark.parametrize("k", [1, 2, 5])
def test_evaluation_takes_as_many_batches_as_asked(k):
    gan = small_gan()
    gan.compile(jit_compile=False, steps_per_execution=k)
    endless = numbered(9, 3).repeat()
    gan.evaluate(endless, steps=4, verbose=0)
    assert gan._trackers["d_loss"].count == 12
    gan.test_on_batch(np.zeros((5, *SHAPE), "float32"))
    assert gan._trackers["d_loss"].count == 5
    gan.evaluate(numbered(10, 3), verbose=0)
    assert gan._trackers["d_loss"].count == 10
    history = gan.fit(
        numbered(9, 3), epochs=2, validation_data=endless, validation_steps=4, verbose=0
    ).history
    assert gan._trackers["d_loss"].count == 12
    assert len(history["val_d_loss"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_on_a_gpu_the_number_of_steps_is_a_constant(jit_compile, images, monkeypatch):
    """The path taken there, on the CPU: XLA may round otherwise when it knows the number."""

    def weights():
        keras.utils.set_random_seed(4)
        gan = small_gan()
        sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
        gan.compile(
            g_optimizer=sgd[0], d_optimizer=sgd[1], jit_compile=jit_compile, steps_per_execution=3
        )
        gan.fit(images[:28], batch_size=4, epochs=2, shuffle=False, verbose=0)  # 3 + 3 + 1 steps
        assert gan.train_steps == 14
        return gan.get_weights()

    expected = weights()
    monkeypatch.setattr(programs, "on_cpu", lambda: False)
    for a, b in zip(weights(), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)

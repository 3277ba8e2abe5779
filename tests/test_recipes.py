import types

import keras
import numpy as np
import pytest
from makers import one_line, stripes

import tfgan
from tfgan import recipes, runs
from tfgan.data import toy_tags
from tfgan.errors import InputError
from tfgan.recipes import RECIPES
from tfgan.recipes.settings import EXECUTION

ALWAYS = {"seed", "epochs", "batch_size", "sample_every", *EXECUTION}


# Widths that tests change: published networks of millions of weights are slow to make.
WIDTHS = {"units": 16, "d_units": 8, "channels": 4, "max_channels": 8}


def narrow(name, *changes):
    """Changes that make a recipe's networks narrow."""
    widths = [f"{key}={n}" for key, n in WIDTHS.items() if key in RECIPES[name].settings]
    # XLA takes long to compile convolutional networks; slow tests do.
    graph = ["jit_compile=false"] if "network" in RECIPES[name].settings else []
    return [*widths, *graph, *changes]


@pytest.fixture
def source(tmp_path):
    images, labels = stripes(120)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'stripes.npz'}"


@pytest.mark.parametrize("name", RECIPES)
def test_says_what_it_is(name):
    recipe = RECIPES[name]
    assert recipe.name == name
    assert set(recipe.settings) >= ALWAYS
    for text in (recipe.reproduces, recipe.time, recipe.score):
        assert text
        assert "\n" not in text


@pytest.fixture
def tag_source(tmp_path):
    np.savez(tmp_path / "tags.npz", **toy_tags.make(40, dim=12, word_dim=5).arrays)
    return f"npz:{tmp_path / 'tags.npz'}"


# Networks and losses of these are those of others, with other numbers, or have dear tests of their own.
ALIKE = {
    "cgan-mnist",
    "gan-digits",
    "gan-cifar10-fc",
    "cdcgan-fashion",
    "grid",
    "sngan-cifar10",
    "stacked-mnist",
    "dbn-mnist",
    "cae-mnist",
}


@pytest.mark.parametrize("by_xla", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in RECIPES],
)
def test_builds_and_trains_a_step_on_other_data(name, by_xla, source, tag_source):
    source = tag_source if RECIPES[name].tags else source
    changes = narrow(name, "batch_size=20", *([] if by_xla else ["jit_compile=false"]))
    config = runs.plan(name, source=source, changes=changes)
    data = runs.load_data(config)
    gan = runs.build(config, data)
    wanted = RECIPES[name].conditional
    assert gan.conditional == (True if wanted is None else wanted)  # the data has labels
    size = config["settings"]["image_size"] or 8
    assert gan.image_shape == ((5,) if RECIPES[name].tags else (size, size, 1))
    before = gan.get_weights()
    gan.fit(data.train.batch(20).take(1), verbose=0)
    after = gan.get_weights()
    assert all(np.isfinite(w).all() for w in after)
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_gan_mnist_is_the_papers(source):
    """The published numbers, step by step (PAPERS: learning rate, momentum, update, networks)."""
    config = runs.plan("gan-mnist", source=source)
    data = runs.load_data(config)
    gan = runs.build(config, data)
    assert gan.update == "simultaneous"
    assert gan.noise == "uniform"
    assert gan.loss_pair == tfgan.losses.LOSSES["non_saturating"]
    assert (gan.generator.latent_dim, gan.generator.units) == (100, 1200)
    d = gan.discriminator
    assert (d.units, d.pieces, d.input_dropout, d.dropout) == (240, 5, 0.2, 0.5)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        rate = optimizer._learning_rate
        np.testing.assert_allclose(rate(50_000), 0.1 / 1.000004**50_000, rtol=1e-4)
        np.testing.assert_allclose(optimizer.momentum(0), 0.5, rtol=1e-6)
        assert optimizer.momentum.last_epoch == 250
    mean = np.clip(data.mean_image().reshape(-1).astype("float64"), 1e-7, 1 - 1e-7)
    bias = gan.generator.get_weights()[-1]
    np.testing.assert_allclose(bias, np.log(mean / (1 - mean)), rtol=1e-4, atol=1e-5)
    assert config["settings"]["batch_size"] == 100


PUBLISHED = {  # batch size, learning rate, epochs
    "gan-tfd-pretraining": (100, 0.05, 50),
    "gan-tfd": (100, 0.05, 22),
    "gan-cifar10-fc": (100, 0.025, 250),
    "gan-cifar10-conv": (128, 0.004, 250),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_first_papers_other_settings(name, source):
    """The published files' training, which decays and gains momentum as on MNIST."""
    batch_size, rate, epochs = PUBLISHED[name]
    config = runs.plan(name, source=source, changes=narrow(name))
    gan = runs.build(config, runs.load_data(config))
    assert (config["settings"]["batch_size"], config["settings"]["epochs"]) == (batch_size, epochs)
    assert (gan.update, gan.noise, gan.generator.latent_dim) == ("simultaneous", "normal", 100)
    assert gan.loss_pair == tfgan.losses.LOSSES["non_saturating"]
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        schedule = optimizer._learning_rate
        np.testing.assert_allclose(schedule(50_000), rate / 1.000004**50_000, rtol=1e-4)
        np.testing.assert_allclose(schedule(10**7), 1e-6, rtol=1e-5)
        np.testing.assert_allclose(optimizer.momentum(0), 0.5, rtol=1e-6)
        assert (optimizer.momentum.final, optimizer.momentum.last_epoch) == (0.7, 250)


# Recipes of the convolutional families, whose options `tfgan.recipes.images` knows.
FAMILIES = [name for name in RECIPES if "network" in RECIPES[name].settings]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_families_train_a_step_as_they_are(name, source):
    """At their widths, under XLA."""
    config = runs.plan(name, source=source, changes=["batch_size=20", "image_size=32"])
    data = runs.load_data(config)
    gan = runs.build(config, data)
    gan.fit(data.train.batch(20).take(2), verbose=0)
    assert all(np.isfinite(w).all() for w in gan.get_weights())


CHOICES = [
    "network=resnet",
    "network=r3gan",
    "network=dcgan",
    "upsample=nearest",
    "spectral_norm=true",
    "conditioning=auxiliary",
    "conditioning=fused",
    "mismatched=true",
    "label_smoothing=0.1",
    "instance_noise=0.1",
    "augment=flip",
    "augment_strength=adaptive",
    "gradient_penalty=10",
    "penalty_end=0.1",
    "clipnorm=1.0",
    "accumulate=2",
    "precision=mixed_float16",
    "anneal=false",
]


@pytest.mark.parametrize("change", CHOICES)
def test_everything_is_selectable(change, source):
    key = change.partition("=")[0]
    needed = {"augment_strength": ["augment=flip"], "penalty_end": ["gradient_penalty=10"]}
    changes = [change, *needed.get(key, [])]
    config = runs.plan("cdcgan-fashion", source=source, changes=narrow("cdcgan-fashion", *changes))
    gan = runs.build(config, runs.load_data(config))
    found = {
        "network": lambda: type(gan.generator).__module__.rsplit(".", 1)[1],
        "upsample": lambda: gan.generator.upsample,
        "spectral_norm": lambda: gan.discriminator.spectral_norm,
        "conditioning": lambda: gan.discriminator.conditioning,
        "mismatched": lambda: gan.mismatched,
        "label_smoothing": lambda: gan.label_smoothing,
        "instance_noise": lambda: gan.instance_noise.initial_learning_rate,
        "augment": lambda: gan.augment,
        "augment_strength": lambda: "adaptive" if gan.adaptive else "fixed",
        "gradient_penalty": lambda: gan.penalties["gradient_penalty"],
        "penalty_end": lambda: gan.penalties["gradient_penalty"].alpha,
        "clipnorm": lambda: gan.d_optimizer.global_clipnorm,
        "accumulate": lambda: gan.g_optimizer.gradient_accumulation_steps,
        "precision": lambda: gan.generator.dtype_policy.name,
        "anneal": lambda: callable(gan.g_optimizer._learning_rate),
    }[key]()
    assert str(found).lower() == str(config["settings"][key]).lower()
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_the_rate_falls_over_the_whole_run_where_gradients_accumulate(source):
    """Keras asks schedules by batches, of which four make one step here."""
    changes = ["accumulate=4", "epochs=4", "batch_size=8"]
    config = runs.plan("cgan-digits", source=source, changes=changes)
    data = runs.load_data(config)
    gan = runs.build(config, data)
    rates = []
    for _ in range(4):
        gan.fit(data.train.batch(8, drop_remainder=True), verbose=0)
        rates.append(float(gan.d_optimizer.learning_rate))
    np.testing.assert_allclose(rates, 1e-3 * (1 + np.cos(np.pi * np.arange(1, 5) / 4)) / 2, atol=1e-9)


def test_wrong_noise(source):
    with pytest.raises(InputError, match="instance_noise") as error:
        runs.plan("dcgan-mnist", source=source, changes=["instance_noise=NaN"])
    one_line(error)
    config = runs.plan("dcgan-mnist", source=source, changes=["instance_noise=-1"])
    with pytest.raises(InputError, match="instance_noise") as error:
        runs.build(config, runs.load_data(config))
    one_line(error)


def test_an_option_of_another_family(source):
    for change, words in (("blocks=2", "goes with r3gan"), ("network=vae", "network must be one of")):
        config = runs.plan("cdcgan-fashion", source=source, changes=[change])
        with pytest.raises(InputError, match=words) as error:
            runs.build(config, runs.load_data(config))
        one_line(error)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_full_size_steps(name, source):
    """At the published widths and image sizes, under XLA as the recipes have it."""
    size = 32 if "cifar10" in name else 48
    config = runs.plan(name, source=source, changes=["batch_size=40", f"image_size={size}"])
    data = runs.load_data(config)
    gan = runs.build(config, data)
    history = gan.fit(data.train.batch(40).take(2), verbose=0).history
    assert np.isfinite([history["d_loss"], history["g_loss"]]).all()
    for variable in gan.trainable_variables:
        if variable.constraint is not None:
            assert np.linalg.norm(variable.numpy(), axis=0).max() <= 1.9365 + 1e-4


def test_cgan_mnist_is_the_papers(source):
    config = runs.plan("cgan-mnist", source=source)
    data = runs.load_data(config)
    gan = runs.build(config, data)
    assert (gan.noise, gan.update) == ("unit_uniform", "simultaneous")
    g, d = gan.generator, gan.discriminator
    assert (g.latent_dim, g.latent_units, g.condition_units, g.units) == (100, 200, 1000, 1200)
    assert (d.image_units, d.condition_units, d.units) == (240, 50, 240)
    assert g.dropout == d.dropout == 0.5
    rate = gan.g_optimizer._learning_rate
    np.testing.assert_allclose(rate(50_000), 0.1 / 1.00004**50_000, rtol=1e-4)
    np.testing.assert_allclose(rate(1_000_000), 1e-6, rtol=1e-5)
    assert RECIPES["cgan-mnist"].best_by_parzen
    assert (g.latent_mean, g.latent_std) == (0.5, pytest.approx(12**-0.5))
    no_latents = g([np.full((1, 100), 0.5, "float32"), np.zeros((1,), "int32")])
    other = [np.zeros_like(w) if w.shape[0] == 100 else w for w in g.get_weights()]
    g.set_weights(other)  # the middle of the unit cube is where the latents say nothing
    np.testing.assert_array_equal(no_latents, g([np.zeros((1, 100)), np.zeros((1,), "int32")]))


def test_a_rate_falls_as_told(source):
    for name in ("gan-mnist", "cgan-mnist"):
        config = runs.plan(name, source=source, changes=["decay=1.0002"])
        gan = runs.build(config, runs.load_data(config))
        for optimizer in (gan.g_optimizer, gan.d_optimizer):
            np.testing.assert_allclose(optimizer._learning_rate(5_000), 0.1 / 1.0002**5_000, rtol=1e-4)
        for value in ("0.9", "2", "NaN"):
            with pytest.raises(InputError, match="decay") as error:
                runs.plan(name, source=source, changes=[f"decay={value}"])
            one_line(error)


@pytest.mark.parametrize("change", ["standardize=false", "noise=uniform"])
def test_latents_stay_as_they_are(source, change):
    config = runs.plan("cgan-mnist", source=source, changes=[change])
    generator = runs.build(config, runs.load_data(config)).generator
    assert (generator.latent_mean, generator.latent_std) == (0.0, 1.0)


def test_an_unknown_prior(source):
    config = runs.plan("cgan-mnist", source=source, changes=["noise=flat"])
    with pytest.raises(InputError, match="noise must be one of") as error:
        runs.build(config, runs.load_data(config))
    one_line(error)


def test_cgan_tags_is_the_papers(tag_source):
    config = runs.plan("cgan-tags", source=tag_source)
    gan = runs.build(config, runs.load_data(config))
    assert gan.noise == "normal"
    g, d = gan.generator, gan.discriminator
    assert (g.latent_dim, g.latent_units, g.condition_units, g.word_dim) == (100, 500, 2000, 5)
    assert (d.word_units, d.condition_units, d.units, d.joint.pieces) == (500, 1200, 1000, 3)
    assert g.dropout == d.dropout == 0.5
    assert config["settings"]["batch_size"] == 100
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        rate = optimizer._learning_rate
        np.testing.assert_allclose(rate(0), 0.1, rtol=1e-6)
        np.testing.assert_allclose(rate(50_000), 0.1 / 1.00004**50_000, rtol=1e-4)
        np.testing.assert_allclose(rate(1_000_000), 1e-6, rtol=1e-5)
        np.testing.assert_allclose(optimizer.momentum(0), 0.5, rtol=1e-6)


def test_recipes_refuse_data_of_another_kind(source, tag_source):
    for name, given, words in (
        ("cgan-tags", source, "cgan-tags needs features with tags"),
        ("cgan-digits", tag_source, "use cgan-tags"),
        ("gan-mnist", tag_source, "use cgan-tags"),
    ):
        config = runs.plan(name, source=given)
        with pytest.raises(InputError, match=words) as error:
            runs.build(config, runs.load_data(config))
        one_line(error)


def test_few_images_get_more_epochs(source):
    config = runs.plan("cgan-mnist", source=source, changes=["batch_size=10"])
    data = runs.load_data(config)
    longer = runs.fitted(config, data)
    _, steps = runs.steps_of(config, data)
    assert longer["settings"]["epochs"] * steps >= RECIPES["cgan-mnist"].least_steps
    assert (longer["settings"]["epochs"] - 1) * steps < RECIPES["cgan-mnist"].least_steps
    pictures = [c["settings"]["epochs"] // c["settings"]["sample_every"] for c in (config, longer)]
    assert pictures[0] == pytest.approx(pictures[1], abs=1)
    base = RECIPES["cgan-mnist"].settings
    for times, pictures in ((10, base["sample_every"] * 10), (0.5, base["sample_every"])):
        many = runs.plan("cgan-mnist", source=source, epochs=int(base["epochs"] * times))
        assert runs.fitted(many, data)["settings"]["sample_every"] == pictures
    asked = runs.plan("cgan-mnist", source=source, epochs=3)
    assert runs.fitted(asked, data) == asked
    digits = runs.plan("cgan-digits", source=source)
    assert runs.fitted(digits, data) == digits


@pytest.mark.parametrize(("count", "side", "batch_size"), [(400, 16, 32), (12_000, 96, 64)])
def test_settings_that_go_with_ones_own_photographs(count, side, batch_size):
    data = types.SimpleNamespace(sizes={"train": count}, image_shape=(side, side, 3))
    config = runs.plan("folder-64", source="folder:photos")
    settings = runs.fitted(config, data)["settings"]
    assert settings["image_size"] == side
    assert settings["batch_size"] == batch_size
    assert settings["r1"] == pytest.approx(0.02 * (side / 32) ** 2)
    assert settings["epochs"] * (count // batch_size) >= RECIPES["folder-64"].least_steps
    begun = {**config, "fingerprint": "of a run that goes on"}
    assert runs.fitted(begun, data) == begun
    changes = ["batch_size=8", "r1=3.0", "image_size=128"]
    config = runs.plan("folder-64", source="folder:photos", changes=changes)
    settings = runs.fitted(config, data)["settings"]
    assert [settings[name] for name in ("batch_size", "r1", "image_size")] == [8, 3.0, 128]


@pytest.mark.parametrize("name", ["cgan-digits", "gan-mnist"])
def test_schedules_of_the_generator_follow_its_own_steps(name, source):
    """With d_steps=2 it makes half of the steps; its schedules end where the discriminator's do."""
    changes = ["d_steps=2", "update=alternating", "epochs=10", "batch_size=10"]
    config = runs.plan(name, source=source, changes=changes)
    gan = runs.build(config, runs.load_data(config))
    _, steps = runs.steps_of(config, runs.load_data(config))
    for steps_done in (0, 4 * steps, 8 * steps):
        d_rate = gan.d_optimizer._learning_rate(steps_done)
        g_rate = gan.g_optimizer._learning_rate(steps_done // 2)
        np.testing.assert_allclose(g_rate, d_rate, rtol=1e-3)
    if name == "gan-mnist":
        d_momentum, g_momentum = gan.d_optimizer.momentum, gan.g_optimizer.momentum
        np.testing.assert_allclose(g_momentum(100 * steps // 2), d_momentum(100 * steps), rtol=1e-6)


@pytest.mark.slow
def test_the_smallest_networks(source, tag_source):
    for name in RECIPES:
        keys = {*WIDTHS, "latent_dim"} & RECIPES[name].settings.keys()
        theirs = tag_source if RECIPES[name].tags else source
        config = runs.plan(name, source=theirs, changes=[f"{key}=1" for key in keys])
        runs.build(config, runs.load_data(config))


def test_override():
    settings = {"epochs": 5, "rate": 0.1, "loss": "a", "size": None, **EXECUTION}
    changes = ["epochs=7", "rate=1", "loss=b", "size=3", "jit_compile=auto", "steps_per_execution=4"]
    changed = recipes.override(settings, changes)
    expected = {"epochs": 7, "rate": 1.0, "loss": "b", "size": 3, "matmul_precision": "float32"}
    assert changed == {**expected, "jit_compile": "auto", "steps_per_execution": 4}
    assert type(changed["rate"]) is float
    assert settings["epochs"] == 5


@pytest.mark.parametrize("text", [".25", "0.25", "25e-2", "+.25"])
def test_numbers_as_people_write_them(text):
    assert recipes.override({"rate": 1.0, **EXECUTION}, [f"rate={text}"])["rate"] == 0.25


@pytest.mark.parametrize(
    ("recipe", "change", "words"),
    [
        ("dcgan-mnist", "epoch=3", "did you mean epochs"),
        ("dcgan-mnist", "epochs", "key=value"),
        ("dcgan-mnist", "epochs=many", "takes int"),
        ("dcgan-mnist", "epochs=2.5", "takes int"),
        ("dcgan-mnist", "epochs=true", "takes int"),
        ("dcgan-mnist", "epochs=0", "at least 1"),
        ("dcgan-mnist", "batch_size=-1", "at least 1"),
        ("cgan-digits", "units=0", "at least 1"),
        ("dcgan-mnist", "seed=-1", "seed"),
        ("dcgan-mnist", "seed=5000000000", "below"),
        ("dcgan-mnist", "epochs=auto", "takes int"),
        ("dcgan-mnist", "learning_rate=auto", "takes float"),
        ("dcgan-mnist", "learning_rate=0", "positive"),
        ("dcgan-mnist", "learning_rate=NaN", "positive"),
        ("cgan-digits", "g_dropout=1.0", r"\[0, 1\)"),
        ("dcgan-mnist", "loss=5", "takes str"),
        ("dcgan-mnist", "jit_compile=yes", "takes bool"),
        ("dcgan-mnist", "steps_per_execution=many", "takes int"),
        ("dcgan-mnist", "steps_per_execution=0", "at least 1"),
        ("dcgan-mnist", "image_size=0", "image_size"),
        ("dcgan-mnist", "image_size=big", "image_size"),
        ("dcgan-mnist", "learning_rate=" + 400 * "1", "takes float"),
        ("dcgan-mnist", "batch_norm=False", "bool"),
        ("dcgan-mnist", "spectral_norm=no", "bool"),
        ("dcgan-mnist", "kernel_size=2.5", "int"),
        ("dcgan-mnist", "blocks=x", "int"),
        ("dcgan-mnist", "dropout=abc", "float"),
        ("dcgan-mnist", "dropout=1", r"\[0, 1\)"),
        ("dcgan-mnist", "upsample=3", "str"),
        ("dcgan-mnist", "sample_steps=often", "int"),
        ("dcgan-mnist", "stop_when_won=2", "bool"),
        ("dcgan-mnist", "penalty_end=2", r"\[0, 1\]"),
        ("dcgan-mnist", "penalty_every=4", "r1 or r2"),
        ("dcgan-mnist", "penalty_end=0.1", "r1 or r2"),
        ("dcgan-mnist", "augment_strength=0.5", "augment"),
        ("dcgan-mnist", "ada_images=1000", "augment_strength=adaptive"),
        ("dcgan-mnist", "conditioning=fused", "conditional=true"),
        ("cdcgan-fashion", "auxiliary_weight=2", "conditioning=auxiliary"),
        ("cgan-digits", "auxiliary_weight=2", "conditioning=auxiliary"),
    ],
)
def test_wrong_settings(recipe, change, words):
    with pytest.raises(InputError, match=words) as error:
        runs.plan(recipe, changes=[change])
    one_line(error)


def test_settings_that_need_others_have_them(source):
    for changes in (["r1=1", "penalty_every=4", "penalty_end=0.5"], ["augment=flip", "ada_images=10"]):
        strength = [] if changes[0].startswith("r1") else ["augment_strength=adaptive"]
        runs.plan("dcgan-mnist", changes=[*changes, *strength])
    runs.plan("folder-64", source=source, changes=["r1=0"])  # whose penalties are lazy


def test_conditional_without_labels(tmp_path):
    np.savez(tmp_path / "images.npz", images=np.zeros((20, 8, 8, 1), "uint8"))
    source = f"npz:{tmp_path / 'images.npz'}"
    config = runs.plan("dcgan-mnist", source=source, changes=["conditional=true"])
    with pytest.raises(InputError, match="needs labels") as error:
        runs.build(config, runs.load_data(config))
    one_line(error)


def test_unknown_recipe():
    with pytest.raises(InputError, match="did you mean cgan-digits"):
        runs.plan("cgan-digit")

"""What quantising a convolutional generator saves and costs: trains one, compares its variants.

    python benchmarks/quantization.py --out reports/convolutional [--epochs 8] [--data mnist]

For a run of tfgan's own networks: `tfgan export RUN --to tflite --quantize all --out DIR`.
"""

import argparse
from pathlib import Path

import keras
from keras import layers

import tfgan
from tfgan.export import quantization

CHANNELS, LATENTS = 32, 64


def networks(image_shape, condition):
    """A conditional pair of the DCGAN kind, about 0.4 million weights each at 28 x 28."""
    height, width, depth = image_shape
    z, y = keras.Input((LATENTS,)), keras.Input((), dtype="int32")
    x = layers.Concatenate()([z, OneHot(condition.num_classes)(y)])
    x = layers.Dense(height // 4 * (width // 4) * 2 * CHANNELS, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Reshape((height // 4, width // 4, 2 * CHANNELS))(x)
    x = layers.Conv2DTranspose(CHANNELS, 4, 2, "same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(depth, 4, 2, "same", activation="sigmoid")(x)
    images, labels = keras.Input(image_shape), keras.Input((), dtype="int32")
    h = layers.LeakyReLU(0.2)(layers.Conv2D(CHANNELS, 4, 2, "same")(images))
    h = layers.LeakyReLU(0.2)(layers.Conv2D(2 * CHANNELS, 4, 2, "same")(h))
    h = layers.Concatenate()([layers.Flatten()(h), OneHot(condition.num_classes)(labels)])
    h = layers.Dropout(0.3)(layers.LeakyReLU(0.2)(layers.Dense(128)(h)))
    return keras.Model([z, y], x), keras.Model([images, labels], layers.Dense(1)(h))


@keras.saving.register_keras_serializable(package="tfgan_benchmarks")
class OneHot(layers.Layer):
    """Labels -> what `tfgan.conditions.Labels` makes of them, which survives eight bits."""

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def call(self, labels):
        return tfgan.conditions.Labels(self.num_classes).encode(labels)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    keras.utils.set_random_seed(args.seed)
    data = tfgan.data.load(args.data, seed=args.seed)
    file = args.out / "gan.keras"
    if file.is_file():
        gan = keras.saving.load_model(file)
    else:
        pair = networks(data.image_shape, data.condition)
        gan = tfgan.CGAN(*pair, condition=data.condition, latent_dim=LATENTS, seed=args.seed)
        gan.compile(
            g_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
            d_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
            ema_decay=0.999,
        )
        gan.fit(data.train.batch(100, drop_remainder=True), epochs=args.epochs, verbose=2)
        args.out.mkdir(parents=True, exist_ok=True)
        gan.save(file)
    figure = tfgan.plots.samples(gan, class_names=data.class_names)
    tfgan.plots.save(figure, args.out / "samples.png")
    quantization.compare(gan, args.out, data, seed=args.seed)
    print((args.out / "report.md").read_text())


if __name__ == "__main__":
    main()

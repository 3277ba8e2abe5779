"""The GAN of Keras's public code example "Conditional GAN", written anew from its published settings.

https://keras.io/examples/generative/conditional_gan (version of 2024): Adam(3e-4) for both players, its
other arguments as Keras has them; batches of 64; latents of 128, N(0, 1), with the one-hot label behind
them; a discriminator of images with ten more channels for the label; binary cross-entropy on logits.
Here it trains on the same images as the GAN it is compared with; there on train and test images.

The label's channels come two ways. The example repeats each number of the one-hot label 784 times in a
row and takes the result for (28, 28, 10): not a channel but a band of 2.8 rows says the class, in all
channels alike ("bands"). What its text describes is a channel for each class ("planes").
"""

import keras
import tensorflow as tf
from keras import layers

BATCH_SIZE = 64
LATENT_DIM = 128
RATE = 3e-4
SIDE, CLASSES = 28, 10


def generator():
    """Latents and one-hot label `(batch, 138)` -> images `(batch, 28, 28, 1)` in [0, 1]."""
    width = LATENT_DIM + CLASSES
    return keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(7 * 7 * width),
            layers.LeakyReLU(0.2),
            layers.Reshape((7, 7, width)),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 7, padding="same", activation="sigmoid"),
        ]
    )


def discriminator():
    """Images with the label's channels `(batch, 28, 28, 11)` -> logits `(batch, 1)`."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1 + CLASSES)),
            layers.Conv2D(64, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(128, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ]
    )


def bands(one_hot):
    """One-hot `(batch, 10)` -> `(batch, 28, 28, 10)`, as the example's code has it."""
    repeated = tf.repeat(one_hot, SIDE * SIDE, axis=1)  # (B, 7840), each number 784 times
    return tf.reshape(repeated, (-1, SIDE, SIDE, CLASSES))


def planes(one_hot):
    """One-hot `(batch, 10)` -> `(batch, 28, 28, 10)`, as the example's text has it."""
    return tf.tile(one_hot[:, None, None, :], (1, SIDE, SIDE, 1))


class ConditionalGAN(keras.Model):
    """Both players' updates of one batch: first the discriminator's, on a batch of fakes and reals.

    Args:
        label_channels: `bands` or `planes`.
        seed: int. Of the latents.
    """

    def __init__(self, label_channels=bands, seed=0):
        super().__init__()
        self.generator, self.discriminator = generator(), discriminator()
        self.label_channels = label_channels
        self.noise = keras.random.SeedGenerator(seed)
        self.g_loss = keras.metrics.Mean(name="g_loss")
        self.d_loss = keras.metrics.Mean(name="d_loss")
        self.built = True

    @property
    def metrics(self):
        return [self.g_loss, self.d_loss]

    def compile(self, **kwargs):
        super().compile(**kwargs)
        self.g_optimizer = keras.optimizers.Adam(RATE)
        self.d_optimizer = keras.optimizers.Adam(RATE)
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def fakes(self, one_hot):
        latents = keras.random.normal((tf.shape(one_hot)[0], LATENT_DIM), seed=self.noise)
        return self.generator(tf.concat([latents, one_hot], axis=1))

    def train_step(self, data):
        images, one_hot = data
        channels = self.label_channels(one_hot)
        fake, real = tf.zeros_like(one_hot[:, :1]), tf.ones_like(one_hot[:, :1])
        pairs = [tf.concat([x, channels], axis=-1) for x in (self.fakes(one_hot), images)]
        with tf.GradientTape() as tape:
            logits = self.discriminator(tf.concat(pairs, axis=0))
            d_loss = self.bce(tf.concat([fake, real], axis=0), logits)
        self._update(self.d_optimizer, self.discriminator, tape, d_loss)
        with tf.GradientTape() as tape:
            logits = self.discriminator(tf.concat([self.fakes(one_hot), channels], axis=-1))
            g_loss = self.bce(real, logits)
        self._update(self.g_optimizer, self.generator, tape, g_loss)
        self.g_loss.update_state(g_loss)
        self.d_loss.update_state(d_loss)
        return {"g_loss": self.g_loss.result(), "d_loss": self.d_loss.result()}

    def _update(self, optimizer, network, tape, loss):
        weights = network.trainable_weights
        optimizer.apply(tape.gradient(loss, weights), weights)

    def sample(self, labels, seed):
        """Images of labels int `(n,)`: float32 `(n, 28, 28, 1)`."""
        latents = keras.random.normal((len(labels), LATENT_DIM), seed=seed)
        inputs = tf.concat([latents, tf.one_hot(labels, CLASSES)], axis=1)
        return self.generator.predict(inputs, batch_size=500, verbose=0)

"""The networks of the training benchmark in Keras and in PyTorch, and the work of a step on them.

`mlp` is the first paper's MNIST pair: 100-1200-1200-784 ReLU, and two maxout layers of 240 x 5 with
dropout. `conv` is a small convolutional pair for 28 x 28: 7 x 7 x 64, two transposed convolutions up,
two strided convolutions down.
"""

LATENT = 100


def keras_pair(kind, width, dropout=None):
    """Generator and discriminator as a user of Keras would write them.

    Args:
        kind: "mlp" or "conv".
        width: int. Units of the generator's hidden layers; the rest follows.
        dropout: the layer class; None is Keras's.
    """
    import keras
    from keras import layers

    from tfgan.layers import Maxout

    dropout = dropout or layers.Dropout
    if kind == "conv":
        c = width // 2
        generator = [
            layers.Dense(7 * 7 * width, activation="relu"),
            layers.Reshape((7, 7, width)),
            layers.Conv2DTranspose(c, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="sigmoid"),
        ]
        discriminator = [
            layers.Conv2D(c, 5, strides=2, padding="same", activation="leaky_relu"),
            dropout(0.3),
            layers.Conv2D(width, 5, strides=2, padding="same", activation="leaky_relu"),
            dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    else:
        units = width // 5
        init = keras.initializers.RandomUniform(-0.05, 0.05)
        generator = [
            layers.Dense(width, activation="relu", kernel_initializer=init),
            layers.Dense(width, activation="relu", kernel_initializer=init),
            layers.Dense(784, activation="sigmoid", kernel_initializer=init),
            layers.Reshape((28, 28, 1)),
        ]
        init = keras.initializers.RandomUniform(-0.005, 0.005)
        discriminator = [
            layers.Flatten(),
            dropout(0.2),
            Maxout(units, pieces=5, kernel_initializer=init),
            dropout(0.5),
            Maxout(units, pieces=5, kernel_initializer=init),
            dropout(0.5),
            layers.Dense(1, kernel_initializer=init),
        ]
    return (
        keras.Sequential([keras.Input((LATENT,)), *generator]),
        keras.Sequential([keras.Input((28, 28, 1)), *discriminator]),
    )


def torch_pair(kind, width):
    """The same in PyTorch, channels first."""
    import torch
    from torch import nn

    class Maxout(nn.Module):
        def __init__(self, features, units, pieces):
            super().__init__()
            self.linear = nn.Linear(features, units * pieces)
            self.shape = (units, pieces)

        def forward(self, x):
            return self.linear(x).unflatten(-1, self.shape).amax(-1)

    if kind == "conv":
        c = width // 2
        up = {"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1}
        generator = nn.Sequential(
            nn.Linear(LATENT, 7 * 7 * width),
            nn.ReLU(),
            nn.Unflatten(1, (width, 7, 7)),
            nn.ConvTranspose2d(width, c, **up),
            nn.ReLU(),
            nn.ConvTranspose2d(c, 1, **up),
            nn.Sigmoid(),
        )
        down = {"kernel_size": 5, "stride": 2, "padding": 2}
        discriminator = nn.Sequential(
            nn.Conv2d(1, c, **down),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Conv2d(c, width, **down),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Flatten(),
            nn.Linear(7 * 7 * width, 1),
        )
    else:
        units = width // 5
        generator = nn.Sequential(
            nn.Linear(LATENT, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 784),
            nn.Sigmoid(),
            nn.Unflatten(1, (1, 28, 28)),
        )
        discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.2),
            Maxout(784, units, 5),
            nn.Dropout(0.5),
            Maxout(units, units, 5),
            nn.Dropout(0.5),
            nn.Linear(units, 1),
        )
        for network, limit in ((generator, 0.05), (discriminator, 0.005)):
            for weight in network.parameters():
                torch.nn.init.uniform_(weight, -limit, limit)
    return generator, discriminator


def products(kind, width):
    """Multiply-adds of one image through each layer: (generator's, discriminator's)."""
    if kind == "conv":
        c = width // 2
        return (
            [LATENT * 49 * width, 49 * 25 * width * c, 196 * 25 * c],
            [196 * 25 * c, 49 * 25 * c * width, 49 * width],
        )
    units = width // 5
    return (
        [LATENT * width, width * width, width * 784],
        [784 * units * 5, units * units * 5, units],
    )


def flops(kind, width, batch, update):
    """Floating-point operations in the products that one step cannot do without.

    Backward, a layer costs as much again for its weights, and for its input where something is to be
    passed on. "simultaneous" makes one pass each way; "alternating" runs the generator and the
    discriminator's fake half once more.
    """
    g, d = products(kind, width)
    real = sum(d) * 2 + sum(d[1:])  # forward, weights, inputs but the image
    fake = real + d[0]
    generator = sum(g) * 2 + sum(g[1:])
    if update == "simultaneous":
        total = real + fake + generator
    else:
        total = sum(g) + real + real + generator + 2 * sum(d)
    return 2 * batch * total


def gemms(width, batch):
    """Shapes (m, k, n) of the products in a simultaneous step of the `mlp` pair."""
    units = width // 5
    shapes = []
    for i, (k, n) in enumerate([(LATENT, width), (width, width), (width, 784)]):
        shapes += [(batch, k, n), (k, batch, n)] + ([(batch, n, k)] if i else [])
    for i, (k, n) in enumerate([(784, units * 5), (units, units * 5), (units, 1)]):
        shapes += [(2 * batch, k, n), (k, 2 * batch, n), ((2 if i else 1) * batch, n, k)]
    return shapes

"""Where a discriminator's features and its condition meet."""

from keras import layers, ops

from tfgan.errors import InputError
from tfgan.networks.convolutional import leaky

CONDITIONINGS = ("projection", "fused", "matching", "auxiliary")


class Head(layers.Layer):
    """From an image's features h, and its encoded condition y, to what a discriminator returns.

    Without a condition `Dense(1)(h)`. With one, by `conditioning`:

    - "projection": `Dense(1)(h) + <E y, h>`;
    - "matching": the same sum, of how real and how fitting the image is, for training with mismatched
      pairs (`compile(mismatched=True)`); see `tfgan.networks.mirza2014.MatchingDiscriminator`;
    - "fused": `Dense(1)` of a hidden layer on h beside an embedding of y;
    - "auxiliary": `(Dense(1)(h), Dense(condition.dim)(h))`. The logit does not see the condition; the
      second output guesses it.

    Args:
        condition: a kind of `tfgan.conditions`, or None.
        conditioning: one of the names above.
        units: int. Width of the embedding and of the hidden layer of "fused".
        wrap: function of a Dense layer that returns the layer to use, such as `SpectralNormalization`.
        kernel_initializer: Keras initializer, of all layers.
        use_bias: bool. Whether the logit has a bias.

    Inputs: h float `(batch, dim)`, y float `(batch, condition.dim)` or None.
    Outputs: logits `(batch, 1)`; "auxiliary": also the condition's logits `(batch, condition.dim)`.

    Raises:
        InputError: for another `conditioning`.

    Reference:
        Projection: Miyato & Koyama, 2018, equation 3 (arXiv 1802.05637). Fused: Mirza & Osindero, 2014
        (arXiv 1411.1784). Mismatched pairs: Reed et al., 2016, Algorithm 1 (arXiv 1605.05396).
        Auxiliary classifier: Odena et al., 2017 (arXiv 1610.09585).
    """

    def __init__(
        self,
        condition,
        conditioning="projection",
        *,
        units=128,
        wrap=None,
        kernel_initializer="glorot_uniform",
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if conditioning not in CONDITIONINGS:
            raise InputError(
                f"conditioning must be one of {', '.join(CONDITIONINGS)}, got {conditioning!r}."
            )
        self.condition = condition
        self.conditioning = None if condition is None else conditioning
        self.units = units
        self._wrap = wrap or (lambda layer: layer)
        self._initializer = kernel_initializer
        self.logit = self._dense(1, use_bias=use_bias)
        if self.conditioning == "fused":
            self.embedding = self._dense(units, use_bias=False)
            self.hidden = self._dense(units)
        elif self.conditioning == "auxiliary":
            self.guess = self._dense(condition.dim)

    def _dense(self, units, use_bias=True):
        dense = layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=self._initializer,
            dtype=self.dtype_policy,
        )
        return self._wrap(dense)

    def build(self, h_shape, y_shape=None):
        width = h_shape[-1]
        if self.conditioning in ("projection", "matching"):
            self.embedding = self._dense(width, use_bias=False)
            self.embedding.build((None, self.condition.dim))
        elif self.conditioning == "fused":
            self.embedding.build((None, self.condition.dim))
            self.hidden.build((None, width + self.units))
            width = self.units
        elif self.conditioning == "auxiliary":
            self.guess.build(h_shape)
        self.logit.build((None, width))

    def call(self, h, y=None):
        if self.conditioning in ("projection", "matching"):
            match = ops.sum(ops.multiply(self.embedding(y), h), axis=-1, keepdims=True)
            return ops.add(self.logit(h), match)
        if self.conditioning == "fused":
            joint = self.hidden(ops.concatenate([h, self.embedding(y)], axis=-1))
            return self.logit(leaky(joint))
        if self.conditioning == "auxiliary":
            return self.logit(h), self.guess(h)
        return self.logit(h)

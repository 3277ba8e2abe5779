"""How a GAN is trained: everything that `GAN.compile` is told."""

import keras
import tensorflow as tf

from tfgan import averaging, checks, distributed, losses, penalties, shown
from tfgan.errors import InputError
from tfgan.trainer import Trainer


class Compiled(Trainer):
    """What `GAN.compile` needs, sets and saves."""

    def compile(
        self,
        *,
        g_optimizer=None,
        d_optimizer=None,
        loss="non_saturating",
        update="alternating",
        d_steps=1,
        mismatched=False,
        penalties=None,
        penalty_every=1,
        label_smoothing=0.0,
        instance_noise=0.0,
        augment=None,
        augment_strength=1.0,
        auxiliary_weight=1.0,
        ema_decay=None,
        jit_compile="auto",
        steps_per_execution=1,
        matmul_precision="float32",
        run_eagerly=False,
        check_finite=True,
    ):
        """Configures training.

        Gradients are clipped, and summed up over several batches before a step, by the optimizers:
        `keras.optimizers.Adam(1e-4, global_clipnorm=1.0, gradient_accumulation_steps=4)`. Networks in
        `mixed_float16` get both optimizers wrapped in `keras.optimizers.LossScaleOptimizer`.

        Args:
            g_optimizer: Keras optimizer or its name; None is Adam(2e-4, beta_1=0.5).
            d_optimizer: likewise, another instance.
            loss: a name in `tfgan.losses.LOSSES`, or a `tfgan.losses.Loss`.
            update: "alternating" (Algorithm 1: fresh latents for each player) or "simultaneous" (one
                batch of latents, one pass of the generator and one of the discriminator over it
                serve both gradients, taken at the weights before the update, as in the 2014 code).
            d_steps: int >= 1. Discriminator steps, each on a fresh batch, per generator step;
                "simultaneous" knows only 1.
            mismatched: bool. Whether a conditional discriminator also learns to reject real images
                with other conditions than theirs; they and the fakes make half of the rejected each.
            penalties: dict of a name in `tfgan.penalties.PENALTIES` -> weight, a number >= 0 or a Keras
                schedule of the discriminator's step, added to the
                discriminator's loss and computed in float32 whatever the precision, of images in [0, 1]
                as the discriminator is shown them, augmented; None for none.
            penalty_every: int >= 1. Discriminator steps from one computation of the penalties to the
                next, which counts as many times (lazy regularisation).
            label_smoothing: float in [0, 1). What the target of real images is less than 1, for losses
                that have targets.
            instance_noise: float >= 0, or a Keras schedule of the discriminator's step. Standard
                deviation, in pixel units, of normal noise on all images the discriminator is shown.
            augment: str or None. Names in `tfgan.augment.TRANSFORMS`, with commas between: what is
                done at random, in both players' steps, to all images the discriminator is shown.
            augment_strength: float in [0, 1], the probability of each of these for each image (1 is
                DiffAugment); or "adaptive" (ADA), or a `tfgan.shown.Adaptive`.
            auxiliary_weight: float >= 0. Of the conditions' loss, where the discriminator has an
                auxiliary classifier.
            ema_decay: float in (0, 1) or None. Decay per generator step of a moving average of the
                generator's weights, which then makes the samples; None keeps no average. Compiling
                anew begins a new one.
            jit_compile: bool or "auto". XLA or a plain graph; "auto" measures at the start of the first
                `fit` which is faster here. They draw the same random numbers, except in Keras's layers,
                and round otherwise.
            steps_per_execution: int >= 1 or "auto". Steps that one call of the compiled program makes,
                which changes no number of the training: only its speed, and that callbacks of batches
                see every K-th step; "auto" takes as many as calls then cost little.
            matmul_precision: "float32" or "bfloat16": what the operands and results of matrix
                products and convolutions are rounded to while training, forward and back. Their sums
                and all else are float32.
            run_eagerly: bool, as in Keras.
            check_finite: bool. Whether training ends with `DivergedError` at the first step that makes
                a loss or a weight NaN or infinite, or lets a loss scale fall below 2**-20, with the GAN
                put back to what it was before that step. The error names the step, from 1 as
                `train_steps` counts, and its first bad tensor. That changes no number of training and
                takes a few thousandths of the time; on the host it takes the memory of weights and
                optimizers once more, and of some batches. Under a `tf.distribute` strategy it does
                nothing.

        Raises:
            InputError: for a value out of range, an unknown name, one optimizer for both, what does not
                go together, or a generator that cannot be copied where an average is asked for.

        Reference:
            Lazy regularisation: Karras et al., 2020, section 3.1 (arXiv 1912.04958); instance noise:
            Sonderby et al., 2017 (arXiv 1610.04490); the others where they are defined.
        """
        self.loss_pair = losses.get(loss)
        self.label_smoothing = losses.check_label_smoothing(self.loss_pair, label_smoothing)
        checks.check_compile(g_optimizer, d_optimizer, update, d_steps)
        self._set_penalties(penalties, penalty_every)
        self.instance_noise = checks.at_least_zero_or_schedule("instance_noise", instance_noise)
        self._set_augment(augment, augment_strength)
        self.auxiliary_weight = checks.at_least_zero("auxiliary_weight", auxiliary_weight)
        self.compile_loop(
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            matmul_precision=matmul_precision,
            check_finite=check_finite,
        )
        checks.check_mismatched(self, mismatched)
        self.mismatched = mismatched
        self._set_ema(ema_decay)
        self.update = update
        self.d_steps = int(d_steps)
        half = checks.computes_in_half(self.generator, self.discriminator)
        # One pass back for both players divides their slopes, for which float16's range is too small;
        # and a classifier's slopes are no multiples of the discriminator's.
        shareable = update == "simultaneous" and not half and not self.auxiliary
        self.samplewise = shareable and checks.samplewise(self)
        self.g_optimizer = _optimizer(g_optimizer, scaled=half)
        self.d_optimizer = _optimizer(d_optimizer, scaled=half)
        distributed.check(self, jit_compile)
        # Built here so that a saved model finds its slots.
        self.g_optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.training_config = {
            "loss": loss,
            "update": update,
            "d_steps": self.d_steps,
            "mismatched": mismatched,
            "penalties": self.penalties,
            "penalty_every": self.penalty_every,
            "label_smoothing": self.label_smoothing,
            "instance_noise": self.instance_noise,
            "augment": self.augment,
            "augment_strength": augment_strength,
            "auxiliary_weight": self.auxiliary_weight,
            "ema_decay": self.ema_decay,
            "matmul_precision": matmul_precision,
            "check_finite": check_finite,
        }

    def optimizers(self):
        return {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}

    def _set_penalties(self, weights, every):
        self.penalties = penalties.check(weights)
        self.penalty_every = checks.at_least_one("penalty_every", every)
        if self.penalty_every > 1 and not self.penalties:
            raise InputError(
                f"penalty_every={every} needs a penalty: give penalties=, such as {{'r1': 1.0}}."
            )

    def _set_augment(self, policy, strength):
        self.augment = shown.check_policy(policy, self.image_shape)
        self.adaptive, start = shown.check_strength(strength)
        if self.augment is None and self.adaptive is not None:
            raise InputError(
                "an adaptive augment_strength needs to know what to do: give augment=, such as "
                "'color,translation,cutout'."
            )
        self.augment_strength.assign(start)
        self.augment_evidence.assign(tf.zeros((2,)))

    def _set_ema(self, decay):
        self.ema_decay = averaging.check_decay(decay)
        self.ema_generator = None
        if self.ema_decay is not None:
            z, condition = tf.zeros((2, self.latent_dim)), self.example_condition(2)
            self.ema_generator = averaging.copy(
                self.generator, lambda twin: self.call_generator(twin, z, condition, training=False)
            )

    def get_compile_config(self):
        if not self.compiled:
            return {}
        config = {**self.training_config, **self._execution}
        config["loss"] = losses.serialize(config["loss"])
        for name in _OBJECTS:
            config[name] = keras.saving.serialize_keras_object(config.get(name, getattr(self, name)))
        return config

    def compile_from_config(self, config):
        config = dict(config)
        config["loss"] = losses.deserialize(config["loss"])
        for name in _OBJECTS:
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(config[name])
        self.compile(**config)


# What may be Keras objects in a compile config.
_OBJECTS = ("g_optimizer", "d_optimizer", "penalties", "instance_noise", "augment_strength")


def _optimizer(optimizer, *, scaled):
    if optimizer is None or optimizer is ...:  # as documents write what they leave open
        optimizer = keras.optimizers.Adam(2e-4, beta_1=0.5)
    try:
        optimizer = keras.optimizers.get(optimizer)
    except ValueError:
        raise InputError(
            f"an optimizer must be one of Keras's or its name, such as 'adam', got {optimizer!r}."
        ) from None
    if scaled and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer

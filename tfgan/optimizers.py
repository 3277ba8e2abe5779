"""Schedules and the momentum optimizer of the 2014 papers, and how optimizers are applied.

Keras's `SGD` fixes its momentum when it is built; the papers raise it while training.
"""

import math

import keras
import tensorflow as tf
from keras import ops

from tfgan import replicas


@keras.saving.register_keras_serializable(package="tfgan")
class FlooredDecay(keras.optimizers.schedules.LearningRateSchedule):
    """`max(minimum, initial / factor**step)`.

    Args:
        initial: float. Learning rate of step 0.
        factor: float >= 1. What each step divides the rate by.
        minimum: float. The floor.

    Reference:
        Goodfellow et al., 2014, published code: .1 divided by 1.000004 a minibatch, down to 1e-6.
    """

    def __init__(self, initial, *, factor, minimum):
        super().__init__()
        self.initial = initial
        self.factor = factor
        self.minimum = minimum

    def __call__(self, step):
        # float32 cannot hold 1.000004 to better than 1.5 % of its excess over 1, so no power of it.
        exponent = ops.cast(step, "float32") * -math.log(self.factor)
        return ops.maximum(self.minimum, self.initial * ops.exp(exponent))

    def get_config(self):
        return {"initial": self.initial, "factor": self.factor, "minimum": self.minimum}


@keras.saving.register_keras_serializable(package="tfgan")
class EpochRamp(keras.optimizers.schedules.LearningRateSchedule):
    """Linear in the epoch from `initial` in epoch 1 to `final` in epoch `last_epoch`, then constant.

    Constant within an epoch.

    Args:
        initial: float.
        final: float.
        last_epoch: int > 1.
        steps_per_epoch: float > 0.

    Reference:
        Goodfellow et al., 2014, published code: momentum .5 to .7 at epoch 250.
    """

    def __init__(self, initial, final, *, last_epoch, steps_per_epoch):
        super().__init__()
        self.initial = initial
        self.final = final
        self.last_epoch = last_epoch
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step):
        epochs_done = ops.floor(ops.cast(step, "float32") / self.steps_per_epoch)
        fraction = epochs_done / (self.last_epoch - 1)
        return self.initial + (self.final - self.initial) * ops.minimum(fraction, 1.0)

    def get_config(self):
        return {
            "initial": self.initial,
            "final": self.final,
            "last_epoch": self.last_epoch,
            "steps_per_epoch": self.steps_per_epoch,
        }


@keras.saving.register_keras_serializable(package="tfgan")
class MomentumSGD(keras.optimizers.Optimizer):
    """SGD whose momentum may follow a schedule: `v <- m v - lr g`, `w <- w + v`.

    Args:
        learning_rate: float or Keras schedule.
        momentum: float or Keras schedule (a function of the step).

    Reference:
        Goodfellow et al., 2014, published code.
    """

    def __init__(self, learning_rate, momentum, name="momentum_sgd", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient, variable, learning_rate):
        momentum = self.momentum(self.iterations) if callable(self.momentum) else self.momentum
        velocity = self.velocities[self._get_variable_index(variable)]
        dtype = variable.dtype
        tf.raw_ops.ResourceApplyKerasMomentum(  # one pass over the weights
            var=variable.handle,
            accum=velocity.handle,
            lr=ops.cast(learning_rate, dtype),
            grad=ops.cast(gradient, dtype),
            momentum=ops.cast(momentum, dtype),
        )

    def get_config(self):
        momentum = self.momentum
        if callable(momentum):
            momentum = keras.optimizers.schedules.serialize(momentum)
        return {**super().get_config(), "momentum": momentum}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("learning_rate", "momentum"):
            if isinstance(config[name], dict):
                config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects)
        return cls(**config)


def published_sgd(*, decay, steps_per_epoch, learning_rate=0.1, **options):
    """The optimizer of both 2014 papers.

    The learning rate is divided by `decay` each step, not below 1e-6; momentum .5 in epoch 1 to .7 in
    epoch 250, linearly.

    Args:
        decay: float > 1. 1.000004 for the GAN, 1.00004 for the conditional GAN.
        steps_per_epoch: float > 0. Steps this optimizer makes per pass over the data.
        learning_rate: float > 0. Of the first step; .1 on MNIST.
        **options: of Keras's optimizers, such as `global_clipnorm`.

    Returns:
        `MomentumSGD`.

    Reference:
        Goodfellow et al., 2014, published code; Mirza & Osindero, 2014, section 4.1.
    """
    return MomentumSGD(
        FlooredDecay(learning_rate, factor=decay, minimum=1e-6),
        EpochRamp(0.5, 0.7, last_epoch=250, steps_per_epoch=steps_per_epoch),
        **options,
    )


def scaled(optimizer, loss):
    """A loss whose gradients `apply` takes: of this replica's rows, and as float16 needs it."""
    return replicas.shared(optimizer.scale_loss(loss))


def apply(optimizer, gradients, variables):
    """Does what `optimizer.apply(gradients, variables)` does, with the gradients of all replicas.

    They are summed here, before they are clipped or looked at for infinities, and not by Keras 3.15,
    which does that too late and, be there only one replica, by an operation whose gradient TensorFlow
    2.21 registers for good, and with it the graph: each training ever compiled stays in memory.
    """
    own = vars(getattr(optimizer, "inner_optimizer", optimizer))
    own["_all_reduce_sum_gradients"] = list
    optimizer.apply(replicas.summed(gradients), variables)

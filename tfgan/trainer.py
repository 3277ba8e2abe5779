"""Keras's `fit` and `evaluate`, with a look at the data first and `tfgan.loop` inside."""

import types
from typing import Any

import keras
import tensorflow as tf

from tfgan import batches, checks, distributed, inputs, loop, precision, sharding, tuning
from tfgan.errors import InputError


class Trainer(keras.Model):
    """What training has in common, of a GAN and of the models it is compared with: all but the steps.

    What is trained has `image_shape` and `seed`; `train_steps`, a variable that each step raises by 1;
    its `train_step`, which records `metrics`; and what follows here.
    """

    image_shape: tuple
    seed: int
    train_steps: Any
    seen_batch_size = None
    train_function: Any
    test_function: Any
    seen_conditions: Any = None
    check_finite = True
    keep_state: Any = None  # what keeps the GAN as it is: see `tfgan.callbacks.Checkpoint`
    kept_text: Any = None  # what says where a good state is kept: see `tfgan.callbacks.Guard`

    loss_pair: Any = None  # the game's, where there is one
    ema_generator: Any = None  # a moving average of a network, where there is one

    # What not every step does: see `tfgan.lazily`.
    d_steps = 1
    penalties: dict = {}
    penalty_every = 1

    def networks(self):
        """dict: role -> network, of those that learn."""
        raise NotImplementedError

    def optimizers(self):
        """dict: attribute's name -> Keras optimizer."""
        raise NotImplementedError

    # What depends on no condition: see `CGAN`.

    conditional = False

    @property
    def condition(self):
        """What the images depend on: None here, see `CGAN.condition`."""
        return None

    def no_conditions_seen(self):
        """What gathers the conditions of training data: None here, see `CGAN.seen_conditions`."""
        return

    def example_condition(self, count):
        """Returns a condition the networks can be called with: None here, a tensor for a CGAN."""
        return

    def check_condition(self, count, condition, *, seed=None):
        """Returns the condition of `count` samples: None here; see `CGAN.check_condition`."""
        if condition is not None:
            raise InputError(
                f"this {type(self).__name__} has no condition, got one: leave it out, or train a CGAN."
            )

    # What images may be.

    @property
    def unbounded(self):
        """bool: whether samples are no images in [0, 1]."""
        return False

    def example_samples(self):
        """A few samples, whose range is looked at before training; None where they cannot leave it."""
        return

    # Training.

    def compile_loop(
        self, *, jit_compile, steps_per_execution, run_eagerly, matmul_precision, check_finite
    ):
        """Keras's `compile` of how steps are executed.

        The first two may be "auto", see `tfgan.tuning`.

        Raises:
            InputError: for a value out of range, or XLA where a layer says that it cannot be compiled.
        """
        checks.check_choice("matmul_precision", matmul_precision, precision.PRECISIONS)
        checks.check_choice("jit_compile", jit_compile, (True, False, "auto"))
        checks.check_choice("check_finite", check_finite, (True, False))
        checks.check_steps_per_execution(steps_per_execution)
        self.matmul_precision, self.check_finite = matmul_precision, check_finite
        open_to = {"jit_compile": jit_compile, "steps_per_execution": steps_per_execution}
        self._execution = {**open_to, "run_eagerly": run_eagerly}
        if jit_compile is True and not run_eagerly:
            checks.check_supports_jit(self)
        super().compile(
            optimizer=None,
            jit_compile=jit_compile is True,
            steps_per_execution=1 if steps_per_execution == "auto" else int(steps_per_execution),
            run_eagerly=run_eagerly,
        )
        # What is measured when training begins. Evaluation does not wait for it.
        self.unsettled = frozenset(name for name, value in open_to.items() if value == "auto")
        self.seconds_per_step = None  # where that was measured
        self._test_jit_compile = self.jit_compile

    def settle_jit_compile(self, jit_compile):
        """Sets what "auto" left open."""
        self.jit_compile = jit_compile
        self.unsettled -= {"jit_compile"}
        self.train_function = None

    def fit(self, x=None, y=None, *, validation_data=None, check=True, initial_step=0, **kwargs):
        """Trains like `keras.Model.fit`, after looking at the data.

        Args:
            x: images, float `(n, H, W, C)` in [0, 1] or uint8; or a `tf.data.Dataset` of batches of
                images or `(images, condition)`, or of stacks of such batches; or what else Keras
                takes. A GAN without condition leaves conditions aside.
            y: conditions, where `x` is an array.
            validation_data: like `x`, or `(x, y)`.
            check: False leaves the values unread: for data known to be right, such as
                `tfgan.data`'s, whose order a look beforehand would shift by one epoch.
            initial_step: int >= 0. Batches of the first epoch (`initial_epoch`) that are done: they are
                drawn and left out, and the GAN's metrics go on. See `tfgan.checkpoints.restore`.
            **kwargs: as in Keras.

        Returns:
            `keras.callbacks.History` of d_loss, g_loss (nats), d_real = mean D(x) and
            d_fake = mean D(G(z)).

        Raises:
            InputError: for images or conditions of the wrong shape, range or type: before training
                where the data can be seen beforehand, else at the batch that has them; where XLA was
                asked for and cannot compile the networks; or for more initial steps than an epoch has.
            DivergedError: if a loss or weight became NaN or infinite, unless `compile` was told not to
                look; the GAN then is as it was before that step.
        """
        inputs.check_fit_arguments(self, x, kwargs)
        checks.check_compiled(self)
        self.kept_text = self.keep_state = None
        self.seen_batch_size = None  # of a data set that does not say
        x = batches.unstacked(self, x)
        if check:
            seen = self.no_conditions_seen()
            x, y = inputs.checked(self, x, y, seen=seen)
            # Where nothing was seen yet, what was remembered before serves on.
            if seen is not None and (seen.seen or not self.seen_conditions.seen):
                self.seen_conditions = seen
            if validation_data is not None:
                validation_data = inputs.checked_validation(self, validation_data)
        if not self.unbounded and (samples := self.example_samples()) is not None:
            checks.warn_if_out_of_range(samples)
        if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset, types.GeneratorType)):
            kwargs.setdefault("shuffle", False)  # they have their own order; Keras warns of True
        steps, batch_size = kwargs.get("steps_per_epoch"), kwargs.get("batch_size")
        count = batches.batches_of(x, batch_size)
        checks.check_initial_step(initial_step, steps or count)
        if self._on_strategy:
            x, y = sharding.data(self, x, y, kwargs)
            if validation_data is not None:
                validation_data = sharding.validation_data(self, validation_data, kwargs)
        elif self.unsettled and not self.run_eagerly:
            x, batch = batches.example_batch(self, x, y, batch_size)
            tuning.settle(self, batch, most_steps=steps or count)
        with inputs.as_input_error(), loop.epochs(self, steps, count, begun=initial_step) as begin:
            kwargs["callbacks"] = self._callbacks(begin, kwargs.get("callbacks"))
            return super().fit(x, y, validation_data=validation_data, **kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras would build what is built already, on a sum of the replicas' rows, if they are as many.
        if not self._on_strategy:
            super()._maybe_symbolic_build(iterator, data_batch)

    def _callbacks(self, first, others):
        """Keras's callbacks for one `fit`: these and those that it was given."""
        if not isinstance(others, keras.callbacks.CallbackList):
            return [first, *keras.tree.flatten(others or [])]
        params = getattr(others, "params", None) or {}
        return keras.callbacks.CallbackList([first, *others.callbacks], model=self, **params)

    def evaluate(self, x=None, y=None, **kwargs):
        """Mean losses and scores over a data set, in inference mode; like `keras.Model.evaluate`.

        The latents are the same at every call.
        """
        checks.check_compiled(self)
        if not kwargs.get("_use_cached_eval_dataset"):
            x, y = inputs.checked(self, batches.unstacked(self, x), y)
            if self._on_strategy:
                x, y = sharding.data(self, x, y, {"shuffle": False, **kwargs})
        test = self.make_test_function()
        test.begin(kwargs.get("steps"))
        try:
            with inputs.as_input_error():
                return super().evaluate(x, y, **kwargs)
        finally:
            test.begin()

    @property
    def _on_strategy(self):
        """Whether this model was made in the scope of a `tf.distribute` strategy."""
        return self._distribute_strategy is not None

    def make_train_function(self, force=False):
        """Makes what `fit` calls for every `steps_per_execution` batches: see `tfgan.loop`."""
        if force or self.train_function is None:
            self.train_function = self.make_loop(self.jit_compile)
        return self.train_function

    def make_loop(self, jit_compile):
        """Makes a `tfgan.loop.Loop` of training steps, under a strategy one of all its replicas."""
        if self._on_strategy:
            return distributed.Loop(self, self.train_step, jit_compile=jit_compile)
        return loop.Loop(self, self.train_step, jit_compile=jit_compile, check_finite=self.check_finite)

    def make_test_function(self, force=False):
        """Makes what `evaluate` calls for every `steps_per_execution` batches."""
        if force or self.test_function is None:
            if self._on_strategy:
                self.test_function = distributed.Loop(self, self.test_step)
            else:
                self.test_function = loop.Loop(self, self.test_step, jit_compile=self._test_jit_compile)
        return self.test_function

"""What a recipe is."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from tfgan.errors import InputError, suggestion


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A named experiment.

    Attributes:
        name: what the command line calls it.
        reproduces: one line.
        data: the default data source, see `tfgan.data.load`.
        time: of the whole run, with the machine.
        score: expected, with its protocol.
        settings: every number a user may override, with its default. Always `seed`, `epochs`,
            `batch_size`, those of `TRAINING` in `tfgan.recipes.settings` (of a baseline, of `CHAIN`
            there) and `sample_every` (epochs between pictures).
        build: `(data, settings, steps_per_epoch) -> compiled GAN`, or baseline; the steps are the
            discriminator's, the generator makes one every `d_steps` of them. With `pretraining` it
            takes `pretrained=` too: the generator of that run, or None for a fresh one.
        conditional: whether the data needs labels; None takes them where there are any.
        tags: whether the data is features with tags, not images; see `tfgan.data.tags`.
        best_by_parzen: whether the model of the best validation Parzen log-likelihood is kept,
            measured 20 times a run, instead of the last.
        least_steps: discriminator steps that a run makes at least, on however few images, unless
            its epochs are given.
        choose: `(data) -> dict` of settings that go with the data's size and number, where they are not
            asked for; or None.
        largest_side: pixels a side that square images get at most, where no `image_size` is asked
            for: as many as the source's have, if these are fewer. None keeps their shape.
        baseline: whether it trains a model of `tfgan.baselines`, and no GAN.
        pretraining: name of the recipe that a run trains first, in its folder `pretraining`, on the
            same data and for `pretraining_epochs` (a setting); settings of one name have one value.
    """

    name: str
    reproduces: str
    data: str
    time: str
    score: str
    settings: Mapping[str, Any]
    build: Callable
    conditional: bool | None = False
    tags: bool = False
    best_by_parzen: bool = False
    least_steps: int = 0
    choose: Callable | None = None
    largest_side: int | None = None
    baseline: bool = False
    pretraining: str | None = None


def get(name, recipes):
    """Returns the recipe of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in recipes:
        raise InputError(f"no recipe is called {name!r}: {suggestion(name, recipes)}")
    return recipes[name]

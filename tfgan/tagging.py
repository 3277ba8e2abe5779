"""Tags of images, by a GAN that makes word vectors of features."""

import numpy as np

from tfgan.errors import InputError
from tfgan.metrics import ranking

COUNT = 10  # images of a table
_CONDITION_BYTES = 2**28  # of features, repeated for each draw


def draw(gan, features, *, draws=ranking.DRAWS, seed=0, truncation=1.0, **making):
    """Draws word vectors for each image.

    Args:
        gan: `tfgan.CGAN` with a `Vector` condition, whose samples are word vectors.
        features: float `(images, dim)`.
        draws: int >= 1. For each image.
        seed: int or None. The same seed gives the same vectors.
        truncation: float in (0, 1], as in `gan.sample`.
        **making: further arguments of `gan.images_of`, such as `ema`.

    Returns:
        float32 `(images, draws, word_dim)`.

    Raises:
        InputError: if the features do not fit.
    """
    features = gan.check_condition(len(features), features)
    latents = gan.draw_latents(len(features) * draws, seed=seed, truncation=truncation)
    step = max(1, _CONDITION_BYTES // (4 * draws * features.shape[1]))
    words = []
    for start in range(0, len(features), step):
        condition = np.repeat(features[start : start + step], draws, axis=0)
        rows = slice(start * draws, start * draws + len(condition))
        words.append(gan.images_of(latents[rows], condition, **making))
    return np.concatenate(words).reshape(len(features), draws, -1)  # (images, draws, word_dim)


def table(gan, tags, *, split="test", count=COUNT, seed=0, **sampling):
    """Tags of some images, beside those people gave: lines of columns separated by tabs.

    Args:
        gan: `tfgan.CGAN` with a `Vector` condition, whose samples are word vectors.
        tags: `tfgan.data.Tags`.
        split: "train", "valid" or "test".
        count: int >= 1. Its first so many images, or all.
        seed: int. Of the latents.
        **sampling: `truncation`, `ema` and others, as in `draw`.

    Returns:
        str: a line of column names, then a line per image: its row in the data, its tags, the ten words
        found for it, the best first.

    Raises:
        InputError: if `count` is below 1 or the features do not fit.
    """
    if count < 1:
        raise InputError(f"a table needs at least 1 image, got {count}.")
    rows = tags.rows[split][:count]
    found = ranking.rank(draw(gan, tags.features[rows], seed=seed, **sampling), tags.word_vectors)
    lines = ["image\ttags\tfound"]
    for row, words in zip(rows, found, strict=True):
        lines.append(f"{row}\t{_text(tags, tags.words_of(row))}\t{_text(tags, words)}")
    return "\n".join(lines) + "\n"


def _text(tags, words):
    """Words as a cell, which is a text to spreadsheets too, whatever it begins with."""
    text = ", ".join(" ".join(tags.words[word].split()) for word in words)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text

"""Scores of tags found for images."""

import numpy as np

from tfgan.metrics import ranking


def tags_score(samples, conditions, data, seed):
    """Precision and recall of ten words found for each test image, against the tags people gave.

    Beside what the ten most frequent training tags reach, said of every image, what ten words at random
    reach on average, and what all tags right would; of made data also the fraction of words that are
    right, given as tags or not. None for data of images.
    """
    if data.tags is None or conditions is None:
        return None
    tags = data.tags
    known = [tags.words_of(row) for row in tags.rows["test"][: len(samples)]]
    counts = np.array([len(words) for words in known])
    found = ranking.rank(samples, tags.word_vectors)
    precision, recall = ranking.precision_recall(found, known)
    kept = found.shape[1]
    train = tags.pairs[np.isin(tags.pairs[:, 0], tags.rows["train"]), 1]
    frequent = ranking.most_frequent(train, len(tags.words), kept=kept)
    frequent_precision, _ = ranking.precision_recall(np.tile(frequent, (len(known), 1)), known)
    result = {} if tags.right is None else {"right": _right_precision(found, tags)}
    return result | {
        "precision": float(precision.mean()),
        "standard_error": float(precision.std() / np.sqrt(len(precision))),
        "recall": float(recall.mean()),
        "frequent_precision": float(frequent_precision.mean()),
        "chance_precision": float(counts.mean() / len(tags.words)),
        "most_precision": float(np.minimum(counts, kept).mean() / kept),
        "protocol": {
            "n_real": len(known),
            "split": "test",
            "draws": samples.shape[1],
            "nearest": min(ranking.NEAREST, len(tags.words)),
            "kept": kept,
            "n_words": len(tags.words),
            "features": "cosine of word vectors",
        },
    }


def _right_precision(found, tags):
    """Fraction of the found words that are right, be they among the tags given or not."""
    rows = tags.rows["test"][: len(found)]
    return float(tags.right[rows[:, None], found].mean())

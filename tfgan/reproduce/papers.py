"""What the report of each paper holds."""

import dataclasses
from typing import Any

from tfgan.reproduce.rows import REFERENCE_ROWS, Pictured, Row, Trained


@dataclasses.dataclass(frozen=True)
class Paper:
    """A report.

    Attributes:
        title: of the paper.
        reference: where to find it.
        rows: what is measured.
        published_beside: what the paper's table sets beside its own number: {system: number}.
        source: data of rows that name none.
    """

    title: str
    reference: str
    rows: tuple[Row, ...]
    published_beside: dict[str, str]
    source: str = "mnist"


# Four rows of one run: an average of its weights changes nothing in the training. The published code
# has no stopping rule; its learning rate has fallen to a sixth after 900 epochs.
_GAN: dict[str, Any] = {
    "recipe": "gan-mnist",
    "changes": ("ema_decay=0.9999", "epochs=900"),
    "run": "gan",
    "epoch_seconds": 6,
}
_CGAN: dict[str, Any] = {
    "recipe": "cgan-mnist",
    "changes": ("noise=uniform", "g_dropout=0.0", "ema_decay=0.9999"),
    "run": "cgan-improved",
    "epoch_seconds": 9,
}

PAPERS = {
    "gan2014": Paper(
        title="Generative Adversarial Nets",
        reference="Goodfellow et al., 2014, table 1 (arXiv 1406.2661)",
        published_beside={
            "DBN": "138 ± 2",
            "Stacked CAE": "121 ± 1.6",
            "Deep GSN": "214 ± 1.1",
        },
        rows=(
            Trained(
                "gan",
                "adversarial nets, as published",
                "mnist",
                published="225 ± 2",
                note="the published recipe to the letter, whose code has no stopping rule",
                ema=False,
                **_GAN,
            ),
            Trained(
                "gan-average",
                "adversarial nets, generator averaged",
                "mnist",
                note="the run of row gan, sampled by a moving average of the generator's weights",
                **_GAN,
            ),
            Trained(
                "gan-truncated",
                "adversarial nets, averaged, latents scaled",
                "mnist",
                note="as row gan-average, latents scaled towards 0 by what validation images choose",
                tuned="truncation",
                **_GAN,
            ),
            Trained(
                "gan-smoothed",
                "adversarial nets, averaged, samples smoothed",
                "mnist",
                note="as row gan-average, each sample the mean of six images of nearby latents: blur "
                "wins at this measure, as k-means does",
                tuned="smoothing",
                **_GAN,
            ),
            Trained(
                "dbn",
                "deep belief network",
                "mnist",
                published="138 ± 2",
                note="how the published one was trained is not published: see the recipe",
                recipe="dbn-mnist",
                epoch_seconds=8,
                baseline=True,
            ),
            Trained(
                "cae",
                "stacked contractive autoencoder",
                "mnist",
                published="121 ± 1.6",
                note="how the published one was trained is not published: see the recipe",
                recipe="cae-mnist",
                epoch_seconds=12,
                baseline=True,
            ),
            Trained(
                "gsn",
                "deep generative stochastic network",
                "mnist",
                published="214 ± 1.1",
                note="the published network and noise, trained by Adam for a few epochs; the published "
                "code makes 1,000 by SGD",
                recipe="gsn-mnist",
                epoch_seconds=154,
                baseline=True,
            ),
            *REFERENCE_ROWS,
            Trained(
                "ring",
                "8 Gaussians on a ring",
                "modes",
                recipe="gan-toy",
                source="toy:ring",
                fixed_source=True,
                epoch_seconds=1.1,
                quick_epochs=5,
            ),
            Trained(
                "grid",
                "25 Gaussians on a grid",
                "modes",
                recipe="gan-toy",
                source="toy:grid",
                fixed_source=True,
                epoch_seconds=1.1,
                quick_epochs=5,
            ),
            Trained(
                "ring-collapsed",
                "8 Gaussians on a ring, settings that collapse",
                "modes",
                recipe="gan-toy",
                changes=("beta_1=0.5", "learning_rate=0.002", "g_rate=0.25", "latent_dim=64"),
                note="momentum .5, the judge's rate doubled, the generator's halved, 64 latents",
                source="toy:ring",
                fixed_source=True,
                epoch_seconds=1.1,
                quick_epochs=5,
            ),
            Trained(
                "tfd",
                "Toronto Face Database, as published",
                "others",
                published="2057 ± 26",
                note="needs the owners' file: --data tfd:FILE.mat",
                recipe="gan-tfd",
                source="tfd:TFD_48x48.mat",
                epoch_seconds=3270,  # with the share of pretraining
                optional=True,
            ),
            Trained(
                "cifar10-fc",
                "CIFAR-10, fully connected, as published",
                "others",
                recipe="gan-cifar10-fc",
                source="cifar10",
                epoch_seconds=590,
                optional=True,
            ),
            Trained(
                "cifar10-conv",
                "CIFAR-10, convolutional, as published",
                "others",
                recipe="gan-cifar10-conv",
                source="cifar10",
                epoch_seconds=1200,
                optional=True,
            ),
            Pictured("figure-1", "a GAN of numbers", "theory", fixed_source=True),
            Pictured("saddle", "the saddle of the game", "theory", making=3.0, fixed_source=True),
            Pictured("nce", "noise-contrastive estimation", "theory", fixed_source=True, baseline=True),
            Pictured(
                "boltzmann", "a Boltzmann machine of 8 + 6", "theory", fixed_source=True, baseline=True
            ),
        ),
    ),
    "cgan2014": Paper(
        title="Conditional Generative Adversarial Nets",
        reference="Mirza & Osindero, 2014, table 1 (arXiv 1411.1784)",
        published_beside={
            "DBN": "138 ± 2",
            "Stacked CAE": "121 ± 1.6",
            "Deep GSN": "214 ± 1.1",
            "Adversarial nets": "225 ± 2",
        },
        rows=(
            Trained(
                "cgan",
                "conditional adversarial nets, as published",
                "mnist",
                published="132 ± 1.8",
                note="the published nets, prior, schedule and dropout; what the paper leaves open "
                "(latents standardised, initial weights, biases, simultaneous update): see the recipe",
                recipe="cgan-mnist",
                epoch_seconds=9,
            ),
            Trained(
                "cgan-improved",
                "conditional adversarial nets, improved",
                "mnist",
                note="the same networks and schedule; latents U(-1.73, 1.73), no dropout in the "
                "generator, sampled by a moving average of its weights",
                **_CGAN,
            ),
            Trained(
                "cgan-truncated",
                "conditional adversarial nets, improved, latents scaled",
                "mnist",
                note="the run of row cgan-improved, latents scaled towards 0 by what validation images "
                "choose",
                tuned="truncation",
                **_CGAN,
            ),
            Trained(
                "cgan-matching",
                "conditional adversarial nets, realness and match judged apart",
                "mnist",
                note="the notes' second discriminator, trained with mismatched pairs too",
                recipe="cgan-mnist",
                changes=("discriminator=matching",),
                epoch_seconds=11,
            ),
            Trained(
                "tags",
                "images to tags, made data",
                "tags",
                recipe="cgan-tags",
                changes=("epochs=6",),
                source="toy:tags",
                epoch_seconds=20,
            ),
        ),
    ),
}

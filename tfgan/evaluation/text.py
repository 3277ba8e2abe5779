"""Results as lines for a person."""


def lines(results):
    """Returns results as lines of text for a person, each with its protocol's numbers."""
    sampling = "".join(f", {name} {value}" for name, value in results.get("sampling", {}).items())
    text = [f"data: {results['data']} (seed {results['seed']}{sampling})"]
    for name, say in _SAY.items():
        if name in results:
            result = results[name]
            text += say(result, result["protocol"])
            text += [f"  warning: {warning}" for warning in result.get("warnings", ())]
    return text + [f"note: {hint}" for hint in results.get("hints", ())]


def _parzen(r, p):
    yield (
        f"Parzen log-likelihood: {r['log_likelihood']:.1f} +- {r['standard_error']:.1f} nats "
        f"(sigma {r['sigma']:.3f}, {p['n_fake']} samples, {p['n_real']} test images)"
    )


def _classifier(r, p):
    yield (
        f"classifier accuracy: {r['fake_accuracy']:.4f} on {p['n_fake']} samples, "
        f"{r['real_accuracy']:.4f} on {p['n_real']} real test images "
        f"(ratio {r['fake_accuracy'] / max(r['real_accuracy'], 1e-9):.3f})"
    )
    if 2 * r["fake_accuracy"] < r["real_accuracy"]:
        yield "samples do not follow their condition: train for more epochs, or with other settings"


def _memorization(r, p):
    yield (
        f"distance to the nearest training image: {r['fake_distance']:.2f} for {p['n_fake']} "
        f"samples, {r['real_distance']:.2f} for {p['n_real']} real test images"
    )


def _coverage(r, p):
    spread = "unknown" if r["spread"] is None else f"{r['spread']:.2f}"
    modes = ""
    if "of" in r:
        # Results that an older tfgan kept do not tell what is reached.
        reached = r.get("reached", r["covered"])
        reached = f" ({reached} with at least one sample)" if reached != r["covered"] else ""
        kl = "" if r["kl"] is None else f", KL {r['kl']:.3f} nats"
        if kl and r.get("real_kl") is not None:
            kl += f" (of {p['n_real_kl']} real test images {r['real_kl']:.3f})"
        modes = f"{r['covered']} of {r['of']} modes{reached}, {r['inside']:.3f} inside{kl}; "
    yield (
        f"coverage: {modes}spread {spread} of real images' ({p['n_fake']} samples, "
        f"{p['n_real']} real valid images)"
    )


def _frechet(r, p, name="Frechet distance"):
    same = ""
    if r["same_n"] is not None:
        s = r["same_n"]
        same = f"; of {s['n']} each: samples {s['fake']:.4g}, real valid images {s['real']:.4g}"
    yield f"{name}: {r['distance']:.4g} ({_counts(p)}){same}"


def _intra_frechet(r, p):
    yield from _frechet(r, p, f"intra-class Frechet distance, mean of {len(r['classes'])} classes")


def _kernel(r, p):
    subsets = r["subsets"]
    mean = ""
    if subsets is not None:
        mean = (
            f", {subsets['mean']:.4g} +- {subsets['standard_error']:.2g} over {subsets['subsets']} "
            f"subsets of {subsets['subset_size']}"
        )
    yield (
        f"kernel distance: {r['distance']:.4g} +- {r['standard_error']:.2g}{mean} ({_counts(p)}); real "
        f"valid images {r['real_distance']:.4g} +- {r['real_standard_error']:.2g}"
    )


def _precision_recall(r, p):
    names = ("precision", "recall", "density", "coverage")
    ours, theirs = (", ".join(f"{name} {of[name]:.3f}" for name in names) for of in (r, r["real"]))
    yield f"{ours} ({_counts(p)}, k {p['nearest_k']}); real valid images: {theirs}"


def _counts(p):
    return f"{p['n_fake']} samples, {p['n_real']} real test images, {p['feature_name']} features"


def _ms_ssim(r, p):
    yield (
        f"MS-SSIM of pairs, {p['pairs_are']}: {r['similarity']:.3f} +- {r['standard_error']:.3f} "
        f"({p['pairs']} pairs of {p['n_fake']} samples, scales: {p['scales']}), "
        f"{r['real_similarity']:.3f} +- {r['real_standard_error']:.3f} for real test images; higher is "
        "less varied"
    )


def _tags(r, p):
    if "right" in r:
        yield f"right words among the {p['kept']} found: {r['right']:.3f}"
    yield (
        f"precision of {p['kept']} tags: {r['precision']:.3f} +- {r['standard_error']:.3f}, recall "
        f"{r['recall']:.3f} ({p['n_real']} test images, {p['draws']} draws each; at most "
        f"{r['most_precision']:.3f}, the most frequent tags {r['frequent_precision']:.3f}, chance "
        f"{r['chance_precision']:.4f} of {p['n_words']} words)"
    )


_SAY = {
    "parzen": _parzen,
    "classifier": _classifier,
    "memorization": _memorization,
    "coverage": _coverage,
    "frechet": _frechet,
    "kernel": _kernel,
    "precision_recall": _precision_recall,
    "intra_frechet": _intra_frechet,
    "ms_ssim": _ms_ssim,
    "tags": _tags,
}

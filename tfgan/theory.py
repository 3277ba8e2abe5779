"""The theory of the GAN game as functions on distributions: numpy, float64, nats.

A distribution is an array of probabilities (`weights=None`: integrals are sums), or of a density's
values at the points of `quadrature`, with that function's weights. What has probability 0 adds 0 to an
expectation, whatever its logarithm.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014, sections 3 and 4 (arXiv 1406.2661).
"""

import math
from typing import NamedTuple

import numpy as np

from tfgan.errors import InputError

_TOLERANCE = 1e-6  # how far from 1 a distribution may sum: float32 histograms, quadrature
_START = 1e-12  # share of the uniform distribution in the start of a descent


class Descent(NamedTuple):
    """The path of `descend_criterion`.

    Attributes:
        values: float64 `(steps + 1,)`. C(G) before each step and after the last, in nats.
        p_g: float64. The last distribution, of the shape of the first.
    """

    values: np.ndarray
    p_g: np.ndarray


def quadrature(low, high, points=200):
    """Points and weights of Gauss-Legendre quadrature: `sum(weights * f(x))` is the integral of f.

    Exact for polynomials up to degree `2 * points - 1`. A density that jumps needs an interval for each
    piece: join their points and their weights.

    Args:
        low, high: float, `low < high`.
        points: int >= 1.

    Returns:
        (x, weights): float64 `(points,)` each.

    Raises:
        InputError: for an empty or infinite interval, or no points.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"quadrature needs finite low < high, got {low} and {high}.")
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or points < 1:
        raise InputError(f"quadrature needs an integer of at least 1 point, got {points!r}.")
    x, weights = np.polynomial.legendre.leggauss(int(points))
    half = (high - low) / 2
    return low + half * (x + 1), half * weights


def entropy(p, *, weights=None):
    """Entropy, `-E_p[log p]`; of a density the differential entropy, which may be negative.

    Args:
        p: distribution, any shape.
        weights: None, or quadrature weights of the same shape.

    Returns:
        float, in nats.

    Raises:
        InputError: here and in all that follows, for negative or non-finite values, distributions that
            do not sum to 1, and shapes that differ.
    """
    weights, p = _distributions(weights, p=p)
    return 0.0 - _expectation(p, _log(p), weights)


def cross_entropy(p, q, *, weights=None):
    """Cross-entropy, `-E_p[log q]`; infinite where q is 0 and p is not.

    Args:
        p, q: distributions of one shape.
        weights: None, or quadrature weights.

    Returns:
        float, in nats.
    """
    weights, p, q = _distributions(weights, p=p, q=q)
    return 0.0 - _expectation(p, _log(q), weights)


def binary_cross_entropy(target, d):
    """Binary cross-entropy, `-(target log d + (1 - target) log(1 - d))`, element by element.

    Args:
        target: probabilities that the answer is 1: 1 for data, 0 for samples.
        d: probabilities that were answered, of the same shape or a number.

    Returns:
        float64 array of their shape, in nats; infinite where a sure answer is wrong.
    """
    target, d = _probabilities("target", target), _probabilities("d", d)
    if target.shape != d.shape and target.ndim and d.ndim:
        raise InputError(f"target and d must have one shape, got {target.shape} and {d.shape}.")
    return 0.0 - _times(target, _log(d)) - _times(1 - target, _log1m(d))


def kl(p, q, *, weights=None):
    """Kullback-Leibler divergence KL(p || q) = `E_p[log p - log q]`; infinite if q is 0 where p is not.

    Args:
        p, q: distributions of one shape.
        weights: None, or quadrature weights.

    Returns:
        float >= 0, in nats.
    """
    weights, p, q = _distributions(weights, p=p, q=q)
    return max(0.0, _expectation(p, _log_ratio(p, q), weights))  # rounding may go below 0


def js(p, q, *, weights=None):
    """Jensen-Shannon divergence, `(KL(p || m) + KL(q || m)) / 2` with the mixture m = (p + q) / 2.

    Args:
        p, q: distributions of one shape.
        weights: None, or quadrature weights.

    Returns:
        float from 0 (p = q) to log 2 (disjoint supports), in nats.
    """
    weights, p, q = _distributions(weights, p=p, q=q)
    twice = sum(_expectation(r, math.log(2) + _log_ratio(r, p + q), weights) for r in (p, q))
    return max(0.0, twice / 2)


def value(d, p_data, p_g, *, weights=None, from_logits=False):
    """The game's value V(D, G) = `E_data[log D] + E_g[log(1 - D)]`.

    Args:
        d: D's probabilities that a point is data, in [0, 1]; or its logits, which tell a D of 1 from
            one of 1 - 1e-20.
        p_data, p_g: distributions of the same shape.
        weights: None, or quadrature weights.
        from_logits: bool. Whether `d` holds logits.

    Returns:
        float <= 0, in nats; minus infinity for a D that is sure and wrong.

    Reference:
        Goodfellow et al., 2014, equation 1.
    """
    weights, p_data, p_g = _distributions(weights, p_data=p_data, p_g=p_g)
    d = _numbers("d", d) if from_logits else _probabilities("d", d)
    if d.shape != p_data.shape:
        raise InputError(f"d and p_data must have one shape, got {d.shape} and {p_data.shape}.")
    if from_logits:
        real, fake = -np.logaddexp(0.0, -d), -np.logaddexp(0.0, d)
    else:
        real, fake = _log(d), _log1m(d)
    return _expectation(p_data, real, weights) + _expectation(p_g, fake, weights)


def optimal_logits(p_data, p_g):
    """The logits of D*, `log p_data - log p_g`: right where D* is so near to 1 that float64 rounds it.

    Args:
        p_data, p_g: probabilities or densities at the same points.

    Returns:
        float64 of their shape; infinite where one is 0, 0 where both are.
    """
    p_data, p_g = _densities(p_data=p_data, p_g=p_g)
    some = (p_data > 0) | (p_g > 0)
    return _log(np.where(some, p_data, 1.0)) - _log(np.where(some, p_g, 1.0))


def optimal_discriminator(p_data, p_g):
    """The best answer to a generator, D* = `p_data / (p_data + p_g)`, point by point.

    Args:
        p_data, p_g: probabilities or densities at the same points. They need not be all points there
            are, so nothing is summed.

    Returns:
        float64 of their shape, in [0, 1]; 1/2 where both are 0, where every answer is as good.

    Reference:
        Goodfellow et al., 2014, proposition 1.
    """
    p_data, p_g = _densities(p_data=p_data, p_g=p_g)
    total = p_data + p_g
    return np.divide(p_data, total, out=np.full(total.shape, 0.5), where=total > 0)


def criterion(p_data, p_g, *, weights=None):
    """The generator's criterion C(G) = `max_D V(D, G)`, which is `-log 4 + 2 JS(p_data, p_g)`.

    Args:
        p_data, p_g: distributions of one shape.
        weights: None, or quadrature weights.

    Returns:
        float from -log 4 (p_g = p_data) to 0 (disjoint supports), in nats.

    Reference:
        Goodfellow et al., 2014, theorem 1.
    """
    weights, p_data, p_g = _distributions(weights, p_data=p_data, p_g=p_g)
    return _criterion(p_data, p_g, weights)


def descend_criterion(p_data, p_g, *, weights=None, rate=0.5, steps=300):
    """Lowers C(G) by steps of p_g itself, D being the best at each: proposition 2.

    Exponentiated gradient: `p_g <- p_g * exp(-rate * dC/dp_g) / sum`, with `dC/dp_g = log(1 - D*)`. It
    stays a distribution. C's second derivative, p_data / (p_g (p_data + p_g)), is at most that of
    negative entropy, 1 / p_g, so no step with `rate <= 1` raises C (mirror descent on a relatively
    smooth convex function). Near the end each step takes the error times `1 - rate / 2`, and what lies
    outside of p_data's support times `2 ** -rate`.

    Args:
        p_data: distribution to reach.
        p_g: distribution to start from. Where it is 0 no such step could raise it, so 1e-12 of the
            uniform distribution is mixed in.
        weights: None, or quadrature weights.
        rate: float in (0, 1].
        steps: int >= 1.

    Returns:
        `Descent`.

    Reference:
        Goodfellow et al., 2014, proposition 2.
    """
    weights, p_data, p_g = _distributions(weights, p_data=p_data, p_g=p_g)
    if not 0 < rate <= 1:
        raise InputError(f"rate must lie in (0, 1], where C falls at every step, got {rate}.")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise InputError(f"steps must be an integer of at least 1, got {steps!r}.")
    p_g = (1 - _START) * p_g + _START / np.sum(np.broadcast_to(weights, p_g.shape))
    values = [_criterion(p_data, p_g, weights)]
    for _ in range(steps):
        gradient = _log_ratio(p_g, p_data + p_g)  # log(1 - D*)
        p_g = p_g * np.exp(-rate * gradient)
        p_g /= np.sum(weights * p_g)
        values.append(_criterion(p_data, p_g, weights))
    return Descent(np.array(values), p_g)


def _criterion(p_data, p_g, weights):
    """V(D*, G), by logarithms of ratios: no 1 - D* that cancels."""
    both = p_data + p_g
    return sum(_expectation(p, _log_ratio(p, both), weights) for p in (p_data, p_g))


def _expectation(p, f, weights):
    return float(np.sum(_times(weights * p, f)))


def _times(p, f):
    """p * f, and 0 where p is 0 and f infinite."""
    return np.where(p > 0, p, 0.0) * np.where(p > 0, f, 0.0)


def _log(p):
    with np.errstate(divide="ignore"):
        return np.log(p)


def _log1m(d):
    with np.errstate(divide="ignore"):
        return np.log1p(-d)


def _log_ratio(p, q):
    """log(p / q), which is 0 where p is, since nothing is expected there."""
    with np.errstate(divide="ignore"):
        return np.where(p > 0, np.log(np.where(p > 0, p, 1.0)) - np.log(q), 0.0)


def _distributions(weights, **named):
    """Returns checked weights (1 for sums) and distributions."""
    arrays = _densities(**named)
    name, first = next(iter(named)), arrays[0]
    if weights is None:
        checked = np.float64(1.0)
    else:
        checked = _array("weights", weights)
        if checked.shape != first.shape:
            raise InputError(
                f"weights and {name} must have one shape, got {checked.shape} and {first.shape}."
            )
    for name, array in zip(named, arrays, strict=True):
        total = float(np.sum(checked * array))
        if not abs(total - 1) <= _TOLERANCE:
            advice = (
                "divide it by its sum" if weights is None else "take a wider interval or more points"
            )
            raise InputError(f"{name} must sum to 1, got {total:.8g}: {advice}.")
    return checked, *arrays


def _densities(**named):
    arrays = [_array(name, values) for name, values in named.items()]
    for name, array in zip(named, arrays, strict=True):
        if not array.size:
            raise InputError(f"{name} must hold at least one value, got shape {array.shape}.")
        if array.shape != arrays[0].shape:
            first = next(iter(named))
            raise InputError(
                f"{first} and {name} must have one shape, got {arrays[0].shape} and {array.shape}."
            )
    return arrays


def _probabilities(name, values):
    array = _array(name, values)
    if np.any(array > 1):
        raise InputError(f"{name} must hold probabilities in [0, 1], got {array.max():.6g}.")
    return array


def _array(name, values):
    """Returns finite float64 values of at least 0."""
    array = _numbers(name, values)
    if np.any(np.isinf(array)):
        raise InputError(f"{name} must hold finite numbers, got infinity: check where it is from.")
    if np.any(array < 0):
        raise InputError(f"{name} must not be negative, got {array.min():.6g}.")
    return array


def _numbers(name, values):
    """Returns float64 values that are no NaN."""
    try:
        array = np.asarray(values, "float64")
    except (TypeError, ValueError):
        raise InputError(
            f"{name} must be an array of numbers, got {type(values).__name__}: check its values."
        ) from None
    if np.any(np.isnan(array)):
        raise InputError(f"{name} must hold finite numbers, got NaN: check where it is from.")
    return array

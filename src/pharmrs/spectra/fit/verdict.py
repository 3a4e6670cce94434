"""Whether an optimum can be believed, and if not, why: a search that has settled may have settled on nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records.fit import LinearCombinationFit

LEAST_STANDING_OUT = 4.0  # SDs of the clearest component: pure noise reaches 3
EXPLAINED_NOISE = 1.3  # residual over the noise of the FID's tail; 1.1 is usual for spectra the model can describe
_EDGE = 0.97  # of the range of shifts that is searched
_MOST_FOREIGN = 0.03  # of the highest peak of the metabolites: at most 0.018 where the model holds all that is there


def judged(fit: LinearCombinationFit, tail_noise: float, largest_shift_hz: float) -> LinearCombinationFit:
    """`fit` with `converged`, `message` and `unexplained` as the figures of the fit allow.

    `tail_noise`: SD of the spectrum's noise from the end of the FID (0: not known). Not converged: no component stands
    out of the noise, or the shift lies at the edge of the searched range. A residual well above the noise is a note:
    the amplitudes' SDs allow for it, but something in the data is not in the model.
    """
    reasons = [] if fit.converged else [fit.message]
    sds = np.sqrt(np.diag(fit.covariance))
    clearest = float(np.max(fit.amplitudes / np.where(sds > 0, sds, np.inf)))
    if clearest < LEAST_STANDING_OUT:
        reasons.append(f"no component stands out of the noise (the clearest by {clearest:.1f} SD)")
    if abs(fit.shift_hz) > _EDGE * largest_shift_hz:
        reasons.append(f"the common shift of {fit.shift_hz:.0f} Hz lies at the edge of the searched range")
    sentences = fit.unexplained
    if fit.gaps_ppm:
        where = ", ".join(f"{low:.2f}-{high:.2f}" for low, high in fit.gaps_ppm)
        sentences = (
            *sentences,
            f"the residual at {where} ppm is signal that nothing in the fit describes: left out of it",
        )
    excess = fit.noise_sd / tail_noise if tail_noise > 0 else 1.0
    if excess > EXPLAINED_NOISE:
        sentences = (
            *sentences,
            f"the residual is {excess:.1f} times the noise: the data hold signal that the model does not",
        )
    return replace(
        fit, converged=not reasons, message="; ".join(reasons) if reasons else fit.message, unexplained=sentences
    )


def foreign_signal(foreign: ComplexArray, metabolites: ComplexArray, ppm: FloatArray) -> tuple[str, ...]:
    """A note on `foreign`, signal that only lipids of any phase could describe, where there is much of it; all (n,)."""
    heights = np.abs(foreign)
    place, highest = int(np.argmax(heights)), float(np.max(np.abs(metabolites)))
    if heights[place] <= _MOST_FOREIGN * highest:
        return ()
    share = 100.0 * heights[place] / highest if highest > 0.0 else np.inf
    return (
        f"lipids, or macromolecules unlike those of the basis set, stand out at {ppm[place]:.1f} ppm ({share:.0f} % of "
        "the highest metabolite peak): all values can be off together (simulated: by up to 10 % at 7 T, 30 % at 3 T), "
        "their ratios by less",
    )

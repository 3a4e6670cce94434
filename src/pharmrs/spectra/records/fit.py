"""The result of a linear-combination fit and what is computed from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, read_only
from pharmrs.core.records.declaration import Positive, declaration, key
from pharmrs.spectra.records.editing import Coedited


@declaration
class RatioPrior:
    """A soft prior on an amplitude ratio, e.g. NAAG/NAA = 0.15 +- 0.15; it pulls, so it is declared and reported."""

    numerator: str = key("component, e.g. NAAG", min_length=1)
    denominator: tuple[str, ...] = key("components whose sum it is compared with", min_length=1)
    ratio: float = key("expected ratio of the amplitudes", ge=0)
    sd: Positive = key("its standard deviation")

    def __post_init__(self) -> None:
        if self.numerator in self.denominator:
            raise ValueError("numerator must not be part of the denominator")

    def __str__(self) -> str:
        return f"{self.numerator}/{'+'.join(self.denominator)} = {self.ratio:g} +- {self.sd:g}"


@declaration
class FitSection:
    """What is fitted. Everything has a default that suits brain spectra at 3-9.4 T."""

    ppm_low: float = 0.2
    ppm_high: float = 4.2
    omit: tuple[str, ...] = key("components of the basis set to leave out", default=())
    add: tuple[Literal["mm", "lipids"], ...] = key(
        "built-in broad components to add: mm (macromolecules, one component), lipids (three)", default=()
    )

    ratio_priors: tuple[RatioPrior, ...] = key("soft priors on amplitude ratios; none by default", default=())
    coedited: Coedited = key(
        "what is edited along with GABA at 3.0 ppm, named as in Osprey: as much as GABA (soft or fixed), two thirds of "
        "the macromolecule at 0.9 ppm, free with a fixed or a free width, none",
        default="1to1GABAsoft",
    )
    stability: bool = key(
        "fit again under harmless changes (first point, window, macromolecules, small components, baseline, line "
        "shape), average, and add the spread to the SD; up to five times the computing",
        default=True,
    )

    def __post_init__(self) -> None:
        if self.ppm_high - self.ppm_low < 0.5:
            raise ValueError("ppm_high must be at least 0.5 ppm above ppm_low")


@declaration
class FitSettings(FitSection):
    """Settings of the fit that change numbers: what a study declares, and the numbers of the method.

    `baseline_detail_s`: how late the baseline's signals reach (its smoothness is estimated), four times as late where
    no macromolecules are fitted: at any field it cannot describe what lives as long as they do.
    `water_reach_hz`: nearer to water than this, signals are not whole (suppression, residual water) and the window
    ends before, though not below 4.0 ppm.
    `shift_sd_hz`, `damping_sd_hz`: limits, at 7 T and proportional to the field, of the SD of the deviations of single
    metabolites from the common shift and Lorentzian width (estimated from the data); `group_sd_limit`: that of the
    logarithm of groups of macromolecules. `broad_*`: SDs of macromolecules
    and lipids.
    `line_shape_*`: knots (s) and extent (s) of the free-form part of the shared line shape; 0 knots switches it off.
    """

    baseline_detail_s: float = 0.005
    water_reach_hz: float = 83.0
    shift_sd_hz: float = 0.6
    damping_sd_hz: float = 1.2
    group_sd_limit: float = 0.5
    broad_shift_sd_hz: float = 2.0
    broad_damping_sd_hz: float = 3.0
    line_shape_knot_s: float = 0.025
    line_shape_extent_s: float = 0.18
    max_iterations: int = 80

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


MOVES = 3.0  # times the SD of the noise, that between models: such a value is doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Amplitudes under harmless changes of a fit.

    `changes` (K,): what was changed, the first is the fit as it is; `amplitudes` (K, M); `covariance` (M, M) between
    the models; `noise_covariance` (M, M): posterior covariance of the fit as it is.
    """

    changes: tuple[str, ...]
    amplitudes: FloatArray
    covariance: FloatArray
    noise_covariance: FloatArray

    def __post_init__(self) -> None:
        for name in ("amplitudes", "covariance", "noise_covariance"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearCombinationFit:
    """A fitted spectrum.

    `names` (M,) components; `amplitudes` (M,) and `covariance` (M, M) in units of the basis signals (posterior, all
    nuisance parameters and the baseline marginalised); `classical_covariance` (M, M) inverse Fisher information of
    amplitudes and shared parameters alone, the Cramer-Rao bound peers print (NaN where it does not exist);
    `shifts_hz`, `dampings_hz` (M,) deviations from the common values; `at_zero` (M,) components held at zero by the
    non-negativity bound.
    `ppm` (n,) descending-frequency order as fitted; `data`, `model`, `baseline` (n,) complex spectra in the window, in
    the phase of the data; `components` (M, n) complex; `phase` (n,) complex unit factor that makes the fit absorptive.
    `line_width_hz`: FWHM of a modelled singlet. `signal_to_noise`: highest peak of (data - baseline), phased, real
    part, over twice the RMS residual (LCModel's definition). `residual_autocorrelation`: lag 1, 0 when white.
    `gaps_ppm`: (lower, upper) chemical shift of the points left out of the fit, because nothing in it describes them.
    `left_out`: (component, why) that the fit left out by itself; `unexplained`: what the data hold beside the model.
    `stability`: where the fit was repeated under harmless changes; `amplitudes` are then the mean over the models and
    `covariance` holds the spread between them. `components` are those of the fit as it is.
    """

    names: tuple[str, ...]
    amplitudes: FloatArray
    covariance: FloatArray
    classical_covariance: FloatArray
    shifts_hz: FloatArray
    dampings_hz: FloatArray
    at_zero: BoolArray
    ppm: FloatArray
    data: ComplexArray
    model: ComplexArray
    baseline: ComplexArray
    components: ComplexArray
    phase: ComplexArray
    phase0_rad: float
    phase1_rad_per_ppm: float
    shift_hz: float
    lorentz_hz: float
    gauss_hz: float
    line_width_hz: float
    signal_to_noise: float
    noise_sd: float
    residual_autocorrelation: float
    baseline_smoothness: float
    baseline_freedom: float
    line_shape_sd: float
    shift_sd_hz: float
    damping_sd_hz: float
    iterations: int
    converged: bool
    message: str
    settings: FitSettings
    gaps_ppm: tuple[tuple[float, float], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    unexplained: tuple[str, ...] = ()
    stability: Stability | None = None
    cpu_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("amplitudes", "covariance", "classical_covariance", "shifts_hz", "dampings_hz", "ppm"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))
        for name in ("data", "model", "baseline", "components", "phase"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.complex128))
        object.__setattr__(self, "at_zero", read_only(self.at_zero, np.bool_))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of this fit must know, in words."""
        return (*(f"{name} left out: {why}" for name, why in self.left_out), *self.unexplained)

    @property
    def residual(self) -> ComplexArray:
        """Data minus model minus baseline, complex, shape (n,)."""
        return self.data - self.model - self.baseline

    @property
    def left_out_percent(self) -> float:
        """Share of the window that lies in gaps, in %; for a fit that has its spectra."""
        inside = [(self.ppm >= low) & (self.ppm <= high) for low, high in self.gaps_ppm]
        return 100.0 * float(np.mean(np.any(inside, axis=0))) if inside else 0.0

    @property
    def correlation(self) -> FloatArray:
        """Posterior correlation of the amplitudes, shape (M, M)."""
        sd = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(np.outer(sd, sd) > 0, self.covariance / np.outer(sd, sd), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaboliteAmplitude:
    """One row of the result: a component or a sum of components.

    `sd`: posterior SD, with the spread between models where the fit was repeated under harmless changes, which alone
    is `stability_sd` (else NaN); `crlb_percent`: 100 * sd / amplitude (infinite at zero, as LCModel's 999);
    `classical_crlb_percent`: the same from the Fisher information alone. Shift and damping are NaN for sums.
    """

    metabolite: str
    amplitude: float
    sd: float
    crlb_percent: float
    classical_crlb_percent: float
    shift_hz: float
    damping_hz: float
    parts: tuple[str, ...]
    stability_sd: float = float("nan")

    @property
    def stability_percent(self) -> float:
        """`stability_sd` in % of the amplitude; NaN where it was not looked at."""
        return 100.0 * self.stability_sd / self.amplitude if self.amplitude > 0 else self.stability_sd * float("inf")

    @property
    def moves_with_the_model(self) -> bool:
        """Whether the spread between models is more than three times what the noise explains."""
        noise = self.sd**2 - self.stability_sd**2  # NaN compares false
        return self.stability_sd**2 > MOVES**2 * noise

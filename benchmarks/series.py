"""Series of eight spectra with a truth that the fit does not share: Glu changes by 5 %, or only the line width does.

    python -m benchmarks.series [SERIES] [SEED] [ONLY]

PRESS at 3 T, 16 transients a block. Other than in the model: macromolecules of other places and widths, a spline as
background that changes a little from block to block, skewed lines, a width and a frequency of each metabolite. A third
of the series have the change of Glu in the last four blocks; in a third the lines narrow by 0.5 Hz there (BOLD) and
nothing else does; in a third Glu changes, and every other metabolite by a random amount (SD 5 %). Compared: the set,
and a step through the fits of each block alone. ONLY: metabolite that was declared to follow the step; the change of
the others is then expected to be 0 with an SD of 10 %.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks.edited import MEANS, gaussians, wave
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.records import Acquisition, BasisSet, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.series import Follows
from pharmrs.spectra.together.series import fit_series

MHZ, BANDWIDTH_HZ, POINTS, BLOCKS = 127.75, 2000.0, 2048, 8
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=MHZ, dwell_time_s=1.0 / BANDWIDTH_HZ, echo_time_s=0.03, repetition_time_s=2.0,
    sequence="press",
)  # fmt: skip
HIDDEN = ((0.92, 30, 4.8), (1.21, 26, 2.1), (1.4, 28, 4.2), (1.7, 35, 3.0), (2.05, 38, 6.6), (2.26, 32, 4.8),
          (2.99, 26, 3.6), (3.2, 20, 1.5), (3.75, 50, 4.2))  # fmt: skip
STEP = np.repeat([0.0, 1.0], BLOCKS // 2)
NOISE_SD = 1.25  # of each part, a block


def made_series(
    seed: int, basis: BasisSet, glu_percent: float, narrowing_hz: float, others_percent: float = 0.0
) -> list[Spectrum]:
    rng = np.random.default_rng([seed, 29])
    time_s, ppm = ACQUISITION.time_axis_s(POINTS), ACQUISITION.ppm_axis(POINTS)
    truth = {name: mean * float(np.exp(rng.normal(0.0, 0.15))) for name, mean in MEANS.items()}
    amounts = np.array([truth.get(name, 0.0) for name in basis.names])
    own = np.exp(
        -np.pi * np.maximum(rng.normal(0.6, 0.5, len(amounts)), 0.0)[:, None] * time_s
        + 2j * np.pi * rng.normal(0.0, 0.25, len(amounts))[:, None] * time_s
    )
    shim, tail = float(rng.uniform(4.0, 7.0)), float(rng.uniform(0.0, 2.0))
    macromolecules = gaussians(time_s, [(a, b, c * float(rng.uniform(0.7, 1.3))) for a, b, c in HIDDEN])
    common = wave(rng, ppm, 15.0)
    moved = 0.01 * others_percent * np.random.default_rng([seed, 31]).normal(size=len(amounts))
    moved[basis.names.index("Glu")] = 0.01 * glu_percent
    drift_hz, turn = np.cumsum(rng.normal(0.0, 0.7, BLOCKS)), np.cumsum(rng.normal(0.0, 0.05, BLOCKS))
    spectra = []
    for k, step in enumerate(STEP):
        here = amounts * (1.0 + moved * step)
        width = shim - narrowing_hz * step
        shape = np.exp(-np.pi * 1.5 * time_s - (np.pi * width * time_s) ** 2 / (4.0 * np.log(2.0)))
        shape = shape * np.exp(2j * np.pi * tail * time_s) / (1.0 + 2j * np.pi * tail * time_s)
        fid = (here @ (basis.fids[:, :POINTS] * own)) * shape + macromolecules + common + wave(rng, ppm, 1.5)
        fid = fid * np.exp(2j * np.pi * drift_hz[k] * time_s + 1j * turn[k])
        noise = rng.normal(0.0, NOISE_SD, (2, POINTS))
        spectra.append(
            Spectrum(fid=fid + noise[0] + 1j * noise[1], acquisition=ACQUISITION, affine=np.eye(4), source=f"block {k}")
        )
    return spectra


def press_basis() -> BasisSet:
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.03, spectrometer_frequency_mhz=MHZ, bandwidth_hz=BANDWIDTH_HZ,
        points=2 * POINTS, line_width_hz=2.0,
    )  # fmt: skip
    return simulated_basis(protocol, macromolecules=True)


def main(series: int, seed: int, only: tuple[str, ...] = ()) -> None:
    basis = press_basis()
    rows: dict[str, list[tuple[float, ...]]] = {"change": [], "width": [], "others": []}
    for number in range(series):
        kind = list(rows)[number % len(rows)]
        truth, narrowing, others = {"change": (5.0, 0.0, 0.0), "width": (0.0, 0.5, 0.0), "others": (5.0, 0.0, 5.0)}[
            kind
        ]
        began = time.process_time()
        spectra = made_series(seed + number, basis, truth, narrowing, others)
        found = fit_series(spectra, basis, FitSettings(), {"step": STEP}, Follows(metabolites=only, others_sd=0.1))
        glu = next(one for one in found.changes if one.metabolite == "Glu")
        rows[kind].append((glu.change_percent, glu.sd_percent, glu.alone_percent, glu.alone_sd_percent, truth))
        ended = "" if found.converged else "NOT CONVERGED "
        print(f"{number} {kind} S/N {found.spectra[0].signal_to_noise:.0f} {ended}"
              f"together {glu.change_percent:.2f} +- {glu.sd_percent:.2f}, alone {glu.alone_percent:.2f} +- "
              f"{glu.alone_sd_percent:.2f} ({truth:.0f}), {time.process_time() - began:.1f} s", flush=True)  # fmt: skip
        if number % 15 == 14 or number == series - 1:
            _told(rows)


def _told(rows: dict[str, list[tuple[float, ...]]]) -> None:
    for kind, found in rows.items():
        if len(found) < 2:
            continue
        values = np.array(found)
        for name, at in (("together", 0), ("alone", 2)):
            error, sd = values[:, at] - values[:, 4], values[:, at + 1]
            beyond = np.abs(error / sd) > 1.96
            print(f"{kind:7} {name:9} n {len(error):3} bias {error.mean():6.2f} RMSE {np.sqrt((error**2).mean()):5.2f} "
                  f"z {np.std(error / sd):.2f} outside the 95 % interval {100 * beyond.mean():.0f} %")  # fmt: skip


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        int(sys.argv[2]) if len(sys.argv) > 2 else 1,
        tuple(sys.argv[3:4]),
    )

"""The scales of concentration: what each is, and the settings they share."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.records.declaration import NotNegative, Positive, Seconds, declaration, key


@declaration
class Relaxation:
    """Relaxation times used by the `water_relaxation` scale, seconds, with their source."""

    t1_metabolite_s: Seconds = key("T1 of the metabolites, seconds")
    t2_metabolite_s: Seconds = key("T2 of the metabolites, seconds")
    t1_water_s: Seconds = key("T1 of water, seconds")
    t2_water_s: Seconds = key("T2 of water, seconds")
    source: str = key("DOI or 'measured'")


@declaration
class TissueWaterTimes:
    """Relaxation times of water in grey matter, white matter and CSF, seconds, with their source."""

    t1_s: tuple[Seconds, Seconds, Seconds] = key("T1 of grey matter, white matter, CSF, seconds")
    t2_s: tuple[Seconds, Seconds, Seconds] = key("T2 of grey matter, white matter, CSF, seconds")
    source: str = key("DOI or 'measured'")


@declaration
class TissueRatio:
    """Concentration of a metabolite in white matter over that in grey matter, e.g. 0.5 for GABA."""

    value: NotNegative = key("concentration in white matter over that in grey matter")
    sd: NotNegative = key("its standard deviation", default=0.0)
    source: str = key("DOI or 'measured'")


@declaration
class Scaling:
    """What the scales need beside the fit, alike for all scans; `tissue_water`: None for published times."""

    water_concentration_mm: Positive = key("LCModel WCONC, mmol/L", default=LCMODEL_WATER_CONCENTRATION_MM.value)
    water_attenuation: Positive = key("LCModel ATTH2O", default=LCMODEL_WATER_ATTENUATION.value)
    relaxation: Relaxation | None = None
    tissue_water: TissueWaterTimes | None = key(
        "relaxation times of water in each tissue; by default published ones at 3 and 7 T", default=None
    )
    alpha: dict[str, TissueRatio] = key(
        "metabolite -> white-to-grey ratio, for the alpha scales (Harris 2015)", default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A scale of concentration: `unit`, `definition` for tables, `sentence` for the methods text.
    `of_fit`: it needs nothing but the fit.

    The sentence names its numbers in braces, each filled in from the constant or setting that was used
    (`report/methods_quantification.py` knows them; `{cite[key]}`: a reference). `quantify/quantify.py` computes it.
    """

    unit: str
    definition: str
    sentence: str
    of_fit: bool = False

    @property
    def definition_with_unit(self) -> str:
        return self.definition + ("" if self.unit == "1" else f" ({self.unit})")


SCALES: dict[str, Scale] = {
    "ratio_tcr": Scale(
        unit="1",
        definition="amplitude over that of Cr + PCr, covariance respected",
        sentence="amplitude relative to total creatine{creatine} of the same spectrum{covariance}.",
        of_fit=True,
    ),
    "institutional": Scale(
        unit="1",
        definition="proton amplitude over that of water, nothing corrected",
        sentence="institutional units: amplitude of one proton relative to that of water, nothing corrected.",
    ),
    "lcmodel_water": Scale(
        unit="mmol/L",
        definition="water-scaled as LCModel: WCONC, ATTH2O, no relaxation",
        sentence="water-scaled by LCModel's convention {cite[lcmodel]} with a water concentration (WCONC) of {wconc} "
        "mmol/L and a water attenuation (ATTH2O) of {atth2o}, without further correction of relaxation or tissue.",
    ),
    "water_relaxation": Scale(
        unit="mmol/L",
        definition="water-scaled with the stated relaxation times of metabolites and water",
        sentence="water-scaled with correction of relaxation for the echo, mixing and repetition times of each "
        "recording (water concentration {wconc} mmol/L; {relaxation}).",
    ),
    "gm_wm_normalised": Scale(
        unit="mmol/L",
        definition="water-scaled as LCModel, over the volume fraction of grey and white matter",
        sentence="water-scaled (water concentration {wconc} mmol/L, water attenuation {atth2o}) and divided by the "
        "volume fraction of grey plus white matter in the voxel.{tissue}",
    ),
    "tissue_molal": Scale(
        unit="mmol/kg",
        definition="per kg of tissue water, water of each tissue with its relaxation (Gasparovic 2006)",
        sentence="millimoles per kilogram of tissue water {cite[gasparovic]}: the water of grey matter, white matter "
        "and CSF with relative densities of {densities} and relaxation of its own, CSF holding no metabolites."
        "{water_times}",
    ),
    "tissue_molar": Scale(
        unit="mmol/L",
        definition="per litre of tissue, water of each tissue with its relaxation",
        sentence="millimoles per litre of grey and white matter, water as for `tissue_molal` {cite[near]}.",
    ),
    "alpha_corrected": Scale(
        unit="mmol/L",
        definition="per litre of grey matter, white-to-grey ratio alpha declared (Harris 2015)",
        sentence="millimoles per litre of grey matter {cite[harris]}, water as for `tissue_molal`, with declared "
        "ratios of the concentrations in white and grey matter: {alpha}.",
    ),
    "alpha_normalised": Scale(
        unit="mmol/L",
        definition="alpha_corrected, brought to the mean voxel of the study (Harris 2015)",
        sentence="`alpha_corrected`, brought to the mean grey and white matter of all voxels {cite[harris]}.",
    ),
}

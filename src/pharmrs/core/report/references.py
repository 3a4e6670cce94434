"""Publications the methods text may cite: only those whose method was executed are printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """A short citation and its DOI."""

    citation: str
    doi: str


REFERENCES: dict[str, Reference] = {
    "biopython": Reference("Cock et al. 2009, Bioinformatics 25:1422", "10.1093/bioinformatics/btp163"),
    "ascorbate": Reference("Terpstra et al. 2006, Magn Reson Med 56:1192", "10.1002/mrm.21082"),
    "aicc": Reference("Hurvich and Tsai 1989, Biometrika 76:297", "10.1093/biomet/76.2.297"),
    "as89": Reference("Best and Roberts 1975, Appl Stat 24:377", "10.2307/2347111"),
    "ants": Reference("Avants et al. 2011, NeuroImage 54:2033", "10.1016/j.neuroimage.2010.09.025"),
    "atropos": Reference("Avants et al. 2011, Neuroinformatics 9:381", "10.1007/s12021-011-9109-y"),
    "bounds": Reference("Cavassila et al. 2001, NMR Biomed 14:278", "10.1002/nbm.701"),
    "calibration": Reference("O'Connell et al. 1993, Chemom Intell Lab Syst 20:97", "10.1016/0169-7439(93)80008-6"),
    "coils": Reference("Rodgers and Robson 2010, Magn Reson Med 63:881", "10.1002/mrm.22230"),
    "eddy": Reference("Klose 1990, Magn Reson Med 14:26", "10.1002/mrm.1910140104"),
    "expanded_percentiles": Reference("Hesterberg 2015, Am Stat 69:371", "10.1080/00031305.2015.1089789"),
    "fellner_schall": Reference("Wood and Fasiolo 2017, Biometrics 73:1071", "10.1111/biom.12666"),
    "gaba": Reference("Near et al. 2013, Magn Reson Med 70:1183", "10.1002/mrm.24572"),
    "five_parameters": Reference("Gottschalk and Dunn 2005, Anal Biochem 343:54", "10.1016/j.ab.2005.04.035"),
    "gasparovic": Reference("Gasparovic et al. 2006, Magn Reson Med 55:1219", "10.1002/mrm.20901"),
    "govindaraju": Reference(
        "Govindaraju et al. 2000, NMR Biomed 13:129", "10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V"
    ),
    "govindaraju_corrected": Reference("Govind et al. 2015, NMR Biomed 28:923", "10.1002/nbm.3336"),
    "harris": Reference("Harris et al. 2015, J Magn Reson Imaging 42:1431", "10.1002/jmri.24903"),
    "hardy_weinberg": Reference("Wigginton et al. 2005, Am J Hum Genet 76:887", "10.1086/429864"),
    "hsvd": Reference("Barkhuijsen et al. 1987, J Magn Reson 73:553", "10.1016/0022-2364(87)90023-0"),
    "kappa": Reference("Cohen 1960, Educ Psychol Meas 20:37", "10.1177/001316446002000104"),
    "lcmodel": Reference("Provencher 1993, Magn Reson Med 30:672", "10.1002/mrm.1910300604"),
    "macromolecules": Reference("Cudalbu et al. 2021, NMR Biomed 34:e4393", "10.1002/nbm.4393"),
    "macromolecule_lines": Reference("Landheer et al. 2020, Magn Reson Med 84:2327", "10.1002/mrm.28282"),
    "mni": Reference("Fonov et al. 2011, NeuroImage 54:313", "10.1016/j.neuroimage.2010.07.033"),
    "n4": Reference("Tustison et al. 2010, IEEE Trans Med Imaging 29:1310", "10.1109/TMI.2010.2046908"),
    "near": Reference("Near et al. 2021, NMR Biomed 34:e4257", "10.1002/nbm.4257"),
    "mid_p": Reference("Graffelman and Moreno 2013, Stat Appl Genet Mol Biol 12:433", "10.1515/sagmb-2012-0039"),
    "oldham": Reference("Oldham 1962, J Chronic Dis 15:969", "10.1016/0021-9681(62)90116-9"),
    "projection": Reference("Zhang et al. 2017, Med Phys 44:4169", "10.1002/mp.12375"),
    "partial_volume": Reference("Santago and Gage 1993, IEEE Trans Med Imaging 12:566", "10.1109/42.241887"),
    "registration": Reference("Near et al. 2015, Magn Reson Med 73:44", "10.1002/mrm.25094"),
    "sankoh": Reference(
        "Sankoh et al. 1997, Stat Med 16:2529",
        "10.1002/(SICI)1097-0258(19971130)16:22<2529::AID-SIM692>3.0.CO;2-J",
    ),
    "shapiro": Reference("Shapiro and Wilk 1965, Biometrika 52:591", "10.1093/biomet/52.3-4.591"),
    "splines": Reference("Eilers and Marx 1996, Stat Sci 11:89", "10.1214/ss/1038425655"),
    "variable_projection": Reference("Golub and Pereyra 1973, SIAM J Numer Anal 10:413", "10.1137/0710036"),
    "westgard": Reference("Westgard et al. 1981, Clin Chem 27:493", "10.1093/clinchem/27.3.493"),
    "welch": Reference("Welch 1947, Biometrika 34:28", "10.1093/biomet/34.1-2.28"),
}


class Citations:
    """Collects what a text cites, in the order of first use."""

    def __init__(self) -> None:
        self._used: dict[str, None] = {}

    def cite(self, key: str) -> str:
        """The citation in brackets, e.g. `(Klose 1990)`; it is listed at the end."""
        return f"({self.name(key)})"

    def name(self, key: str) -> str:
        """The citation without brackets, e.g. `Klose 1990`; it is listed at the end."""
        self._used[key] = None
        return REFERENCES[key].citation.split(",")[0]

    def listed(self) -> list[str]:
        """Lines for the list of references, each with its DOI."""
        return [f"{REFERENCES[key].citation}, doi:{REFERENCES[key].doi}" for key in self._used]

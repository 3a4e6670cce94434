"""Fits of other tools, in files made after the layout of each: the values that the tool prints come in, and go out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.quantify.agreement import agreement
from pharmrs.spectra.quantify.foreign import Assumed, _per_water, _ratio, values_by_metabolite
from pharmrs.spectra.read.results.registry import read_results
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue
from pharmrs.spectra.stage.foreign_results import compared, gather, write_form, write_tidy
from tests.study.e2e import pharmrs, table

LCMODEL = """\
 LCModel (Version 6.3-1R)
 sub-01
 28-May-2015  14:21

$$CONC {announced} lines in following concentration table = NCONC+1
    Conc.  %SD /Cr+PCr  Metabolite
{rows}

$$MISC  2 lines in following misc. output table
  FWHM = 0.043 ppm    S/N =  13
  Data shift = 0.000 ppm

$$INPU  4 lines in following table of input changes:
 HZPPPM = 123.226103
{settings}
"""
ROWS = """\
 2.88E-02  88% 3.6E-03 Ala
    9.614   5%   1.202 Glu
    0.000 999%   0.000 PCh
   10.302   3%   1.288 NAA+NAAG
    8.000   2%   1.000 Cr+PCr
    0.357  17%   4.5E-02+MM14+Lip13a+Lip13b+MM12"""


def lcmodel(path: Path, settings: str = " DOWS = T", *, announced: int = 7, rows: str = ROWS) -> Path:
    path.write_text(LCMODEL.format(announced=announced, rows=rows, settings=settings))
    return path


def values(result: ForeignResult) -> dict[tuple[str, str], tuple[float, float]]:
    return {(one.metabolite, one.scale): (one.value, one.crlb_percent) for one in result.values}


@pytest.mark.parametrize("ending", ["table", "coord", "print"])
def test_a_table_of_lcmodel(ending: str, tmp_path: Path) -> None:
    (result,) = read_results(lcmodel(tmp_path / f"sub-01_ses-1.{ending}"))
    assert (result.tool, result.scan, result.signal_to_noise) == ("LCModel", "sub-01_ses-1", 13.0)
    assert result.line_width_hz == pytest.approx(0.043 * 123.226103)
    found = values(result)
    assert found["Glu", "lcmodel_water"] == (9.614, 5.0)
    assert found["Glu", "ratio_tcr"] == (1.202, 5.0)
    assert found["tNAA", "lcmodel_water"] == (10.302, 3.0)
    assert found["tCr", "ratio_tcr"] == (1.0, 2.0)
    assert found["Ala", "lcmodel_water"] == (0.0288, 88.0)
    assert found["PCh", "lcmodel_water"] == (0.0, math.inf)
    assert found["MM14+Lip13a+Lip13b+MM12", "ratio_tcr"] == (0.045, 17.0)


def test_another_water_scaling_is_undone_and_redone_and_told(tmp_path: Path) -> None:
    """40 M of water with attenuation 0.5 instead of 35.88 M with 0.7."""
    settings = " DOWS = T\n WCONC = 40000.\n ATTH2O = 0.5"
    (result,) = read_results(lcmodel(tmp_path / "a.table", settings))
    expected = 9.614 / (40000.0 * 0.5) * (35880.0 * 0.7)
    assert values(result)["Glu", "lcmodel_water"][0] == pytest.approx(expected, rel=1e-12)
    assert values(result)["Glu", "ratio_tcr"][0] == 1.202
    assert "undone and redone" in result.notes[0]


def test_without_water_scaling_only_ratios_have_a_scale(tmp_path: Path) -> None:
    (result,) = read_results(lcmodel(tmp_path / "a.table", ""))
    assert {one.scale for one in result.values} == {UNSCALED, "ratio_tcr"}
    assert "arbitrary units" in result.notes[0]


def test_a_table_that_is_cut_is_refused(tmp_path: Path) -> None:
    path = lcmodel(tmp_path / "a.table")
    path.write_text(path.read_text().partition("   10.302")[0])
    with pytest.raises(InputError, match=r"must have 6 metabolites, as it announces.*3 lines"):
        read_results(path)
    with pytest.raises(InputError, match=r"must have 4 metabolites, as it announces.*6 lines"):
        read_results(lcmodel(tmp_path / "b.table", announced=5))


def test_a_table_that_announces_more_than_it_prints_is_whole_where_the_next_section_follows(tmp_path: Path) -> None:
    """As a real .coord of a liver does: LCModel counts signals that it leaves out."""
    (result,) = read_results(lcmodel(tmp_path / "a.table", announced=42))
    assert len(result.values) == 12
    assert result.notes[-1] == "announces 41 metabolites and prints 6, followed by its next section"


CSV = """\
Row, Col, Glu, Glu %SD, Glu/Cr+PCr, Cr+PCr, Cr+PCr %SD, Cr+PCr/Cr+PCr
  1,   1,    9.614,    5,    1.202,    8.000,    2,    1.000
  1,   2, 9.6E-02,  999,    0.012,    8.000,    2,    1.000
"""
FSL_SUMMARY = """\
,Metab,/Cr+PCr,/Cr+PCr CRLB,mMol/kg,mMol/kg CRLB,mM,mM CRLB,%CRLB,SNR,FWHM
0,NAA,1.21,0.02,11.2,0.2,9.4,0.15,1.7,62.5,8.1
1,Glu,1.31,0.05,12.1,0.5,10.1,0.4,4.0,11.0,9.0
2,Cr+PCr,1.0,0.01,9.2,0.1,7.7,0.1,1.3,50.0,8.3
"""
FSL_CONCENTRATIONS = """\
,,mean,mean,mean,mean,std,std,std,std
,Metabs,raw,internal,molality,molarity,raw,internal,molality,molarity
0,Glu,0.03,1.31,12.1,10.1,0.001,0.05,0.5,0.4
1,Cr+PCr,0.02,1.0,9.2,7.7,0.0005,0.01,0.1,0.1
"""
GANNET = """\
MATLAB_ver,Gannet_ver,DateofAnalysis,Filename,Avg_Delta_F0,GABA_ConcIU,GABA_ConcCr,GABA_FitError_W,GABA_FitError_Cr,\
GABA_FWHM,GABA_SNR,H2O_FWHM,H2O_SNR,NAA_FWHM,NAA_SNR
R2020a,3.1.5,2020,C:\\data\\S01.dat,-0.02,2.31,0.112,4.5,5.1,19.9,21.0,8.0,4000,7.7,210
R2020a,3.1.5,2020,/data/S02.dat,-0.01,2.05,0.101,6.5,7.1,19.9,17.0,8.0,4000,8.1,180
"""
SPANT = """\
"X","Y","Z","Dynamic","Coil","Glu","tCr","Glu.sd","tCr.sd","SNR"
1,1,1,1,NA,9.6,8,0.48,0.16,45.2
"""
TARQUIN = """\
Signal amplitudes
Row,Col,Slice,Glu,NAA,TNAA
1,1,1,9.600000e+00,1.0100000e+01,1.150000e+01
CRLBs (standard deviation)
Row,Col,Slice,Glu,NAA,TNAA
1,1,1,4.800000e-01,2.020000e-01,2.300000e-01
Fit diagnostics
Row,Col,Slice,Q,metab SNR
1,1,1,1.5,30
"""


@pytest.mark.parametrize(
    ("name", "text", "tool", "count", "expected"),
    [
        ("s.csv", CSV, "LCModel", 2, {("Glu", "ratio_tcr"): (1.202, 5.0), ("tCr", UNSCALED): (8.0, 2.0)}),
        ("summary.csv", FSL_SUMMARY, "FSL-MRS", 1,
         {("Glu", "ratio_tcr"): (1.31, 4.0), ("tCr", "tissue_molal"): (9.2, 1.3), ("NAA", "tissue_molar"): (9.4, 1.7)}),
        ("concentrations.csv", FSL_CONCENTRATIONS, "FSL-MRS", 1,
         {("Glu", "tissue_molal"): (12.1, 100 * 0.5 / 12.1), ("Glu", UNSCALED): (0.03, 100 * 0.001 / 0.03)}),
        ("MRS_struct_GABA_vox1.csv", GANNET, "Gannet", 2,
         {("GABA", "ratio_cr"): (0.112, 5.1), ("GABA", UNSCALED): (2.31, 4.5)}),
        ("fit_res_molal_conc.csv", SPANT, "spant", 1, {("Glu", "tissue_molal"): (9.6, 5.0)}),
        ("fit_res_tCr_ratio.csv", SPANT, "spant", 1, {("Glu", "ratio_tcr"): (9.6, 5.0)}),
        ("t.csv", TARQUIN, "TARQUIN", 1, {("Glu", UNSCALED): (9.6, 5.0), ("tNAA", UNSCALED): (11.5, 2.0)}),
        ("A_tCr_Voxel_1_Basis_1.tsv", "Glu\ttCr\n1.2\t1\n1.3\t1\n", "Osprey", 2,
         {("Glu", "ratio_tcr"): (1.2, 6.0), ("tCr", "ratio_tcr"): (1.0, 2.0)}),
    ],
)  # fmt: skip
def test_tables_of_other_tools(
    name: str, text: str, tool: str, count: int, expected: dict[tuple[str, str], tuple[float, float]], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "A_CRLB_Voxel_1_Basis_1.tsv").write_text("Glu\ttCr\n6\t2\n7\t3\n")
    results = read_results(tmp_path / name)
    assert {one.tool for one in results} == {tool}
    assert len(results) == count
    assert len({one.scan for one in results}) == count
    found = values(results[0])
    for key, (value, percent) in expected.items():
        assert found[key] == pytest.approx((value, percent), rel=1e-12), key


def test_a_file_of_no_known_tool_says_which_are_known(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"LCModel .table.*FSL-MRS.*Gannet.*TARQUIN.*begins with 'a,b"):
        read_results(tmp_path / "x.csv")


def test_one_bad_file_does_not_stop_the_others_and_no_scan_comes_twice(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = [lcmodel(tmp_path / "a.table"), tmp_path / "none.csv", lcmodel(tmp_path / "b" / "a.table")]
    (tmp_path / "none.csv").write_text("?")
    gathered = gather(files)
    assert [one.file for one in gathered.results] == [str(files[0])]
    assert {problem.file for problem in gathered.problems} == {str(files[1]), str(files[2])}


def test_values_of_others_are_checked_as_our_own(tmp_path: Path) -> None:
    rows = ROWS.replace("8.000   2%", "751.0   2%").replace("1.202", "0.102")
    found = gather([lcmodel(tmp_path / "a.table", rows=rows)]).problems
    assert [problem.field for problem in found] == ["Glu/tCr", "tCr"]
    assert all("plausible in brain" in problem.rule and problem.file.endswith("a.table") for problem in found)


def lcmodel_prints(value: float, width: int) -> str:
    """As its manual shows them: three decimals from 0.1 on, else three or two digits and a power of ten."""
    if 0.1 <= value < 99999.0:
        return f"{value:.3f}"
    return f"{value:.2E}" if width == 9 else f"{value:.1E}"


def test_ours_to_lcmodel_and_back_keeps_every_printed_digit(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    names = ["Glu", "tNAA", "tCr", "tCho", "Glx", "Ala", "mm"]
    ours = tuple(
        ForeignValue(metabolite=name, printed=name, scale=scale, value=value, crlb_percent=float(percent))
        for name, size, percent in zip(
            names, 10.0 ** rng.uniform(-4, 3, len(names)), rng.uniform(1, 400, len(names)), strict=True
        )
        for scale, value in (("lcmodel_water", float(size)), ("ratio_tcr", float(size) / 8.0))
    )
    result = ForeignResult(tool="pharmrs", file="x", scan="sub-01", values=ours, signal_to_noise=31.0)
    for folder, given in (("one", result), ("two", None)):
        again = given or read_results(tmp_path / "one" / "sub-01.table")[0]
        write_form(tmp_path / folder, "lcmodel", [again])
    first, second = (tmp_path / folder / "sub-01.table" for folder in ("one", "two"))
    assert first.read_text().splitlines()[4:] == second.read_text().splitlines()[4:]
    back = values(read_results(first)[0])
    for one in ours:
        value, percent = back[one.metabolite, one.scale]
        assert value == float(lcmodel_prints(one.value, 9 if one.scale == "lcmodel_water" else 7))
        assert percent == round(one.crlb_percent)
    assert read_results(first)[0].signal_to_noise == 31.0
    by_csv = values(read_results(tmp_path / "one" / "sub-01.csv")[0])
    assert by_csv["Glu", "ratio_tcr"] == back["Glu", "ratio_tcr"]


def test_ours_to_fsl_mrs_and_back(tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text(FSL_SUMMARY)
    (before,) = read_results(tmp_path / "summary.csv")
    (written,) = write_form(tmp_path / "out", "fsl_mrs", [before])
    assert values(read_results(written)[0]) == values(before)


def test_limits_of_agreement_by_hand() -> None:
    """Differences 0, 10 and -10 % of the means 100, 105 and 95: mean 0, SD 10."""
    first, second = [100.0, 99.75, 99.75], [100.0, 110.25, 90.25]
    found = agreement("Glu", "ratio_tcr", first, second)
    assert found is not None
    assert found.difference_percent == pytest.approx(0.0, abs=1e-9)
    assert (found.lower_percent, found.upper_percent) == pytest.approx((-19.6, 19.6))
    assert agreement("Glu", "ratio_tcr", first[:2], second[:2]) is None


def test_the_same_results_agree_entirely(tmp_path: Path) -> None:
    files = [
        lcmodel(tmp_path / f"s{index}.table", rows=ROWS.replace("9.614", f"{9 + index}.614")) for index in range(4)
    ]
    results = gather(files).results
    agreed = {one.metabolite: one for one in compared(results, results) if one.scale == "lcmodel_water"}
    assert agreed["Glu"].count == 4
    assert (agreed["Glu"].difference_percent, agreed["Glu"].correlation) == pytest.approx((0.0, 1.0))


def test_the_command_writes_tidy_tables_and_says_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("?")
    end = pharmrs("results", lcmodel(tmp_path / "a.table"), tmp_path / "none.csv", "--out", tmp_path / "r.tsv")
    assert end.code == 3
    assert "water-scaled by LCModel with WCONC 35880" in end.err
    rows = {(row["metabolite"], row["scale"]): row for row in table(tmp_path / "r.tsv")}
    assert rows["Glu", "ratio_tcr"]["value"] == "1.202"
    assert float(rows["Glu", "ratio_tcr"]["sd"]) == pytest.approx(0.0601)
    assert table(tmp_path / "r_quality.tsv")[0]["signal_to_noise"] == "13"
    assert pharmrs("results", tmp_path / "none.csv", "--out", tmp_path / "x.tsv").code == 2
    assert not (tmp_path / "x.tsv").exists()
    assert write_tidy(tmp_path / "y.csv", gather([tmp_path / "a.table"]).results)[0].is_file()


@pytest.mark.parametrize("text", [LCMODEL.format(announced=7, rows=ROWS, settings=""), CSV, FSL_SUMMARY,
                                  FSL_CONCENTRATIONS, GANNET, SPANT, TARQUIN])  # fmt: skip
def test_damaged_files_give_an_error_with_a_remedy_or_values_but_never_a_crash(text: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "r.csv"
    refused = 0
    for _ in range(150):
        letters = list(text)
        for place in rng.integers(0, len(letters), rng.integers(1, 6)):
            letters[place] = str(rng.choice(list(',\n\t\x00 9e-.A"%')))
        path.write_text("".join(letters[: rng.integers(1, len(letters) + 1)] if rng.random() < 0.5 else letters))
        try:
            results = read_results(path)
        except InputError as error:
            refused += 1
            assert all(problem.remedy and problem.file == str(path) for problem in error.problems)
        else:
            assert all(one.values or one.scan for one in results)
    assert refused > 0


def coord(count: int = 23) -> str:
    """The blocks of a .coord: NY values, ten a line; the curve of a metabolite lies on the background."""

    def block(values: list[float]) -> str:
        return "".join(
            " " + "".join(f"{value:13.5E}" for value in values[at : at + 10]) + "\n" for at in range(0, count, 10)
        )

    ppm = [4.0 - 0.1 * at for at in range(count)]
    background, glu, naa = [0.5 + 0.01 * at for at in range(count)], [0.0] * count, [0.0] * count
    glu[5], naa[20] = 3.0, 7.0
    fit = [b + g + n for b, g, n in zip(background, glu, naa, strict=True)]
    return (
        f"  {count} points on ppm-axis = NY\n{block(ppm)} NY phased data points follow\n{block([f + 0.1 for f in fit])}"
        f" NY points of the fit to the data follow\n{block(fit)} NY background values follow\n{block(background)}"
        f" Glu      Conc. = 9.61E+00\n{block([b + g for b, g in zip(background, glu, strict=True)])}"
        f" NAA      Conc. = 8.00E+00\n{block([b + n for b, n in zip(background, naa, strict=True)])}"
    )


def test_the_curves_of_a_coord(tmp_path: Path) -> None:
    path = lcmodel(tmp_path / "a.coord")
    path.write_text(path.read_text().replace("$$INPU", coord() + "$$INPU"))
    (result,) = read_results(path)
    curves = result.curves
    assert curves is not None and curves.ppm[0] == 4.0 and len(curves.ppm) == 23
    np.testing.assert_allclose(curves.data - curves.fit, 0.1, atol=1e-5)
    assert list(curves.components) == ["Glu", "NAA"]
    np.testing.assert_allclose(curves.components["NAA"], [0.0] * 20 + [7.0, 0.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(curves.fit - curves.baseline - sum(curves.components.values()), 0.0, atol=1e-5)
    path.write_text(path.read_text().replace("NY background", "no background"))
    (without,) = read_results(path)
    assert without.curves is not None and not without.curves.baseline.any()


def test_marks_and_short_heads_of_lcmodel(tmp_path: Path) -> None:
    """A ratio far from its prior is marked + or - before the name; the head has six letters of the reference."""
    rows = "    9.614   5%   1.202-Glu\n    8.000   2%   1.000 GPC+PCh\n 6.78E-02  27%   0.270 -CrCH2"
    path = lcmodel(tmp_path / "a.table", announced=4, rows=rows)
    path.write_text(path.read_text().replace("/Cr+PCr  Metabolite", "/GPC+PC  Metab."))
    (result,) = read_results(path)
    assert [one.printed for one in result.values[::2]] == ["Glu", "GPC+PCh", "-CrCH2"]
    assert {one.scale for one in result.values} == {"lcmodel_water", "ratio_tcho"}


def test_sums_alone_are_a_whole_table(tmp_path: Path) -> None:
    (result,) = read_results(lcmodel(tmp_path / "a.table", " ONLYCO = T", announced=20))
    assert len(result.values) == 12


def test_osprey_tells_scans_and_quality_in_tables_above(tmp_path: Path) -> None:
    folder = tmp_path / "QuantifyResults"
    folder.mkdir()
    (folder / "A_TissCorrWaterScaled_Voxel_1_Basis_1.tsv").write_text("NAA_NAAG\tmI\n11.5\t6.5\n12\tNaN\n")
    (folder / "A_CRLB_Voxel_1_Basis_1.tsv").write_text("mI\tNAA_NAAG\n5\t2\n6\t3\n")
    (folder / "diff1_CRLB_Voxel_1_Basis_1.tsv").write_text("mI\tNAA_NAAG\n50\t20\n60\t30\n")
    (tmp_path / "subject_names_and_excluded.tsv").write_text(
        "group\tsubject\n1\tC:\\data\\sub-01\\ses-2\\mrs\\x.sdat\n1\t/data/P7/scan.dat\n"
    )
    (tmp_path / "QM_processed_spectra.tsv").write_text("Cr_SNR\tCr_FWHM\twater_FWHM\n100.4\t7.775\t8\n90\t8\t9\n")
    first, second = read_results(folder / "A_TissCorrWaterScaled_Voxel_1_Basis_1.tsv")
    assert (first.scan, second.scan) == ("sub-01_ses-2", "scan")
    assert values(first) == {("tNAA", "tissue_molal"): (11.5, 2.0), ("Ins", "tissue_molal"): (6.5, 5.0)}
    assert values(second) == {("tNAA", "tissue_molal"): (12.0, 3.0)}
    assert (first.signal_to_noise, first.line_width_hz) == (100.4, 7.775)
    with pytest.raises(InputError, match="Cramér-Rao bounds alone"):
        read_results(folder / "A_CRLB_Voxel_1_Basis_1.tsv")


@pytest.mark.parametrize("name", [
    "img_osprey_HERCULES_diff1_AlphaCorrWaterScaledGroupNormed_Voxel_1_Basis_1.tsv",
    "sum_rawWaterScaled_Voxel_1_Basis_1.tsv", "A_tCr_Voxel_2_Basis_1.tsv",
])  # fmt: skip
def test_names_that_tables_of_osprey_have(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("Glu\n9.5\n")
    (result,) = read_results(tmp_path / name)
    assert result.tool == "Osprey" and {one.scale for one in result.values} <= {
        "alpha_normalised",
        "water_relaxation",
        "ratio_tcr",
    }


def test_molal_concentrations_of_spant_are_undone_where_its_amplitudes_lie_beside(tmp_path: Path) -> None:
    """Two tables of one `fit_svs`: 9.6 mmol/kg were made of the amplitude 0.021 over a water of 60."""
    head = '"X","Y","Z","Dynamic","Coil","Glu","tCr","Glu.sd","tCr.sd","SNR"'
    molal, plain = (tmp_path / f"fit_res_{name}.csv" for name in ("molal_conc", "unscaled"))
    molal.write_text(f'{head},"w_amp","GM_vol","WM_vol","CSF_vol"\n1,1,1,1,NA,9.6,8,0.48,0.16,45.2,60,0,100,0\n')
    (alone,) = read_results(molal)
    assert set(values(alone)) == {("Glu", "tissue_molal"), ("tCr", "tissue_molal")} and alone.notes == ()
    plain.write_text(f"{head}\n1,1,1,1,NA,0.021,0.0175,0.00105,0.00035,45.2\n")
    (result,) = read_results(molal)
    assert values(result)["Glu", "institutional"] == pytest.approx((0.00035, 5.0))
    assert "WM 100 %, GM 0 %, CSF 0 %" in result.notes[0]
    scales = values_by_metabolite(result, Assumed())
    assert _per_water(scales["Glu"]) == pytest.approx((0.00035, 0.0000175))  # from which all scales follow


def test_columns_of_gannet_since_its_version_3_3(tmp_path: Path) -> None:
    (tmp_path / "Gannet_output.csv").write_text(
        "MATLAB_version,Gannet_version,date_of_analysis,filename,avg_delta_F0,GABA_area,GABA_FWHM,GABA_SNR,"
        "GABA_fit_error,GABA_fit_error_Cr,GABA_fit_error_w,GABA_conc_Cr,GABA_conc_iu,NAA_FWHM,NAA_SNR,fGM,"
        "GABA_ConcIU_TissCorr\n2023b,3.3.2,2024-01-02,sub-01_ses-2_mega.sdat,0.1,0.002,19.1,22,3.9,4.1,4.2,0.113,2.41,"
        "8.2,201,0.6,3.05\n"
    )
    (result,) = read_results(tmp_path / "Gannet_output.csv")
    assert (result.scan, result.signal_to_noise, result.line_width_hz) == ("sub-01_ses-2", 201.0, 8.2)
    assert values(result) == {
        ("GABA", "ratio_cr"): (0.113, 4.1), ("GABA", UNSCALED): (2.41, 4.2),
        ("GABA", f"{UNSCALED}: ConcIU_TissCorr"): (3.05, 4.2),
    }  # fmt: skip


def test_a_table_of_a_group_by_spant(tmp_path: Path) -> None:
    head = '"ratio","path","X","Y","Z","Dynamic","Coil","Glu","Glu.sd"'
    first, second = "/d/sub-01/ses-2/out/results.rds", "out/P7/results.rds"
    lines = (f'"tCr","{first}",1,1,1,1,NA,1.2,0.06', f'"tCr","{second}",1,1,1,1,NA,1.1,0.11')
    (tmp_path / "fit_res_group_ratio_conc.csv").write_text("\n".join([head, *lines, ""]))
    one, other = read_results(tmp_path / "fit_res_group_ratio_conc.csv")
    assert (one.scan, other.scan) == ("sub-01_ses-2", "P7")
    assert values(other) == {("Glu", "ratio_tcr"): pytest.approx((1.1, 10.0))}


def test_scales_and_their_sds_by_hand() -> None:
    """Ratio 6/8 with bounds of 3 and 4 %: SD 5 % of .75. LCModel's defaults: 35,880 mM of water, attenuation .7."""
    glu, creatine = (
        ForeignValue(metabolite=name, printed=name, scale="lcmodel_water", value=value, crlb_percent=bound)
        for name, value, bound in (("Glu", 6.0, 3.0), ("tCr", 8.0, 4.0))
    )
    value, sd, reason = _ratio("Glu", {"lcmodel_water": glu}, {"lcmodel_water": creatine})
    assert (value, sd, reason) == (pytest.approx(0.75), pytest.approx(0.0375), "")
    per_water = _per_water({"lcmodel_water": glu})
    assert per_water == (pytest.approx(6.0 / (35880 * 0.7)), pytest.approx(0.18 / (35880 * 0.7)))
    plain = replace(glu, scale=UNSCALED)
    source = ForeignResult(tool="LCModel", file="t", scan="s", values=(plain,))
    for scale, expected in (("lcmodel_water", 9.0), ("institutional", 6.0)):
        found = values_by_metabolite(source, Assumed(scale=scale, factor=1.5))["Glu"]
        assert list(found) == [scale] and found[scale].value == pytest.approx(expected)

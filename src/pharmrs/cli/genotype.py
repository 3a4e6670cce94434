"""`pharmrs genotype BANDS --marker NAME --out DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, print_problems, print_table


def genotype_command(
    bands: Annotated[Path, typer.Argument(help="Band table, finished genotypes (table, VCF, ped), or a folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for tables, pictures and a page.")] = Path(
        "pharmrs-genotype"
    ),
    marker: Annotated[list[str], typer.Option("--marker", "-m", help="Marker; repeat for more.")] = ["rs6265"],  # noqa: B006
    markers: Annotated[
        list[Path], typer.Option("--markers", help="Data file of a marker of your own; repeat for more.")
    ] = [],  # noqa: B006
    study: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--study", help="study.yaml whose `genotype:` rules apply [default: the default rules]."),
    ] = None,
) -> None:
    """Expected fragments, calls from bands, Hardy-Weinberg equilibrium, and the gel beside its prediction."""
    from pharmrs.core.files.targets import claimed
    from pharmrs.core.unit import Boundary
    from pharmrs.genotype.read.markers import find_markers
    from pharmrs.genotype.records.declared import GenotypeSection
    from pharmrs.genotype.report.methods import digest_text, equilibrium_text
    from pharmrs.genotype.stage.calls import call_markers
    from pharmrs.genotype.stage.stage import write_genotype_page, write_genotyping
    from pharmrs.study.study_file import read_study

    declared = (read_study(study).genotype if study is not None else None) or GenotypeSection()
    chosen = find_markers(list(dict.fromkeys(marker)), markers, "--marker", bands)
    with claimed(out):
        results, problems = call_markers(bands, declared, chosen, output=out)
        within = Boundary(out)
        section, written = write_genotyping(out, results, within)
        page = write_genotype_page(out, results, section)
    errors, _ = print_problems([*problems, *within.problems])
    for result in results:
        name = result.marker
        if result.assay is not None:
            lengths = ", ".join(map(str, sorted({digest.amplicon_bp for digest in result.assay.digests})))
            typer.echo(f"{name}: amplicon {lengths} bp; " + "; ".join(map(digest_text, result.assay.digests)))
        typer.echo(f"{name}: {equilibrium_text(result)}")
        calls = [(one.subject, one.genotype or "n/a", one.flag) for one in result.calls]
        print_table(("Participant", "Genotype", "Call"), calls)
    for path in (*written, page):
        typer.echo(str(path))
    if errors or any(call.flag == "indeterminate" for result in results for call in result.calls):
        raise typer.Exit(EXIT_SOME_FAILED)

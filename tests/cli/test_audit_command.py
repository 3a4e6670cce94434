"""`pharmrs audit`: the summary on standard output, every check as a table, exit codes."""

from __future__ import annotations

from pathlib import Path

from tests.study.e2e import pharmrs, table

REPORTED = "label,estimate,se,t,df,p\nright,1.005,.470,2.138,42,.0383\nwrong,1.005,.470,2.318,42,.0383\n"


def test_audit(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(REPORTED)
    end = pharmrs("audit", str(path), "--out", str(tmp_path / "out"))
    assert end.code == 0
    assert end.out.splitlines()[0] == "2 rows, 6 checks: 1 row impossible, 0 not checkable"
    assert "explained by one misprint in: t (2.135 to 2.142)" in end.out
    assert "right" not in end.out
    rows = table(tmp_path / "out" / "audit.tsv")
    assert [row["verdict"] for row in rows] == ["consistent"] * 3 + ["impossible", "impossible", "consistent"]
    assert (tmp_path / "out" / "audit.json").is_file()


def test_bad_table_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("label,t,p\na,2.1**,ns\n")
    end = pharmrs("audit", str(path), "--out", str(tmp_path / "out"))
    assert end.code == 2
    assert end.err.count("must be a number as printed") == 2
    assert not (tmp_path / "out").exists()

"""The declaration of a batch system: every mistake at once, the job as it is handed in, and a run by jobs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.cluster_file import read_cluster
from pharmrs.core.records.declared_cluster import ClusterPlan
from pharmrs.core.workers.dask_clusters import job_script, running_scheduler
from pharmrs.core.workers.execution import Execution, map_tasks, workforce
from tests.study.e2e import pharmrs

PLAN = """\
system: {system}
jobs: 20
cores: 4
memory: 8 GiB
walltime: "04:00:00"
queue: batch
account: study-7
directives: ["--constraint=avx2"]
prologue: [module load python/3.11, source ~/pharmrs/bin/activate]
python: /shared/bin/python
encrypted: false
"""


def plan(tmp_path: Path, system: str) -> ClusterPlan:
    place = tmp_path / "cluster.yaml"
    place.write_text(PLAN.format(system=system))
    return read_cluster(place)


def test_the_job_for_slurm(tmp_path: Path) -> None:
    lines = job_script(plan(tmp_path, "slurm")).splitlines()
    for expected in (
        "#SBATCH -J pharmrs",
        "#SBATCH -p batch",
        "#SBATCH -A study-7",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --mem=8G",
        "#SBATCH -t 04:00:00",
        "#SBATCH --constraint=avx2",
        "module load python/3.11",
        "source ~/pharmrs/bin/activate",
    ):
        assert expected in lines
    assert lines[-1].startswith("/shared/bin/python -m distributed.cli.dask_worker tcp://")
    assert "--nthreads 1 --memory-limit 2.00GiB --nworkers 4" in lines[-1]


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("pbs", ["#PBS -q batch", "#PBS -A study-7", "#PBS -l walltime=04:00:00"]),
        ("sge", ["#$ -q batch", "#$ -N pharmrs"]),
    ],
)
def test_the_job_for_others(tmp_path: Path, system: str, expected: list[str]) -> None:
    lines = job_script(plan(tmp_path, system)).splitlines()
    assert set(expected) <= set(lines)
    assert any("ncpus=4:mem=8192MB" in line for line in lines) == (system == "pbs")
    assert "--nthreads 1" in lines[-1] and "--nworkers 4" in lines[-1]


def test_every_mistake_at_once(tmp_path: Path) -> None:
    place = tmp_path / "cluster.yaml"
    wrong = "system: slrm\njobs: 0\ncores: 4\nmemory: much\nwalltime: 14400\nqeue: batch\n"
    place.write_text(wrong + 'prologue: ["a\\nb"]\n')
    with pytest.raises(InputError) as caught:
        read_cluster(place)
    fields = [problem.field for problem in caught.value.problems]
    assert sorted(fields) == ["jobs", "memory", "prologue.0", "qeue", "system", "walltime"]
    assert any("did you mean 'queue'?" in problem.remedy for problem in caught.value.problems)


def test_what_the_command_refuses(tmp_path: Path, demo: Path) -> None:
    missing = pharmrs("run", demo, "--cluster", tmp_path / "none.yaml")
    assert missing.code == 2 and "none.yaml: file: must exist" in missing.err
    plan(tmp_path, "slurm")
    for options in (["--scheduler", "tcp://127.0.0.1:1"], ["--workers", "2"]):
        both = pharmrs("run", demo, "--cluster", tmp_path / "cluster.yaml", *options)
        assert both.code == 2 and "Usage:" in both.err


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(InputError) as caught:
        job_script(plan(tmp_path, "pbs"))
    (problem,) = caught.value.problems
    assert problem.remedy.startswith("pip install 'pharmrs[cluster]'")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="needs the package distributed"), running_scheduler("tcp://127.0.0.1:1")():
        pass


@pytest.mark.long
def test_jobs_do_the_work(tmp_path: Path) -> None:
    """The same machinery with jobs that are processes of this computer, encrypted; nothing of it stays behind."""
    jobs = ClusterPlan(
        system="local", jobs=2, cores=1, memory="1 GiB", walltime="00:10:00", certificates=str(tmp_path), wait_min=2
    )
    with workforce(Execution(cluster=jobs)) as team:
        team.check([tmp_path])
        assert map_tasks(abs, [-4, 3, -2, 1, 0], team, seconds_each=1.0) == [4, 3, 2, 1, 0]
    assert list(tmp_path.iterdir()) == []

"""`python -m pharmrs`."""

from pharmrs.cli.main import run

if __name__ == "__main__":
    run()

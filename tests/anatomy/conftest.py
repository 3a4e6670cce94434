"""Examples of hypothesis that are the same in every run, and one thread as in `pharmrs run`.

Two ITK threads sum the metric of a registration in any order: its last digits would differ from run to run.
"""

from __future__ import annotations

from hypothesis import settings

from pharmrs.core.workers.threads import limit_threads

settings.register_profile("same every run", derandomize=True, deadline=None)
settings.load_profile("same every run")
limit_threads()

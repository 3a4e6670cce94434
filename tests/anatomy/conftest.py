"""One thread as in `pharmrs run`.

Two ITK threads sum the metric of a registration in any order: its last digits would differ from run to run.
"""

from __future__ import annotations

from pharmrs.core.workers.threads import limit_threads

limit_threads()

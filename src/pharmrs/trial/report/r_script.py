"""The same analysis as an R script beside the tables: it reads `observations.tsv` and compares its numbers to ours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pharmrs.trial.chain.effects import quantities
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import AnalysisResult

_HEAD = """\
# Written by pharmrs: the declared analysis in R, from observations.tsv of the folder above.
# Plan SHA-256 {hash}. Run it in its folder: Rscript analysis.R
# It prints every estimate beside that of estimates.tsv and stops where one differs by more than 1e-5 of its error.
found <- NULL
keep <- function(model, term, estimate, se, p) found <<- rbind(found, data.frame(
  model = model, term = term, estimate = unname(estimate), se = unname(se), p = unname(p)))
d <- read.delim(file.path("..", "observations.tsv"), na.strings = "n/a", check.names = FALSE,
                colClasses = c(subject = "character", treatment = "character", time_point = "character",
                               sequence = "character"))
treatments <- c({treatments})
d <- d[d$treatment %in% treatments & d$time_point %in% c({points}), ]
"""
_METABOLITE = """\
d$metabolite <- as.numeric(d$metabolite)
d$metabolite[d$metabolite_excluded == "yes"] <- NA
"""
_LEVEL = """\
d$biomarker <- as.numeric(d$biomarker)
d$biomarker[d$biomarker_censored != "none"] <- NA
use <- is.finite(d$biomarker){usable}
work <- {work}
e <- {residual}
d$level <- NA_real_
d$level[use] <- {level}
"""
_PAIRS = """\
before <- d[d$time_point == {baseline}, ]
after <- d[d$time_point == {follow_up}, ]
w <- merge(before, after, by = c("subject", "treatment"{period}), suffixes = c("", ".after"))
w$treatment <- factor(w$treatment, levels = treatments)
w$subject <- factor(w$subject)
change <- function(kind, a, b) round(switch(kind, relative = ifelse(a == 0, NA, (b - a) / a), difference = b - a,
  log_ratio = ifelse(a > 0 & b > 0, suppressWarnings(log(b) - log(a)), NA)), 10)
"""
_MAIN = """\
w$dM <- change({metabolite_change}, w$metabolite, w$metabolite.after)
w$dB <- change({biomarker_change}, w$level, w$level.after)
u <- droplevels(w[is.finite(w$dM) & is.finite(w$dB), ])
terms <- c({terms})
main <- lm(dB ~ dM * treatment, data = u)
k <- summary(main)$coefficients
keep("main", terms, k[, 1], k[, 2], k[, 4])
for (name in treatments) {{
  own <- u$treatment == name
  cat("Spearman,", name, ":", format(suppressWarnings(cor(u$dM[own], u$dB[own], method = "spearman"))), "\\n")
}}
if (requireNamespace("clubSandwich", quietly = TRUE)) {{
  k <- clubSandwich::coef_test(main, vcov = "CR2", cluster = u$subject)
  keep("cr2", terms, k$beta, k$SE, k$p_Satt)
}}
if (requireNamespace("lmerTest", quietly = TRUE) && anyDuplicated(u$subject)) {{
  mixed <- lmerTest::lmer(dB ~ dM * treatment + (1 | subject), data = u)
  k <- summary(mixed, ddf = "Kenward-Roger")$coefficients
  keep("mixed", terms, k[, 1], k[, 2], k[, 5])
}}
"""
_EFFECT = """\
w$a <- {before}; w$b <- {after}
v <- droplevels(w[is.finite(w$a) & is.finite(w$b), ])
named <- c({terms})
"""
_PARALLEL = """\
v$a <- v$a - mean(v$a)
k <- summary(lm(b ~ treatment {baseline}, data = v))$coefficients
keep({model}, named, k[1 + seq_along(named), 1], k[1 + seq_along(named), 2], k[1 + seq_along(named), 4])
"""
_CROSSOVER = """\
v$own <- ave(v$a, v$subject); v$within <- v$a - v$own
if (requireNamespace("lmerTest", quietly = TRUE)) {{
  k <- summary(lmerTest::lmer(b ~ treatment + {period}{baseline}(1 | subject), data = v),
               ddf = "Kenward-Roger")$coefficients
  keep({model}, named, k[1 + seq_along(named), 1], k[1 + seq_along(named), 2], k[1 + seq_along(named), 5])
}}
"""
_SINGLE = """\
t <- t.test(v$b - v$a)
keep({model}, named, t$estimate, t$stderr, t$p.value)
"""
_TAIL = """\
ours <- read.delim("estimates.tsv", na.strings = "n/a", check.names = FALSE)
both <- merge(found, ours, by = c("model", "term"), suffixes = c(".r", ".pharmrs"))
both$apart <- abs(both$estimate.r - both$estimate.pharmrs) / both$se.r
print(both[, c("model", "term", "estimate.r", "estimate.pharmrs", "p.r", "p.pharmrs", "apart")], digits = 8)
cat(nrow(both), "estimates compared, largest difference", format(max(both$apart)), "of a standard error\\n")
if (nrow(both) == 0 || max(both$apart) > {tolerance} || max(abs(both$p.r - both$p.pharmrs)) > {p_tolerance})
  stop("the numbers differ")
"""


def r_script(result: AnalysisResult) -> str:
    """The script; what the plan does not name is not in it."""
    return "".join(_parts(result))


def _parts(result: AnalysisResult) -> Iterator[str]:
    plan, table, chain = result.plan, result.table, result.chain
    points = (table.baseline, table.follow_up)
    yield _HEAD.format(hash=result.plan_hash, treatments=_strings(table.treatments), points=_strings(points))
    if plan.metabolite:
        yield _METABOLITE
    if plan.biomarker:
        yield _levels(plan)
    replicate = any(row.occasion for row in table.rows)
    yield _PAIRS.format(
        baseline=_text(table.baseline), follow_up=_text(table.follow_up), period=', "period"' if replicate else ""
    )
    if chain.model is not None:
        order = [item.term for item in chain.model.estimates]
        yield _MAIN.format(
            metabolite_change=_text(plan.metabolite_change), biomarker_change=_text(plan.biomarker_change),
            terms=_strings(order),
        )  # fmt: skip
    columns = {
        plan.metabolite: ("metabolite", plan.metabolite_change),
        plan.biomarker: ("level", plan.biomarker_change),
    }
    columns |= {one.name: (one.name, one.change) for one in plan.outcomes}
    for name, effect in zip(plan.quantities, chain.effects, strict=False):
        terms = [item.term for item in effect.estimates if item.hypothesis]
        if effect.reason or not terms:
            continue
        column, kind = columns[name]
        sides = [f"w[[{_text(column)}]]", f"w[[{_text(column + '.after')}]]"]
        sides[0] = sides[1] if kind == "follow_up" else sides[0]
        if kind == "log_ratio":
            sides = [f"suppressWarnings(log(ifelse({side} > 0, {side}, NA)))" for side in sides]
        yield _EFFECT.format(before=sides[0], after=sides[1], terms=_strings(terms))
        several = table.kind == "crossover" and _several_periods(result, name)
        body = {"parallel": _PARALLEL, "crossover": _CROSSOVER}.get(table.kind, _SINGLE)
        body = _SINGLE if len(table.treatments) == 1 else body
        yield body.format(
            model=_text(effect.name), period="factor(period) + " if several else "",
            baseline={"parallel": "+ a", "crossover": "within + own + "}.get(table.kind, "") * (kind != "follow_up"),
        )  # fmt: skip
    yield _TAIL.format(tolerance="1e-5", p_tolerance="1e-4")


def _several_periods(result: AnalysisResult, name: str) -> bool:
    """Whether the rows that tell of a quantity lie in several periods."""
    changes = result.chain.changes
    if changes is None:
        return False
    known = next(one.known for one in quantities(changes, result.plan) if one.name == name)
    return len(np.unique(changes.period[known])) > 1


def _levels(plan: AnalysisPlan) -> str:
    linear, logged = plan.time_adjustment == "linear", plan.biomarker_transform == "log"
    usable = " & is.finite(d$clock_time_h)" if linear else ""
    usable += " & d$biomarker > 0" if logged else ""
    residual = "residuals(lm(work ~ d$clock_time_h[use]))" if linear else "work"
    back = "e + mean(work)" if linear else "e"
    level = "log(e + abs(min(e)) + 1)" if plan.biomarker_transform == "shifted_log" else back
    work = "log(d$biomarker[use])" if logged else "d$biomarker[use]"
    return _LEVEL.format(usable=usable, work=work, residual=residual, level=level)


def _strings(texts: object) -> str:
    return ", ".join(_text(text) for text in texts)  # type: ignore[attr-defined]


def _text(text: str) -> str:
    """An R string: quotes and backslashes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

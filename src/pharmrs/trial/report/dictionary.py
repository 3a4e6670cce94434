"""What every column of the tables of the statistics means."""

from __future__ import annotations

from pharmrs.core.records.columns import Column

_YES_NO = {"yes": "yes", "no": "no"}
_SUBJECT = Column("Participant.")
_TREATMENT = Column("Treatment, as the allocation names it.")
_PERIOD = Column("Period of the trial the treatment was given in.", "1")
_SEQUENCE = Column("Order of the treatments of this participant.")
_REASON = Column("Why there is no result; n/a where there is one.")

OBSERVATIONS: dict[str, Column] = {
    "subject": _SUBJECT,
    "sequence": _SEQUENCE,
    "period": _PERIOD,
    "treatment": _TREATMENT,
    "time_point": Column("Time point, as the sessions name it."),
    "clock_time_h": Column("Time of day of the blood sample.", "h"),
    "metabolite": Column("Concentration of the declared metabolite on the declared scale; excluded values stay."),
    "metabolite_sd": Column("Standard deviation of `metabolite`, propagated from fit, water and tissue."),
    "metabolite_excluded": Column("Whether a rule or a rater excludes the metabolite.", levels=_YES_NO),
    "exclusion_rule": Column("The rules that exclude it, separated by semicolons."),
    "biomarker": Column("Concentration of the declared analyte; n/a where it is missing or censored."),
    "biomarker_sd": Column("Standard deviation of `biomarker`, from the assay."),
    "biomarker_censored": Column(
        "Whether the biomarker is only known to lie beyond a limit.",
        levels={"none": "measured or missing", "left": "below the limit", "right": "above the limit"},
    ),
    "biomarker_limit": Column("The limit, scaled by the dilution, in the unit of the biomarker."),
}
CHANGES: dict[str, Column] = {
    "subject": _SUBJECT,
    "sequence": _SEQUENCE,
    "period": _PERIOD,
    "treatment": _TREATMENT,
    "metabolite_baseline": Column("Metabolite at baseline; n/a where missing or excluded."),
    "metabolite_follow_up": Column("Metabolite at follow-up; n/a where missing or excluded."),
    "biomarker_level_baseline": Column("Biomarker at baseline after time adjustment and transformation."),
    "biomarker_level_follow_up": Column("Biomarker at follow-up after time adjustment and transformation."),
    "change_metabolite": Column("Declared change of the metabolite."),
    "change_metabolite_sd": Column("Its standard deviation, propagated from the two SDs."),
    "change_biomarker": Column("Declared change of the biomarker level."),
    "analysed": Column("Whether both changes are known.", levels=_YES_NO),
}
ESTIMATES: dict[str, Column] = {
    "model": Column("Model; `main` and `main + covariate` are the reference chain."),
    "declared": Column("Whether the plan declared the model before the analysis; else exploratory.", levels=_YES_NO),
    "term": Column("Term of the model."),
    "treatment": Column("Treatment the term is about; n/a: none, or all."),
    "condition": Column("Where the other part of an interaction is held; n/a: nowhere."),
    "hypothesis": Column("Whether the plan is about this term (the interaction).", levels=_YES_NO),
    "estimate": Column("Estimate."),
    "se": Column("Standard error."),
    "ci_low": Column("Lower end of the interval of level 1 - alpha."),
    "ci_high": Column("Upper end of the interval."),
    "statistic_name": Column("Which statistic."),
    "statistic": Column("Its value."),
    "df": Column("Its degrees of freedom.", "1"),
    "p": Column("Two-sided p value.", "1"),
    "n": Column("Rows (pairs) behind the estimate.", "1"),
    "subjects": Column("Participants behind the estimate.", "1"),
    "reason": _REASON,
}
TESTS: dict[str, Column] = {
    "family": Column("Kind of test."),
    "model": Column("Extension model the test belongs to; n/a: the reference chain."),
    "declared": Column("Whether it was declared before the analysis.", levels=_YES_NO),
    "group": Column("Treatment, time point or comparison it is about."),
    "quantity": Column("What is tested."),
    "sample": Column("Which pairs enter."),
    "interval": Column("What ci_low to ci_high is, where it is not the interval of the declared level."),
    "estimate_name": Column("What `estimate` is."),
    "estimate": Column("Estimate."),
    "ci_low": Column("Lower end of its interval."),
    "ci_high": Column("Upper end of its interval."),
    "statistic_name": Column("Which statistic."),
    "statistic": Column("Its value."),
    "df": Column("Degrees of freedom.", "1"),
    "df2": Column("Second degrees of freedom.", "1"),
    "p": Column("Two-sided p value.", "1"),
    "p_method": Column("How p was computed."),
    "p_alternative": Column("p value by a second method.", "1"),
    "p_alternative_method": Column("The second method."),
    "n": Column("Pairs (or values) used.", "1"),
    "alpha": Column("Level after correction for multiplicity (Bonferroni); n/a where it is not judged.", "1"),
    "alpha_sidak": Column("The same by Sidak.", "1"),
    "alpha_reference": Column("Level as the reference study corrected it, by the correlation that is tested.", "1"),
    "alpha_sidak_reference": Column("The same by Sidak.", "1"),
    "ties": Column("Whether values share a rank, which AS 89 does not allow for.", levels=_YES_NO),
    "p_holm": Column("p adjusted for all tests of the family and sample by Holm; n/a where it is in none.", "1"),
    "p_bh": Column("p adjusted by Benjamini and Hochberg (false discovery rate).", "1"),
    "reason": _REASON,
}
BASELINE: dict[str, Column] = {
    "quantity": Column("What is described: participants, a covariate, or a quantity at the first baseline."),
    "group": Column("Sequence (crossover) or treatment; n/a: all participants."),
    "level": Column("Level of a category; n/a: a number."),
    "n": Column("Participants in whom it is known.", "1"),
    "count": Column("Participants with this level.", "1"),
    "mean": Column("Mean."),
    "sd": Column("Standard deviation."),
    "median": Column("Median."),
    "low": Column("First quartile."),
    "high": Column("Third quartile."),
}
PERIODS: dict[str, Column] = {
    "sequence": _SEQUENCE,
    "period": Column("Period; 0: not known.", "1"),
    "treatment": _TREATMENT,
    "planned": Column("Participants who were to get it.", "1"),
    "analysed": Column("Participants whose pair is analysed.", "1"),
}
FLOW: dict[str, Column] = {
    "stage": Column("What is counted."),
    "treatment": Column("Treatment; n/a: all together."),
    "count": Column("How many.", "1"),
}
UNIT_CHANGES: dict[str, Column] = {
    "factor": Column("Every biomarker value and limit was multiplied by this.", "1"),
    "term": Column("Term of the main model."),
    "estimate": Column("Its estimate."),
    "p": Column("Its p value.", "1"),
    "reason": _REASON,
}
RULE_CHANGES: dict[str, Column] = {
    "lifted": Column("Exclusion rule that is lifted; n/a: none, the result as declared."),
    "term": Column("Term of the main model."),
    "estimate": Column("Its estimate."),
    "ci_low": Column("Lower end of its interval."),
    "ci_high": Column("Upper end of its interval."),
    "p": Column("Its p value.", "1"),
    "n": Column("Pairs behind it.", "1"),
    "reason": _REASON,
}
FACTS: dict[str, Column] = {
    "model": Column("Model."),
    "declared": Column("Whether the plan declared it; else exploratory.", levels=_YES_NO),
    "fact": Column("Name of the number."),
    "value": Column("The number."),
}
SPECIFICATIONS: dict[str, Column] = {
    "effect": Column(
        "Interaction, SDs of the biomarker change per SD of the metabolite change; n/a: not estimable.", "1"
    ),
    "se": Column("Standard error of the effect by the model of the specification.", "1"),
    "p": Column("Two-sided p value of the specification alone."),
    "n": Column("Complete pairs of the specification."),
}

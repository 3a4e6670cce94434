# What follows is the same for every trial; `plan` above says what was declared. Each function repeats one model and
# keeps its numbers; packages beyond R's own are used where they are installed, and what was left out is told.
found <- tests <- NULL
left <- character(0)
keep <- function(model, term, estimate, se = NA, p = NA, low = NA, high = NA, within = 1e-5, p_within = 1e-4)
  found <<- rbind(found, data.frame(model = model, term = unname(term), estimate = unname(estimate), se = unname(se),
    p = unname(p), ci_low = unname(low), ci_high = unname(high), within = within, p_within = p_within))
keep_test <- function(family, group, quantity, p = NA, estimate = NA, sample = "", within = 1e-4)
  tests <<- rbind(tests, data.frame(family = family, group = group, quantity = quantity, sample = sample,
    p = unname(p), estimate = unname(estimate), within = within))
leave <- function(model, why) left <<- c(left, paste0(model, ": ", why))
have <- function(model, ...) {
  missing <- Filter(function(one) !requireNamespace(one, quietly = TRUE), c(...))
  if (length(missing)) leave(model, paste("needs the R package", paste(missing, collapse = ", ")))
  length(missing) == 0
}
times <- "\u00d7"
treatments <- plan$treatments
crossover <- plan$kind == "crossover"

# ---- observations -> levels -> pairs
every <- read.delim(file.path("..", "observations.tsv"), na.strings = "n/a", check.names = FALSE, encoding = "UTF-8",
                    quote = "", colClasses = c(subject = "character", treatment = "character",
                                               time_point = "character", sequence = "character"))
every <- every[every$treatment %in% treatments, ]
every$metabolite <- as.numeric(every$metabolite)
every$metabolite[every$metabolite_excluded == "yes"] <- NA
every$biomarker <- as.numeric(every$biomarker)
every$measured <- ifelse(every$biomarker_censored == "none", every$biomarker, NA)
d <- every[every$time_point %in% c(plan$baseline, plan$follow_up), ]
d$level <- NA_real_
if (nzchar(plan$biomarker)) {
  logged <- plan$transform == "log"
  use <- is.finite(d$measured) & (!plan$adjust | is.finite(d$clock_time_h)) & (!logged | d$measured > 0)
  work <- if (logged) log(d$measured[use]) else d$measured[use]
  e <- if (plan$adjust) residuals(lm(work ~ d$clock_time_h[use])) else work
  d$level[use] <- if (plan$transform == "shifted_log") log(e + abs(min(e)) + 1) else e + plan$adjust * mean(work)
}
w <- merge(d[d$time_point == plan$baseline, ], d[d$time_point == plan$follow_up, ],
           by = c("subject", "treatment", if (plan$replicate) "period"), suffixes = c("", ".after"))
w$treatment <- factor(w$treatment, levels = treatments)
w$subject <- factor(w$subject)
change <- function(kind, a, b) round(switch(kind, relative = ifelse(a == 0, NA, (b - a) / a), difference = b - a,
  log_ratio = ifelse(a > 0 & b > 0, suppressWarnings(log(b) - log(a)), NA)), 10)
w$dM <- if (nzchar(plan$metabolite)) change(plan$metabolite_change, w$metabolite, w$metabolite.after) else NA_real_
w$dB <- if (nzchar(plan$biomarker)) change(plan$biomarker_change, w$level, w$level.after) else NA_real_
relative <- function(v) switch(plan$metabolite_change, difference = sqrt(v$metabolite_sd^2 + v$metabolite_sd.after^2), {
  own <- sqrt((v$metabolite_sd / v$metabolite)^2 + (v$metabolite_sd.after / v$metabolite.after)^2)
  if (plan$metabolite_change == "relative") abs(v$metabolite.after / v$metabolite) * own else own })
complete <- function(v) {
  u <- droplevels(v[is.finite(v$dM) & is.finite(v$dB), ])
  u$periods <- factor(u$period)
  u$sequence <- factor(u$sequence)
  u
}
u <- complete(w)
x_name <- paste("change in", plan$metabolite)
ours <- function(names) { # R's names of coefficients as those of estimates.tsv
  names[names == "(Intercept)"] <- "(intercept)"
  for (arm in treatments[-1]) {
    names[names == paste0("treatment", arm)] <- arm
    names[names == paste0("dM:treatment", arm)] <- paste(x_name, times, arm)
  }
  names[names == "dM"] <- x_name
  sub("^sequence(?=.)", "sequence ", sub("^periods", "period ", names), perl = TRUE)
}
cr2 <- function(name, model, cluster, term = ours(names(coef(model))), only = seq_along(term)) {
  k <- clubSandwich::coef_test(model, vcov = "CR2", cluster = cluster, test = "Satterthwaite")
  keep(name, term[only], k$beta[only], k$SE[only], k$p_Satt[only])
}
mixed <- function(name, model, term = ours(names(lme4::fixef(model))), only = seq_along(term)) {
  k <- summary(model, ddf = "Kenward-Roger")$coefficients
  keep(name, term[only], k[only, 1], k[only, 2], k[only, 5])
}
lmer <- function(...) suppressMessages(lmerTest::lmer(...))
main <- function(data = u) lm(dB ~ dM * treatment, data = data)

# ---- the levels and changes of each declared quantity
quantities <- list()
if (nzchar(plan$metabolite)) quantities[[plan$metabolite]] <- list(column = "metabolite", kind = plan$metabolite_change)
if (nzchar(plan$biomarker)) quantities[[plan$biomarker]] <- list(column = "level", kind = plan$biomarker_change)
for (one in names(plan$outcomes)) quantities[[one]] <- list(column = one, kind = plan$outcomes[[one]])
sides <- function(one, v = w) {
  both <- lapply(c("", ".after"), function(end) as.numeric(v[[paste0(one$column, end)]]))
  if (one$kind == "follow_up") both[[1]] <- both[[2]]
  if (one$kind == "log_ratio") both <- lapply(both, function(x) suppressWarnings(log(ifelse(x > 0, x, NA))))
  both
}
effect_rows <- function(one) {
  both <- sides(one)
  v <- w
  v$a <- both[[1]]
  v$b <- both[[2]]
  v <- droplevels(v[is.finite(v$a) & is.finite(v$b), ])
  v$own <- ave(v$a, v$subject)
  v$within <- v$a - v$own
  v$periods <- factor(v$period)
  v
}
effect_model <- function(one, v = effect_rows(one)) {
  based <- one$kind != "follow_up"
  several <- length(unique(v$period)) > 1
  right <- c("treatment", if (crossover && several) "periods", if (based) if (crossover) c("within", "own") else "a")
  text <- paste("b ~", paste(c(right, if (crossover) "(1 | subject)"), collapse = " + "))
  if (crossover) lmer(as.formula(text), data = v) else lm(as.formula(text), data = v)
}
contrast <- function(model, weights) { # of the treatment means: the first is the reference
  b <- if (crossover) lme4::fixef(model) else coef(model)
  L <- setNames(rep(0, length(b)), names(b))
  L[paste0("treatment", treatments[-1])] <- weights[-1]
  if (crossover) {
    k <- lmerTest::contest(model, L, joint = FALSE, ddf = "Kenward-Roger")
    return(c(k[["Estimate"]], k[["Std. Error"]], k[["df"]], k[["Pr(>|t|)"]]))
  }
  se <- sqrt(drop(L %*% vcov(model) %*% L))
  c(sum(L * b), se, df.residual(model), 2 * pt(-abs(sum(L * b) / se), df.residual(model)))
}
run <- list()
run$effects <- function() for (name in names(plan$effects)) {
  model <- paste0("effect: ", name)
  one <- quantities[[name]]
  if (length(treatments) == 1) {
    v <- effect_rows(one)
    t <- t.test(v$b - v$a)
    keep(model, plan$effects[[name]], t$estimate, t$stderr, t$p.value)
  } else if (!crossover || have(model, "lmerTest", "pbkrtest")) {
    fit <- effect_model(one)
    for (arm in treatments[-1]) {
      k <- contrast(fit, c(0, as.numeric(treatments[-1] == arm)))
      keep(model, arm, k[1], k[2], k[4])
    }
  }
}

# ---- the reference chain
run$main <- function() {
  m <- main()
  k <- summary(m)$coefficients
  keep("main", ours(rownames(k)), k[, 1], k[, 2], k[, 4])
  keep_test("shapiro", "", "", shapiro.test(residuals(m))$p.value)
}
with_covariate <- function(name, v = u) {
  value <- switch(plan$covariates[[name]]$at, baseline = v[[name]],
                  change = as.numeric(v[[paste0(name, ".after")]]) - as.numeric(v[[name]]), v[[paste0(name, ".after")]])
  reference <- plan$covariates[[name]]$reference
  v$extra <- if (nzchar(reference)) relevel(factor(value), reference) else as.numeric(value)
  droplevels(v[!is.na(v$extra) & nzchar(as.character(v$extra)), ])
}
run$covariates <- function() for (name in names(plan$covariates)) {
  k <- summary(lm(dB ~ dM * treatment + extra, data = with_covariate(name)))$coefficients
  keep(paste("main +", name), sub("^extra(?=.)", paste0(name, " "), sub("^extra$", name, ours(rownames(k))), perl = TRUE),
       k[, 1], k[, 2], k[, 4])
}
once <- function(v) { # one row of each participant and treatment: of a treatment given twice the mean
  if (!anyDuplicated(v[c("subject", "treatment")])) return(v)
  aggregate(v[c("dM", "dB")], v[c("subject", "treatment")], mean)
}
run$correlations <- function() for (arm in treatments) {
  v <- once(u)[once(u)$treatment == arm, ]
  r <- cor(rank(v$dM), rank(v$dB))
  keep_test("spearman", arm, "", 2 * pt(-abs(r * sqrt((nrow(v) - 2) / (1 - r^2))), nrow(v) - 2), r)
}
run$comparisons <- function() if (!plan$replicate) for (name in c(plan$metabolite, plan$biomarker)) if (nzchar(name)) {
  one <- quantities[[name]]
  a <- w[[one$column]]
  b <- w[[paste0(one$column, ".after")]]
  for (arm in treatments) {
    t <- t.test(a[w$treatment == arm], b[w$treatment == arm], paired = TRUE)
    keep_test("within_treatment", paste0(arm, ": ", plan$baseline, " - ", plan$follow_up), name, t$p.value,
              t$estimate, "all available pairs")
  }
  dif <- if (one$column == "level") w$dB else w$dM
  for (arm in treatments[-1]) {
    v <- lapply(c(treatments[1], arm), function(t) setNames(dif[w$treatment == t], w$subject[w$treatment == t]))
    t <- if (crossover) t.test(v[[1]] - v[[2]][names(v[[1]])]) else t.test(v[[1]], v[[2]])
    keep_test("change_between_treatments", paste(treatments[1], "-", arm), paste("change in", name), t$p.value,
              if (crossover) t$estimate else t$estimate[1] - t$estimate[2], "all available pairs")
  }
}

# ---- models of the pairs
run$cr2 <- function() if (have("cr2", "clubSandwich")) cr2("cr2", main(), u$subject)
run$hc3 <- function() if (have("hc3", "sandwich")) {
  m <- main()
  se <- sqrt(diag(sandwich::vcovHC(m, type = "HC3")))
  keep("hc3", ours(names(se)), coef(m), se, 2 * pt(-abs(coef(m) / se), df.residual(m)))
}
run$period <- function() if (have("period", "clubSandwich"))
  cr2("period", lm(dB ~ dM * treatment + periods, data = u), u$subject)
run$within <- function() if (have("within", "clubSandwich")) {
  v <- droplevels(u[ave(u$dM, u$subject, FUN = length) > 1, ])
  m <- lm(dB ~ dM * treatment + subject, data = v)
  cr2("within", m, v$subject, only = grep("subject|Intercept", names(coef(m)), invert = TRUE))
}
run$mixed <- function() if (have("mixed", "lmerTest", "pbkrtest"))
  mixed("mixed", lmer(dB ~ dM * treatment + (1 | subject), data = u))
run$crossover <- function() if (have("crossover", "lmerTest", "pbkrtest")) {
  right <- if (nlevels(u$periods) == 2) "periods + sequence" else "periods"
  mixed("crossover", lmer(as.formula(paste("dB ~ dM * treatment +", right, "+ (1 | subject)")), data = u))
}
run$carry_over <- function() if (have("carry_over", "lmerTest", "pbkrtest")) {
  given <- unique(d[c("subject", "treatment", "period")])
  before <- given$treatment[match(paste(u$subject, u$period - 1), paste(given$subject, given$period))]
  v <- u
  carried <- character(0)
  for (place in seq_along(treatments)[-1]) {
    v[[paste0("carried", place)]] <- as.numeric(!is.na(before) & before == treatments[place])
    if (any(v[[paste0("carried", place)]] > 0)) carried <- c(carried, paste0("carried", place))
  }
  m <- lmer(as.formula(paste("dB ~ dM * treatment + periods +", paste(carried, collapse = " + "), "+ (1 | subject)")),
            data = v)
  term <- ours(names(lme4::fixef(m)))
  for (one in carried) term[term == one] <- paste("carry-over of", treatments[as.numeric(sub("carried", "", one))])
  mixed("carry_over", m, term)
}
by_arm <- function(name, error = NULL) { # a line and a residual variance of each treatment's own
  arms <- lapply(treatments, function(arm) {
    rows <- which(u$treatment == arm)
    v <- u[rows, ]
    n <- length(rows)
    share <- if (is.null(error)) 1 else 1 - mean(error[rows]^2) / var(v$dM)
    x <- v$dM - mean(v$dM)
    slope <- x / sum(x^2) / share
    pull <- rbind(1 / n - mean(v$dM) * slope, slope)
    rest <- setNames(residuals(lm(dB ~ dM, data = v)), v$subject)
    list(pull = pull, at = drop(pull %*% v$dB), rest = rest, df = n - 2, s2 = sum(rest^2) / (n - 2))
  })
  k <- length(arms)
  at <- unlist(lapply(arms, `[[`, "at"))
  block <- function(i) 2 * i - 1:0
  cov <- matrix(0, 2 * k, 2 * k)
  for (i in 1:k) for (j in 1:k) {
    one <- arms[[i]]
    two <- arms[[j]]
    both <- intersect(names(one$rest), names(two$rest))
    if (i == j) cov[block(i), block(i)] <- one$s2 * one$pull %*% t(one$pull)
    else if (length(both) >= 4) {
      mine <- match(both, names(one$rest))
      theirs <- match(both, names(two$rest))
      shared <- sum(one$rest[mine] * two$rest[theirs]) / (length(both) - 2)
      cov[block(i), block(j)] <- shared * one$pull[, mine] %*% t(two$pull[, theirs])
    }
  }
  unit <- diag(2 * k)
  L <- rbind(unit[1:2, ], t(sapply(2:k, function(j) unit[2 * j - 1, ] - unit[1, ])),
             t(sapply(2:k, function(j) unit[2 * j, ] - unit[2, ])))
  own <- sapply(1:k, function(i) rowSums((L[, block(i)] %*% cov[block(i), block(i)]) * L[, block(i)]))
  variance <- pmax(rowSums((L %*% cov) * L), apply(own, 1, max))
  df <- variance^2 / rowSums(own^2 / rep(sapply(arms, `[[`, "df"), each = nrow(L)))
  value <- drop(L %*% at)
  keep(name, c("(intercept)", x_name, treatments[-1], paste(x_name, times, treatments[-1])), value, sqrt(variance),
       2 * pt(-abs(value) / sqrt(variance), df))
}
run$by_treatment <- function() by_arm("by_treatment")
run$errors_in_variables <- function() {
  if (!plan$replicate) return(by_arm("errors_in_variables", relative(u)))
  if (!have("errors_in_variables", "clubSandwich")) return()
  X <- model.matrix(main())
  s <- relative(u)
  L <- t(sapply(u$treatment, function(arm) colnames(X) %in% c("dM", paste0("dM:treatment", arm))))
  N <- crossprod(L * s)
  calibrated <- as.data.frame(X %*% solve(crossprod(X)) %*% (crossprod(X) - N))
  names(calibrated) <- paste0("x", seq_along(calibrated))
  m <- lm(as.formula(paste("y ~ 0 +", paste(names(calibrated), collapse = " + "))), cbind(y = u$dB, calibrated))
  cr2("errors_in_variables", m, u$subject, ours(colnames(X)))
}
run$log_ratio <- function() if (have("log_ratio", "clubSandwich")) {
  v <- w
  v$dM <- change("log_ratio", v$metabolite, v$metabolite.after)
  v$dB <- change("log_ratio", v$measured, v$measured.after)
  v <- complete(v)
  cr2("log_ratio", main(v), v$subject)
}
run$slopes <- function() if (have("slopes", "clubSandwich")) {
  m <- lm(dB ~ 0 + treatment + dM:treatment, data = u)
  term <- sub("^treatment(.*):dM$", "slope under \\1", names(coef(m)))
  cr2("slopes", m, u$subject, term, grep("^slope", term))
}
run$median <- function() if (have("median", "quantreg")) {
  m <- suppressWarnings(quantreg::rq(dB ~ dM * treatment, data = u))
  keep("median", ours(names(coef(m))), coef(m), within = 1e-4)
}
run$leave_one_out <- function() {
  whole <- coef(main())
  people <- levels(u$subject)
  without <- sapply(people, function(one) coef(main(u[u$subject != one, ])))
  for (arm in treatments[-1]) {
    name <- paste0("dM:treatment", arm)
    far <- which.max(abs(without[name, ] - whole[name]))
    keep_test("leave_one_out", people[far], ours(name), estimate = without[name, far])
  }
}

# ---- models that draw: another stream of numbers, so that they agree as far as chance lets them
clustered_t <- function(y, X, id) {
  inverse <- solve(crossprod(X))
  b <- inverse %*% crossprod(X, y)
  scores <- rowsum(X * drop(y - X %*% b), id) %*% inverse
  g <- length(unique(id))
  drop(b) / sqrt(g / (g - 1) * (nrow(X) - 1) / (nrow(X) - ncol(X)) * colSums(scores^2))
}
run$permutation <- function(draws = 2000) {
  set.seed(1)
  visits <- unique(d[d$subject %in% u$subject, c("subject", "treatment", "period")])
  visits <- visits[order(visits$subject, visits$period), ]
  order_of <- split(visits$treatment, visits$subject)
  rank_of <- mapply(function(s, p) if (length(order_of[[s]]) == 1) 1 else match(p, visits$period[visits$subject == s]),
                    as.character(u$subject), u$period)
  y <- u$dB - ave(u$dB, u$treatment)
  x <- u$dM - ave(u$dM, u$treatment)
  t_of <- function(arm) clustered_t(y, model.matrix(~ x * factor(arm, levels = treatments)), u$subject)
  tested <- (length(treatments) + 2):(2 * length(treatments))
  observed <- t_of(as.character(u$treatment))[tested]
  size <- lengths(order_of)
  drawn <- replicate(draws, {
    to <- seq_along(order_of)
    for (n in unique(size)) { at <- which(size == n); to[at] <- at[sample.int(length(at))] }
    new <- setNames(order_of[to], names(order_of))
    tryCatch(t_of(mapply(function(s, k) new[[s]][k], as.character(u$subject), rank_of))[tested],
             error = function(e) rep(NA_real_, length(tested)))
  })
  drawn <- matrix(drawn, nrow = length(tested))
  p <- sapply(seq_along(tested), function(k) {
    known <- drawn[k, is.finite(drawn[k, ])]
    (sum(abs(known) >= abs(observed[k]) * (1 - 1e-12)) + 1) / (length(known) + 1) })
  m <- coef(main())
  keep("permutation", paste(x_name, times, treatments[-1]), m[tested], p = p,
       p_within = 4 * sqrt(pmax(p * (1 - p), 0.01) * (1 / draws + 1 / 5000)))
}
run$bootstrap <- function(draws = 3000) {
  set.seed(1)
  X <- model.matrix(main())
  rows <- split(seq_len(nrow(u)), u$subject)
  fit <- function(at) tryCatch(drop(solve(crossprod(X[at, ]), crossprod(X[at, ], u$dB[at]))),
                               error = function(e) rep(NA_real_, ncol(X)))
  whole <- fit(seq_len(nrow(u)))
  drawn <- replicate(draws, fit(unlist(rows[sample.int(length(rows), replace = TRUE)])))
  drawn <- drawn[, is.finite(colSums(drawn))]
  jack <- sapply(seq_along(rows), function(k) fit(unlist(rows[-k])))
  for (k in seq_along(whole)) {
    bias <- qnorm(mean(drawn[k, ] < whole[k]))
    off <- mean(jack[k, ]) - jack[k, ]
    a <- sum(off^3) / (6 * sum(off^2)^1.5)
    end <- sapply(qnorm(c(plan$alpha / 2, 1 - plan$alpha / 2)), function(z)
      quantile(drawn[k, ], pnorm(bias + (bias + z) / (1 - a * (bias + z)))))
    keep("bootstrap", ours(colnames(X)[k]), whole[k], sd(drawn[k, ]), low = end[1], high = end[2], within = 0.6)
  }
}

# ---- what people ask for by name
visits_of <- function(one) unlist(sides(one))
run$within_correlation <- function() {
  v <- data.frame(m = visits_of(quantities[[plan$metabolite]]), b = visits_of(quantities[[plan$biomarker]]),
                  subject = rep(w$subject, 2))
  v <- droplevels(v[is.finite(v$m) & is.finite(v$b), ])
  a <- anova(lm(b ~ subject + m, data = v))
  r <- sign(coef(lm(b ~ subject + m, data = v))[["m"]]) * sqrt(a["m", 2] / (a["m", 2] + a["Residuals", 2]))
  keep_test("within_correlation", "all treatments", "", a["m", 5], r)
}
run$repeatability <- function() for (name in names(quantities)) if (quantities[[name]]$kind != "follow_up") {
  at <- w[order(w$subject, w$period), ]
  at <- at[at$treatment == treatments[1] & !duplicated(at[c("subject", "treatment")]), ]
  v <- do.call(cbind, sides(quantities[[name]], at))
  v <- v[is.finite(rowSums(v)), ]
  a <- anova(lm(c(v) ~ factor(rep(seq_len(nrow(v)), 2)) + factor(rep(1:2, each = nrow(v)))))
  ms <- a[["Mean Sq"]]
  keep_test("icc", treatments[1], paste0(name, ", consistency"), a[1, 5], (ms[1] - ms[3]) / (ms[1] + ms[3]))
  keep_test("icc", treatments[1], paste0(name, ", agreement"), NA,
            (ms[1] - ms[3]) / (ms[1] + ms[3] + 2 * (ms[2] - ms[3]) / nrow(v)))
}
run$equivalence <- function() for (one in plan$equivalence)
  if (length(treatments) > 1 && (!crossover || have("equivalence", "lmerTest", "pbkrtest"))) {
    fit <- effect_model(quantities[[one$quantity]])
    for (arm in treatments[-1]) {
      k <- contrast(fit, c(0, as.numeric(treatments[-1] == arm)))
      p <- max(pt(-(k[1] - one$low) / k[2], k[3]), pt((k[1] - one$high) / k[2], k[3]))
      keep_test("equivalence", arm, one$label, p, k[1])
    }
  }
weighed <- function(model, weights) if (!crossover || have(model, "lmerTest", "pbkrtest"))
  for (name in names(quantities)) {
    fit <- tryCatch(effect_model(quantities[[name]]), error = function(e) NULL)
    if (!is.null(fit)) for (label in names(weights)) {
      k <- contrast(fit, weights[[label]])
      keep(model, paste0(name, ": ", label), k[1], k[2], k[4])
    }
  }
run$contrasts <- function() weighed("contrasts", plan$contrasts)
run$dose_response <- function() {
  shapes <- list("linear trend" = plan$doses)
  if (plan$ed50 > 0) shapes[[plan$emax_label]] <- plan$doses / (plan$doses + plan$ed50)
  weighed("dose_response", lapply(shapes, function(s) (s - mean(s)) / sum((s - mean(s)) * s) * diff(range(s))))
}
run$exposure <- function() if (have("exposure", "clubSandwich")) for (exposure in names(plan$exposures))
  for (name in names(quantities)) {
    one <- quantities[[name]]
    both <- sides(one)
    v <- w
    v$change <- both[[2]] - (one$kind != "follow_up") * both[[1]]
    if (one$kind == "follow_up") v$change <- both[[2]]
    info <- plan$exposures[[exposure]]
    value <- switch(info$at, baseline = v[[exposure]], change = as.numeric(v[[paste0(exposure, ".after")]]) -
                    as.numeric(v[[exposure]]), v[[paste0(exposure, ".after")]])
    v$taken <- if (nzchar(info$reference)) relevel(factor(value), info$reference) else as.numeric(value)
    v <- droplevels(v[is.finite(v$change) & !is.na(v$taken), ])
    v$periods <- factor(v$period)
    right <- c(if (nlevels(v$treatment) > 1) "treatment", if (crossover && nlevels(v$periods) > 1) "periods", "taken")
    m <- lm(as.formula(paste("change ~", paste(right, collapse = " + "))), data = v)
    at <- grep("^taken", names(coef(m)))
    term <- paste0(name, " on ", exposure, sub("^taken(?=.)", " ", sub("^taken$", "", names(coef(m))), perl = TRUE))
    cr2("exposure", m, v$subject, term, at)
  }
run$mmrm <- function() if (have("mmrm", "nlme")) for (name in names(quantities)) {
  one <- quantities[[name]]
  column <- if (name == plan$metabolite) "metabolite" else if (name == plan$biomarker) "measured" else name
  v <- every
  v$y <- as.numeric(v[[column]])
  if (name %in% plan$logged) v$y <- suppressWarnings(log(ifelse(v$y > 0, v$y, NA)))
  v$visit <- paste(v$subject, v$treatment, if (plan$replicate) v$period)
  base <- v[v$time_point == plan$baseline, ]
  v$base <- base$y[match(v$visit, base$visit)]
  v <- v[v$time_point %in% plan$later & is.finite(v$y) & is.finite(v$base), ]
  v$k <- match(v$time_point, plan$later)
  v$t <- factor(v$k)
  v$subject <- factor(v$subject)
  v$treatment <- factor(v$treatment, levels = treatments)
  once <- v[!duplicated(v$visit), ]
  mean_of <- tapply(once$base, once$subject, mean)
  v$own <- mean_of[as.character(v$subject)]
  v$within <- v$base - v$own
  v$own <- v$own - mean(v$own)
  v$base <- v$base - mean(v$base)
  v$periods <- factor(v$period)
  v <- v[order(v$visit, v$k), ]
  one_arm <- length(treatments) == 1
  beside <- if (crossover) cbind(v$within, v$own, sapply(levels(v$periods)[-1], function(p) 1 * (v$periods == p)))
            else cbind(v$base)
  X <- do.call(cbind, lapply(seq_along(plan$later), function(k) cbind(1, beside) * (v$k == k)))
  colnames(X) <- paste0("x", seq_len(ncol(X)))
  colnames(X)[1 + (seq_along(plan$later) - 1) * (1 + ncol(beside))] <- paste0("t", seq_along(plan$later))
  arms <- if (one_arm) NULL else sapply(treatments[-1], function(arm) 1 * (v$treatment == arm))
  for (place in seq_along(treatments)[-1]) for (k in seq_along(plan$later)) {
    X <- cbind(X, arms[, place - 1] * (v$k == k))
    colnames(X)[ncol(X)] <- paste0("effect", k, "_", place)
  }
  X <- X[, qr(X)$pivot[seq_len(qr(X)$rank)]]
  colnames(X) <- make.names(colnames(X), unique = TRUE)
  data <- cbind(v[c("y", "subject", "visit", "k", "t")], X)
  fixed <- as.formula(paste("y ~ 0 +", paste(colnames(X), collapse = " + ")))
  form <- if (crossover) ~ k | subject / visit else ~ k | subject
  single <- length(plan$later) == 1 # one time point has no covariance
  cor <- if (single) NULL else if (plan$ar1) nlme::corAR1(form = form) else nlme::corSymm(form = form)
  spread <- if (single || plan$ar1) NULL else nlme::varIdent(form = ~ 1 | t)
  control <- list(maxIter = 200, msMaxIter = 500, opt = "optim")
  m <- tryCatch(if (crossover) nlme::lme(fixed, random = ~ 1 | subject, correlation = cor, weights = spread, data = data,
                                         control = do.call(nlme::lmeControl, control))
                else nlme::gls(fixed, correlation = cor, weights = spread, data = data,
                               control = do.call(nlme::glsControl, control)), error = identity)
  if (inherits(m, "error")) { leave(paste("mmrm,", name), paste("nlme says", conditionMessage(m))); next }
  b <- if (crossover) nlme::fixef(m) else coef(m)
  se <- sqrt(diag(vcov(m)))
  at <- if (one_arm) paste0("t", seq_along(plan$later)) else names(b)[grepl("^effect", names(b))]
  label <- if (one_arm) paste(name, "at", plan$later) else {
    part <- do.call(rbind, strsplit(sub("effect", "", at), "_"))
    paste0(name, " at ", plan$later[as.numeric(part[, 1])], ": ", treatments[as.numeric(part[, 2])])
  }
  # nlme has no Kenward-Roger: the estimates are compared, its plain errors are shown, p is not compared
  keep("mmrm", label, b[at], se[at], within = 5e-3)
}
run$levels <- function() if (have("levels", "lmerTest", "pbkrtest")) {
  v <- d[is.finite(d$measured) & d$measured > 0, ]
  v$y <- log(v$measured)
  v$treatment <- factor(v$treatment, levels = treatments)
  v$later <- as.numeric(v$time_point == plan$follow_up)
  v$periods <- factor(v$period)
  v$sequence <- factor(v$sequence)
  v$visit <- paste(v$subject, v$treatment, if (plan$replicate) v$period)
  right <- c("treatment * later", if (nlevels(v$periods) > 1 && !anyNA(v$period)) "periods",
             if (crossover && nlevels(v$sequence) > 1) "sequence", "(1 | subject)",
             if (length(unique(v$visit)) > length(unique(v$subject))) "(1 | visit)")
  m <- lmer(as.formula(paste("y ~", paste(right, collapse = " + "))), data = v)
  arms <- paste0("treatment", treatments[-1], ":later")
  mixed("levels", m, ifelse(names(lme4::fixef(m)) %in% arms,
    paste(sub("^treatment(.*):later$", "\\1", names(lme4::fixef(m))), times, plan$follow_up), ""),
    match(arms, names(lme4::fixef(m))))
}
run$ranks <- function() for (arm in treatments) {
  v <- once(u)[once(u)$treatment == arm, ]
  keep_test("kendall", arm, "changes", suppressWarnings(cor.test(v$dM, v$dB, method = "kendall"))$p.value)
  keep_test("pearson", arm, "changes", cor.test(v$dM, v$dB)$p.value, cor(v$dM, v$dB))
  if (plan$replicate) next
  at <- w[w$treatment == arm & is.finite(w$level) & is.finite(w$level.after), ]
  keep_test("wilcoxon", arm, "biomarker level",
            suppressWarnings(wilcox.test(at$level.after, at$level, paired = TRUE))$p.value)
}
run$summaries <- function() if (have("summaries", "survival")) for (arm in treatments)
  for (point in c(plan$baseline, plan$follow_up)) {
    v <- d[d$treatment == arm & d$time_point == point & (is.finite(d$measured) | d$biomarker_censored == "left"), ]
    below <- v$biomarker_censored == "left"
    y <- ifelse(below, v$biomarker_limit, v$biomarker)
    m <- tryCatch(survival::survreg(survival::Surv(y, !below, type = "left") ~ 1, dist = "lognormal"),
                  error = function(e) NULL)
    if (!is.null(m) && sum(!below) > 1)
      keep_test("lognormal", paste0(arm, ": ", point), "mean", NA, exp(coef(m) + m$scale^2 / 2))
  }

# ---- missing values: data augmentation under a joint normal model, Rubin's rules
impute <- function(y, low, high, tables = plan$tables) {
  known <- is.finite(y)
  center <- colMeans(y, na.rm = TRUE)
  scale <- apply(y, 2, function(x) sqrt(mean((x - mean(x, na.rm = TRUE))^2, na.rm = TRUE)))
  std <- function(x) sweep(sweep(x, 2, center), 2, scale, "/")
  z <- std(y)
  low <- std(low)
  high <- std(high)
  z[!known] <- pmin(pmax(0, low[!known]), high[!known])
  n <- nrow(z)
  q <- ncol(z)
  out <- list()
  for (step in seq_len(200 + 20 * tables)) {
    S <- crossprod(sweep(z, 2, colMeans(z))) + 2 * diag(q)
    P <- rWishart(1, n + 1, solve(S))[, , 1]
    mu <- colMeans(z) + drop(backsolve(chol(P), rnorm(q))) / sqrt(n)
    for (k in which(colSums(!known) > 0)) {
      at <- !known[, k]
      mid <- mu[k] - sweep(z[at, -k, drop = FALSE], 2, mu[-k]) %*% P[-k, k] / P[k, k]
      s <- 1 / sqrt(P[k, k])
      a <- pmax(pnorm((low[at, k] - mid) / s), 1e-12)
      b <- pmin(pnorm((high[at, k] - mid) / s), 1 - 1e-12)
      z[at, k] <- pmin(pmax(mid + s * qnorm(runif(sum(at), a, pmax(a, b))), low[at, k]), high[at, k])
    }
    if (step > 200 && (step - 200) %% 20 == 0) out[[length(out) + 1]] <- sweep(sweep(z, 2, scale, "*"), 2, center, "+")
  }
  out
}
pool <- function(b, se, df) {
  m <- length(b)
  total <- mean(se^2) + (1 + 1 / m) * var(b)
  lost <- (1 + 1 / m) * var(b) / total
  full <- mean(df)
  df <- 1 / (lost^2 / (m - 1) + 1 / ((full + 1) / (full + 3) * full * (1 - lost)))
  c(mean(b), sqrt(total), 2 * pt(-abs(mean(b)) / sqrt(total), df))
}
completed <- function() { # tables of log levels before and after, rows as in w; NA where a participant has nothing
  set.seed(1)
  beyond <- function(end, side, none) {
    limit <- suppressWarnings(log(w[[paste0("biomarker_limit", end)]]))
    ifelse(w[[paste0("biomarker_censored", end)]] == side & is.finite(limit), limit, none)
  }
  both <- function(name) cbind(w[[name]], w[[paste0(name, ".after")]])
  own <- cbind(if (nzchar(plan$metabolite)) log(both("metabolite")), if (nzchar(plan$biomarker)) log(both("measured")))
  far <- cbind(if (nzchar(plan$metabolite)) matrix(Inf, nrow(w), 2))
  low <- cbind(-far, if (nzchar(plan$biomarker)) sapply(c("", ".after"), beyond, "right", -Inf))
  high <- cbind(far, if (nzchar(plan$biomarker)) sapply(c("", ".after"), beyond, "left", Inf))
  beside <- do.call(cbind, lapply(names(plan$outcomes), function(name)
    if (plan$outcomes[[name]] == "log_ratio") suppressWarnings(log(both(name))) else both(name)))
  if (!is.null(beside)) {
    known <- sapply(seq_len(ncol(beside)), function(k) min(tapply(is.finite(beside[, k]), w$treatment, mean)))
    beside <- beside[, known >= 0.5, drop = FALSE]
    own <- cbind(own, beside)
    low <- cbind(low, matrix(-Inf, nrow(w), ncol(beside)))
    high <- cbind(high, matrix(Inf, nrow(w), ncol(beside)))
  }
  filled <- rep(list(matrix(NA_real_, nrow(w), ncol(own))), plan$tables)
  for (arms in if (crossover) list(treatments) else as.list(treatments)) {
    people <- unique(as.character(w$subject[w$treatment %in% arms]))
    place <- sapply(arms, function(arm) match(paste(people, arm), paste(w$subject, w$treatment)))
    place <- matrix(place, length(people))
    wide <- function(x, none) do.call(cbind, lapply(seq_along(arms), function(k) {
      y <- x[place[, k], , drop = FALSE]
      y[is.na(place[, k]), ] <- none
      y }))
    y <- wide(own, NA)
    a <- wide(low, -Inf)
    b <- wide(high, Inf)
    drawn <- impute(y, a, b)
    for (m in seq_along(drawn)) for (k in seq_along(arms)) {
      rows <- place[, k]
      filled[[m]][rows[!is.na(rows)], ] <- drawn[[m]][!is.na(rows), (k - 1) * ncol(own) + seq_len(ncol(own))]
    }
  }
  filled
}
imputed <- function(model, interaction) if (have(model, "clubSandwich", if (crossover) c("lmerTest", "pbkrtest"))) {
  tables <- completed()
  names <- c(if (nzchar(plan$metabolite)) plan$metabolite, if (nzchar(plan$biomarker)) plan$biomarker)
  results <- lapply(tables, function(y) {
    out <- list()
    for (place in seq_along(names)) {
      v <- w
      v$a <- y[, 2 * place - 1]
      v$b <- y[, 2 * place]
      v <- droplevels(v[is.finite(v$a) & is.finite(v$b), ])
      if (length(treatments) == 1) {
        t <- t.test(v$b - v$a)
        out[[paste0(names[place], ": mean change")]] <- c(t$estimate, t$stderr, t$parameter)
        next
      }
      v$own <- ave(v$a, v$subject)
      v$within <- v$a - v$own
      v$periods <- factor(v$period)
      fit <- effect_model(list(kind = "difference"), v)
      for (arm in treatments[-1])
        out[[paste0(names[place], ": ", arm)]] <- contrast(fit, c(0, as.numeric(treatments[-1] == arm)))[1:3]
    }
    if (interaction && length(names) == 2 && length(treatments) > 1) {
      v <- w
      v$dM <- y[, 2] - y[, 1]
      v$dB <- y[, 4] - y[, 3]
      v <- complete(v)
      k <- clubSandwich::coef_test(main(v), vcov = "CR2", cluster = v$subject)
      for (arm in treatments[-1]) {
        at <- match(paste0("dM:treatment", arm), names(coef(main(v))))
        out[[paste(x_name, times, arm)]] <- c(k$beta[at], k$SE[at], k$df_Satt[at])
      }
    }
    out
  })
  for (term in names(results[[1]])) {
    k <- sapply(results, `[[`, term)
    pooled <- pool(k[1, ], k[2, ], k[3, ])
    keep(model, term, pooled[1], pooled[2], within = 0.6)
  }
}
run$tipping_point <- function() imputed("tipping_point", FALSE)
run$imputation <- function() imputed("imputation", TRUE)

# ---- run what was declared, compare
for (name in plan$run) run[[name]]()
ours_all <- read.delim("estimates.tsv", na.strings = "n/a", check.names = FALSE, encoding = "UTF-8", quote = "")
both <- merge(found, ours_all, by = c("model", "term"), suffixes = c(".r", ".pharmrs"))
both <- both[is.finite(both$estimate.r), ]
unit <- ifelse(is.finite(both$se.r), both$se.r, ifelse(is.finite(both$se.pharmrs), both$se.pharmrs, abs(both$estimate.r)))
both$apart <- abs(both$estimate.r - both$estimate.pharmrs) / unit
ends <- cbind(abs(both$ci_low.r - both$ci_low.pharmrs), abs(both$ci_high.r - both$ci_high.pharmrs)) / unit
ends <- suppressWarnings(apply(ends, 1, max, na.rm = TRUE))
print(both[, c("model", "term", "estimate.r", "estimate.pharmrs", "p.r", "p.pharmrs", "apart")], digits = 8)
cat(nrow(both), "estimates compared, largest difference", format(max(0, both$apart)), "of a standard error\n")
far <- both$apart > both$within | pmax(ends, 0) > both$within |
  (is.finite(both$p.r) & is.finite(both$p.pharmrs) & abs(both$p.r - both$p.pharmrs) > both$p_within)
ours_tests <- read.delim("tests.tsv", na.strings = "n/a", check.names = FALSE, encoding = "UTF-8", quote = "",
                         colClasses = c(group = "character", sample = "character", quantity = "character"))
for (k in seq_len(NROW(tests))) {
  one <- tests[k, ]
  at <- which(ours_tests$family == one$family & (one$group == "" | ours_tests$group %in% one$group) &
              (one$quantity == "" | ours_tests$quantity %in% one$quantity) &
              (one$sample == "" | ours_tests$sample %in% one$sample))[1]
  gap <- max(0, abs(one$p - ours_tests$p[at]), abs(one$estimate - ours_tests$estimate[at]) /
             max(1, abs(one$estimate)), na.rm = TRUE)
  tests$pharmrs[k] <- if (is.na(one$p)) ours_tests$estimate[at] else ours_tests$p[at]
  tests$far[k] <- is.na(at) || gap > one$within
}
if (NROW(tests)) print(tests[, c("family", "group", "quantity", "p", "estimate", "pharmrs", "far")], digits = 8)
cat(NROW(tests), "tests compared\n")
quiet <- setdiff(plan$expected, c(both$model, sub(":.*", "", left), sub(",.*", "", left), plan$by_tests))
for (one in unique(left)) cat("not repeated:", one, "\n")
if (length(quiet)) stop("nothing was compared of ", paste(quiet, collapse = ", "))
wrong <- c(paste(both$model, both$term)[far], paste(tests$family, tests$group)[tests$far])
if (nrow(both) + NROW(tests) == 0 || length(wrong)) stop("the numbers differ: ", paste(wrong, collapse = "; "))

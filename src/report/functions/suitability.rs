//! Look-ups in what each runtime is fit for.

use tera::{Kwargs, TeraResult, Value};

use super::sources::{
    LookupSources, describe_target, from_json, lookup_error, safe_value, value_map,
};
use crate::judge::suitability::{FitReason, RuntimeFit};
use crate::judge::workloads::{CostScale, Suitability, Workload};
use crate::model::{Fact, FactId, Role};
use crate::report::number;
use crate::text;

/// The three answers, in the order in which templates say them.
const SUITABILITIES: [Suitability; 3] = [Suitability::Fit, Suitability::Open, Suitability::Unfit];

impl LookupSources {
    /// All reasons of a fit in words, with links from the ratios to what they were computed from;
    /// measures of which the same is to be said stand together.
    fn reason_words(&self, fit: &RuntimeFit) -> String {
        let mut groups: Vec<(Vec<String>, String)> = Vec::new();
        for reason in &fit.reasons {
            let words = self.fill_reason(reason, &fit.target);
            let measure = self.parameter_value("measure", reason, &fit.target);
            let rest = words.strip_prefix(&measure).filter(|rest| rest.starts_with(": "));
            let (measure, rest) = rest.map_or((vec![], &*words), |rest| (vec![measure], rest));
            match groups.iter_mut().find(|(list, of)| !list.is_empty() && of == rest) {
                Some((measures, _)) => measures.extend(measure),
                None => groups.push((measure, rest.to_string())),
            }
        }
        let words = groups.iter().map(|(measures, rest)| measures.join(", ") + rest);
        words.collect::<Vec<_>>().join("; ")
    }

    /// The words of a reason with the values of its parameters.
    pub(super) fn fill_reason(&self, reason: &FitReason, target: &str) -> String {
        let words = &self.assessment.project_data.workloads.reasons[reason.kind.into_str()];
        text::fill_places(
            words,
            |piece| self.escape_piece(piece),
            |name| self.parameter_value(name, reason, target),
        )
    }

    /// A piece of a sentence, with the spaces at its ends.
    fn escape_piece(&self, piece: &str) -> String {
        let markup = self.renderer.escape_text(piece.trim());
        if markup.is_empty() {
            return if piece.is_empty() { String::new() } else { " ".into() };
        }
        let before = if piece.starts_with(' ') { " " } else { "" };
        let after = if piece.ends_with(' ') { " " } else { "" };
        format!("{before}{markup}{after}")
    }

    fn parameter_value(&self, name: &str, reason: &FitReason, target: &str) -> String {
        let cost = reason.cost.as_ref();
        let fact = cost.map(|cost| FactId::from_text(&cost.fact));
        let text = match name {
            "confidence" => {
                let verdict = self.assessment.judgement.find_verdict(target);
                verdict.map(|verdict| verdict.confidence.into_str().to_string())
            }
            "measure" => cost.map(|cost| cost.measure.clone()),
            "limit" => cost.map(|cost| number::format_ratio(cost.limit)),
            "rule" => cost.and_then(|cost| cost.rule.as_ref()).map(|rule| {
                let doc = self.assessment.project_data.rules.find_rule(rule);
                doc.map_or_else(|| rule.clone(), |doc| doc.title.clone())
            }),
            "ratio" => cost.and_then(|cost| cost.ratio).map(number::format_ratio),
            "interval" => cost.and_then(|cost| cost.interval).map(|interval| {
                let (low, high) = (interval.low, interval.high);
                format!("{} to {}", number::format_ratio(low), number::format_ratio(high))
            }),
            "why" => fact.and_then(|fact| self.missing_words(fact, target)),
            "baseline-why" => fact.and_then(|fact| self.missing_words(fact, "baseline")),
            _ => None,
        };
        let markup = self.escape_piece(&text.unwrap_or_default());
        let fact = fact.and_then(|fact| self.assessment.run.find_fact(fact, target));
        match fact.and_then(Fact::source).filter(|_| matches!(name, "ratio" | "interval")) {
            Some(source) => self.renderer.link_to_source(&self.assessment, &markup, source),
            None => markup,
        }
    }

    /// Why the run has no value, in brackets; nothing where it did not ask for one.
    fn missing_words(&self, fact: FactId, target: &str) -> Option<String> {
        let name = self.assessment.resolve_target(target).ok()??;
        match self.assessment.run.find_fact(fact, name)? {
            Fact::Missing(missing) => Some(format!(" ({})", missing.reason_words())),
            _ => None,
        }
    }

    fn escape_text(&self, text: &str) -> Value {
        safe_value(&self.renderer.escape_text(text))
    }

    fn workload_entries(&self, workload: &Workload) -> Vec<(&'static str, Value)> {
        let limits = workload.pays.iter().filter_map(|(id, limit)| {
            let measure = self.assessment.project_data.workloads.find_measure(id)?;
            Some(value_map([
                ("title", self.escape_text(&measure.title)),
                ("limit", number::format_ratio(*limit).into()),
                ("is_added", (measure.scale == CostScale::AddedMib).into()),
            ]))
        });
        vec![
            ("title", self.escape_text(&workload.title)),
            ("short", self.escape_text(&workload.short)),
            ("why", self.escape_text(&workload.why)),
            ("is_untrusted", workload.runs_untrusted_code.into()),
            ("pays", limits.collect::<Vec<_>>().into()),
        ]
    }
}

/// `boundaries()`: every target but the host, the strongest boundary first, as in `targets()`.
pub(super) fn look_up_boundaries(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let verdicts = sources.assessment.judgement.strongest_first().into_iter();
    let targets =
        verdicts.filter_map(|verdict| sources.assessment.run.find_target(&verdict.target));
    let list: Vec<_> = targets.map(|target| describe_target(sources, target)).collect();
    from_json(&list.into())
}

/// `workloads()`: every kind of work, with what it `pays`, and in `fit`, `open` and `unfit` the
/// runtimes that are, the strongest boundary first, each with `target`, `name`, `reason` and
/// `is_baseline`.
pub(super) fn look_up_workloads(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let assessment = &sources.assessment;
    let fits = assessment.fit_evidence().judge_workloads(&assessment.project_data.workloads);
    let mut list: Vec<Value> = Vec::new();
    for fit in &fits {
        let mut entries = sources.workload_entries(fit.workload);
        for suitability in SUITABILITIES {
            let runtimes = fit.runtimes.iter().filter(|fit| fit.suitability == suitability);
            let runtimes = runtimes.map(|fit| {
                value_map([
                    ("target", fit.target.as_str().into()),
                    ("name", sources.escape_text(&assessment.reader_name(&fit.target))),
                    ("reason", safe_value(&sources.reason_words(fit))),
                    (
                        "is_baseline",
                        (assessment.role_target(Role::Baseline) == Some(&*fit.target)).into(),
                    ),
                ])
            });
            entries.push((suitability.into_str(), runtimes.collect::<Vec<_>>().into()));
        }
        list.push(value_map(entries));
    }
    Ok(list.into())
}

/// `fitness(target=)`: what a runtime is fit for: in `fit` the workloads, in `open` and `unfit`
/// groups of `workloads` that have the same `reason`, and in `only_reason` why it is fit for none,
/// where that is the same for all.
pub(super) fn look_up_fitness(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target_argument(kwargs)?;
    let assessment = &sources.assessment;
    if assessment.judgement.find_verdict(target).is_none() {
        return Err(lookup_error(format!("there is no verdict on `{target}`")));
    }
    let fits = assessment.fit_evidence().judge_workloads(&assessment.project_data.workloads);
    let mut fit_for: Vec<Value> = Vec::new();
    let mut groups: Vec<(Suitability, String, Vec<Value>)> = Vec::new();
    for fit in &fits {
        let Some(runtime) = fit.runtimes.iter().find(|runtime| runtime.target == target) else {
            continue;
        };
        let workload = value_map(sources.workload_entries(fit.workload));
        if runtime.suitability == Suitability::Fit {
            fit_for.push(workload);
            continue;
        }
        let reason = sources.reason_words(runtime);
        let mut known = groups.iter_mut();
        match known.find(|group| group.0 == runtime.suitability && group.1 == reason) {
            Some((_, _, workloads)) => workloads.push(workload),
            None => groups.push((runtime.suitability, reason, vec![workload])),
        }
    }
    let (mut open, mut unfit) = (Vec::new(), Vec::new());
    for (suitability, reason, workloads) in &groups {
        let list = if *suitability == Suitability::Open { &mut open } else { &mut unfit };
        let workloads = workloads.clone().into();
        list.push(value_map([("reason", safe_value(reason)), ("workloads", workloads)]));
    }
    let only_reason = match &groups[..] {
        [(_, reason, _)] if fit_for.is_empty() => safe_value(reason),
        _ => Value::none(),
    };
    Ok(value_map([
        ("only_reason", only_reason),
        ("fit", fit_for.into()),
        ("open", open.into()),
        ("unfit", unfit.into()),
    ]))
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::model::MissingReason;
    use crate::report::functions::tests::html_of;

    /// Both with boot ids, Kata with its own, and starts around these times.
    fn session(kata: f64) -> Sketch {
        let around = |center: f64| -> Vec<f64> {
            (0..10).map(|i| center * (1.0 + 0.001 * f64::from(i))).collect()
        };
        sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "runc", "a")
            .fact("kernel.boot_id", "kata", "b")
            .fact("host.vmm", "kata", "qemu-system-x86_64")
            .fact("host.witness_process", "runc", true)
            .fact("host.witness_process", "kata", false)
            .series("startup.first_byte", "runc", &around(0.5))
            .series("startup.first_byte", "kata", &around(kata))
    }

    const OF_WORKLOADS: &str = "{% for w in workloads() %}{% if w.title is starting_with(pat=\"Functions that customers\") %}\
        {% for r in w.fit %}fit: {{ r.name }} ({{ r.reason }}). {% endfor %}\
        {% for r in w.open %}open: {{ r.name }} ({{ r.reason }}). {% endfor %}\
        {% for r in w.unfit %}unfit: {{ r.name }} ({{ r.reason }}). {% endfor %}{% endif %}{% endfor %}";

    #[test]
    fn a_workload_names_the_runtimes_that_fit_and_why_the_others_do_not() {
        assert_eq!(
            html_of(session(1.0), OF_WORKLOADS),
            "fit: Kata (own kernel, medium confidence; start-up time is affordable). \
             unfit: runc (it shares the host&#39;s kernel). "
        );
        assert_eq!(
            html_of(session(2.0), OF_WORKLOADS),
            "unfit: Kata (start-up time is too high compared with the baseline&#39;s). \
             unfit: runc (it shares the host&#39;s kernel). "
        );
    }

    #[test]
    fn a_runtime_lists_what_it_is_fit_for_and_groups_the_rest_by_reason() {
        let template = "{% for r in boundaries() %}{% set f = fitness(target=r.name) %}{{ r.title }}: \
            {{ f.fit | length }} fit{% for g in f.unfit %}; {{ g.workloads | length }} not, {{ g.reason }}{% endfor %}\
            {% for g in f.open %}; {{ g.workloads | length }} open, {{ g.reason }}{% endfor %}. {% endfor %}";
        let text = html_of(
            session(1.0).missing("http.latency", "kata", MissingReason::NotAsked),
            template,
        );
        assert!(text.starts_with("Kata: "), "the strongest boundary first: {text}");
        assert!(text.contains("runc: 3 fit; 4 not, it shares the host&#39;s kernel."), "{text}");
        assert!(text.contains("HTTP latency was not measured (as the test says)"), "{text}");
    }
}

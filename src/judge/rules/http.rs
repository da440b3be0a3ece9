//! Rules about the web application: its health and its latency.

use super::{Case, Hit};

const HEALTH: &str = "app.health_status";
const PROXIED: &str = "app.health_proxied";
const LATENCY: &str = "http.latency";
const SUMMARY: &str = "http.latency_reported";

/// Below this median no HTTP application was seen to answer: in 51 submissions of the lab with a
/// status of 200 all medians were at least 0.98 ms, those of refused and proxied requests
/// between 0.13 and 0.33 ms.
const FASTEST_APPLICATION: f64 = 0.0005;

fn is_ok(status: i64) -> bool {
    (200..300).contains(&status)
}

/// The application did not answer, or answered with an error.
pub fn health_not_ok(case: &Case) -> Vec<Hit> {
    let unwell = |target: &&str| case.number(HEALTH, target).is_some_and(|status| !is_ok(status));
    let hit = |target: &str| {
        let status = case.number(HEALTH, target).unwrap_or_default();
        Hit::on(target).with("status", status).resting_on(case, HEALTH, target)
    };
    case.runtimes().filter(unwell).map(hit).collect()
}

/// The application is well, and asked through the environment's proxy something else answers.
pub fn proxy_answers(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(status) = case.number(HEALTH, target).filter(|&status| is_ok(status)) else {
            continue;
        };
        let Some(proxied) = case.number(PROXIED, target).filter(|&other| !is_ok(other)) else {
            continue;
        };
        hits.push(
            Hit::on(target)
                .with("status", status)
                .with("proxied", proxied)
                .resting_on(case, PROXIED, target)
                .resting_on(case, HEALTH, target),
        );
    }
    hits
}

/// Latency of a service whose health check failed.
pub fn latency_on_error_status(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(status) = case.number(HEALTH, target).filter(|&status| !is_ok(status)) else {
            continue;
        };
        let Some(samples) = case.series(LATENCY, target) else { continue };
        hits.push(
            Hit::on(target)
                .with("n", samples.values.len())
                .with("status", status)
                .resting_on(case, LATENCY, target)
                .resting_on(case, HEALTH, target),
        );
    }
    hits
}

/// Latency that is too short for an application that answers over HTTP. Where the status of every
/// response was recorded there is nothing to suspect: a trivial server is as fast as that.
pub fn latency_below_application(case: &Case) -> Vec<Hit> {
    const STATUSES: &str = "http.statuses";
    let mut hits = Vec::new();
    for target in case.runtimes() {
        if case.run.fact(STATUSES, target).is_some_and(crate::model::Fact::is_present) {
            continue;
        }
        let Some(samples) = case.series(LATENCY, target) else { continue };
        let Some(median) = crate::stats::median(&samples.values) else { continue };
        if median < FASTEST_APPLICATION {
            hits.push(
                Hit::on(target)
                    .with("median_ms", crate::stats::significant(median * 1000.0, 3))
                    .with("limit_ms", FASTEST_APPLICATION * 1000.0)
                    .resting_on(case, LATENCY, target),
            );
        }
    }
    hits
}

/// A summary that its own samples do not give.
///
/// The lab's summary has four decimals and may use a decimal comma, so half a unit of the last
/// place is no contradiction.
pub fn latency_summary_contradicts(case: &Case) -> Vec<Hit> {
    let mut hits = Vec::new();
    for target in case.runtimes() {
        let Some(samples) = case.series(LATENCY, target) else { continue };
        let Some(summary) = case.run.fact(SUMMARY, target).and_then(|fact| fact.as_value()) else {
            continue;
        };
        let Some(computed) = crate::stats::summary(&samples.values) else { continue };
        let own = [("avg", computed.mean), ("min", computed.min), ("max", computed.max)];
        for (name, value) in own {
            let Some(stated) = summary.get(name).and_then(serde_json::Value::as_f64) else {
                continue;
            };
            // Half a unit of the fourth decimal, and some room for binary fractions.
            if (stated - value).abs() > 0.000_050_1 {
                hits.push(
                    Hit::on(target)
                        .with("figure", name)
                        .with("stated", stated)
                        .with("computed", crate::stats::significant(value, 4))
                        .resting_on(case, SUMMARY, target)
                        .resting_on(case, LATENCY, target),
                );
                break;
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;

    #[test]
    fn an_error_status_is_found_and_a_success_is_not() {
        let messages = sketch().fact("app.health_status", "runc", 503).messages("health-not-ok");
        assert_eq!(messages, ["The application under runc answered HTTP 503, not 200."]);
        assert!(sketch().fact("app.health_status", "runc", 200).hits("health-not-ok").is_empty());
    }

    #[test]
    fn no_response_is_not_called_a_status() {
        let messages = sketch().fact("app.health_status", "runc", 0).messages("health-not-ok");
        assert_eq!(messages, ["The application under runc gave no HTTP response."]);
    }

    #[test]
    fn a_proxy_that_answers_in_place_of_the_application_is_found() {
        let rule = "proxy-answers-for-localhost";
        let sketch = |direct: i64, proxied: i64| {
            sketch().fact("app.health_status", "runc", direct).fact(
                "app.health_proxied",
                "runc",
                proxied,
            )
        };
        let messages = sketch(200, 503).messages(rule);
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("got 503: that is the proxy's answer"), "{messages:?}");
        assert!(sketch(200, 0).messages(rule)[0].contains("no response"));
        // One that passes the request on does no harm; an application that is not well says
        // nothing about a proxy.
        assert!(sketch(200, 200).hits(rule).is_empty());
        assert!(sketch(503, 503).hits(rule).is_empty());
        assert!(
            super::super::testing::sketch()
                .fact("app.health_status", "runc", 200)
                .hits(rule)
                .is_empty()
        );
    }

    #[test]
    fn latency_of_an_error_page_is_found() {
        let base = || sketch().series("http.latency", "runc", &[0.0001; 50]);
        let messages =
            base().fact("app.health_status", "runc", 503).messages("latency-on-error-status");
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("50") && messages[0].contains("503"), "{messages:?}");
        assert!(
            base()
                .fact("app.health_status", "runc", 200)
                .hits("latency-on-error-status")
                .is_empty()
        );
    }

    #[test]
    fn a_tenth_of_a_millisecond_is_no_application() {
        let rule = "latency-below-application";
        assert_eq!(sketch().series("http.latency", "runc", &[0.00013; 50]).hits(rule).len(), 1);
        assert!(sketch().series("http.latency", "runc", &[0.0042; 50]).hits(rule).is_empty());
        let counted = sketch().series("http.latency", "runc", &[0.00043; 50]).fact(
            "http.statuses",
            "runc",
            serde_json::json!({"200": 50}),
        );
        assert!(counted.hits(rule).is_empty());
    }

    #[test]
    fn a_rounded_summary_agrees_and_a_wrong_one_does_not() {
        let rule = "latency-summary-contradicts";
        let base = || sketch().series("http.latency", "runc", &[0.000_12, 0.000_14, 0.000_46]);
        let summary =
            |avg: f64| serde_json::json!({"avg": avg, "min": 0.0001, "max": 0.0005, "n": 3});
        assert!(
            base().fact("http.latency_reported", "runc", summary(0.0002)).hits(rule).is_empty()
        );
        assert_eq!(base().fact("http.latency_reported", "runc", summary(1.5)).hits(rule).len(), 1);
    }
}

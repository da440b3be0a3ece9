//! Look-ups in how fast a file is written.

use serde_json::Value as Json;
use tera::{Kwargs, TeraResult, Value};

use super::sources::{LookupSources, lookup_error, value_map};
use crate::model::{Fact, FactId, SampleUnit, fact_ids};
use crate::report::number;
use crate::stats;

const WRITE: FactId = fact_ids::PERF_IO_WRITE;

/// `written(target=)`: the `size` of the file that was written, the `time` that it took, of several
/// writes the median, and the `rate`, with links; the rate alone where nothing else is stated, and
/// none where nothing is.
pub(super) fn look_up_written(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target: &str = kwargs.must_get("target")?;
    let assessment = &sources.assessment;
    let write = assessment.find_fact(WRITE, target).map_err(lookup_error)?;
    let size = assessment.find_fact(fact_ids::PERF_IO_SIZE, target).map_err(lookup_error)?;
    let (bytes, seconds) = match write.fact.as_ref() {
        Fact::Series(samples) => {
            let mebibytes = size.fact.as_value().and_then(Json::as_f64);
            (mebibytes.map(|size| size * 1_048_576.0), stats::median(&samples.values))
        }
        Fact::Value { value, .. } => {
            (value.get("bytes").and_then(Json::as_f64), value.get("seconds").and_then(Json::as_f64))
        }
        Fact::Missing(_) => (None, None),
    };
    let (Some(bytes), Some(seconds), Some(source)) = (bytes, seconds, write.fact.source()) else {
        let stated =
            assessment.find_fact(fact_ids::PERF_IO_WRITE_RATE, target).map_err(lookup_error)?;
        let (Some(rate), Some(source)) = (stated.fact.as_str(), stated.fact.source()) else {
            return Ok(Value::none());
        };
        return Ok(value_map([("rate", sources.link_words(rate, source))]));
    };
    if seconds <= 0.0 {
        return Ok(Value::none());
    }
    let rate = format!("{}/s", number::format_measured(bytes / seconds, SampleUnit::Bytes));
    let time = number::format_measured(seconds, SampleUnit::Seconds);
    let bytes = number::format_measured(bytes, SampleUnit::Bytes);
    let size_source = size.fact.source().unwrap_or(source);
    Ok(value_map([
        ("size", sources.link_words(&bytes, size_source)),
        ("time", sources.link_words(&time, source)),
        ("rate", sources.link_words(&rate, source)),
    ]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::judge::rules::testing::sketch;
    use crate::report::functions::tests::html_of;

    const WRITTEN: &str = "{% set w = written(target=\"kata\") %}\
        {% if w %}{{ w.size }} in {{ w.time }}, {{ w.rate }}{% else %}nothing{% endif %}";

    #[test]
    fn a_write_has_a_size_a_time_and_a_throughput() {
        let collected = || sketch().series("perf.io_write", "kata", &[0.5, 0.4, 0.6]);
        assert_eq!(html_of(collected(), WRITTEN), "nothing", "without its size");
        assert_eq!(
            html_of(collected().fact("perf.io_size", "kata", 64), WRITTEN),
            "64 MiB in 500 ms, 128 MiB/s"
        );
        let dd = json!({ "bytes": 104_857_600, "seconds": 2.0 });
        let imported = sketch().fact("perf.io_write", "kata", dd);
        assert_eq!(html_of(imported, WRITTEN), "100 MiB in 2 s, 50 MiB/s");
        let instant = json!({ "bytes": 104_857_600, "seconds": 0.0 });
        assert_eq!(html_of(sketch().fact("perf.io_write", "kata", instant), WRITTEN), "nothing");
        assert_eq!(html_of(sketch(), WRITTEN), "nothing");
        let stated = sketch().fact("perf.io_write_rate", "kata", "8.8 GB/s");
        assert_eq!(
            html_of(
                stated,
                "{% set w = written(target=\"kata\") %}{{ w.size | default(value=\"–\") }} {{ w.rate }}"
            ),
            "– 8.8 GB/s"
        );
    }
}

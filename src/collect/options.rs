//! What is collected, and how often it is measured.

use std::time::Duration;

use crate::engine::EngineKind;
use crate::engine::runtime_spec::RuntimeArgument;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MeasureCounts {
    /// Starts of each target.
    pub samples: u32,
    /// Turns of what takes time inside of a target.
    pub speed_rounds: u32,
    /// Requests to the application in a series.
    pub requests: u32,
}

/// Where nothing else is asked for: the fewest turns whose median has an interval.
pub(crate) const USUAL: MeasureCounts =
    MeasureCounts { samples: 10, speed_rounds: 6, requests: 50 };

pub(crate) const THOROUGH: MeasureCounts =
    MeasureCounts { samples: 30, speed_rounds: 12, requests: 200 };

#[derive(Debug, Clone)]
pub(crate) struct CollectOptions {
    /// The engine; by default the first that can be used.
    pub engine: Option<EngineKind>,
    /// The runtimes; by default the engine's own and every sandboxed one it has.
    pub runtimes: Vec<RuntimeArgument>,
    /// The name of the runtime that the others are compared with.
    pub baseline: Option<String>,
    pub image: String,
    /// The edition of a pack that the run is for, if any.
    pub edition: Option<String>,
    /// A name for the run.
    pub label: Option<String>,
    /// How long one container may take.
    pub timeout: Duration,
    pub rounds: RoundCounts,
    /// How speed inside the containers is measured; none if it is left out.
    pub perf: Option<PerfOptions>,
    /// Whether a container may write one line to the host's kernel log as a witness.
    pub kernel_log_witness: bool,
    /// The web application; none if it is left out.
    pub app: Option<AppRequest>,
    /// Whether a privileged container may be started, and a file of ours be shared with one.
    pub allow_privileged: bool,
    /// Whether only what verdicts rest on is captured.
    pub is_quick: bool,
    /// How long the session may take; what is left after the planned rounds goes to where intervals
    /// are widest. None for the planned rounds alone.
    pub budget: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoundCounts {
    /// Starts of each target that are thrown away.
    pub warmup: u32,
    /// Starts of each target that are kept.
    pub samples: u32,
    /// The time after which no further start is begun; none for as long as it takes.
    pub max_time: Option<Duration>,
}

impl RoundCounts {
    pub(super) fn total_rounds(self) -> u32 {
        self.warmup + self.samples
    }

    /// Why no start is timed, if none is.
    pub(super) fn unsupported_reason(self, engine: EngineKind) -> Option<String> {
        if engine == EngineKind::Builtin {
            return Some("the engine builtin has no client whose starts could be timed".into());
        }
        (self.samples == 0).then(|| "left out with --samples 0".into())
    }
}

/// The size of the file if nobody names one, in MiB: writing it takes some tenths of a second, and
/// the whole session as long as people wait.
const FILE: u64 = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerfOptions {
    /// How often each measure is taken under each target.
    pub rounds: u32,
    /// The size of the file that is written and read, in MiB; 256 without a wish.
    pub io_size: Option<u64>,
    /// The time after which no further round is begun; none for as long as it takes.
    pub max_time: Option<Duration>,
}

impl PerfOptions {
    /// The size of the file in MiB, if there is room for it.
    pub(super) fn file_size(self) -> u64 {
        self.io_size.unwrap_or(FILE)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RequestLoad {
    /// How many are measured in a series.
    pub requests: u32,
    /// How many are due in a second, whether those before have been answered or not; without a
    /// rate each begins when the one before has ended.
    pub rate: Option<f64>,
}

impl RequestLoad {
    /// How requests are made, for the record of a series.
    pub(super) fn describe_load(self) -> String {
        match self.rate {
            None => "closed: a request begins when the one before has ended".into(),
            Some(rate) => format!(
                "open: {rate} requests a second are due; first_byte_s and total_s count from the \
                 moment at which a request was due"
            ),
        }
    }

    /// When a request is due, from the beginning of the series.
    pub(super) fn due_time(self, place: u32) -> Option<Duration> {
        self.rate.map(|rate| Duration::from_secs_f64(f64::from(place) / rate))
    }
}

/// The application that is looked for where none is named.
pub(crate) const DEFAULT_APP: &str = "bkimminich/juice-shop:v19.0.0";

/// The application that is wished for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AppRequest {
    /// The image; without a wish the default one, if it is there.
    pub image: Option<String>,
    /// The port on which the application listens in its container.
    pub port: u16,
    pub host_port: u16,
    /// The command in place of the image's own.
    pub command: Vec<String>,
    /// How its latency is measured.
    pub load: RequestLoad,
}

impl AppRequest {
    /// The image that will be started.
    pub(crate) fn image_name(&self) -> &str {
        self.image.as_deref().unwrap_or(DEFAULT_APP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_start_is_timed_without_samples_or_without_an_engine() {
        let reason = |samples, engine| {
            RoundCounts { warmup: 1, samples, max_time: None }.unsupported_reason(engine)
        };
        assert!(reason(0, EngineKind::Docker).unwrap().contains("--samples 0"));
        assert!(reason(10, EngineKind::Builtin).unwrap().contains("builtin"));
        assert_eq!(reason(1, EngineKind::Ctr), None);
    }
}

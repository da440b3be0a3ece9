//! Latency of the application: series of requests, over new connections and over one that stays
//! open, and the floor beneath them, a trivial server in this process.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::command_capture::show_seconds;
use super::host_side;
use super::http::{self, BodyEnd, HttpClient, HttpLimits, HttpResponse};
use super::options::RequestLoad;
use super::session::CollectSession;
use super::work_part::WorkPart;
use crate::model::{Capture, CaptureStatus, Target, fact_ids};

/// Requests that are thrown away before those that are measured.
const WARMUP: u32 = 5;

/// Requests without an answer in a row after which a series is given up.
const MAX_CONSECUTIVE_FAILURES: usize = 5;

/// From here on a due request is waited for without sleeping: a sleeper wakes late.
const SPIN: Duration = Duration::from_millis(1);

/// How long a wish to stop can go unnoticed between two requests.
const SLICE: Duration = Duration::from_millis(50);

const COLUMNS: &str =
    "columns outcome place status due_s begun_s connect_s first_byte_s total_s bytes";

#[derive(Debug, Clone, PartialEq)]
struct LatencySample {
    /// When it was due and when it was begun, from the beginning of the series.
    due: Duration,
    begun: Duration,
    answer: Result<HttpResponse, String>,
}

#[derive(Clone, Copy)]
struct SeriesRequest {
    port: u16,
    load: RequestLoad,
    /// The status of an answer that counts.
    status: u16,
    /// Whether one connection serves all requests.
    kept: bool,
}

impl SeriesRequest {
    fn send_to_app(
        self,
        client: &mut HttpClient,
        session: &CollectSession,
    ) -> Result<HttpResponse, String> {
        match self.kept {
            true => client.get_reusing_connection("/"),
            false => http::get_once(self.port, "/", HttpLimits::default(), session.cancel),
        }
    }
}

/// The series of a target, with the floor measured next to them.
pub(super) fn capture_latency_series(
    session: &CollectSession,
    spec: &Target,
    (port, health): (u16, u16),
    load: RequestLoad,
    floor: &mut LoopbackBaseline,
) -> Vec<Capture> {
    session.begin_step(WorkPart::Application, &spec.name, "latency of the application");
    let options = SeriesRequest { port, load, status: health, kept: false };
    let fresh = capture_latency(session, spec, "http.new", options);
    floor.measure_loopback(session, spec, load);
    let kept = capture_latency(session, spec, "http.kept", SeriesRequest { kept: true, ..options });
    fresh.into_iter().chain(kept).collect()
}

/// None if the user stopped it before the first sample.
fn capture_latency(
    session: &CollectSession,
    spec: &Target,
    id: &str,
    options: SeriesRequest,
) -> Option<Capture> {
    let (started, samples, ended) = measure_latency(session, options);
    if samples.is_empty() {
        return None;
    }
    let text = latency_record(options, &samples, ended);
    let how = "requests by isoproof itself to the published port, past any proxy";
    let capture = host_side::capture_since(Some(started), &spec.name, id, how, &text);
    let only_closed = options.kept && !text.lines().any(|line| line.starts_with("ok "));
    Some(match only_closed && samples.iter().any(|sample| sample.answer.is_ok()) {
        true => capture.failed_with(
            CaptureStatus::Error,
            "the application closes the connection after each response",
        ),
        false => capture,
    })
}

/// When the first sample began, the samples, and why there are fewer than wanted if there are.
fn measure_latency(
    session: &CollectSession,
    options: SeriesRequest,
) -> (DateTime<Utc>, Vec<LatencySample>, Option<&'static str>) {
    let mut client = HttpClient::new(options.port, HttpLimits::default(), session.cancel);
    for _ in 0..WARMUP {
        let _ = options.send_to_app(&mut client, session);
    }
    let mut samples: Vec<LatencySample> = Vec::new();
    let (started, clock) = (Utc::now(), Instant::now());
    for place in 0..options.load.requests {
        let due = options.load.due_time(place);
        if let Some(due) = due {
            wait_until_due(clock + due, session);
        }
        let begun = clock.elapsed();
        let answer = options.send_to_app(&mut client, session);
        if session.is_cancelled() {
            return (started, samples, Some("stopped by the user"));
        }
        samples.push(LatencySample { due: due.unwrap_or(begun), begun, answer });
        let last = samples.iter().rev().take(MAX_CONSECUTIVE_FAILURES);
        if last.filter(|sample| sample.answer.is_err()).count() == MAX_CONSECUTIVE_FAILURES {
            return (started, samples, Some("several requests in a row had no answer"));
        }
    }
    (started, samples, None)
}

fn wait_until_due(due: Instant, session: &CollectSession) {
    while !session.is_cancelled() {
        let left = due.saturating_duration_since(Instant::now());
        match left.checked_sub(SPIN) {
            _ if left.is_zero() => return,
            Some(rest) => std::thread::sleep(rest.min(SLICE)),
            None => std::hint::spin_loop(),
        }
    }
}

fn latency_record(
    options: SeriesRequest,
    samples: &[LatencySample],
    ended: Option<&str>,
) -> String {
    let connection = match options.kept {
        true => "one for all requests, as long as the server leaves it open",
        false => "a new one for each request, which connect_s is a part of",
    };
    let mut text = format!(
        "request GET / HTTP/1.1 to 127.0.0.1:{}\nconnection {connection}\nmodel {}\n\
         warmup {WARMUP} requests discarded\nexpected status {}\nrequests {} of {}\n",
        options.port,
        options.load.describe_load(),
        options.status,
        samples.len(),
        options.load.requests
    );
    if let Some(reason) = ended {
        let _ = writeln!(text, "ended early: {reason}");
    }
    text.push_str(COLUMNS);
    text.push('\n');
    for (place, sample) in (1..).zip(samples) {
        let _ = writeln!(text, "{}", latency_record_line(options, place, sample));
    }
    text
}

/// A sample is a whole answer with the status of the health check, on the kind of connection that
/// the series is about.
fn latency_record_line(options: SeriesRequest, place: u32, sample: &LatencySample) -> String {
    let (due, begun) = (show_seconds(sample.due), show_seconds(sample.begun));
    let response = match &sample.answer {
        Err(words) => return format!("failed {place} - {due} {begun} - - - -: {words}"),
        Ok(response) => response,
    };
    // Late requests waited for those before them: with a rate that is part of the latency.
    let late = sample.begun.saturating_sub(sample.due);
    let failure = match response.end {
        _ if response.status != options.status => Some("another status than the health check had"),
        BodyEnd::Cut => Some("the response was cut off"),
        BodyEnd::Capped => Some("the response was not read to its end"),
        BodyEnd::Whole => None,
    };
    let outcome = match failure {
        Some(_) => "failed",
        None if options.kept && response.connect.is_some() => "connected",
        None => "ok",
    };
    let figures = [
        response.connect.map_or_else(|| "-".into(), show_seconds),
        show_seconds(late + response.first_byte),
        show_seconds(late + response.duration),
        response.body.to_string(),
    ];
    let words = failure.map(|words| format!(": {words}")).unwrap_or_default();
    format!("{outcome} {place} {} {due} {begun} {}{words}", response.status, figures.join(" "))
}

/// What a request costs without an application: a server in this process that answers at once,
/// asked next to each series.
#[derive(Debug, Default)]
pub(super) struct LoopbackBaseline {
    started: Option<DateTime<Utc>>,
    text: String,
}

impl LoopbackBaseline {
    fn measure_loopback(&mut self, session: &CollectSession, spec: &Target, load: RequestLoad) {
        let Ok(server) = TrivialServer::start_server() else { return };
        let load = RequestLoad { rate: None, ..load };
        let options = SeriesRequest { port: server.port, load, status: 200, kept: false };
        let (started, samples, ended) = measure_latency(session, options);
        self.started.get_or_insert(started);
        let _ = writeln!(self.text, "beside the series of {}:", spec.name);
        self.text.push_str(&latency_record(options, &samples, ended));
    }

    /// The floor as a fact of the host; none if nothing was measured.
    pub(super) fn capture_loopback(&self) -> Option<Capture> {
        let how = "requests by isoproof to a trivial server in its own process, over loopback";
        let capture =
            host_side::capture_since(self.started, "host", &fact_ids::HTTP_FLOOR, how, &self.text);
        (!self.text.is_empty()).then_some(capture)
    }
}

/// A server that answers every request with two bytes, one connection at a time.
struct TrivialServer {
    port: u16,
    is_over: Arc<AtomicBool>,
}

impl TrivialServer {
    fn start_server() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = is_over.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::Relaxed) {
                    break;
                }
                // A client that went away is no matter of the server's.
                let _ = stream.and_then(serve_connection);
            }
        });
        Ok(Self { port, is_over })
    }
}

fn serve_connection(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") && request.len() < 16 * 1024 {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
}

impl Drop for TrivialServer {
    /// The server waits for a connection: one wakes it, so that it sees that it is over.
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::parse::parse_output;
    use serde_json::json;

    fn answer(status: u16, end: BodyEnd, connect: Option<u64>) -> Result<HttpResponse, String> {
        Ok(HttpResponse {
            status,
            head: Vec::new(),
            body: 16,
            end,
            connect: connect.map(Duration::from_millis),
            first_byte: Duration::from_millis(2),
            duration: Duration::from_millis(3),
        })
    }

    fn sample(answer: Result<HttpResponse, String>) -> LatencySample {
        let (due, begun) = (Duration::from_millis(10), Duration::from_millis(10));
        LatencySample { due, begun, answer }
    }

    fn options(kept: bool) -> SeriesRequest {
        let load = RequestLoad { requests: 50, rate: None };
        SeriesRequest { port: 3012, load, status: 200, kept }
    }

    fn read(parser: &str, text: &str) -> serde_json::Value {
        parse_output(parser, text).unwrap().unwrap()
    }

    #[test]
    fn only_whole_answers_with_the_status_of_the_health_check_are_samples() {
        let samples = [
            sample(answer(200, BodyEnd::Whole, Some(1))),
            sample(answer(503, BodyEnd::Whole, Some(1))),
            sample(answer(200, BodyEnd::Cut, Some(1))),
            sample(Err("no answer in time".into())),
            sample(answer(200, BodyEnd::Whole, Some(1))),
        ];
        let text = latency_record(options(false), &samples, None);
        assert_eq!(read("column_total", &text), json!([0.003, 0.003]));
        assert_eq!(read("column_first_byte", &text), json!([0.002, 0.002]));
        assert_eq!(read("column_connect", &text), json!([0.001, 0.001]));
        assert_eq!(read("column_statuses", &text), json!({"0": 1, "200": 3, "503": 1}));
        assert!(text.contains("requests 5 of 50\n"), "{text}");
    }

    #[test]
    fn a_request_that_had_to_connect_is_no_sample_of_a_kept_connection() {
        let samples = [
            sample(answer(200, BodyEnd::Whole, Some(1))),
            sample(answer(200, BodyEnd::Whole, None)),
        ];
        let text = latency_record(options(true), &samples, None);
        assert_eq!(read("column_total", &text), json!([0.003]));
    }

    #[test]
    fn with_a_rate_waiting_for_an_earlier_request_is_part_of_the_latency() {
        let load = RequestLoad { requests: 1, rate: Some(100.0) };
        let late = LatencySample {
            begun: Duration::from_millis(50),
            ..sample(answer(200, BodyEnd::Whole, Some(1)))
        };
        let text = latency_record(SeriesRequest { load, ..options(false) }, &[late], None);
        assert_eq!(read("column_total", &text), json!([0.043]));
        assert_eq!(read("column_connect", &text), json!([0.001]));
        assert!(text.contains("model open: 100 requests a second are due"), "{text}");
    }

    #[test]
    fn requests_of_a_rate_are_due_at_even_distances() {
        let load = RequestLoad { requests: 3, rate: Some(20.0) };
        assert_eq!(load.due_time(0), Some(Duration::ZERO));
        assert_eq!(load.due_time(3), Some(Duration::from_millis(150)));
    }

    #[test]
    fn the_floor_server_answers_and_ends() {
        let server = TrivialServer::start_server().unwrap();
        let port = server.port;
        let cancel = crate::process::CancelFlag::default();
        for _ in 0..3 {
            let response = http::get_once(port, "/", HttpLimits::default(), &cancel).unwrap();
            assert_eq!((response.status, response.end), (200, BodyEnd::Whole));
        }
        drop(server);
        let is_gone = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err();
        assert!((0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            is_gone()
        }));
    }
}

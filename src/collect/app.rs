//! The web application of the lab: is it well under a runtime, and how fast does it answer?

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use super::http::{self, End, Limits, Response};
use super::{Session, Spec, from_command, host_side, wait_until};
use crate::engine::process::run;
use crate::engine::{self, Container, Kind, Mode};
use crate::error::{Error, Result};
use crate::model::{Capture, Status, Stream};

/// The application of the lab.
pub const IMAGE: &str = "bkimminich/juice-shop:v19.0.0";

/// Requests that are thrown away before those that are measured.
const WARMUP: usize = 5;

/// Requests that are measured, as the lab has it.
const REQUESTS: usize = 50;

/// How much of a response's head is kept.
const HEAD_KEPT: usize = 4096;

/// The variables that lead `curl` to a proxy for a plain `http://` address, and those that people
/// set in the belief that they do.
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The application that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The image; without a wish the lab's, if it is there.
    pub image: Option<String>,
    /// The port on which the application listens in its container.
    pub port: u16,
    /// The port of the host that leads to it.
    pub host_port: u16,
    /// The command in place of the image's own.
    pub command: Vec<String>,
}

impl App {
    /// The image that will be started.
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(IMAGE)
    }
}

/// Why an engine cannot publish a port, if it cannot.
pub fn obstacle(engine: Kind) -> Option<String> {
    match engine {
        Kind::Ctr | Kind::Builtin => {
            Some(format!("the engine {} does not publish ports", engine.name()))
        }
        _ => None,
    }
}

/// Makes sure that nobody uses the port of the host.
///
/// # Errors
///
/// Somebody does, or this user may not.
pub fn check_port(port: u16) -> Result<()> {
    let help = "end the program that uses it, choose another with --host-port, or leave the \
                application out with --no-app";
    let busy = |words: &str| {
        Error::environment(format!("port {port} of this machine cannot be used: {words}"))
            .help(help)
    };
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| busy(&error.to_string()))?;
    // A port that only the packet filter leads on has no listener and answers all the same.
    match answers(port) {
        true => Err(busy("something answers there")),
        false => Ok(()),
    }
}

fn answers(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

/// Starts the application under a target, looks at it, and removes it.
pub fn captures(session: &Session, spec: &Spec, app: &App) -> Vec<Capture> {
    session.progress.step(&spec.name, "application");
    let name = session.container_name(&spec.name, "app");
    // The port of the target before is given back in its own time.
    wait_until(Duration::from_secs(5), || check_port(app.host_port).is_ok());
    let mut captures = Vec::new();
    let failure = match check_port(app.host_port).and_then(|()| start(session, spec, app, &name)) {
        Ok(started) => {
            let failure = (started.status != Status::Ok).then(|| complaint(&started));
            captures.push(started);
            failure
        }
        Err(error) => Some(error.message),
    };
    match failure {
        Some(words) => {
            session.progress.trouble(&spec.name, &format!("the application: {words}"));
            captures.push(untold(spec, "app.health_status", "the application's start", &words));
        }
        None => captures.extend(look(session, spec, app, &name)),
    }
    engine::clean::remove_named(session.engine, &name);
    captures
}

fn start(session: &Session, spec: &Spec, app: &App, name: &str) -> Result<Capture> {
    let command: Vec<&str> = app.command.iter().map(String::as_str).collect();
    let argv = engine::run_argv(
        session.engine,
        &Container {
            name,
            labels: &session.labels,
            image: app.image(),
            handler: spec.handler.as_deref(),
            command: &command,
            mode: Mode::Published(app.host_port, app.port),
            options: &session.options(name),
        },
    );
    let finished = run(&argv, session.timeout, session.cancel)?;
    Ok(from_command(&spec.name, "app.run", &finished))
}

fn complaint(capture: &Capture) -> String {
    let text = capture.stderr.as_ref().and_then(|stream| stream.bytes().ok()).unwrap_or_default();
    let lines = crate::text::lines(&text);
    let words: Vec<&str> =
        lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    if words.is_empty() { "it did not start".into() } else { words.join(" ") }
}

/// A capture of something that could not be found out, with the reason.
fn untold(spec: &Spec, id: &str, how: &str, words: &str) -> Capture {
    Capture {
        status: Status::Error,
        stderr: Some(Stream::new(format!("{words}\n").as_bytes())),
        ..host_side::capture(spec, id, how, "")
    }
}

/// Everything about an application that was started.
fn look(session: &Session, spec: &Spec, app: &App, name: &str) -> Vec<Capture> {
    let request = || http::get(app.host_port, "/", Limits::default(), session.cancel);
    wait_until_ready(session, name, app.host_port);
    let health = request();
    if session.is_cancelled() {
        return Vec::new();
    }
    let status = health.as_ref().map_or(0, |response| response.status);
    let mut captures = health_captures(spec, app, &health);
    captures.extend(proxied(session, spec, app));
    if !is_success(status) {
        let logs: Vec<String> = [session.engine.name(), "logs", name].map(String::from).to_vec();
        let said = run(&logs, engine::QUESTION, session.cancel);
        captures.extend(said.ok().map(|said| from_command(&spec.name, "app.log", &said)));
    }
    captures.extend(latency(session, spec, status, request));
    captures
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Waits for a success, for the limit, or until the container has ended.
fn wait_until_ready(session: &Session, name: &str, port: u16) {
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let end = std::time::Instant::now() + session.timeout;
    let mut looked = std::time::Instant::now();
    while std::time::Instant::now() < end && !session.is_cancelled() {
        let answer = http::get(port, "/", limits, session.cancel);
        if answer.is_ok_and(|response| is_success(response.status)) {
            return;
        }
        if looked.elapsed() > Duration::from_secs(1) {
            let state = [session.engine.name(), "inspect", "--format", "{{.State.Running}}", name];
            if engine::ask(&state, session.cancel).is_ok_and(|said| said.text() == "false") {
                return;
            }
            looked = std::time::Instant::now();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn health_captures(spec: &Spec, app: &App, health: &Result<Response, String>) -> Vec<Capture> {
    let how = format!("GET / of 127.0.0.1:{} by isoproof itself, past any proxy", app.host_port);
    let (status, detail) = match health {
        Ok(response) => {
            let head = crate::text::decode(&response.head[..response.head.len().min(HEAD_KEPT)]);
            let detail = format!("{}\n{}\n", summary(response), head.trim_end());
            (response.status, detail)
        }
        Err(words) => (0, format!("{words}\n")),
    };
    vec![
        host_side::capture(spec, "app.health_status", &how, &format!("{status}\n")),
        host_side::capture(spec, "app.health_status.detail", "the head of the response", &detail),
    ]
}

fn summary(response: &Response) -> String {
    let end = match response.end {
        End::Whole => "",
        End::Cut => ", cut off",
        End::Capped => ", the rest was not read",
    };
    let seconds = response.duration.as_secs_f64();
    format!("{seconds:.6} s, status {}, {} bytes{end}", response.status, response.body)
}

/// The same question as `curl` asks it in the user's environment, if that names a proxy. The
/// values of the variables are not kept: they may hold a password.
fn proxied(session: &Session, spec: &Spec, app: &App) -> Option<Capture> {
    proxy_variables()?;
    let url = format!("http://localhost:{}/", app.host_port);
    let argv = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", &url].map(String::from);
    let id = "app.health_proxied";
    let finished = match run(&argv, Duration::from_secs(20), session.cancel) {
        Ok(finished) => finished,
        Err(error) => return Some(untold(spec, id, &argv.join(" "), &error.message)),
    };
    let mut capture = from_command(&spec.name, id, &finished);
    // Without a response `curl` fails, and prints 000: that is an answer to what is asked here.
    if finished.exit().is_some() && finished.text() == "000" {
        capture.status = Status::Ok;
    }
    Some(capture)
}

/// The proxy variables that are set, by name.
pub fn proxy_variables() -> Option<String> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let set: Vec<&str> = PROXY_VARIABLES.into_iter().filter(is_set).collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// The series: only whole answers with the status of the health check are samples.
fn latency(
    session: &Session,
    spec: &Spec,
    health: u16,
    request: impl Fn() -> Result<Response, String>,
) -> Vec<Capture> {
    let how = format!(
        "seconds from the beginning of connecting to the last byte of the response, one request \
         a connection, {WARMUP} requests thrown away first"
    );
    if !is_success(health) {
        let words = format!("not measured: the health check answered {health}");
        return vec![untold(spec, "http.latency", &how, &words)];
    }
    session.progress.step(&spec.name, "latency of the application");
    let mut answers = Vec::new();
    for index in 0..WARMUP + REQUESTS {
        let answer = request();
        if session.is_cancelled() {
            return Vec::new();
        }
        if index >= WARMUP {
            answers.push(answer);
        }
    }
    measured(spec, health, &how, &answers)
}

fn measured(
    spec: &Spec,
    health: u16,
    how: &str,
    answers: &[Result<Response, String>],
) -> Vec<Capture> {
    let (mut series, mut list) = (String::new(), String::new());
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for (index, answer) in answers.iter().enumerate() {
        let status = answer.as_ref().map_or(0, |response| response.status);
        *statuses.entry(status).or_default() += 1;
        let words = match answer {
            Ok(response) => summary(response),
            Err(words) => words.clone(),
        };
        list.push_str(&format!("request {}: {words}\n", index + 1));
        if let Ok(response) = answer
            && response.status == health
            && response.end == End::Whole
        {
            series.push_str(&format!("{:.6}\n", response.duration.as_secs_f64()));
        }
    }
    let tally: String = statuses.iter().map(|(status, n)| format!("{n} {status}\n")).collect();
    let capture = |id, how: &str, text: &str| host_side::capture(spec, id, how, text);
    let series = match series.is_empty() {
        true => untold(spec, "http.latency", how, "no request was answered with success"),
        false => capture("http.latency", how, &series),
    };
    vec![
        series,
        capture("http.latency.detail", "every request of the series", &list),
        capture("http.statuses", "the statuses of these requests; 0 is no response", &tally),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn spec() -> Spec {
        Spec { name: "runc".into(), role: Role::Baseline, handler: None }
    }

    fn response(status: u16, end: End) -> Result<Response, String> {
        let duration = Duration::from_millis(2);
        Ok(Response { status, head: Vec::new(), body: 16, end, duration })
    }

    fn text(capture: &Capture) -> String {
        String::from_utf8(capture.stdout.bytes().unwrap()).unwrap()
    }

    #[test]
    fn only_whole_answers_with_the_status_of_the_health_check_are_samples() {
        let answers = [
            response(200, End::Whole),
            response(503, End::Whole),
            response(200, End::Cut),
            Err("no answer in time".into()),
            response(200, End::Whole),
        ];
        let captures = measured(&spec(), 200, "how", &answers);
        assert_eq!(text(&captures[0]), "0.002000\n0.002000\n");
        assert_eq!(text(&captures[1]).lines().count(), 5);
        assert_eq!(text(&captures[2]), "1 0\n3 200\n1 503\n");
    }

    #[test]
    fn without_a_sample_there_is_a_reason_and_no_series() {
        let captures = measured(&spec(), 200, "how", &[response(503, End::Whole)]);
        assert_eq!(captures[0].status, Status::Error);
        assert_eq!(text(&captures[0]), "");
    }

    #[test]
    fn no_response_is_status_0_with_the_words_beside_it() {
        let app = App { image: None, port: 3000, host_port: 3012, command: Vec::new() };
        let captures = health_captures(&spec(), &app, &Err("no answer in time".into()));
        assert_eq!(text(&captures[0]), "0\n");
        assert_eq!(text(&captures[1]), "no answer in time\n");
    }

    #[test]
    fn a_port_in_use_is_named_with_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_port(port).unwrap_err();
        assert!(error.message.contains(&port.to_string()), "{error:?}");
        assert!(error.help.unwrap().contains("--host-port"));
        drop(listener);
        assert!(check_port(port).is_ok());
    }
}

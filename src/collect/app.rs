//! A web application: is it well under a runtime, and how fast does it answer?

use crate::text::{make_visible, shell_line};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use super::command_capture::from_command;
use super::host_side;
use super::http::{self, BodyEnd, HttpLimits, HttpResponse};
use super::latency::{self, LoopbackBaseline};
use super::options::AppRequest;
use super::session::CollectSession;
use super::waiting::wait_until;
use super::work_part::WorkPart;
use crate::engine::{self, ContainerMode, ContainerSpec, EngineKind, facts};
use crate::error::{Error, Result};
use crate::model::application::{
    LOG, STATE, exit_status_of, is_success_status, last_log_line, parse_ended,
};
use crate::model::{Capture, CaptureStatus, Target, fact_ids};
use crate::process::{CommandOutput, run_command};

/// How much of a response's head is kept.
const HEAD_KEPT: usize = 4096;

/// The variables that lead `curl` to a proxy for a plain `http://` address, and those that people
/// set in the belief that they do.
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The application, if it can be started; why not, if it cannot.
/// Errors: its port is in use: that is said before anything is started.
pub(super) fn usable_app<'a>(
    session: &CollectSession<'a>,
    skipped: &mut BTreeMap<String, String>,
) -> Result<Option<&'a AppRequest>> {
    let reason = match &session.options.app {
        None => "the application was left out with --no-app".to_string(),
        Some(app) => {
            match missing_image(session, app).or_else(|| app_unsupported_reason(session.engine)) {
                None => {
                    check_port(app.host_port)?;
                    return Ok(Some(app));
                }
                Some(reason) => {
                    // Nobody asked for what this engine never has.
                    if app.image.is_some() || app_unsupported_reason(session.engine).is_none() {
                        session.progress.on_trouble("application", &reason);
                    }
                    reason
                }
            }
        }
    };
    for part in ["app", "http"] {
        skipped.insert(part.into(), reason.clone());
    }
    Ok(None)
}

/// Why the application's image cannot be had. One that nobody named is not pulled.
fn missing_image(session: &CollectSession, app: &AppRequest) -> Option<String> {
    match facts::has_image(session.engine, app.image_name(), session.cancel) {
        Ok(true) => return None,
        Ok(false) => {}
        Err(error) => return Some(error.message),
    }
    if app.image.is_none() {
        return Some(format!("image not present: {}", app.image_name()));
    }
    session.ensure_image(app.image_name()).err().map(|error| error.message)
}

/// Why an engine cannot publish a port, if it cannot.
fn app_unsupported_reason(engine: EngineKind) -> Option<String> {
    match engine {
        EngineKind::Ctr | EngineKind::Builtin => {
            Some(format!("the engine {} does not publish ports", engine.into_str()))
        }
        _ => None,
    }
}

/// Makes sure that no program uses the port of the host.
/// Errors: somebody does, or this user may not.
fn check_port(port: u16) -> Result<()> {
    let help = "end the program that uses it, choose another with --host-port, or leave the \
                application out with --no-app";
    let obstacle = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop) {
        Err(error) => error.to_string(),
        // A port that only the packet filter leads on has no listener and answers all the same.
        Ok(()) if answers_on_port(port) => "something answers there".into(),
        Ok(()) => return Ok(()),
    };
    let words = format!("port {port} of this machine cannot be used: {obstacle}");
    Err(Error::failed_environment(words).with_help(help))
}

fn answers_on_port(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

/// Starts the application under a target, looks at it, and removes it.
pub(super) fn capture_app(
    session: &CollectSession,
    spec: &Target,
    app: &AppRequest,
    floor: &mut LoopbackBaseline,
) -> Vec<Capture> {
    session.begin_step(WorkPart::Application, &spec.name, "application");
    let name = session.container_name(&spec.name, "app");
    // The port of the target before is given back in its own time.
    wait_until(Duration::from_secs(5), || check_port(app.host_port).is_ok());
    let mut captures = Vec::new();
    let failure = match check_port(app.host_port)
        .and_then(|()| start_app(session, spec, app, &name))
    {
        Ok(started) => {
            let failure = (started.status != CaptureStatus::Ok).then(|| stderr_summary(&started));
            captures.push(started);
            failure
        }
        Err(error) => Some(error.message),
    };
    match failure {
        Some(words) => {
            session.progress.on_trouble(&spec.name, &format!("the application: {words}"));
            captures.push(host_side::failed_capture(
                &spec.name,
                &fact_ids::APP_HEALTH_STATUS,
                "the application's start",
                &words,
            ));
        }
        None => captures.extend(check_app(session, spec, app, &name, floor)),
    }
    engine::clean::remove_named(session.engine, &name);
    captures
}

fn start_app(
    session: &CollectSession,
    spec: &Target,
    app: &AppRequest,
    name: &str,
) -> Result<Capture> {
    let command: Vec<&str> = app.command.iter().map(String::as_str).collect();
    let argv = engine::run_argv(
        session.engine,
        &ContainerSpec {
            name,
            labels: &session.labels,
            image: app.image_name(),
            handler: spec.handler.as_deref(),
            command: &command,
            mode: ContainerMode::Published(app.host_port, app.port),
            options: &session.container_options(name),
        },
    );
    let finished = run_command(&argv, session.options.timeout, session.cancel)?;
    Ok(from_command(&spec.name, "app.run", &finished))
}

fn stderr_summary(capture: &Capture) -> String {
    let text =
        capture.stderr.as_ref().and_then(|stream| stream.decoded_bytes().ok()).unwrap_or_default();
    let lines = crate::text::split_lines(&text);
    let words: Vec<&str> =
        lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    if words.is_empty() { "it did not start".into() } else { words.join(" ") }
}

/// Everything about an application that was started.
fn check_app(
    session: &CollectSession,
    spec: &Target,
    app: &AppRequest,
    name: &str,
    floor: &mut LoopbackBaseline,
) -> Vec<Capture> {
    wait_until_ready(session, name, app.host_port);
    let health = http::get_once(app.host_port, "/", HttpLimits::default(), session.cancel);
    if session.is_cancelled() {
        return Vec::new();
    }
    let status = health.as_ref().map_or(0, |response| response.status);
    let mut captures = health_captures(spec, app, &health);
    captures.extend(check_through_proxy(session, spec, app));
    if !is_success_status(status.into()) {
        let state = query_state(session, name).map(|said| from_command(&spec.name, STATE, &said));
        let logs: Vec<String> =
            [session.engine.into_str(), "logs", name].map(String::from).to_vec();
        let said = run_command(&logs, engine::QUESTION, session.cancel);
        let log = said.map(|said| from_command(&spec.name, LOG, &said));
        if let Some(status) = state.as_ref().ok().and_then(exit_status_of) {
            let last = log.as_ref().ok().and_then(last_log_line);
            let last = last.map(|line| format!(": {}", make_visible(&line))).unwrap_or_default();
            let words = format!("the application ended with exit status {status}{last}");
            session.progress.on_trouble(&spec.name, &words);
        }
        captures.extend([state, log].into_iter().flatten());
    }
    captures.extend(capture_app_latency(session, spec, app, status, floor));
    captures
}

/// Asks whether the container of the application still runs, and how it ended.
fn query_state(session: &CollectSession, name: &str) -> Result<CommandOutput> {
    let format = "running={{.State.Running}} exit={{.State.ExitCode}}";
    let argv = [session.engine.into_str(), "inspect", "--format", format, name];
    engine::query_engine(&argv, session.cancel)
}

/// Waits for a success, for the limit, or until the container has ended.
fn wait_until_ready(session: &CollectSession, name: &str, port: u16) {
    let limits = HttpLimits { time: Duration::from_secs(5), ..HttpLimits::default() };
    let end = std::time::Instant::now() + session.options.timeout;
    let mut looked = std::time::Instant::now();
    while std::time::Instant::now() < end && !session.is_cancelled() {
        let answer = http::get_once(port, "/", limits, session.cancel);
        if answer.is_ok_and(|response| is_success_status(response.status.into())) {
            return;
        }
        if looked.elapsed() > Duration::from_secs(1) {
            if query_state(session, name)
                .is_ok_and(|said| parse_ended(&said.stdout_text()).is_some())
            {
                return;
            }
            looked = std::time::Instant::now();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn health_captures(
    spec: &Target,
    app: &AppRequest,
    health: &Result<HttpResponse, String>,
) -> Vec<Capture> {
    let how = format!("GET / of 127.0.0.1:{} by isoproof itself, past any proxy", app.host_port);
    let (status, detail) = match health {
        Ok(response) => {
            let head =
                crate::text::decode_bytes(&response.head[..response.head.len().min(HEAD_KEPT)]);
            let detail = format!("{}\n{}\n", response_summary(response), head.trim_end());
            (response.status, detail)
        }
        Err(words) => (0, format!("{words}\n")),
    };
    vec![
        host_side::capture_of(
            &spec.name,
            &fact_ids::APP_HEALTH_STATUS,
            &how,
            &format!("{status}\n"),
        ),
        host_side::capture_of(
            &spec.name,
            "app.health_status.detail",
            "the head of the response",
            &detail,
        ),
    ]
}

fn response_summary(response: &HttpResponse) -> String {
    let end = match response.end {
        BodyEnd::Whole => "",
        BodyEnd::Cut => ", cut off",
        BodyEnd::Capped => ", the rest was not read",
    };
    let seconds = response.duration.as_secs_f64();
    format!("{seconds:.6} s, status {}, {} bytes{end}", response.status, response.body)
}

/// The same question as `curl` asks it in the user's environment, if that names a proxy. The
/// values of the variables are not kept: they may hold a password.
fn check_through_proxy(
    session: &CollectSession,
    spec: &Target,
    app: &AppRequest,
) -> Option<Capture> {
    proxy_variables()?;
    let url = format!("http://localhost:{}/", app.host_port);
    let argv = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", &url].map(String::from);
    let id = fact_ids::APP_HEALTH_PROXIED;
    let finished = match run_command(&argv, Duration::from_secs(20), session.cancel) {
        Ok(finished) => finished,
        Err(error) => {
            return Some(host_side::failed_capture(
                &spec.name,
                &id,
                &shell_line(&argv),
                &error.message,
            ));
        }
    };
    let mut capture = from_command(&spec.name, &id, &finished);
    // Without a response `curl` fails, and prints 000: that is an answer to what is asked here.
    if finished.exit_status().is_some() && finished.stdout_text() == "000" {
        capture.status = CaptureStatus::Ok;
    }
    Some(capture)
}

pub(super) fn proxy_variables() -> Option<String> {
    let mut set = PROXY_VARIABLES.to_vec();
    set.retain(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    (!set.is_empty()).then(|| set.join(", "))
}

/// The latency, of an application that is well.
fn capture_app_latency(
    session: &CollectSession,
    spec: &Target,
    app: &AppRequest,
    health: u16,
    floor: &mut LoopbackBaseline,
) -> Vec<Capture> {
    if is_success_status(health.into()) {
        return latency::capture_latency_series(
            session,
            spec,
            (app.host_port, health),
            app.load,
            floor,
        );
    }
    let words = match health {
        0 => "not measured: the health check had no response".to_string(),
        status => format!("not measured: the health check answered {status}"),
    };
    let how = "requests by isoproof itself to the published port, past any proxy";
    ["http.new", "http.kept"]
        .map(|id| host_side::failed_capture(&spec.name, id, how, &words))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::options::RequestLoad;
    use crate::model::Role;

    fn target_with_app() -> Target {
        Target::of_role("runc", Role::Baseline, None)
    }

    fn text(capture: &Capture) -> String {
        String::from_utf8(capture.stdout.decoded_bytes().unwrap()).unwrap()
    }

    #[test]
    fn no_response_is_status_0_with_the_words_beside_it() {
        let app = AppRequest {
            image: None,
            port: 3000,
            host_port: 3012,
            command: Vec::new(),
            load: RequestLoad { requests: 50, rate: None },
        };
        let captures = health_captures(&target_with_app(), &app, &Err("no answer in time".into()));
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

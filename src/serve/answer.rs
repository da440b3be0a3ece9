//! Answering one request.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response};

use super::{Live, State};
use crate::assets::{self, Tree};

/// The folder of addresses that are the server's own.
const OWN: &str = "/-isoproof/";

/// How long a page's question for changes is kept waiting.
const PATIENCE: Duration = Duration::from_secs(25);

/// An answer before it is sent.
struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    /// Where the answer is instead.
    location: Option<String>,
}

impl Answer {
    fn new(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, kind, body: body.into(), location: None }
    }

    fn plain(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }
}

/// Answers a request. One that asks for changes waits in a thread of its own.
pub fn answer(request: Request, state: &Arc<State>) {
    if !is_from_here(&request) {
        return send(
            request,
            Answer::plain(403, "This server answers only as 127.0.0.1 or localhost."),
        );
    }
    if !matches!(request.method(), Method::Get | Method::Head) {
        return send(request, Answer::plain(405, "Only GET and HEAD."));
    }
    let url = request.url().to_string();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    if path == format!("{OWN}state") {
        let seen = query.strip_prefix("since=").and_then(|seen| seen.parse().ok());
        let state = state.clone();
        std::thread::spawn(move || {
            let live = seen.map_or_else(|| state.now(), |seen| state.wait(seen, PATIENCE));
            send(request, told(&live));
        });
        return;
    }
    send(request, page(path, &state.now()));
}

/// Whether the request names this machine as its host: a page from elsewhere whose name was made
/// to lead here (DNS rebinding) does not.
fn is_from_here(request: &Request) -> bool {
    let mut hosts = request.headers().iter().filter(|header| header.field.equiv("Host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.value.as_str();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost"].contains(&name.to_ascii_lowercase().as_str())
}

fn told(live: &Live) -> Answer {
    let state = serde_json::json!({ "build": live.build, "site": live.site, "error": live.error });
    Answer::new(200, "application/json", state.to_string())
}

/// What is at a path.
fn page(path: &str, live: &Live) -> Answer {
    if path == format!("{OWN}live.js") {
        let files = assets::read_all(Tree::Templates, None, "serve/", ".js").unwrap_or_default();
        let script = files.into_values().next().map(|file| file.text).unwrap_or_default();
        return Answer::new(200, "text/javascript; charset=utf-8", script);
    }
    let Some(name) = name(path) else { return missing(live) };
    let mut file = live.out.join(&name);
    if file.is_dir() {
        if !path.ends_with('/') {
            let mut answer = Answer::plain(301, "It has moved.");
            answer.location = Some(format!("{path}/"));
            return answer;
        }
        file.push("index.html");
    }
    match read(&file) {
        Some(bytes) => found(&file, bytes, live),
        None => missing(live),
    }
}

/// The path of a file in the site; none if it leaves the site or is hidden.
fn name(path: &str) -> Option<PathBuf> {
    let decoded = crate::text::percent_decode(path);
    let mut name = PathBuf::new();
    for part in decoded.split('/').filter(|part| !part.is_empty()) {
        if part.starts_with('.') || part.contains(['\\', '\0']) {
            return None;
        }
        name.push(part);
    }
    Some(name)
}

/// Reads a file of the site. A new site may take the place of this one while it is looked for, and
/// on file systems that cannot exchange two folders at once there is none for a moment: a file that
/// is not there is looked for again before that is said.
fn read(file: &Path) -> Option<Vec<u8>> {
    for _ in 0..5 {
        match std::fs::read(file) {
            Ok(bytes) => return Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(4));
            }
            Err(_) => return None,
        }
    }
    None
}

fn found(file: &Path, bytes: Vec<u8>, live: &Live) -> Answer {
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => return Answer::new(200, HTML, with_live_script(bytes, live)),
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("xml") => "application/xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("md" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    Answer::new(200, kind, bytes)
}

const HTML: &str = "text/html; charset=utf-8";

/// The page for what is not there; where there is no site yet, a page that waits for one.
fn missing(live: &Live) -> Answer {
    let page = read(&live.out.join("404.html")).unwrap_or_else(|| {
        b"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>No site yet</title>\
          </head><body><h1>No site yet</h1><p>It is shown as soon as a build succeeds.</p></body>\
          </html>"
            .to_vec()
    });
    Answer::new(404, HTML, with_live_script(page, live))
}

/// A page with the script that reloads it, and a policy that lets that script ask.
fn with_live_script(bytes: Vec<u8>, live: &Live) -> Vec<u8> {
    let html = String::from_utf8_lossy(&bytes);
    let html = html.replacen("script-src 'self'", "script-src 'self'; connect-src 'self'", 1);
    let script =
        format!("<script src=\"{OWN}live.js\" data-site=\"{}\" defer></script>\n", live.site);
    match html.rfind("</body>") {
        Some(end) => format!("{}{script}{}", &html[..end], &html[end..]),
        None => html,
    }
    .into_bytes()
}

fn send(request: Request, answer: Answer) {
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    let headers = [
        ("Content-Type", Some(answer.kind.to_string())),
        ("Cache-Control", Some("no-store".into())),
        ("X-Content-Type-Options", Some("nosniff".into())),
        ("Location", answer.location),
    ];
    for (name, value) in headers {
        let header = value.and_then(|value| Header::from_bytes(name, value).ok());
        if let Some(header) = header {
            response.add_header(header);
        }
    }
    // A reader that went away wants no answer.
    let _ = request.respond(response);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_site() {
        assert_eq!(name("/runs/a%20b.html"), Some("runs/a b.html".into()));
        assert_eq!(name("/"), Some(PathBuf::new()));
        for path in ["/../x", "/%2e%2e/x", "/a/..%2fx", "/.isoproof-site", "/a%5c..%5cx", "/a%00"] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn a_page_gets_the_script_that_reloads_it_and_may_ask_for_changes() {
        let live = Live { out: PathBuf::new(), build: 4, site: 3, error: None };
        let page = b"<meta content=\"script-src 'self'; x\"><body>y</body>".to_vec();
        let page = String::from_utf8(with_live_script(page, &live)).unwrap();
        assert!(page.contains("script-src 'self'; connect-src 'self'; x"), "{page}");
        assert!(page.contains("data-site=\"3\" defer></script>\n</body>"), "{page}");
    }
}

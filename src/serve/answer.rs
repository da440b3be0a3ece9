//! Answering a request: who may ask, and what there is.

use std::fs::File;
use std::io::{ErrorKind, Read, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::limits::ServeLimits;
use super::request::RequestHead;
use super::{LiveSite, ServerState};
use crate::assets::{self, AssetTree};
use crate::site::LATE_FILES;
use crate::sources;

/// The folder of addresses that are the server's own.
const OWN: &str = "/-isoproof/";

/// How often a page that waits is looked at: whether somebody still wants the answer.
const WAIT_SLICE: Duration = Duration::from_secs(1);

pub(super) struct ServedAnswer {
    /// The status with its words: `404 Not Found`.
    pub status: &'static str,
    pub content_type: &'static str,
    pub body: AnswerBody,
    /// Where the answer is instead.
    pub location: Option<String>,
}

pub(super) enum AnswerBody {
    Bytes(Vec<u8>),
    /// A file, whose length when it was opened is announced.
    File(Take<File>),
}

impl ServedAnswer {
    fn new(status: &'static str, content_type: &'static str, body: AnswerBody) -> Self {
        Self { status, content_type, body, location: None }
    }

    pub(super) fn plain_text(status: &'static str, text: &str) -> Self {
        Self::new(
            status,
            "text/plain; charset=utf-8",
            AnswerBody::Bytes(format!("{text}\n").into()),
        )
    }
}

/// The answer to a request, after a wait if it asks for changes; none if the client hung up in the
/// meantime.
pub(super) fn answer_request(
    request: &RequestHead,
    state: &ServerState,
    limits: &ServeLimits,
    has_hung_up: &dyn Fn() -> bool,
) -> Option<ServedAnswer> {
    if let Some(reason) = refusal_reason(request) {
        return Some(ServedAnswer::plain_text("403 Forbidden", reason));
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Some(ServedAnswer::plain_text("405 Method Not Allowed", "Only GET and HEAD."));
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    if path == format!("{OWN}state") {
        let seen = query.strip_prefix("since=").and_then(|seen| seen.parse().ok());
        return answer_state(seen, state, limits, has_hung_up);
    }
    if LATE_FILES.iter().any(|late| site_path(path).is_some_and(|name| name == Path::new(late))) {
        state.wait_for_late_files(limits.wait_time);
    }
    Some(answer_page(path, &state.current_site()))
}

/// Why a request is not answered: it does not come from a page of this server, from a program of
/// this machine, or from somebody who opens a page.
fn refusal_reason(request: &RequestHead) -> Option<&'static str> {
    // A page from elsewhere whose name was made to lead here (DNS rebinding) names another host.
    let mut hosts = request.header_values("host");
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some("A request needs one Host header.");
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if !["127.0.0.1", "localhost"].contains(&name.to_ascii_lowercase().as_str()) {
        return Some("This server answers only as 127.0.0.1 or localhost.");
    }
    let own_origin = format!("http://{host}");
    // A link that is followed shows the page; the page that it was on cannot read it.
    let opens_page = request.header_values("sec-fetch-mode").eq(["navigate"])
        && request.header_values("sec-fetch-dest").eq(["document"]);
    // Another port of this machine is the same site to a browser, and still not us.
    let mut sites = request.header_values("sec-fetch-site");
    if !request.header_values("origin").all(|origin| origin.eq_ignore_ascii_case(&own_origin))
        || !(opens_page || sites.all(|site| matches!(site, "same-origin" | "none")))
    {
        return Some("This server does not answer pages of other servers.");
    }
    None
}

/// The state of the site; when a page has `seen` it already, as soon as it is another.
fn answer_state(
    seen: Option<u64>,
    state: &ServerState,
    limits: &ServeLimits,
    has_hung_up: &dyn Fn() -> bool,
) -> Option<ServedAnswer> {
    let deadline = Instant::now() + limits.wait_time;
    let place = state.waiting.clone();
    let mut live = state.current_site();
    // The state has one count itself.
    if seen == Some(live.build) && Arc::strong_count(&place) > limits.waiting_pages + 1 {
        let text = "Too many pages wait for changes; ask again later.";
        return Some(ServedAnswer::plain_text("503 Service Unavailable", text));
    }
    while seen == Some(live.build) && Instant::now() < deadline {
        if has_hung_up() {
            return None;
        }
        live = state.wait_for_build(live.build, WAIT_SLICE);
    }
    let told = serde_json::json!({ "build": live.build, "site": live.site, "error": live.error });
    Some(ServedAnswer::new(
        "200 OK",
        "application/json",
        AnswerBody::Bytes(told.to_string().into()),
    ))
}

fn answer_page(path: &str, live: &LiveSite) -> ServedAnswer {
    if path == format!("{OWN}live.js") {
        let files =
            assets::read_all(AssetTree::Templates, None, "serve/", ".js").unwrap_or_default();
        let script = files.into_values().next().map(|file| file.text).unwrap_or_default();
        return ServedAnswer::new(
            "200 OK",
            "text/javascript; charset=utf-8",
            AnswerBody::Bytes(script.into_owned().into()),
        );
    }
    let Some(name) = site_path(path) else { return answer_missing(live) };
    let mut path_of_file = live.out.join(&name);
    if path_of_file.is_dir() {
        if !path.ends_with('/') {
            let mut answer = ServedAnswer::plain_text("301 Moved Permanently", "It has moved.");
            // One slash at the beginning: two would name another server.
            answer.location = Some(format!("/{}/", path.trim_start_matches('/')));
            return answer;
        }
        path_of_file.push("index.html");
    }
    match open_file(&path_of_file) {
        Some(file) => answer_file(&path_of_file, file, live),
        None => answer_missing(live),
    }
}

/// The path of a file in the site; none if it leaves the site or is hidden.
fn site_path(path: &str) -> Option<PathBuf> {
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

/// Opens a file of the site. A new site may take the place of this one while it is looked for, and
/// on file systems that cannot exchange two folders at once there is none for a moment: a file that
/// is not there is looked for again before that is said.
fn open_file(path: &Path) -> Option<Take<File>> {
    for _ in 0..5 {
        match try_open(path) {
            Ok(file) => return Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(4));
            }
            Err(_) => return None,
        }
    }
    None
}

fn try_open(path: &Path) -> std::io::Result<Take<File>> {
    let file = sources::open_file(path)?;
    let length = file.metadata()?.len();
    Ok(file.take(length))
}

fn answer_file(path: &Path, file: Take<File>, live: &LiveSite) -> ServedAnswer {
    let content_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => return answer_html("200 OK", file, live),
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
    ServedAnswer::new("200 OK", content_type, AnswerBody::File(file))
}

/// The page for what is not there; where there is no site yet, a page that waits for one.
fn answer_missing(live: &LiveSite) -> ServedAnswer {
    match open_file(&live.out.join("404.html")) {
        Some(file) => answer_html("404 Not Found", file, live),
        None => answer_html("404 Not Found", NO_SITE, live),
    }
}

const NO_SITE: &[u8] = b"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>No site yet</title></head><body><h1>No site yet</h1>\
    <p>It is shown as soon as a build succeeds.</p></body></html>";

fn answer_html(status: &'static str, mut page: impl Read, live: &LiveSite) -> ServedAnswer {
    let mut bytes = Vec::new();
    if page.read_to_end(&mut bytes).is_err() {
        return ServedAnswer::plain_text("500 Internal Server Error", "The page cannot be read.");
    }
    let body = AnswerBody::Bytes(with_live_script(bytes, live));
    ServedAnswer::new(status, "text/html; charset=utf-8", body)
}

/// A page with the script that reloads it, and a policy that lets that script ask.
fn with_live_script(bytes: Vec<u8>, live: &LiveSite) -> Vec<u8> {
    let html = String::from_utf8_lossy(&bytes);
    let html = html.replacen("script-src 'self'", "script-src 'self'; connect-src 'self'", 1);
    let script =
        format!("<script src=\"{OWN}live.js\" data-site=\"{}\" defer></script>\n", live.site);
    // What comes after the end of a page belongs to its body.
    (html + &*script).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live_site(out: PathBuf, build: u64, site: u64) -> LiveSite {
        LiveSite { out, build, site, error: None, is_unfinished: false }
    }

    #[test]
    fn a_path_stays_in_the_site() {
        assert_eq!(site_path("/runs/a%20b.html"), Some("runs/a b.html".into()));
        assert_eq!(site_path("/"), Some(PathBuf::new()));
        for path in ["/../x", "/%2e%2e/x", "/a/..%2fx", "/.isoproof-site", "/a%5c..%5cx", "/a%00"] {
            assert_eq!(site_path(path), None, "{path}");
        }
    }

    #[test]
    fn a_page_gets_the_script_that_reloads_it_and_may_ask_for_changes() {
        let live = live_site(PathBuf::new(), 4, 3);
        let page = b"<meta content=\"script-src 'self'; x\"><body>y</body>".to_vec();
        let page = String::from_utf8(with_live_script(page, &live)).unwrap();
        assert!(page.contains("script-src 'self'; connect-src 'self'; x"), "{page}");
        assert!(page.ends_with("data-site=\"3\" defer></script>\n"), "{page}");
    }

    /// A named pipe among the files of the site holds up no answer.
    #[test]
    fn only_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(open_file(&pipe).is_none());
        assert!(open_file(folder.path()).is_none());
        std::fs::write(folder.path().join("file"), "text").unwrap();
        assert_eq!(open_file(&folder.path().join("file")).unwrap().limit(), 4);
    }

    #[test]
    fn only_this_machine_and_pages_of_this_server_are_answered() {
        let is_answered =
            |headers: &str| refusal_reason(&RequestHead::from_headers(headers)).is_none();
        for headers in [
            "Host: localhost",
            "host: LocalHost:3000",
            "Host: 127.0.0.1:3000\nOrigin: http://127.0.0.1:3000",
            "Host: localhost\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors",
            "Host: localhost\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate",
            "Host: localhost\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n\
             Sec-Fetch-Dest: document",
        ] {
            assert!(is_answered(headers), "{headers}");
        }
        for headers in [
            "Accept: */*",
            "Host: evil.example",
            "Host: 127.0.0.1.evil.example:3000",
            "Host: localhost\nHost: evil.example",
            "Host: localhost:3000:x",
            "Host: localhost:3000\nOrigin: http://localhost:8000",
            "Host: localhost:3000\nOrigin: http://evil.example",
            "Host: localhost:3000\nOrigin: null",
            "Host: localhost\nSec-Fetch-Site: cross-site",
            "Host: localhost\nSec-Fetch-Site: same-site\nSec-Fetch-Dest: script",
            "Host: localhost\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\n\
             Sec-Fetch-Dest: script",
            "Host: localhost\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n\
             Sec-Fetch-Dest: iframe",
            "Host: localhost\nSec-Fetch-Site: none\nSec-Fetch-Site: cross-site",
        ] {
            assert!(!is_answered(headers), "{headers}");
        }
    }

    #[test]
    fn a_folder_is_moved_to_on_this_server() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("runs")).unwrap();
        let live = live_site(folder.path().into(), 0, 0);
        for path in ["/runs", "//runs", "///runs"] {
            assert_eq!(answer_page(path, &live).location.unwrap(), "/runs/", "{path}");
        }
    }
}

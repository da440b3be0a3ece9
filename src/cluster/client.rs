//! Talking to a cluster through the user's own `kubectl`: one `kubectl proxy` on a Unix socket a
//! session does contexts, credentials and their plugins, and every request has a time limit.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::{Error, NameFailedFile, Result};
use crate::owner;
use crate::process::{CancelFlag, RunningCommand, run_command, start_command};

/// How long one request may take: a log of a node that is lost never ends.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long `kubectl` may take to start: a plugin may ask somewhere for a token.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The longest answer: a page of nodes is one megabyte.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// How often a request is made that the cluster puts off, and how long it waits at most for each.
const ATTEMPTS: u32 = 5;
const LONGEST_WAIT: u64 = 10;

/// How often something that is waited for asks whether the user wants to stop.
const TICK: Duration = Duration::from_millis(100);

/// The folder of the socket, by the beginning of its name.
pub(crate) const FOLDER: &str = "isoproof-cluster-";

/// Ends `kubectl` when its input ends, which it does however isoproof ends.
const WITH_US: &str = r#"exec 3<&0; "$@" & pid=$!; { cat <&3; kill "$pid" 2>&-; } & wait "$pid""#;

/// Which cluster, and where in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClusterAddress {
    /// The context of the kubeconfig; none for the current one.
    pub context: Option<String>,
    /// The kubeconfig; none for kubectl's own.
    pub kubeconfig: Option<PathBuf>,
    /// The namespace; none for that of the context.
    pub namespace: Option<String>,
}

impl ClusterAddress {
    /// A command line of `kubectl` for this cluster.
    fn kubectl_argv(&self, words: &[&str]) -> Vec<String> {
        let mut argv = vec!["kubectl".to_string()];
        argv.extend(self.context.iter().map(|context| format!("--context={context}")));
        argv.extend(self.kubeconfig.iter().map(|file| format!("--kubeconfig={}", file.display())));
        argv.extend(words.iter().map(ToString::to_string));
        argv
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterError {
    /// The status of the answer; none if there was none.
    pub status: Option<u16>,
    /// The cluster's words, or what became of the request.
    pub words: String,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, form: &mut fmt::Formatter) -> fmt::Result {
        form.write_str(&self.words)
    }
}

impl From<ClusterError> for Error {
    fn from(error: ClusterError) -> Self {
        let refused = matches!(error.status, Some(401 | 403));
        let failed = Self::failed_environment(error.words);
        match refused {
            true => failed.with_help("`isoproof manifest` prints the rights that are needed"),
            false => failed,
        }
    }
}

type RequestResult<T> = std::result::Result<T, ClusterError>;

#[derive(Clone)]
pub(crate) struct ClusterClient {
    proxy: Arc<KubectlProxy>,
    namespace: String,
    cancel: CancelFlag,
}

/// The proxy that listens in a folder of its own, for as long as it lives.
struct KubectlProxy {
    folder: PathBuf,
    process: Option<RunningCommand>,
}

impl KubectlProxy {
    fn socket_path(&self) -> PathBuf {
        self.folder.join("api")
    }
}

impl Drop for KubectlProxy {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.finish_within(Duration::from_secs(2));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl ClusterClient {
    /// Starts the proxy and finds out the namespace.
    /// Errors: there is no kubectl, no such context, or the cluster does not answer.
    pub(crate) fn connect(address: &ClusterAddress, cancel: &CancelFlag) -> Result<Self> {
        let namespace = match &address.namespace {
            Some(namespace) => namespace.clone(),
            None => namespace_of_context(address, cancel)?,
        };
        owner::remove_leftover_folders(FOLDER);
        let folder = std::env::temp_dir()
            .join(owner::prefix_name(FOLDER) + &crate::probe::script::make_nonce()?[..6]);
        make_private_folder(&folder)?;
        let mut proxy = KubectlProxy { folder, process: None };
        let socket = proxy.socket_path();
        let listen = format!("--unix-socket={}", socket.display());
        let mut argv = ["sh", "-c", WITH_US, "sh"].map(String::from).to_vec();
        argv.extend(address.kubectl_argv(&["proxy", &listen]));
        let process = start_command(&argv, b"", START_LIMIT, cancel)?;
        let end = Instant::now() + START_LIMIT;
        while UnixStream::connect(&socket).is_err() {
            if !process.is_running() || Instant::now() > end {
                let words = process.finish_within(Duration::ZERO).error_summary();
                return Err(Error::failed_environment(format!("kubectl proxy: {words}")));
            }
            process.wait_one_tick();
        }
        proxy.process = Some(process);
        let client = Self { proxy: Arc::new(proxy), namespace, cancel: cancel.clone() };
        client.get_object("/version").map_err(|error| {
            Error::failed_environment(format!("the cluster does not answer: {error}"))
                .with_help("`kubectl version` has to work first")
        })?;
        Ok(client)
    }

    /// The same connection for who has to clean up although the user wants to stop.
    pub(crate) fn without_interrupts(&self) -> Self {
        Self { cancel: CancelFlag::default(), ..self.clone() }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// An object or a list.
    pub(crate) fn get_object(&self, path: &str) -> RequestResult<Value> {
        self.request_json("GET", path, None)
    }

    /// A text, such as a log.
    pub(crate) fn get_bytes(&self, path: &str) -> RequestResult<Vec<u8>> {
        self.request_patiently("GET", path, None)
    }

    pub(crate) fn create_object(&self, path: &str, object: &Value) -> RequestResult<Value> {
        self.request_json("POST", path, Some(object))
    }

    /// Deletes an object or a collection, at once; what is not there is no error.
    pub(crate) fn delete_object(&self, path: &str) -> RequestResult<()> {
        match self.request_patiently("DELETE", path, None) {
            Err(ClusterError { status: Some(404), .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All items of a list, page by page.
    pub(crate) fn list_objects(&self, path: &str, query: &str) -> RequestResult<Vec<Value>> {
        let mut items = Vec::new();
        let mut more = String::new();
        loop {
            let mut page = self.get_object(&format!("{path}?limit=500{query}{more}"))?;
            if let Some(found) = page["items"].as_array_mut() {
                items.append(found);
            }
            match page["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => {
                    more = format!("&continue={}", encode_query(token));
                }
                _ => return Ok(items),
            }
        }
    }

    fn request_json(&self, method: &str, path: &str, body: Option<&Value>) -> RequestResult<Value> {
        let bytes = self.request_patiently(method, path, body)?;
        serde_json::from_slice(&bytes).map_err(|error| ClusterError {
            status: None,
            words: format!("{method} {path}: the answer is no JSON: {error}"),
        })
    }

    /// Makes a request, again where the cluster asks for patience.
    fn request_patiently(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> RequestResult<Vec<u8>> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = send_request(&self.proxy.socket_path(), method, path, &body, &self.cancel)
                .map_err(|words| ClusterError { status: None, words })?;
            match (answer.status, answer.wait) {
                (200..=299, _) => return Ok(answer.body),
                (429, wait) if tries < ATTEMPTS => {
                    let wait = Duration::from_secs(wait.unwrap_or(1).clamp(1, LONGEST_WAIT));
                    if !wait_unless_stopped(wait, &self.cancel) {
                        return Err(ClusterError { status: None, words: stopped_words(path) });
                    }
                }
                (status, _) => {
                    let words = words_of_failure(status, &answer.body);
                    return Err(ClusterError { status: Some(status), words });
                }
            }
        }
    }
}

fn make_private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    made.or_failed_io("make", path)
}

/// The namespace that kubectl would use.
fn namespace_of_context(address: &ClusterAddress, cancel: &CancelFlag) -> Result<String> {
    let argv =
        address.kubectl_argv(&["config", "view", "--minify", "-o", "jsonpath={..namespace}"]);
    let answer = run_command(&argv, START_LIMIT, cancel)?;
    let namespace = answer.stdout_text();
    if !answer.is_success() {
        let words = answer.error_summary();
        return Err(Error::failed_environment(format!("kubectl config view: {words}"))
            .with_help("`kubectl get pods` has to work first: --context and --kubeconfig choose"));
    }
    Ok(if namespace.is_empty() { "default".into() } else { namespace })
}

pub(crate) fn encode_query(text: &str) -> String {
    crate::text::uri_path(text).replace('/', "%2F")
}

/// The message of the object with which the cluster refuses something.
fn words_of_failure(status: u16, body: &[u8]) -> String {
    let message = serde_json::from_slice::<Value>(body).ok().and_then(|object| {
        object["message"].as_str().map(String::from).filter(|words| !words.is_empty())
    });
    let text = message.unwrap_or_else(|| crate::text::decode_bytes(body));
    let text = crate::text::shorten_line(&text, 600);
    if text.is_empty() { format!("status {status}") } else { text }
}

/// What came back.
struct ProxyAnswer {
    status: u16,
    /// The seconds after which the cluster wants to be asked again.
    wait: Option<u64>,
    /// Whether it says how long it is.
    has_length: bool,
    body: Vec<u8>,
}

fn is_stopped(cancel: &CancelFlag) -> bool {
    cancel.load(Ordering::Relaxed)
}

/// Waits for as long as a cluster wants, which nothing announces the end of. Cut into ticks, because
/// a handler of signals sets a flag and wakes no thread. Returns false where the user stopped it.
pub(super) fn wait_unless_stopped(wait: Duration, cancel: &CancelFlag) -> bool {
    let end = Instant::now() + wait;
    while !is_stopped(cancel) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(TICK));
    }
    false
}

fn stopped_words(path: &str) -> String {
    format!("{path}: stopped by the user")
}

/// One request over a connection of its own. HTTP/1.0, so that the answer ends where the
/// connection does. A user who wants to stop is heard while something is read; the answer to what
/// makes or deletes something is waited for, because what it did must be known.
fn send_request(
    socket: &Path,
    method: &str,
    path: &str,
    body: &str,
    cancel: &CancelFlag,
) -> std::result::Result<ProxyAnswer, String> {
    let about = |what: &dyn fmt::Display| format!("{method} {path}: {what}");
    let mut stream = UnixStream::connect(socket)
        .map_err(|_| about(&"kubectl proxy has ended: did its credentials expire?"))?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let deadline = Instant::now() + REQUEST_LIMIT;
    let sent = stream
        .set_write_timeout(Some(REQUEST_LIMIT))
        .and_then(|()| stream.write_all(request.as_bytes()));
    // Who refuses a request need not read it to its end: the answer tells why.
    sent.or_else(|error| if is_closed(&error) { Ok(()) } else { Err(about(&error)) })?;
    let mut was_reset = None;
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(about(&format!("no answer within {} s", REQUEST_LIMIT.as_secs())));
        }
        if method == "GET" && is_stopped(cancel) {
            return Err(stopped_words(path));
        }
        stream.set_read_timeout(Some(left.min(TICK))).map_err(|error| about(&error))?;
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                _ if is_closed(&error) => {
                    was_reset = Some(about(&error));
                    break;
                }
                _ => return Err(about(&error)),
            },
        }
        if bytes.len() as u64 > LONGEST_ANSWER {
            return Err(about(&"the answer is longer than 64 MiB"));
        }
    }
    match (split_answer(&bytes), was_reset) {
        (Some(answer), None) => Ok(answer),
        // Only one that says how long it is can be known to be whole.
        (Some(answer), Some(_)) if answer.has_length => Ok(answer),
        (_, Some(words)) => Err(words),
        (None, None) => Err(about(&"the answer is not HTTP, or was cut off")),
    }
}

/// Whether the other side has closed the connection.
fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// Status and body of a whole answer.
fn split_answer(bytes: &[u8]) -> Option<ProxyAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).ok()? else { return None };
    let [length, wait]: [Option<u64>; 2] = ["content-length", "retry-after"].map(|name| {
        let header = response.headers.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()?.trim().parse().ok()
    });
    let body = bytes[head..].to_vec();
    // A connection that broke looks like one that was closed.
    if length.is_some_and(|length| length != body.len() as u64) {
        return None;
    }
    Some(ProxyAnswer { status: response.code?, wait, has_length: length.is_some(), body })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let read = |text: &str| split_answer(text.as_bytes()).map(|it| (it.status, it.wait));
        assert_eq!(read("HTTP/1.0 200 OK\r\n\r\n{}"), Some((200, None)));
        assert_eq!(
            read("HTTP/1.0 429 Too Many Requests\r\nRetry-After: 3\r\n\r\n"),
            Some((429, Some(3)))
        );
        assert_eq!(read("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n{}"), None);
        assert_eq!(read("HTTP/1.0 200 OK\r\n"), None);
    }

    #[test]
    fn the_clusters_own_words_are_what_is_told() {
        let body = br#"{"kind":"Status","message":"pods \"a\" is forbidden: exceeded\n quota"}"#;
        assert_eq!(words_of_failure(403, body), r#"pods "a" is forbidden: exceeded quota"#);
        assert_eq!(words_of_failure(502, b"dial tcp: refused\n"), "dial tcp: refused");
        assert_eq!(words_of_failure(500, b""), "status 500");
    }

    fn client_of(folder: &Path) -> ClusterClient {
        let proxy = KubectlProxy { folder: folder.to_path_buf(), process: None };
        ClusterClient {
            proxy: Arc::new(proxy),
            namespace: "default".into(),
            cancel: CancelFlag::default(),
        }
    }

    #[test]
    fn a_user_who_stops_does_not_wait_for_the_cluster() {
        // One answer that asks for patience, and one that never comes.
        for answer in ["HTTP/1.0 429 Slow\r\nRetry-After: 10\r\n\r\n", ""] {
            let folder = tempfile::tempdir().unwrap();
            let listener = UnixListener::bind(folder.path().join("api")).unwrap();
            let client = client_of(folder.path());
            let cancel = client.cancel.clone();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                cancel.store(true, Ordering::Relaxed);
                if answer.is_empty() { Some(stream) } else { None }
            });
            let begun = Instant::now();
            let error = client.get_object("/x").unwrap_err();
            assert_eq!(error.words, "/x: stopped by the user");
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
            server.join().unwrap();
        }
    }

    #[test]
    fn an_answer_that_comes_before_the_request_was_read_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("api")).unwrap();
        let answer = "HTTP/1.0 403 Forbidden\r\nContent-Length: 19\r\n\r\n{\"message\":\"full\"}\n";
        let server = std::thread::spawn(move || {
            for part in [answer.len(), answer.len() - 1] {
                let (mut stream, _) = listener.accept().unwrap();
                let answer = &answer.as_bytes()[..part];
                stream.write_all(answer).unwrap();
                // All but one byte of what was sent lies there unread: who sent it is told by a reset.
                stream.read_exact(&mut [0; 1]).unwrap();
            }
        });
        let client = client_of(folder.path());
        let body = serde_json::json!({ "script": "x".repeat(20_000) });
        let error = client.create_object("/x", &body).unwrap_err();
        assert_eq!((error.status, error.words.as_str()), (Some(403), "full"));
        // One that was cut off by the same is none.
        let error = client.create_object("/x", &body).unwrap_err();
        assert_eq!(error.status, None, "{error}");
        server.join().unwrap();
    }

    #[test]
    fn a_request_that_is_put_off_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("api")).unwrap();
        let answers =
            ["HTTP/1.0 429 Slow\r\nRetry-After: 1\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n{\"a\":1}"];
        let server = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap();
                assert!(request[..read].starts_with(b"GET /x HTTP/1.0\r\nHost: localhost\r\n"));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let client = client_of(folder.path());
        assert_eq!(client.get_object("/x").unwrap()["a"], 1);
        server.join().unwrap();
    }
}

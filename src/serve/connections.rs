//! Connections: each has a thread of its own, and there are bounds for their number and for what
//! each may take.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ServerState;
use super::answer::{AnswerBody, ServedAnswer, answer_request};
use super::limits::ServeLimits;
use super::request::{RequestError, RequestHead};

/// How long the rest of what a client sends is read after its answer.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The connections that are open, by their number: the first one is the oldest.
#[derive(Debug, Default)]
struct OpenConnections {
    streams: Mutex<BTreeMap<u64, (Instant, Arc<TcpStream>)>>,
    closed: Condvar,
}

/// The place of a connection among those that are open, given back when it is dropped.
struct ConnectionPlace {
    number: u64,
    stream: Arc<TcpStream>,
    open: Arc<OpenConnections>,
}

impl OpenConnections {
    fn lock_streams(&self) -> MutexGuard<'_, BTreeMap<u64, (Instant, Arc<TcpStream>)>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a connection a place, when there is one. The oldest connection has to leave if it has
    /// had its time: clients that hold all places cannot keep a new one waiting for long.
    fn admit_connection(
        self: &Arc<Self>,
        number: u64,
        stream: TcpStream,
        limits: &ServeLimits,
    ) -> ConnectionPlace {
        let stream = Arc::new(stream);
        let mut streams = self.lock_streams();
        while streams.len() >= limits.connections {
            let Some(oldest) = streams.first_entry() else { break };
            let left = limits.grace.saturating_sub(oldest.get().0.elapsed());
            if left.is_zero() {
                let (_, stream) = oldest.remove();
                let _ = stream.shutdown(Shutdown::Both);
            } else {
                let waited = self.closed.wait_timeout(streams, left);
                streams = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        streams.insert(number, (Instant::now(), stream.clone()));
        ConnectionPlace { number, stream, open: self.clone() }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.open.lock_streams().remove(&self.number);
        self.open.closed.notify_one();
    }
}

pub(super) fn accept_connections(
    listener: &TcpListener,
    state: &Arc<ServerState>,
    limits: ServeLimits,
) {
    let open = Arc::new(OpenConnections::default());
    for number in 0.. {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // The client is gone already, or the process has no file descriptor left.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        let connection = open.admit_connection(number, stream, &limits);
        let state = state.clone();
        // Where the system has no more threads, the connection is closed.
        let _ = std::thread::Builder::new().spawn(move || {
            // A client that went away or stalled wants no answer.
            let _ = answer_connection(&connection.stream, &state, &limits);
        });
    }
}

fn answer_connection(
    stream: &TcpStream,
    state: &ServerState,
    limits: &ServeLimits,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(limits.stall_time))?;
    let (answer, has_body) =
        match RequestHead::read_head(stream, limits.head_bytes, limits.head_time) {
            Ok(request) => {
                let answer = answer_request(&request, state, limits, &|| has_hung_up(stream));
                let Some(answer) = answer else { return Ok(()) };
                (answer, request.method != "HEAD")
            }
            Err(RequestError::Gone) => return Ok(()),
            Err(RequestError::Malformed) => {
                (ServedAnswer::plain_text("400 Bad Request", "This is no HTTP/1 request."), true)
            }
            Err(RequestError::TooLarge) => {
                let text = format!("The headers are larger than {} bytes.", limits.head_bytes);
                (ServedAnswer::plain_text("431 Request Header Fields Too Large", &text), true)
            }
            Err(RequestError::TooSlow) => (
                ServedAnswer::plain_text(
                    "408 Request Timeout",
                    "The headers did not arrive in time.",
                ),
                true,
            ),
        };
    send_answer(stream, answer, has_body)?;
    drain_input(stream)
}

/// Whether the client closed the connection while its request waits.
fn has_hung_up(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let is_blocking_again = stream.set_nonblocking(false).is_ok();
    let is_silent = match peeked {
        Ok(bytes) => bytes > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    !(is_silent && is_blocking_again)
}

fn send_answer(
    mut stream: &TcpStream,
    answer: ServedAnswer,
    has_body: bool,
) -> std::io::Result<()> {
    let length = match &answer.body {
        AnswerBody::Bytes(bytes) => bytes.len() as u64,
        AnswerBody::File(file) => file.limit(),
    };
    let location = answer.location.map(|place| format!("Location: {place}\r\n"));
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {length}\r\n{}\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        location.unwrap_or_default()
    );
    stream.write_all(head.as_bytes())?;
    if has_body {
        match answer.body {
            AnswerBody::Bytes(bytes) => stream.write_all(&bytes)?,
            AnswerBody::File(mut file) => drop(std::io::copy(&mut file, &mut stream)?),
        }
    }
    stream.shutdown(Shutdown::Write)
}

/// Reads what else the client sends until it closes the connection, for a moment: closing with
/// bytes unread makes the system reset the connection, and the answer can get lost with it.
fn drain_input(mut stream: &TcpStream) -> std::io::Result<()> {
    let begun = Instant::now();
    stream.set_read_timeout(Some(DRAIN_TIME))?;
    while begun.elapsed() < DRAIN_TIME && stream.read(&mut [0; 4096])? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A server of a folder, with limits that suit a test.
    struct TestServer {
        port: u16,
        state: Arc<ServerState>,
    }

    impl TestServer {
        fn start(out: &Path, limits: ServeLimits) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let state = Arc::new(ServerState::new(out.to_path_buf()));
            let shared = state.clone();
            std::thread::spawn(move || accept_connections(&listener, &shared, limits));
            Self { port, state }
        }

        fn connect(&self) -> TcpStream {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream
        }

        fn send(&self, request: &str) -> TcpStream {
            let mut stream = self.connect();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        }

        fn get(&self, path: &str) -> TcpStream {
            self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        }

        /// Waits until so many pages wait for a build. The server does not tell that one does, so
        /// this has to look again and again.
        fn await_waiting_pages(&self, pages: usize, deadline: Instant) {
            while Arc::strong_count(&self.state.waiting) != pages + 1 {
                assert!(Instant::now() < deadline);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// All that comes until the server closes the connection.
    fn read_all(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A folder with a small file and one that no buffer of a connection holds.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("small.txt"), "small\n").unwrap();
        let big = std::fs::File::create(folder.path().join("big.bin")).unwrap();
        big.set_len(64 * 1024 * 1024).unwrap();
        folder
    }

    #[test]
    fn one_that_sends_its_headers_slowly_is_closed_while_others_are_served() {
        let folder = folder();
        let limits =
            ServeLimits { head_time: Duration::from_millis(1500), ..ServeLimits::default() };
        let server = TestServer::start(folder.path(), limits);
        let mut slow: Vec<TcpStream> = (0..20).map(|_| server.send("GET / HTTP/1.1\r\n")).collect();
        let begun = Instant::now();
        assert!(read_all(server.get("/small.txt")).ends_with("\r\n\r\nsmall\n"));
        assert!(begun.elapsed() < limits.head_time, "{:?}", begun.elapsed());
        // What trickles in does not make the time longer.
        while begun.elapsed() < limits.head_time {
            for stream in &mut slow {
                let _ = stream.write_all(b"x");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        for stream in slow {
            assert!(read_all(stream).starts_with("HTTP/1.1 408 "));
        }
    }

    #[test]
    fn one_that_reads_nothing_does_not_stop_others_and_is_closed() {
        let folder = folder();
        let limits = ServeLimits { stall_time: Duration::from_secs(1), ..ServeLimits::default() };
        let server = TestServer::start(folder.path(), limits);
        let stalled: Vec<TcpStream> = (0..10).map(|_| server.get("/big.bin")).collect();
        let whole = read_all(server.get("/big.bin"));
        assert!(whole.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(whole.len() > 64 * 1024 * 1024);
        std::thread::sleep(limits.stall_time * 4);
        for stream in stalled {
            let got = read_all(stream);
            assert!(got.len() < 64 * 1024 * 1024, "{} bytes", got.len());
        }
    }

    #[test]
    fn those_that_hold_all_connections_give_way_to_a_new_one() {
        let folder = folder();
        let limits = ServeLimits {
            connections: 4,
            grace: Duration::from_millis(200),
            head_time: Duration::from_secs(600),
            stall_time: Duration::from_secs(600),
            ..ServeLimits::default()
        };
        let server = TestServer::start(folder.path(), limits);
        let state = "/-isoproof/state?since=0";
        let held = [
            server.connect(),
            server.send("GET / HT"),
            server.get("/big.bin"),
            server.get("/big.bin"),
            server.get(state),
            server.get(state),
        ];
        let begun = Instant::now();
        assert!(read_all(server.get("/small.txt")).ends_with("small\n"));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        drop(held);
    }

    #[test]
    fn only_some_pages_wait_and_all_hear_of_a_build() {
        let folder = folder();
        let limits = ServeLimits { waiting_pages: 3, ..ServeLimits::default() };
        let server = TestServer::start(folder.path(), limits);
        let deadline = Instant::now() + limits.wait_time;
        let ask = || server.get("/-isoproof/state?since=0");
        let gone: Vec<TcpStream> = (0..3).map(|_| ask()).collect();
        server.await_waiting_pages(3, deadline);
        assert!(read_all(ask()).starts_with("HTTP/1.1 503 "));
        // The places of those that hang up are free again.
        drop(gone);
        server.await_waiting_pages(0, deadline);
        let waiting: Vec<TcpStream> = (0..3).map(|_| ask()).collect();
        server.await_waiting_pages(3, deadline);
        server.state.record_build(folder.path(), true);
        for stream in waiting {
            let answer = read_all(stream);
            assert!(answer.contains("\"build\":1"), "{answer}");
        }
    }

    #[test]
    fn an_answer_arrives_although_more_was_sent_than_is_read() {
        let folder = folder();
        let server = TestServer::start(folder.path(), ServeLimits::default());
        let large = format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(300_000));
        for _ in 0..20 {
            assert!(read_all(server.send(&large)).starts_with("HTTP/1.1 431 "));
        }
        let body = format!("GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n{large}");
        assert!(read_all(server.send(&body)).ends_with("\r\n\r\nsmall\n"));
    }

    #[test]
    fn a_head_is_answered_without_a_body() {
        let folder = folder();
        let server = TestServer::start(folder.path(), ServeLimits::default());
        let head = "HEAD /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer = read_all(server.send(head));
        assert!(answer.contains("\r\nContent-Length: 6\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[test]
    fn the_guide_states_the_limits() {
        let limits = ServeLimits::default();
        let guide = include_str!("../../docs/guide/site/write.md");
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        for (what, limit) in [
            ("open connections", limits.connections.to_string()),
            ("a connection keeps its place", seconds(limits.grace)),
            ("headers of a request", format!("{} KiB", limits.head_bytes / 1024)),
            ("until the headers are there", seconds(limits.head_time)),
            ("a reader takes nothing", seconds(limits.stall_time)),
            ("pages that wait for a change", limits.waiting_pages.to_string()),
        ] {
            let row = guide.lines().find(|line| line.starts_with(&format!("| {what}")));
            let row = row.unwrap_or_else(|| panic!("no row: {what}"));
            assert!(row.contains(&format!("| {limit} |")), "{row}: {limit}");
        }
    }
}

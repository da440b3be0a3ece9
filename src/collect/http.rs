//! HTTP/1.1 requests to this machine, each over a connection of its own or one after the other
//! over one that stays open.
//!
//! It connects to 127.0.0.1 itself, so that no proxy of the environment can answer in place of
//! the application.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::process::CancelFlag;

/// The longest head of a response: more is no web server's.
const LONGEST_HEAD: usize = 64 * 1024;

/// How often a silent connection is looked at.
const SLICE: Duration = Duration::from_millis(50);

/// The limits of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HttpLimits {
    /// From the beginning of connecting to the end of the response.
    pub time: Duration,
    /// Bytes of the body.
    pub body: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), body: 16 * 1024 * 1024 }
    }
}

/// How the body of a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// As the head announced.
    Whole,
    /// The server closed the connection, or fell silent, before.
    Cut,
    /// We stopped reading at our limit.
    Capped,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpResponse {
    /// The status, three digits.
    pub status: u16,
    /// The status line and the headers.
    pub head: Vec<u8>,
    /// Bytes of the body as they crossed the wire.
    pub body: usize,
    /// How it ended.
    pub end: BodyEnd,
    /// How long connecting took; none over a connection that was open.
    pub connect: Option<Duration>,
    /// From the beginning of connecting, or of the request over a connection that was open, to
    /// the first byte of the response.
    pub first_byte: Duration,
    /// From the same beginning to the last byte.
    pub duration: Duration,
}

/// Asks for `path` of the server on `port` of 127.0.0.1, over a connection of its own.
///
/// # Errors
///
/// There was no response: nobody listens, the time is over, the user wants to stop, or what came
/// is not HTTP. In words.
pub(super) fn get_once(
    port: u16,
    path: &str,
    limits: HttpLimits,
    cancel: &CancelFlag,
) -> Result<HttpResponse, String> {
    let begun = Instant::now();
    let stream = open_connection(port, limits)?;
    let connected = begun.elapsed();
    let (response, _) =
        send_request(&stream, begun, &request_text(port, path, "close"), limits, cancel)?;
    Ok(HttpResponse { connect: Some(connected), ..response })
}

/// A client whose connection stays open from one request to the next, as long as the server
/// leaves it open.
pub(super) struct HttpClient<'a> {
    port: u16,
    limits: HttpLimits,
    cancel: &'a CancelFlag,
    stream: Option<TcpStream>,
}

impl<'a> HttpClient<'a> {
    /// A client of the server on `port` of 127.0.0.1, not connected yet.
    pub(super) fn new(port: u16, limits: HttpLimits, cancel: &'a CancelFlag) -> Self {
        Self { port, limits, cancel, stream: None }
    }

    /// Asks for `path`, over a new connection if none is open.
    ///
    /// # Errors
    ///
    /// As for [`get_once`]. The connection is then closed.
    pub(super) fn get_reusing_connection(&mut self, path: &str) -> Result<HttpResponse, String> {
        let begun = Instant::now();
        let (stream, connected) = match self.stream.take() {
            Some(stream) => (stream, None),
            None => (open_connection(self.port, self.limits)?, Some(begun.elapsed())),
        };
        let request = request_text(self.port, path, "keep-alive");
        let (response, stays_open) =
            send_request(&stream, begun, &request, self.limits, self.cancel)?;
        self.stream = stays_open.then_some(stream);
        Ok(HttpResponse { connect: connected, ..response })
    }
}

fn open_connection(port: u16, limits: HttpLimits) -> Result<TcpStream, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, limits.time.min(Duration::from_secs(2)))
        .map_err(|error| format!("no connection to {address}: {error}"))?;
    stream
        .set_nodelay(true)
        .and_then(|()| stream.set_read_timeout(Some(SLICE)))
        .and_then(|()| stream.set_write_timeout(Some(Duration::from_secs(2))))
        .map_err(|error| format!("the connection cannot be set up: {error}"))?;
    Ok(stream)
}

fn request_text(port: u16, path: &str, connection: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: isoproof/{}\r\n\
         Accept: */*\r\nConnection: {connection}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Sends a request and reads the response; says, too, whether the connection can be used again.
fn send_request(
    mut stream: impl Read + Write,
    begun: Instant,
    request: &str,
    limits: HttpLimits,
    cancel: &CancelFlag,
) -> Result<(HttpResponse, bool), String> {
    stream.write_all(request.as_bytes()).map_err(|error| format!("nothing was sent: {error}"))?;
    let deadline = begun + limits.time;
    let mut reader = ResponseReader { stream, deadline, cancel, bytes: Vec::new(), first: None };
    let (status, body_at) = reader.read_head()?;
    let end = reader.read_body(body_at, status, limits.body);
    let duration = begun.elapsed();
    let first_byte = reader.first.map_or(duration, |first| first.duration_since(begun));
    let body = (reader.bytes.len() - body_at).min(limits.body);
    reader.bytes.truncate(body_at);
    let head = reader.bytes;
    let stays_open = end == BodyEnd::Whole && stays_open(&head, status);
    let connect = None;
    Ok((HttpResponse { status, head, body, end, connect, first_byte, duration }, stays_open))
}

/// Whether the server leaves a connection open after this response (RFC 9112, section 9.3).
fn stays_open(head: &[u8], status: u16) -> bool {
    let text = crate::text::decode_bytes(head).to_ascii_lowercase();
    let option = text.lines().find_map(|line| line.strip_prefix("connection:"));
    let options: Vec<&str> = option.unwrap_or_default().split(',').map(str::trim).collect();
    let is_framed =
        matches!(status, 204 | 304) || BodyFraming::from_head(head) != BodyFraming::Close;
    let is_default = text.starts_with("http/1.1");
    is_framed && !options.contains(&"close") && (is_default || options.contains(&"keep-alive"))
}

/// What came of one read.
enum ReadChunk {
    Some,
    Closed,
    Late,
}

struct ResponseReader<'a, S> {
    stream: S,
    deadline: Instant,
    cancel: &'a CancelFlag,
    bytes: Vec<u8>,
    first: Option<Instant>,
}

impl<S: Read> ResponseReader<'_, S> {
    fn read_chunk(&mut self) -> Result<ReadChunk, String> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if self.cancel.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
                return Ok(ReadChunk::Late);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(ReadChunk::Closed),
                Ok(read) => {
                    self.first.get_or_insert_with(Instant::now);
                    self.bytes.extend_from_slice(&buffer[..read]);
                    return Ok(ReadChunk::Some);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(format!("the connection broke: {error}")),
                },
            }
        }
    }

    /// Reads until the head is there: its status, and where the body begins.
    fn read_head(&mut self) -> Result<(u16, usize), String> {
        loop {
            if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let status = parse_status_line(&self.bytes).ok_or("the answer is not HTTP")?;
                return Ok((status, end + 4));
            }
            let is_like_http = self.bytes.iter().zip(b"HTTP/").all(|(a, b)| a == b);
            if !is_like_http || self.bytes.len() > LONGEST_HEAD {
                return Err("the answer is not HTTP".into());
            }
            match self.read_chunk()? {
                ReadChunk::Some => {}
                ReadChunk::Closed if self.bytes.is_empty() => {
                    return Err("the connection was closed without an answer".into());
                }
                ReadChunk::Closed => return Err("the connection was closed within the head".into()),
                ReadChunk::Late => return Err("no answer in time".into()),
            }
        }
    }

    /// Reads the body to its end.
    fn read_body(&mut self, at: usize, status: u16, most: usize) -> BodyEnd {
        let framing = match status {
            204 | 304 => BodyFraming::Length(0),
            _ => BodyFraming::from_head(&self.bytes[..at]),
        };
        let mut next = at;
        loop {
            let is_whole = match framing {
                BodyFraming::Length(length) => self.bytes.len() - at >= length,
                BodyFraming::Chunked => all_chunks(&self.bytes, &mut next),
                BodyFraming::Close => false,
            };
            if is_whole {
                return BodyEnd::Whole;
            }
            if self.bytes.len() - at >= most {
                return BodyEnd::Capped;
            }
            match (self.read_chunk(), framing) {
                (Ok(ReadChunk::Some), _) => {}
                (Ok(ReadChunk::Closed), BodyFraming::Close) => return BodyEnd::Whole,
                _ => return BodyEnd::Cut,
            }
        }
    }
}

/// The status of a status line: `HTTP/1.1 200 OK`.
fn parse_status_line(head: &[u8]) -> Option<u16> {
    let line = crate::text::decode_bytes(head.split(|&byte| byte == b'\r').next()?);
    let mut words = line.split(' ');
    let version = words.next()?;
    let code = words.next()?;
    let fits = version.starts_with("HTTP/1.") && code.len() == 3;
    fits.then(|| code.parse().ok())?.filter(|code| (200..600).contains(code))
}

/// What tells where a body ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyFraming {
    Length(usize),
    Chunked,
    Close,
}

impl BodyFraming {
    fn from_head(head: &[u8]) -> Self {
        let text = crate::text::decode_bytes(head).to_ascii_lowercase();
        let [coding, length] = ["transfer-encoding:", "content-length:"]
            .map(|name| text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim())));
        if coding.is_some_and(|coding| coding.ends_with("chunked")) {
            return Self::Chunked;
        }
        let length = length.and_then(|length| length.parse().ok());
        length.map_or(Self::Close, Self::Length)
    }
}

/// Whether the last chunk is there; `next` is where the next unread chunk begins.
fn all_chunks(bytes: &[u8], next: &mut usize) -> bool {
    while let Some(rest) = bytes.get(*next..) {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else { return false };
        let line = crate::text::decode_bytes(&rest[..end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { return false };
        if size == 0 {
            // Trailers, then an empty line: without trailers the two ends of line meet.
            return rest[end..].windows(4).any(|window| window == b"\r\n\r\n");
        }
        *next = next.saturating_add(end).saturating_add(size).saturating_add(4);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server for one connection; returns its port.
    fn server(answer: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET / HTTP/1.1\r\nHost: localhost:"));
            answer(stream);
        });
        port
    }

    fn says(text: &'static str) -> u16 {
        server(move |mut stream| stream.write_all(text.as_bytes()).unwrap())
    }

    fn ask(port: u16) -> Result<HttpResponse, String> {
        let limits = HttpLimits { body: 100_000, ..HttpLimits::default() };
        get_once(port, "/", limits, &CancelFlag::default())
    }

    #[test]
    fn a_page_has_its_status_and_size() {
        let response = ask(says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")).unwrap();
        assert_eq!((response.status, response.body, response.end), (200, 5, BodyEnd::Whole));
        assert!(response.head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }

    /// A connection on which each part of the response comes when it is read, after a while.
    struct SlowStream(Vec<&'static [u8]>);

    const WHILE: Duration = Duration::from_millis(20);

    impl Read for SlowStream {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            std::thread::sleep(WHILE);
            let part = self.0.remove(0);
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    impl Write for SlowStream {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_byte_comes_after_the_request_and_before_the_last() {
        let stream = SlowStream(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"]);
        let cancel = CancelFlag::default();
        let (response, _) =
            send_request(stream, Instant::now(), "GET /", HttpLimits::default(), &cancel).unwrap();
        assert!(response.first_byte >= WHILE, "{response:?}");
        assert!(response.duration >= response.first_byte + WHILE, "{response:?}");
    }

    #[test]
    fn connecting_comes_before_the_first_byte() {
        let response = ask(says("HTTP/1.1 204 No Content\r\n\r\n")).unwrap();
        assert!(response.connect.unwrap() < response.first_byte, "{response:?}");
    }

    /// Answers on connections until the test ends, `per_connection` times on each.
    fn patient_server(answer: &'static str, per_connection: usize) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                for _ in 0..per_connection {
                    let mut request = [0; 4096];
                    if stream.read(&mut request).unwrap_or(0) == 0 {
                        break;
                    }
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        port
    }

    #[test]
    fn a_kept_connection_is_made_once() {
        let port = patient_server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 100);
        let cancel = CancelFlag::default();
        let mut client = HttpClient::new(port, HttpLimits::default(), &cancel);
        let made: Vec<bool> =
            (0..4).map(|_| client.get_reusing_connection("/").unwrap().connect.is_some()).collect();
        assert_eq!(made, [true, false, false, false]);
    }

    #[test]
    fn a_server_that_closes_gets_a_new_connection_each_time() {
        for answer in [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\n\r\nok",
        ] {
            let port = patient_server(answer, 1);
            let cancel = CancelFlag::default();
            let mut client = HttpClient::new(port, HttpLimits::default(), &cancel);
            for _ in 0..3 {
                assert!(client.get_reusing_connection("/").unwrap().connect.is_some(), "{answer}");
            }
        }
    }

    #[test]
    fn an_error_page_is_an_answer_too() {
        let response = ask(says("HTTP/1.1 503 Service Unavailable\r\n\r\nno")).unwrap();
        assert_eq!((response.status, response.body, response.end), (503, 2, BodyEnd::Whole));
    }

    #[test]
    fn a_connection_that_stays_open_does_not_hold_us_up() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ] {
            let port = server(move |mut stream| {
                stream.write_all(text.as_bytes()).unwrap();
                std::thread::park();
            });
            assert_eq!(ask(port).unwrap().end, BodyEnd::Whole, "{text}");
        }
    }

    #[test]
    fn a_slow_page_takes_its_time() {
        let port = server(|mut stream| {
            std::thread::sleep(Duration::from_millis(150));
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
            std::thread::sleep(Duration::from_millis(150));
            stream.write_all(b"slow").unwrap();
        });
        let response = ask(port).unwrap();
        assert_eq!((response.body, response.end), (4, BodyEnd::Whole));
        assert!(response.duration >= Duration::from_millis(290), "{:?}", response.duration);
    }

    #[test]
    fn what_is_not_http_is_no_response() {
        for text in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 20", ""] {
            assert!(ask(says(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_that_never_answers_is_given_up_in_time() {
        let port = server(|_stream| std::thread::park());
        let limits = HttpLimits { time: Duration::from_millis(100), ..HttpLimits::default() };
        let error = get_once(port, "/", limits, &CancelFlag::default()).unwrap_err();
        assert_eq!(error, "no answer in time");
    }

    #[test]
    fn a_port_where_nobody_listens_is_no_response() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(ask(port).unwrap_err().contains("no connection"));
    }

    #[test]
    fn a_huge_page_is_read_to_the_limit_only() {
        let port = server(|mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
        });
        let response = ask(port).unwrap();
        assert_eq!((response.body, response.end), (100_000, BodyEnd::Capped));
    }

    #[test]
    fn a_page_that_ends_too_early_is_cut() {
        let response = ask(says("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")).unwrap();
        assert_eq!((response.body, response.end), (5, BodyEnd::Cut));
    }

    #[test]
    fn a_user_who_wants_to_stop_does_not_wait_for_the_answer() {
        let port = server(|_stream| std::thread::park());
        let cancel = CancelFlag::default();
        cancel.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        assert!(get_once(port, "/", HttpLimits::default(), &cancel).is_err());
        assert!(begun.elapsed() < HttpLimits::default().time / 2);
    }
}

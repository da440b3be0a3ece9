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

/// The most headers of a response.
const MAX_HEADERS: usize = 100;

/// How often a silent connection is looked at.
const SLICE: Duration = Duration::from_millis(50);

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyEnd {
    /// As the head announced.
    Whole,
    /// The server closed the connection, or fell silent, before.
    Cut,
    /// We stopped reading at our limit.
    Capped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpResponse {
    /// The status, three digits.
    pub status: u16,
    pub head: Vec<u8>,
    /// Bytes of the body as they crossed the wire.
    pub body: usize,
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
/// Errors: there was no response: nothing listens, the time is over, the user wants to stop, or
/// what came is not HTTP. In words.
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
    let head = reader.read_head()?;
    let end = reader.read_body(&head, limits.body);
    let duration = begun.elapsed();
    let first_byte = reader.first.map_or(duration, |first| first.duration_since(begun));
    let body = (reader.bytes.len() - head.length).min(limits.body);
    let stays_open = end == BodyEnd::Whole && head.stays_open;
    reader.bytes.truncate(head.length);
    let (status, head, connect) = (head.status, reader.bytes, None);
    Ok((HttpResponse { status, head, body, end, connect, first_byte, duration }, stays_open))
}

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

    fn read_head(&mut self) -> Result<ResponseHead, String> {
        loop {
            match ResponseHead::parse_head(&self.bytes) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) if self.bytes.len() <= LONGEST_HEAD => {}
                _ => return Err("the answer is not HTTP".into()),
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

    fn read_body(&mut self, head: &ResponseHead, most: usize) -> BodyEnd {
        let mut next = head.length;
        loop {
            let read = self.bytes.len() - head.length;
            let is_whole = match head.framing {
                BodyFraming::Length(length) => read >= length,
                BodyFraming::Chunked => all_chunks(&self.bytes, &mut next),
                BodyFraming::Close => false,
            };
            if is_whole {
                return BodyEnd::Whole;
            }
            if read >= most {
                return BodyEnd::Capped;
            }
            match (self.read_chunk(), head.framing) {
                (Ok(ReadChunk::Some), _) => {}
                (Ok(ReadChunk::Closed), BodyFraming::Close) => return BodyEnd::Whole,
                _ => return BodyEnd::Cut,
            }
        }
    }
}

/// What tells where a body ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyFraming {
    Length(usize),
    Chunked,
    Close,
}

struct ResponseHead {
    status: u16,
    /// Its bytes, after which the body begins.
    length: usize,
    framing: BodyFraming,
    /// Whether the server leaves the connection open after the body (RFC 9112, section 9.3).
    stays_open: bool,
}

impl ResponseHead {
    /// The head at the beginning of these bytes; none if it has not ended.
    fn parse_head(bytes: &[u8]) -> Result<Option<Self>, httparse::Error> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let mut parser = httparse::ParserConfig::default();
        parser.ignore_invalid_headers_in_responses(true);
        let parsed = parser.parse_response(&mut response, bytes)?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let status = response.code.filter(|code| (200..600).contains(code));
        let status = status.ok_or(httparse::Error::Status)?;
        let header_value = |name: &str| {
            let header = response.headers.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
            Some(crate::text::decode_bytes(header.value).trim().to_ascii_lowercase())
        };
        let coding = header_value("transfer-encoding").unwrap_or_default();
        let framing = match header_value("content-length").and_then(|text| text.parse().ok()) {
            _ if matches!(status, 204 | 304) => BodyFraming::Length(0),
            _ if coding.ends_with("chunked") => BodyFraming::Chunked,
            Some(length) => BodyFraming::Length(length),
            None => BodyFraming::Close,
        };
        let options = header_value("connection").unwrap_or_default();
        let options: Vec<&str> = options.split(',').map(str::trim).collect();
        let is_default = response.version == Some(1);
        let stays_open = framing != BodyFraming::Close
            && !options.contains(&"close")
            && (is_default || options.contains(&"keep-alive"));
        Ok(Some(Self { status, length, framing, stays_open }))
    }
}

/// Whether the last chunk is there; `next` is where the next unread chunk begins.
fn all_chunks(bytes: &[u8], next: &mut usize) -> bool {
    while let Some(rest) = bytes.get(*next..) {
        match httparse::parse_chunk_size(rest) {
            // Trailers, then an empty line: without trailers the two ends of line meet.
            Ok(httparse::Status::Complete((end, 0))) => {
                return rest[end - 2..].windows(4).any(|window| window == b"\r\n\r\n");
            }
            Ok(httparse::Status::Complete((end, size))) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                *next = next.saturating_add(end).saturating_add(size).saturating_add(2);
            }
            _ => return false,
        }
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

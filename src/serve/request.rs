//! Reading a request: its first line and headers, within bounds of bytes and time.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The most headers of a request: browsers send about twenty.
const MAX_HEADERS: usize = 64;

/// The first line and the headers of a request. A body is never read: nothing here takes one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    /// `GET`, `HEAD`, or one that is refused.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    headers: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestError {
    /// The client closed the connection, or it broke.
    Gone,
    /// It is not HTTP/1.
    Malformed,
    /// More bytes or headers than are read.
    TooLarge,
    /// The headers did not end in time.
    TooSlow,
}

impl RequestHead {
    /// Reads the head of a request, of at most `max_bytes`, which has to be there after `time`.
    pub(super) fn read_head(
        mut stream: &TcpStream,
        max_bytes: usize,
        time: Duration,
    ) -> Result<Self, RequestError> {
        let deadline = Instant::now() + time;
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // A browser opens connections ahead of need, and wants no answer on those.
                let is_unused = bytes.is_empty();
                return Err(if is_unused { RequestError::Gone } else { RequestError::TooSlow });
            }
            stream.set_read_timeout(Some(left)).map_err(|_| RequestError::Gone)?;
            let read = match stream.read(&mut chunk) {
                Ok(0) => return Err(RequestError::Gone),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        continue;
                    }
                    _ => return Err(RequestError::Gone),
                },
            };
            // The empty line may have begun in the chunk before.
            let from = bytes.len().saturating_sub(2);
            bytes.extend_from_slice(&chunk[..read]);
            if has_empty_line(&bytes[from..]) {
                return Self::parse_head(&bytes, max_bytes);
            }
            if bytes.len() > max_bytes {
                return Err(RequestError::TooLarge);
            }
        }
    }

    fn parse_head(bytes: &[u8], max_bytes: usize) -> Result<Self, RequestError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= max_bytes => {}
            Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
                return Err(RequestError::TooLarge);
            }
            _ => return Err(RequestError::Malformed),
        }
        let headers = request.headers.iter().map(|header| {
            let value = String::from_utf8_lossy(header.value).trim().to_string();
            (header.name.to_ascii_lowercase(), value)
        });
        Ok(Self {
            headers: headers.collect(),
            method: request.method.unwrap_or_default().to_string(),
            target: request.path.unwrap_or_default().to_string(),
        })
    }

    /// A request with these headers, one on each line.
    #[cfg(test)]
    pub(super) fn from_headers(headers: &str) -> Self {
        let text = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", headers.replace('\n', "\r\n"));
        Self::parse_head(text.as_bytes(), text.len()).expect("a request")
    }

    /// The values of the headers of this name, which is given in lower case.
    pub(super) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |header| header.0 == name).map(|header| header.1.as_str())
    }
}

/// Whether a line without content ends in these bytes, as the head of a request does.
fn has_empty_line(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\n\r\n").is_some()
        || memchr::memmem::find(bytes, b"\n\n").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// What is read from a client that sends these chunks, each after a moment.
    fn read_from(chunks: &[&[u8]]) -> Result<RequestHead, RequestError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for chunk in chunks {
                    let _ = client.write_all(chunk);
                    std::thread::sleep(Duration::from_millis(30));
                }
            });
            RequestHead::read_head(&stream, 1000, Duration::from_secs(5))
        })
    }

    #[test]
    fn a_request_is_read_however_it_is_cut() {
        let whole = b"GET /a?b HTTP/1.1\r\nHost: x\r\nACCEPT:  y \r\n\r\n";
        let cuts = [0, 1, 4, 17, 18, 19, 30, whole.len() - 3, whole.len() - 2, whole.len() - 1];
        for cut in cuts {
            let (first, second) = whole.split_at(cut);
            let request = read_from(&[first, second]).unwrap();
            assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a?b"));
            assert_eq!(request.header_values("accept").collect::<Vec<_>>(), ["y"], "{cut}");
        }
    }

    #[test]
    fn what_is_not_a_request_of_bounded_size_is_told_apart() {
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(MAX_HEADERS + 1));
        let large = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "x".repeat(1000));
        for (bytes, error) in [
            (b"\x16\x03\x01\x02\x00\n\r\n".as_slice(), RequestError::Malformed),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", RequestError::Malformed),
            (b"GET / HTTP/2.0\r\n\r\n", RequestError::Malformed),
            (b"\r\n\r\n", RequestError::Malformed),
            (b"GET / HTTP/1.1\r\n", RequestError::Gone),
            (b"", RequestError::Gone),
            (many.as_bytes(), RequestError::TooLarge),
            (large.as_bytes(), RequestError::TooLarge),
            (&large.as_bytes()[..large.len() - 4], RequestError::TooLarge),
        ] {
            assert_eq!(read_from(&[bytes]).unwrap_err(), error, "{}", bytes.escape_ascii());
        }
    }
}

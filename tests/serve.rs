//! Serving: what is answered, to whom, and what a failed build leaves.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use support::Project;

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(project: &Project, port: u16) -> Self {
        let mut child = project
            .command(&["serve", "--port", &port.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().trim_end_matches('/').rsplit(':').next().unwrap();
        let port = port.parse().unwrap_or_else(|_| panic!("no address: {line}"));
        Self { child, port }
    }

    /// The status and the text of the answer to a request for a path as it stands.
    fn ask(&self, path: &str, host: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("{answer}")), answer)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(path, &format!("127.0.0.1:{}", self.port))
    }

    /// Asks until the answer holds some words.
    fn until(&self, path: &str, words: &str) -> String {
        let start = Instant::now();
        loop {
            let (_, text) = self.get(path);
            if text.contains(words) {
                return text;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "no `{words}` in {text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_is_served_a_failure_is_told_and_there_is_never_a_moment_without_a_page() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    assert_eq!(server.get("/").0, 200);
    for round in 0..5 {
        project.write("site/method.md", format!("# Method\n\nRound {round}.\n"));
        let start = Instant::now();
        loop {
            let (status, text) = server.get("/method.html");
            assert_eq!(status, 200);
            if text.contains(&format!("Round {round}.")) {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(60));
        }
    }
    project.write("site/method.md", "# Method\n\n[x](nowhere.md)\n");
    server.until("/-isoproof/state", "no such page");
    assert!(server.get("/method.html").1.contains("Round 4."));
    project.write("site/method.md", "# Method\n\nMended.\n");
    server.until("/method.html", "Mended.");
    server.until("/-isoproof/state", "\"error\":null");
}

#[test]
fn only_this_machine_is_answered_and_only_with_the_site() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    for host in ["evil.example", "127.0.0.1.evil.example", "evil.example:80", ""] {
        assert_eq!(server.ask("/", host).0, 403, "{host}");
    }
    assert_eq!(server.ask("/", "localhost").0, 200);
    for path in
        ["/../book.toml", "/%2e%2e/book.toml", "/..%2fbook.toml", "/.isoproof-site", "//etc/passwd"]
    {
        assert_eq!(server.get(path).0, 404, "{path}");
    }
    assert!(server.get("/runs").1.contains("Location: /runs/"));
    assert!(server.get("/style.css").1.contains("Content-Type: text/css"));
}

#[test]
fn a_port_in_use_means_another_one() {
    let project = Project::with_customer();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let server = Server::start(&project, port);
    assert_ne!(server.port, port);
    assert_eq!(server.get("/index.html").0, 200);
}

//! Serving: what is answered, to whom, and what a failed build leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::Project;

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
        self.ask_with(path, &format!("Host: {host}\r\n"))
    }

    /// The same with these headers.
    fn ask_with(&self, path: &str, headers: &str) -> (u16, String) {
        let mut stream = self.send(path, headers);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("{answer}")), answer)
    }

    /// A connection over which a request was sent.
    fn send(&self, path: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n").unwrap();
        stream
    }

    /// How many threads the server has.
    fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
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
fn what_is_asked_for_by_name_and_is_not_there_ends_it() {
    let project = Project::with_customer();
    let nothing = ["serve", "--port", "0", "--run", "nix"];
    project.run(&nothing).fails(2, &["no run has the label or id `nix`"]);
    project.run(&["serve", "--port", "0", "--target", "nix"]).fails(2, &["nix"]);
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
fn print_page_and_search_know_of_a_change_as_soon_as_open_pages_are_told() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    let state = || -> serde_json::Value {
        let (_, answer) = server.get("/-isoproof/state");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    };
    for word in ["zebra", "giraffe", "okapi"] {
        let before = state()["site"].clone();
        project.write("site/method.md", format!("# Method\n\nThe {word} is here.\n"));
        let start = Instant::now();
        while state()["site"] == before {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        for page in ["/method.html", "/print.html", "/search-index.js"] {
            assert!(server.get(page).1.contains(word), "{word} on {page}");
        }
    }
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

#[test]
fn a_page_of_another_server_reads_nothing() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    let index = "/search-index.js";
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port);
    let fetched = |site: &str, mode: &str, dest: &str| {
        let headers = format!(
            "{host}Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {dest}\r\n"
        );
        server.ask_with(index, &headers)
    };
    let (status, answer) = fetched("same-origin", "no-cors", "script");
    assert_eq!(status, 200);
    assert!(answer.contains("\r\nCross-Origin-Resource-Policy: same-origin\r\n"), "{answer}");
    for (site, mode, dest) in [
        ("cross-site", "no-cors", "script"),
        ("cross-site", "cors", "empty"),
        ("cross-site", "navigate", "iframe"),
        ("same-site", "no-cors", "script"),
    ] {
        assert_eq!(fetched(site, mode, dest).0, 403, "{site} {mode} {dest}");
    }
    // A link somewhere that is followed.
    assert_eq!(fetched("cross-site", "navigate", "document").0, 200);
    assert_eq!(server.ask_with(index, &format!("{host}Origin: http://evil.example\r\n")).0, 403);
}

#[test]
fn headers_are_bounded() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port);
    let cookie = |bytes| format!("{host}Cookie: {}\r\n", "x".repeat(bytes));
    assert_eq!(server.ask_with("/", &cookie(10_000)).0, 200);
    assert_eq!(server.ask_with("/", &cookie(20_000)).0, 431);
    assert_eq!(server.ask_with("/", &cookie(1_000_000)).0, 431);
    assert_eq!(server.ask_with("/", &format!("{host}{}", "a: b\r\n".repeat(1000))).0, 431);
}

#[test]
fn five_hundred_waiting_pages_are_not_five_hundred_threads() {
    let project = Project::with_customer();
    let server = Server::start(&project, 0);
    let alone = server.threads();
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port);
    let waiting: Vec<TcpStream> =
        (0..500).map(|_| server.send("/-isoproof/state?since=1", &host)).collect();
    assert_eq!(server.get("/").0, 200);
    let threads = server.threads();
    assert!(threads < alone + 120, "{threads} threads");
    drop(waiting);
}

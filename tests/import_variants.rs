//! Every way in which real evidence deviates from the lab's instructions.

mod support {
    use isoproof::model::{Capture, Fact, Origin, Status, Stream, Why};
    use isoproof::probe::lab12::{Reading, assign, read};

    /// Captures of files that exist in the test only.
    pub fn captures(files: &[(&str, &[u8])]) -> Vec<Capture> {
        let capture = |(path, bytes): &(&str, &[u8])| Capture {
            id: (*path).into(),
            target: None,
            origin: Origin::File { path: (*path).into(), slot: None },
            status: Status::Ok,
            exit: None,
            started: None,
            duration_ms: None,
            stdout: Stream::new(bytes),
            stderr: None,
        };
        let mut captures: Vec<Capture> = files.iter().map(capture).collect();
        assign(&mut captures);
        captures
    }

    /// A reading with look-ups that say what they looked for when they fail.
    pub struct Facts(pub Reading);

    /// Reads files that exist in the test only.
    pub fn reading(files: &[(&str, &str)]) -> Facts {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(p, t)| (*p, t.as_bytes())).collect();
        Facts(read(&captures(&files)))
    }

    /// Reads one file.
    pub fn one(path: &str, text: &str) -> Facts {
        reading(&[(path, text)])
    }

    impl Facts {
        pub fn get(&self, id: &str, target: &str) -> &Fact {
            let by_target = self.0.facts.get(id).unwrap_or_else(|| panic!("no fact {id}"));
            by_target.get(target).unwrap_or_else(|| panic!("no fact {id} on {target}"))
        }

        /// Asserts a text.
        pub fn text(&self, id: &str, target: &str, wanted: &str) -> &Self {
            let fact = self.get(id, target);
            assert_eq!(fact.as_str(), Some(wanted), "{id} on {target}: {fact:?}");
            self
        }

        /// Asserts a whole number.
        pub fn number(&self, id: &str, target: &str, wanted: i64) -> &Self {
            let fact = self.get(id, target);
            assert_eq!(fact.as_i64(), Some(wanted), "{id} on {target}: {fact:?}");
            self
        }

        /// Asserts a series.
        pub fn series(&self, id: &str, target: &str, wanted: &[f64]) -> &Self {
            let fact = self.get(id, target);
            let values = fact.as_series().map(|series| &series.values[..]);
            assert_eq!(values, Some(wanted), "{id} on {target}: {fact:?}");
            self
        }

        /// Asserts a structured value.
        pub fn json(&self, id: &str, target: &str, wanted: serde_json::Value) -> &Self {
            let fact = self.get(id, target);
            assert_eq!(fact.as_value(), Some(&wanted), "{id} on {target}: {fact:?}");
            self
        }

        /// Asserts the reason why there is no value.
        pub fn missing(&self, id: &str, target: &str, why: Why) -> &Self {
            match self.get(id, target) {
                Fact::Missing(missing) if missing.why == why => self,
                fact => panic!("{id} on {target}: wanted {why:?}, found {fact:?}"),
            }
        }

        /// Asserts that the reason holds words.
        pub fn because(&self, id: &str, target: &str, words: &str) -> &Self {
            match self.get(id, target) {
                Fact::Missing(missing) if missing.reason.contains(words) => self,
                fact => panic!("{id} on {target}: wanted `{words}`, found {fact:?}"),
            }
        }

        /// Asserts where a fact was read.
        pub fn at(&self, id: &str, target: &str, capture: &str, line: u32) -> &Self {
            let source = self.get(id, target).source().map(|s| (s.capture.as_str(), s.line));
            assert_eq!(source, Some((capture, Some(line))), "{id} on {target}");
            self
        }
    }
}

mod customer {
    use super::support::Facts;
    use isoproof::import::lab12::read_files;
    use isoproof::model::{Edition, Fact, Why};
    use isoproof::probe::lab12::read;
    use serde_json::json;
    use std::path::Path;

    fn customer() -> Facts {
        let captures = read_files(Path::new("tests/import/customer")).unwrap();
        assert_eq!(captures.len(), 14);
        Facts(read(&captures))
    }

    #[test]
    fn the_first_real_directory_is_read_completely() {
        let facts = customer();
        assert_eq!(facts.0.edition, Edition::F25);
        let names: Vec<&str> = facts.0.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["host", "runc", "kata"]);
        assert_eq!(facts.0.targets[2].handler.as_deref(), Some("io.containerd.kata.v2"));
        let banner = "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) \
                      11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38) #1 SMP Fri Nov 14 15:34:06 \
                      UTC 2025";
        facts
            .text("runtime.version", "kata", "3.23.0")
            .text("runtime.implementation", "kata", "rust")
            .text("runtime.commit", "kata", "bfc9e446e1f4e7db2741dc953c034447d55ec9b2")
            .text("kernel.release", "kata", "6.12.47")
            .at("kernel.release", "kata", "kata/kernel.txt", 1)
            .text("kernel.release", "host", "6.16.5-arch1-1")
            .at("kernel.release", "host", "analysis/kernel-comparison.txt", 2)
            .missing("kernel.release", "runc", Why::NotStated)
            .text("kernel.release_compared", "kata", "6.12.47")
            .text("kernel.banner", "kata", banner)
            .at("kernel.banner", "kata", "analysis/kernel-comparison.txt", 3)
            .text("kernel.dmesg_banner", "kata", banner)
            .text(
                "kernel.uname",
                "kata",
                "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux",
            )
            .number("kernel.dmesg_lines", "kata", 4)
            .at("kernel.dmesg_lines", "kata", "isolation/dmesg.txt", 4)
            .text("evidence.logged_at", "kata", "2025-11-27T21:57:34+03:00")
            .number("app.health_status", "runc", 503)
            .number("proc.entries", "host", 322)
            .number("proc.entries", "kata", 52)
            .at("proc.entries", "kata", "isolation/proc.txt", 3)
            .missing("proc.entries", "runc", Why::NotStated)
            .number("kernel.sys_module", "host", 332)
            .number("kernel.sys_module", "kata", 72);
        let cmdline = facts.get("kernel.cmdline", "kata").as_str().unwrap();
        assert!(cmdline.starts_with("reboot=k panic=1") && cmdline.ends_with("8K@0xe0002000:5"));
    }

    #[test]
    fn its_processors_interfaces_and_measurements_are_read() {
        let facts = customer();
        facts
            .text("cpu.model", "host", "Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz")
            .at("cpu.model", "host", "analysis/cpu-comparison.txt", 3)
            .text("cpu.model", "kata", "Intel(R) Xeon(R) Processor @ 1.60GHz")
            .at("cpu.model", "kata", "kata/cpu.txt", 1)
            .text("cpu.model_compared", "kata", "Intel(R) Xeon(R) Processor @ 1.60GHz")
            .json(
                "net.interfaces",
                "kata",
                json!([
                    {"name": "lo", "mac": "00:00:00:00:00:00", "ipv4": ["127.0.0.1/8"],
                     "ipv6": ["::1/128"]},
                    {"name": "eth0", "mac": "d2:e2:eb:78:ed:94", "ipv4": ["10.4.0.15/24"],
                     "ipv6": ["fe80::d0e2:ebff:fe78:ed94/64"]},
                ]),
            )
            .at("net.interfaces", "kata", "isolation/network.txt", 3)
            .missing("startup.wall", "runc", Why::Empty)
            .missing("startup.wall", "kata", Why::Empty)
            .at("startup.wall", "kata", "bench/startup.txt", 3)
            .json(
                "http.latency_reported",
                "runc",
                json!({"avg": 0.0001, "min": 0.0001, "max": 0.0005, "n": 50}),
            );
        let Fact::Series(samples) = facts.get("http.latency", "runc") else { panic!("no samples") };
        assert_eq!(samples.values.len(), 50);
        assert_eq!((samples.values[0], samples.values[49]), (0.000455, 0.000132));
    }
}

//! Pseudonyms: what identifies a person or a machine is replaced before anything is written.
//!
//! A pseudonym is a keyed hash of what it stands for, so it is the same in every run of a
//! project, and nobody without the project's key can try candidates. It has the form of what it
//! replaces, so that readers and rules go on working: an address made from a MAC is replaced by
//! the one made from the MAC's pseudonym.
//!
//! What stays: private and loopback addresses, container ids, and version numbers that look like
//! addresses (`6.6.87.2-microsoft-standard-WSL2`).

mod address;
mod name;

use std::collections::BTreeMap;
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest, Sha256};

use crate::atomic;
use crate::error::{Error, Result};
use crate::model::{Capture, Origin, Redaction, Stream};

/// The file of a project's key, below its private folder.
const KEY_FILE: &str = "pseudonyms.key";

/// Replaces identifiers by pseudonyms and counts what it replaced.
#[derive(Debug)]
pub struct Redactor {
    key: [u8; 32],
    known: Vec<name::Name>,
    replaced: BTreeMap<String, u32>,
}

impl Redactor {
    /// A redactor with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, known: Vec::new(), replaced: BTreeMap::new() }
    }

    /// A redactor with the key in `folder`, which is made on first use and never committed.
    ///
    /// # Errors
    ///
    /// The key cannot be read or made, or is damaged.
    pub fn of_project(folder: &Path) -> Result<Self> {
        let path = folder.join(KEY_FILE);
        if std::fs::symlink_metadata(&path).is_err() {
            make_key(&path)?;
        }
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
        let key = HEXLOWER_PERMISSIVE
            .decode(text.trim().as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or_else(|| {
                Error::input(format!("{}: 64 hexadecimal digits are wanted", path.display()))
                    .help("delete it to get a new one; pseudonyms then differ from earlier runs")
            })?;
        Ok(Self::new(key))
    }

    /// Replaces identifiers in the captures. What names a user or host in one of them is
    /// replaced in all.
    pub fn redact(&mut self, captures: &mut [Capture]) {
        let texts: Vec<String> = captures.iter().flat_map(streams).map(text_of).collect();
        let mut names = name::find(&texts);
        names.extend(self.known.iter().cloned());
        for capture in captures {
            if let Origin::Command { argv } = &mut capture.origin {
                for word in argv {
                    *word = self.redact_text(word, &names);
                }
            }
            self.redact_stream(&mut capture.stdout, &names);
            if let Some(stderr) = &mut capture.stderr {
                self.redact_stream(stderr, &names);
            }
        }
    }

    /// Makes the names of this machine and of its user known, so that they are replaced wherever
    /// they stand.
    pub fn know_this_machine(&mut self) {
        self.know_names_of_this_machine();
        self.know_boot_line(&std::fs::read_to_string("/proc/cmdline").unwrap_or_default());
    }

    /// Makes the host name of this machine and the name of its user known.
    pub fn know_names_of_this_machine(&mut self) {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        self.known.extend(name::known("host", &host));
        for variable in ["USER", "SUDO_USER", "LOGNAME"] {
            if let Ok(user) = std::env::var(variable) {
                self.known.extend(name::known("user", &user));
            }
        }
    }

    /// Makes the program that this machine boots into, and its arguments, known: what follows
    /// `init=`, `rdinit=` and `--` on the kernel's command line may carry addresses and tokens.
    pub fn know_boot_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, arguments)) = line.split_once(" -- ") {
            self.known.extend(name::known("boot-argument", arguments.trim()));
        }
        for word in line.split_whitespace() {
            let program = word.strip_prefix("init=").or_else(|| word.strip_prefix("rdinit="));
            // The whole path, and the name that the process goes by.
            let names = program
                .into_iter()
                .flat_map(|path| [path, path.rsplit('/').next().unwrap_or(path)]);
            self.known.extend(names.filter_map(|name| name::known("boot-argument", name)));
        }
    }

    /// Replaces identifiers in a few words that are no capture.
    pub fn redact_words(&mut self, text: &str) -> String {
        let mut names = name::find(&[text.to_string()]);
        names.extend(self.known.iter().cloned());
        self.redact_text(text, &names)
    }

    /// How often the known names stand in a text, by kind.
    pub fn known_in(&mut self, text: &str) -> BTreeMap<String, u32> {
        let names = self.known.clone();
        let before = std::mem::take(&mut self.replaced);
        name::replace(text, &names, self);
        std::mem::replace(&mut self.replaced, before)
    }

    /// What was replaced so far.
    pub fn report(&self) -> Redaction {
        Redaction { applied: true, replaced: self.replaced.clone() }
    }

    fn redact_stream(&mut self, stream: &mut Stream, names: &[name::Name]) {
        let text = text_of(stream);
        let redacted = self.redact_text(&text, names);
        // A stream without identifiers keeps its very bytes, whatever their encoding.
        if redacted != text {
            *stream = Stream::new(redacted.as_bytes());
        }
    }

    fn redact_text(&mut self, text: &str, names: &[name::Name]) -> String {
        let text = name::replace(text, names, self);
        address::replace(&text, self)
    }

    /// The first bytes of the keyed hash of an identifier.
    fn hash<const N: usize>(&self, kind: &str, value: &str) -> [u8; N] {
        let mut hasher = Sha256::new();
        for part in [&self.key[..], kind.as_bytes(), value.as_bytes()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let digest = hasher.finalize();
        std::array::from_fn(|index| digest[index])
    }

    fn count(&mut self, kind: &str) {
        *self.replaced.entry(kind.to_string()).or_default() += 1;
    }
}

fn streams(capture: &Capture) -> impl Iterator<Item = &Stream> {
    std::iter::once(&capture.stdout).chain(capture.stderr.as_ref())
}

/// The text of a stream: its own if it is UTF-8, else what can be decoded. NULs are what UTF-16
/// without its mark leaves between the letters of a name.
fn text_of(stream: &Stream) -> String {
    let bytes = stream.bytes().unwrap_or_default();
    if bytes.contains(&0) {
        return crate::text::decode(&bytes);
    }
    String::from_utf8(bytes).unwrap_or_else(|error| crate::text::decode(error.as_bytes()))
}

/// Makes a key that only the user can read, unless another process makes one at the same time.
fn make_key(path: &Path) -> Result<()> {
    use std::io::Read;
    let mut key = [0; 32];
    let source = Path::new("/dev/urandom");
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut key))
        .map_err(|error| Error::io("read", source, &error))?;
    let text = format!("{}\n", HEXLOWER_PERMISSIVE.encode(&key));
    atomic::create(path, text.as_bytes(), atomic::PRIVATE).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> String {
        let mut redactor = Redactor::new([7; 32]);
        let names = name::find(&[text.to_string()]);
        redactor.redact_text(text, &names)
    }

    #[test]
    fn a_mac_and_the_address_made_from_it_stay_consistent() {
        let text = "link/ether d2:e2:eb:78:ed:94 brd ff:ff:ff:ff:ff:ff\n\
                    inet6 fe80::d0e2:ebff:fe78:ed94/64 scope link";
        let redacted = redact(text);
        assert!(!redacted.contains("78:ed:94") && !redacted.contains("fe78:ed94"), "{redacted}");
        assert!(redacted.contains("brd ff:ff:ff:ff:ff:ff"), "{redacted}");
        let mac = redacted.split_whitespace().nth(1).unwrap().to_string();
        let inet6 = redacted.split_whitespace().nth(5).unwrap();
        assert_eq!(inet6, format!("{}/64", address::link_local(&mac).unwrap()));
    }

    #[test]
    fn private_addresses_loopback_and_versions_stay() {
        for text in [
            "inet 10.4.0.15/24 brd 10.4.0.255 scope global eth0",
            "inet6 ::1/128 scope host noprefixroute",
            "link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
            "Linux version 6.6.87.2-microsoft-standard-WSL2 (root@439a258ad544)",
            "5.15.153.1",
            "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux",
            "Linux version 6.12.47 (@4bcec8f4443d) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04.2) 11.4.0)",
            "time=\"2025-11-27T21:57:34+03:00\" level=warning",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn an_answer_is_no_host_name_even_behind_that_word() {
        for text in ["kernel/hostname: yes\nyes", "hostname: unknown", "Hostname: none\nno none"] {
            assert_eq!(redact(text), text);
        }
        let redacted = redact("Static hostname: falkenhorst\nfalkenhorst");
        assert!(!redacted.contains("falkenhorst"), "{redacted}");
    }

    #[test]
    fn public_addresses_go_and_keep_their_form() {
        let redacted = redact("inet 91.108.4.7/24 and inet6 2a00:1450:4010::8b/64");
        assert!(redacted.contains("inet 198.1") && redacted.contains("/24"), "{redacted}");
        assert!(redacted.contains("inet6 2001:db8:") && redacted.contains("/64"), "{redacted}");
    }

    #[test]
    fn what_a_machine_boots_into_is_replaced_and_the_rest_of_its_line_stays() {
        let mut redactor = Redactor::new([7; 32]);
        let line = "console=ttyS0 quiet rdinit=/sbin/agent -- --addr 10.0.0.5:99 --token abc";
        redactor.know_boot_line(line);
        let redacted = redactor.redact_words(&format!("[    0.000000] Command line: {line}"));
        assert!(redacted.contains("console=ttyS0 quiet rdinit=boot-argument-"), "{redacted}");
        assert!(!redacted.contains("agent") && !redacted.contains("token"), "{redacted}");
        assert!(!redactor.redact_words("1 root agent").contains("agent"));
    }

    #[test]
    fn a_name_in_utf_16_without_its_mark_is_found() {
        let bytes: Vec<u8> =
            "ls /home/marta/lab12\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut redactor = Redactor::new([7; 32]);
        let mut stream = Stream::new(&bytes);
        let names = name::find(&[text_of(&stream)]);
        redactor.redact_stream(&mut stream, &names);
        let text = String::from_utf8(stream.bytes().unwrap()).unwrap();
        assert!(!text.contains("marta") && text.contains("lab12"), "{text}");
    }

    #[test]
    fn users_and_hosts_are_replaced_wherever_they_stand() {
        let redacted = redact(
            "marta@thinkpad:~/lab$ ls /home/marta/lab12\nLinux thinkpad 6.8.0-1 #1 SMP x86_64\nhi marta",
        );
        assert!(!redacted.contains("marta") && !redacted.contains("thinkpad"), "{redacted}");
        assert!(redacted.contains("6.8.0-1"), "{redacted}");
    }

    #[test]
    fn names_that_are_words_of_the_evidence_are_not_replaced() {
        let text = "root@kata:/# uname\n/home/alpine/x\nkata-containers alpine:3.19";
        assert!(redact(text).contains("kata-containers alpine:3.19"));
    }

    #[test]
    fn the_same_key_gives_the_same_pseudonym() {
        let once = redact("ether d2:e2:eb:78:ed:94");
        assert_eq!(once, redact("ether d2:e2:eb:78:ed:94"));
        let mut other = Redactor::new([8; 32]);
        assert_ne!(once, other.redact_text("ether d2:e2:eb:78:ed:94", &[]));
    }

    #[test]
    fn a_project_makes_its_key_once_and_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = Redactor::of_project(folder.path()).unwrap().key;
        assert_eq!(first, Redactor::of_project(folder.path()).unwrap().key);
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn many_first_uses_at_once_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let key = || Redactor::of_project(&folder.path().join("private")).unwrap().key;
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(key)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|other| *other == keys[0]));
    }

    #[test]
    fn a_name_that_is_a_word_of_the_evidence_goes_only_where_it_is_a_name() {
        let text = "max@real:~/lab$ cat http-latency.txt\n/home/max/lab\nLinux real 6.8.0-45-generic #45\n\
                    avg=0.0034s min=0.0012s max=0.0060s n=50\nreal 0m0.5s\n";
        let redacted = redact(text);
        assert!(!redacted.contains("max@") && !redacted.contains("@real"), "{redacted}");
        assert!(!redacted.contains("/max/") && !redacted.contains("Linux real"), "{redacted}");
        assert!(redacted.contains("max=0.0060s n=50\nreal 0m0.5s"), "{redacted}");
    }

    #[test]
    fn a_host_named_like_a_flavour_leaves_kernel_releases_alone() {
        let text = "ann@oracle:~$ uname -r\n5.15.0-1027-oracle\nssh oracle\n";
        let redacted = redact(text);
        assert!(redacted.contains("\n5.15.0-1027-oracle\n"), "{redacted}");
        assert!(!redacted.contains("ssh oracle") && !redacted.contains("@oracle"), "{redacted}");
        let arch = redact("ann@arch1:~$ uname -r\n6.17.7-arch1-1\n");
        assert!(arch.contains("\n6.17.7-arch1-1\n") && !arch.contains("@arch1"), "{arch}");
    }
}

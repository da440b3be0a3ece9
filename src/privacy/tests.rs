use super::*;

/// The texts of `cases.txt`, with the marks.
fn cases() -> Vec<String> {
    let lines = include_str!("cases.txt").lines().filter(|line| !line.starts_with("#! "));
    let text: Vec<&str> = lines.collect();
    let texts = text.join("\n");
    let texts = texts.split("\n---\n").map(|text| text.trim_matches('\n'));
    texts
        .map(|text| text.replace('␛', "\u{1b}").replace('␇', "\u{7}").replace('␤', "\r\n"))
        .collect()
}

/// What is wrong with a redacted text: each marked part is another, and the rest is the same.
fn wrong(marked: &str, redacted: &str) -> Option<String> {
    let mut rest = redacted;
    let mut parts = marked.split('«');
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return Some(format!("before: {first}")) };
    rest = after;
    for part in parts {
        let (planted, plain) = part.split_once('»').unwrap();
        let end = match plain {
            "" => rest.len(),
            _ => match rest.find(plain) {
                Some(end) => end,
                None => return Some(format!("after `{planted}`: {plain}")),
            },
        };
        if rest[..end].contains(planted) || rest[..end].contains(['\n', ' ']) {
            return Some(format!("`{planted}` became `{}`", &rest[..end]));
        }
        rest = &rest[end + plain.len()..];
    }
    (!rest.is_empty()).then(|| format!("at the end: {rest}"))
}

#[test]
fn what_is_planted_in_texts_is_replaced_and_nothing_else_is_changed() {
    let mut errors = Vec::new();
    for marked in cases() {
        let redacted = redact(&marked.replace(['«', '»'], ""));
        if let Some(error) = wrong(&marked, &redacted) {
            errors.push(format!("{error}\n{marked}\n=> {redacted}\n"));
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn redact(text: &str) -> String {
    Redactor::new([7; 32]).redact_words(text)
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
    let octets: Vec<u8> =
        mac.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect();
    let [a, b, c, d, e, f] = octets[..] else { panic!("{mac}") };
    let end = [a ^ 2, b, c, 0xff, 0xfe, d, e, f];
    let address: std::net::Ipv6Addr = inet6.strip_suffix("/64").unwrap().parse().unwrap();
    assert_eq!(address.octets()[8..], end);
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
    let mut captures = [Capture::of_file("a.txt", None, &bytes)];
    redactor.redact_captures(&mut captures, |_| Facts::new());
    let text = String::from_utf8(captures[0].stdout.decoded_bytes().unwrap()).unwrap();
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
    assert_ne!(once, other.redact_words("ether d2:e2:eb:78:ed:94"));
}

#[test]
fn a_project_makes_its_key_once_and_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let first = Redactor::of_project(folder.path()).unwrap().key.0;
    assert_eq!(first, Redactor::of_project(folder.path()).unwrap().key.0);
    let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
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

#[test]
fn many_first_uses_at_once_have_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = || Redactor::of_project(&folder.path().join("private")).unwrap().key.0;
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(key)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|other| *other == keys[0]));
}

#[test]
fn a_node_has_one_pseudonym_in_the_fleet_and_in_its_run() {
    for name in ["node-1", "ip-10-0-3-7.eu-west-1.compute.internal", "gke-prod-kata-1a2b-x9"] {
        let mut redactor = Redactor::new([7; 32]);
        let alone = redactor.host_pseudonym(name);
        assert_ne!(alone, name);
        redactor.know_host("node-0");
        redactor.know_host(name);
        assert_eq!(redactor.redact_words(name), alone);
    }
}

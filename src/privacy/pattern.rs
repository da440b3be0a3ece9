//! The places in which identifiers stand and the forms that tell what they are, as a table.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::span::{IdentifierKind, RecognitionMethod};

/// How far a pattern reaches from the line on which its word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternReach {
    Line,
    /// It lies in that line and the next.
    TwoLines,
    /// It may reach over the whole text.
    Text,
}

use PatternReach::{Line, Text, TwoLines};

/// A UUID (RFC 9562).
pub(super) const UUID: &str =
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

/// What stands for what in [`TABLE`]. A name is letters of any script, digits and `._-`.
const PARTS: &[(&str, &str)] = &[
    ("{user}", r"(?P<user>\w(?:[\w.-]*\w)?)"),
    ("{host}", r"(?P<host>\w(?:[\w.-]*\w)?)"),
    ("{domain}", r"(?P<domain>\w[\w-]*(?:\.\w[\w-]*)+)"),
    // The beginning of a line up to a prompt: environments, times, marks and brackets.
    (
        "{prompt}",
        r#"^(?:\([^()\n]{0,40}\) ?|\[?\d\d:\d\d(?::\d\d)?\]? ?|[^\w\s@"'<(]{1,4} ?|[(\[])*"#,
    ),
    // What the names of passwords, tokens and keys have in them.
    (
        "{secrecy}",
        r"(?:passw(?:or)?d|passwort|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|preshared[_-]?key|key[_-]data|credential|auth[_-]?key)",
    ),
    ("{uuid}", UUID),
];

/// The words in the names of secrets.
const SECRECY: &[&str] = &["passw", "passphrase", "secret", "token", "key", "credential"];

/// Every pattern with its reach and with words, one of which stands in each text that it matches,
/// in any case of letters. In each the groups are named after what they hold: `hosts` is a list,
/// `secret` what is looked at before it is taken for one, `token` what tells by its form.
const TABLE: &[(PatternReach, &[&str], &str)] = &[
    // Folders of users.
    (
        Line,
        &["/home/", "/users/", "\\users\\", "/media/", "2fhome", "2fusers"],
        r"(?:/home/|/Users/|\\{1,2}Users\\{1,2}|/run/media/|%2Fhome%2F|%2FUsers%2F){user}",
    ),
    (Line, &["\\users\\"], r#"\\{1,2}Users\\{1,2}(?P<user>\w[^\\/:*?"<>|\n]*)\\"#),
    // Prompts of shells.
    (
        Line,
        &["@", "㉿"],
        r"{prompt}{user}[@㉿]{host}(?:[:\s][^<\n]*?[$#%>❯➜λ»\x{e0b0}]|\)-\[| (?:MINGW|MSYS|UCRT|CLANG))",
    ),
    (Line, &[" in ~", " in /"], r"{prompt}{user} in [^\w\s]+ {host} in [~/]"),
    (Line, &[":~", ":/"], r"^{host}:(?:~[^\s$#%>]*|/(?:[^/\s$#%>][^\s$#%>]*)?)[$#%>](?: |$)"),
    (Line, &["$ "], r"^(?P<host>\w[\w.-]*[A-Z-][\w.-]*):[\w.~-]+ {user}\$ "),
    (Line, &["] "], r"^\[{host}:[^\]\n]*\] {user}[%$#]"),
    // Answers of commands after a prompt.
    (
        TwoLines,
        &[" hostname", " uname -n", "/etc/hostname"],
        r"[$#%>❯+] (?:hostname(?: -[sf])?|uname -n|hostnamectl hostname|cat /etc/hostname)[ \t]*\r?\n[ \t]*{host}[ \t]*$",
    ),
    (
        TwoLines,
        &[" whoami", " id -un", " logname", " echo $user"],
        r"[$#%>❯+] (?:whoami|id -un|logname|echo \$USER)[ \t]*\r?\n[ \t]*{user}[ \t]*$",
    ),
    (Line, &["rw", "r-", "--"], r"^(?:[-bcdlps][-rwxsStT]{9}[.+@]?)\s+\d+\s+{user}\s+\S+\s+\d"),
    (Line, &[" ? ", "pts/", "tty"], r"^{user}\s+\d+\s+\d+\.\d\s+\d+\.\d\s+\d+\s+\d+\s"),
    (Line, &[" ? ", "pts/", "tty"], r"^{user}\s+\d+\s+\d+\s+\d+\s+\d\d:\d\d\s"),
    (
        Line,
        &[" 20 ", " rt "],
        r"^ *\d+ {user} +(?:rt|-?\d+) +-?\d+ +[\d.]+[mgt]? +[\d.]+[mgt]? +[\d.]+[mgt]? [DIRSTZ] ",
    ),
    (Line, &["pts/", "tty", " :"], r"^{user}\s+(?:pts/\d+|tty\d+|:\d)\s"),
    (Line, &["uid=", "gid="], r"\b[ug]id=\d{4,}\({user}\)"),
    (Line, &["(uid="], r"\b{user}\(uid=\d{4,}\)"),
    (
        Line,
        &[":x:", ":*:", ":!:", "::"],
        r"^{user}:[x*!]?:[1-9]\d{3,}:\d+:(?P<person>[^:,\n]+)?[^:\n]*:/",
    ),
    // Messages about users.
    (Line, &["[sudo"], r"\[sudo[^\]\n]*\][^:\n]* {user}\s?:"),
    (Line, &["sudoers"], r"^{user} is not in the sudoers"),
    (Line, &[" : "], r"\b{user} : (?:TTY=|PWD=|user NOT|command not)"),
    (Line, &["may run"], r"^User {user} may run [^\n]* on {host}:"),
    (Line, &["for user"], r"(?i)\bsession (?:opened|closed) for user {user}"),
    (Line, &["new session"], r"(?i)\bnew session \S+ of user {user}"),
    (
        Line,
        &["accepted", "failed"],
        r"(?i)\b(?:accepted|failed) \w+ for (?:invalid user )?{user} from ",
    ),
    (Line, &["logged in as"], r"(?i)\blogged in as:?[ \t]+{user}"),
    (
        Line,
        &["username", "user name", "user_name", "user-name"],
        r#"(?i)\buser[ _-]?name["'*]*[ \t]*[:=|][ \t]*["']?{user}"#,
    ),
    (
        Line,
        &["user=", "logname=", "username="],
        r#"\b(?:USER|LOGNAME|SUDO_USER|USERNAME)=["']?{user}"#,
    ),
    (
        Line,
        &["usermod", "adduser", "useradd", "gpasswd", "chown", "su -", "sudo -u", "linger"],
        r"\b(?:usermod -a?G \S+|useradd|adduser|gpasswd -a|chown -R|chown|su -|sudo -u|enable-linger) {user}\b",
    ),
    (
        Line,
        &["author", "committer", "-by", "from"],
        r"(?i)^[ \t>*-]*(?:author|committer|signed-off-by|co-authored-by|reviewed-by|from)[ \t]*:[ \t]*(?P<person>\w[^<>@:\n]*?)[ \t]*<[^<>\s]+@",
    ),
    (
        Line,
        &["owner", "hostname", "full name"],
        r"(?i)\b(?:registered owner|pretty hostname|full name)[ \t]*[:=][ \t]*(?P<person>\w[^\n]*?)[ \t]*$",
    ),
    // Remote shells and their keys.
    (
        Line,
        &["ssh", "scp", "sftp", "rsync", "mosh"],
        r#"\b(?:ssh|scp|sftp|rsync|mosh|sshfs|ssh-copy-id)\b[^@\n]*?[ "']{user}@{host}"#,
    ),
    (
        Line,
        &["ssh "],
        r"(?:^|[$#%>❯] )ssh (?:-[bcDEeFIiJLlmOopQRSWw] ?\S+ |-[46AaCfGgKkMNnqsTtVvXxYy]+ )*{host}(?:\s|$)",
    ),
    (Line, &["@"], r#"(?:^|[\s"'=(]){user}@{host}:[~/.\w]"#),
    // The title of a terminal's window.
    (Line, &["@"], r"^{user}@{host}: [~/]"),
    (Line, &["'s password"], r"\b{user}@{host}'s password"),
    (
        Line,
        &["aaaa"],
        r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-ssh-\S+) (?P<key>AAAA[0-9A-Za-z+/=]+)(?: {user}@{host})?",
    ),
    (Line, &["aaaa"], r"^(?P<hosts>[\w.,\[\]:-]+) (?:ssh-|ecdsa-|sk-)\S+ AAAA"),
    (Line, &["sha256:"], r"\bSHA256:(?P<key>[0-9A-Za-z+/]{43})"),
    (Line, &["resolve hostname"], r"(?i)\bcould not resolve hostname {host}"),
    (Line, &["connection to"], r"\b[Cc]onnection to {host} closed"),
    (Line, &["host '"], r"\bhost '{host} \("),
    // Names of hosts.
    (
        Line,
        &["name"],
        r#"(?i)(?:^|[^\w/])(?:(?:static|transient)[ _])?(?:host|node)[ _-]?name["'*]*[ \t]*[:=|][ \t]*["'<]?{host}"#,
    ),
    (
        Line,
        &["hostname"],
        r"(?i)\bhostname (?:set |changed )?to <{host}>|--hostname[= ](?P<host2>\w[\w.-]*\w)",
    ),
    (Line, &["host=", "computername="], r#"(?:^|\s)(?:HOST|COMPUTERNAME)=["']?{host}"#),
    (Line, &["resolve host"], r"\bunable to resolve host {host}"),
    (Line, &["name:"], r"^ Name: +{host}[ \t]*$"),
    (TwoLines, &["name:"], r"\bName:[ \t]+{host}[ \t]*\r?\n[ \t]*ID:"),
    (
        Text,
        &["\"name\""],
        r#""(?:KernelVersion|OperatingSystem|MemTotal|NCPU|ServerVersion)"[^{}]*?"Name"\s*:\s*"{host}""#,
    ),
    (
        Text,
        &["\"name\""],
        r#""Name"\s*:\s*"{host}"\s*,[^{}]*?"(?:KernelVersion|OperatingSystem|MemTotal|NCPU|ServerVersion)""#,
    ),
    (Line, &["linux ", "darwin "], r"^[ \t]*(?:[Uu]name:?[ \t]+)?(?:Linux|Darwin) {host} \d+\.\d+"),
    (Line, &["linux "], r"\bLinux {host} \d+\.\d+\.\d+"),
    // Journals.
    (
        Line,
        &[": "],
        r"^(?:[\w./~-]+:)?(?:<\d+>\d? ?)?(?:\p{L}{3,5}\.? +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|\d{1,2}\.? \p{L}{3,5}\.? \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?[+-]\d\d:?\d\d|\p{L}{2,3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w{3,5}|\d{10}\.\d{6}) {host} [\p{L}_(][^\s:]*: ",
    ),
    (
        Line,
        &["]: "],
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?Z {host} [\p{L}_(][^\s:]*\[\d+\]: ",
    ),
    (Line, &["node="], r"\bnode={host} type="),
    // Kubernetes and its like.
    (Line, &["ready"], r"^(?:\w{25}\s+\*?\s*)?{host}\s+(?:Not)?Ready\b"),
    (Line, &["node:"], r"^\s*Node:\s+{host}/\d"),
    (Line, &["io/hostname"], r#"\bkubernetes\.io/hostname["']?[=:]\s*["']?{host}"#),
    // Names that an installation makes.
    (
        Line,
        &["desktop-", "laptop-", "win-", "-macbook"],
        r"\b(?P<host>(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{6,12}|\w[\w-]*-MacBook(?:-Pro|-Air)?)\b",
    ),
    (Line, &["127.0.1.1"], r"^127\.0\.1\.1[ \t]+(?P<hosts>\w[^#\n]*)"),
    (Line, &["search", "domain"], r"^[ \t]*(?:search|domain)[ \t]+{domain}"),
    (
        Line,
        &["domain", "search"],
        r#"(?i)\b(?:dns[ _-]?domain|domain[ _-]?name|search[ _-]?domains?|dns[ _-]?search)["']?[ \t]*[:=][ \t]*\[?["']?{domain}"#,
    ),
    // Serial numbers.
    (
        Line,
        &["serial", "tag", "s/n"],
        r#"(?i)(?:\b|_)(?:serial(?:[ _-]?(?:number|num|no\.?))?|serial_short|asset[ _-]?tag|service[ _-]?tag|s/n)["']?[ \t]*[:=|][ \t]*["']?(?P<serial>[a-z0-9][a-z0-9._/:-]{3,})"#,
    ),
    (
        TwoLines,
        &["_serial", "_asset_tag"],
        r"(?i)(?:product|board|chassis)_(?:serial|asset_tag)[ \t]*\r?\n[ \t]*(?P<serial>[a-z0-9][a-z0-9._/-]{3,})[ \t]*$",
    ),
    (
        Line,
        &["vmware-"],
        r"(?i)\b(?P<serial>VMware-[0-9a-f]{2}(?: [0-9a-f]{2}){7}-[0-9a-f]{2}(?: [0-9a-f]{2}){7})",
    ),
    (Line, &["/by-id/"], r"/by-id/(?P<serial>[\w.:+-]+)"),
    // Ids of machines, disks and engines.
    (
        Line,
        &["id", "guid"],
        r#"(?i)\b(?:machine|host|hardware|installation|cluster|node|vm)[ _-]?(?:id|guid)["']?[ \t]*[:=|]?[ \t]*["']?(?P<id>{uuid}|[0-9a-f]{32}|[0-9a-f]{8}\b|[a-z0-9]{25}\b)"#,
    ),
    (
        TwoLines,
        &["machine-id", "product_uuid", "hostid"],
        r"(?i)(?:machine-id|product_uuid|hostid)[ \t]*\r?\n[ \t]*(?P<id>{uuid}|[0-9a-f]{32}|[0-9a-f]{8})[ \t]*$",
    ),
    (
        Line,
        &["uuid"],
        r#"(?i)(?P<label>[\w-]*uuid)\w*["'*]*[ \t]*[:=|][ \t]*["']?(?P<id>[0-9a-f]{8}(?::[0-9a-f]{8}){3}|[0-9a-f]{4,}(?:-[0-9a-f]{2,})*)"#,
    ),
    (Line, &["uuid/"], r"(?i)\bby-(?:part)?uuid/(?P<id>[0-9a-f-]{8,})"),
    (Line, &["uuid\\x2d"], r"(?i)\bby\\x2d(?:part)?uuid\\x2d(?P<id>[0-9a-f]+(?:\\x2d[0-9a-f]+)*)"),
    (Line, &["luks-"], r"\bluks-(?P<id>{uuid})"),
    (Line, &["filesystem "], r"(?i)\bfilesystem (?:with uuid )?(?P<id>{uuid})"),
    (Line, &["id"], r#"(?:^[ \t]*|["'])ID["']?\s*:[ \t]*["']?(?P<id>{uuid})"#),
    (Line, &[":"], r"\b(?P<id>[A-Z2-7]{4}(?::[A-Z2-7]{4}){11})\b"),
    (Line, &["wwn"], r#"(?i)\bwwn["']?[ \t]*[:=][ \t]*["']?(?P<id>0x[0-9a-f]{16})"#),
    (Line, &["iqn."], r"\biqn\.\d{4}-\d\d\.[\w.-]+:(?P<id>[\w.:-]+)"),
    (Line, &["i-"], r"\bi-(?P<id>[0-9a-f]{17})\b"),
    (Line, &["arn:aws"], r"\barn:aws[\w-]*:[\w-]*:[\w-]*:(?P<id>\d{12}):"),
    // MACs without separators, in the names of interfaces and after a label.
    (Line, &["enx", "wlx", "wwx", "ibx"], r"\b(?:en|wl|ww|ib)x(?P<mac>[0-9a-f]{12})\b"),
    (
        Line,
        &["mac", "hw", "ether", "lladdr", "phys"],
        r#"(?i)\b(?:mac|hw|ether|lladdr|phys)[a-z]*(?:[ _-]?addr(?:ess)?)?["']?\s?[:=]?\s?["']?(?P<mac>[0-9a-f]{12})\b"#,
    ),
    // Passwords in settings, options, JSON and variables.
    (Line, SECRECY, r#"(?i)\b[\w.-]*{secrecy}[\w-]*["']?[ \t]*[:=][ \t]*"(?P<secret>[^"\n]+)"#),
    (Line, SECRECY, r#"(?i)\b[\w.-]*{secrecy}[\w-]*["']?[ \t]*[:=][ \t]*'(?P<secret>[^'\n]+)'"#),
    (Line, SECRECY, r#"(?i)\b[\w.-]*{secrecy}[\w-]*=(?P<secret>[^\s"'&,;|)}\]]+)"#),
    (
        Line,
        SECRECY,
        r#"(?i)(?:^|\bexport )[\w.-]*{secrecy}[\w-]*[ \t]*=[ \t]*(?P<secret>[^\s"']+)"#,
    ),
    (Line, SECRECY, r#"(?i)\b[\w.-]*{secrecy}[\w-]*[ \t]*:[ \t]*(?P<secret>[^\s"']+)[ \t]*$"#),
    (Line, SECRECY, r#"(?i)--[\w-]*{secrecy}[ \t]+["']?(?P<secret>[^\s"'-][^\s"']*)"#),
    (Line, &["\"auth\""], r#"(?i)"auth"\s*:\s*"(?P<secret>[^"\n]+)"#),
    (Line, &["psk="], r#"\bpsk=["']?(?P<secret>[^\s"']+)"#),
    // Programs that take one after an option.
    (Line, &["login"], r#"\blogin\b[^\n]* -p[ =]?["']?(?P<secret>[^\s"']+)"#),
    (Line, &["sshpass"], r#"\bsshpass -p[ =]?["']?(?P<secret>[^\s"']+)"#),
    (Line, &["curl"], r#"\bcurl\b[^\n]* (?:-u|--user)[ =]?["']?[^\s:"']+:(?P<secret>[^\s"']+)"#),
    (Line, &["login"], r"\blogin \S+ password (?P<secret>\S+)"),
    // Headers and addresses of the web.
    (Line, &["bearer"], r"(?i)\bbearer[ \t]+(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
    (
        Line,
        &["authorization"],
        r#"(?i)\bauthorization["']?[ \t]*[:=][ \t]*["']?(?:basic|token|digest|apikey)[ \t]+(?P<secret>[^\s"']+)"#,
    ),
    (
        Line,
        &["x-", "cookie", "-token"],
        r"(?i)\b(?:x-[\w-]*(?:key|token|auth)|set-cookie|cookie|private-token)[ \t]*:[ \t]*(?P<secret>[^\r\n]+)",
    ),
    (Line, &["://"], r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:(?P<secret>[^\s/"'<>]+)@"#),
    (Line, &["://"], r#"(?i)\b[a-z][a-z0-9+.-]*://(?P<login>[^\s/:@"'<>]+)(?::[^\s/"'<>]*)?@"#),
    (
        Line,
        &["hooks.slack", "webhooks"],
        r#"(?i)https?://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/(?P<secret>[^\s"'<>]+)"#,
    ),
    (
        Line,
        &["sig", "key="],
        r#"(?i)[?&;](?:sig|signature|x-amz-signature|accountkey|sharedaccesskey)=(?P<secret>[^\s&"';]+)"#,
    ),
    // Tokens. GitHub, GitLab, Bitbucket.
    (
        Line,
        &["gh"],
        r"(?:^|[^A-Za-z0-9])(?P<token>gh[a-z]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})",
    ),
    (Line, &["gl"], r"(?:^|[^A-Za-z0-9])(?P<token>gl[a-z]{1,5}-[A-Za-z0-9_.-]{16,})"),
    (Line, &["atbb"], r"(?:^|[^A-Za-z0-9])(?P<token>ATBB[A-Za-z0-9]{20,})"),
    // Clouds.
    (
        Line,
        &["akia", "asia", "abia", "acca", "aida", "aroa"],
        r"(?:^|[^A-Za-z0-9])(?P<token>A(?:KIA|SIA|BIA|CCA|IDA|ROA)[A-Z0-9]{12,})",
    ),
    (
        Line,
        &["aiza", "ya29.", "gocspx-"],
        r"(?:^|[^A-Za-z0-9])(?P<token>AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_.-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,})",
    ),
    (
        Line,
        &["_v1_", "dapi", "shp"],
        r"(?:^|[^A-Za-z0-9])(?P<token>do[opr]_v1_[a-f0-9]{32,}|dapi[a-f0-9]{32}|shp[a-z]{2}_[a-f0-9]{24,})",
    ),
    // Registries of images and packages.
    (
        Line,
        &["dckr_", "npm_", "pypi-", "rubygems_", "cio"],
        r"(?:^|[^A-Za-z0-9])(?P<token>dckr_[a-z]{3}_[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{16,}|pypi-[A-Za-z0-9_-]{16,}|rubygems_[a-f0-9]{16,}|cio[A-Za-z0-9]{32})",
    ),
    // Chats, mail and payment.
    (
        Line,
        &["xox", "xapp-", ":aa", "sg."],
        r"(?:^|[^A-Za-z0-9])(?P<token>xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{16,}|\d{8,10}:AA[A-Za-z0-9_-]{32,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
    ),
    (
        Line,
        &["k_live_", "k_test_", "whsec_"],
        r"(?:^|[^A-Za-z0-9])(?P<token>(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,})",
    ),
    // Models.
    (
        Line,
        &["sk-", "hf_", "gsk_"],
        r"(?:^|[^A-Za-z0-9])(?P<token>sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{20,})",
    ),
    // Stores of secrets, networks, clusters.
    (
        Line,
        &["hvb.", "hvs.", "hvr.", "tskey-", "glsa_", "lin_api_", "swmtkn-", "k10", "age-secret-"],
        r"(?:^|[^A-Za-z0-9])(?P<token>hv[bsr]\.[A-Za-z0-9_-]{20,}|tskey-[A-Za-z0-9-]{16,}|glsa_[A-Za-z0-9_]{20,}|lin_api_[A-Za-z0-9]{20,}|SWMTKN-1-[a-z0-9-]{20,}|K10[a-f0-9]{64}::[a-z]+:[A-Za-z0-9]+|AGE-SECRET-KEY-1[A-Z0-9]{20,})",
    ),
    // JSON web tokens, and PEM in base64.
    (
        Line,
        &["eyj", "ls0tls1crudjti"],
        r"(?:^|[^A-Za-z0-9])(?P<token>eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}|eyJ[A-Za-z0-9_+/=-]{24,}|LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,})",
    ),
    // Hashes of passwords, as in /etc/shadow.
    (
        Line,
        &["$"],
        r"(?P<token>\$(?:1|2[aby]|5|6|7|y|gy|argon2id?|scrypt)\$[A-Za-z0-9./$=,+-]{16,})",
    ),
    // E-mail addresses.
    (
        Line,
        &["@"],
        r"(?P<email>\w[\w.+-]*@\w[\w-]*(?:\.[\w-]+)*\.(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]+|\p{L}{2,24}))\b",
    ),
];

/// What a group of a pattern holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternGroup {
    One(IdentifierKind, RecognitionMethod),
    /// A host name with or without its domain.
    Host,
    /// Host names with blanks or commas between them.
    Hosts,
    /// What the id after it is of.
    Label,
    /// What may be a secret.
    Secret,
    /// What stands for a user in an address of the web.
    Login,
    /// What may be a person's address.
    Email,
    /// The twelve digits of a MAC.
    Mac,
}

/// A pattern that is compiled when a text has one of its words.
pub(super) struct IdentifierPattern {
    /// How far it reaches.
    pub reach: PatternReach,
    text: &'static str,
    compiled: OnceLock<(Regex, Vec<(usize, PatternGroup)>)>,
}

impl IdentifierPattern {
    /// The expression, and its groups by number.
    pub(super) fn compiled_groups(&self) -> &(Regex, Vec<(usize, PatternGroup)>) {
        self.compiled.get_or_init(|| {
            let mut text = format!("(?mR){}", self.text);
            for (mark, part) in PARTS {
                text = text.replace(mark, part);
            }
            let regex = compile_pattern(&text);
            let names = regex.capture_names().enumerate();
            let groups = names.filter_map(|(index, name)| Some((index, read_group(name?)?)));
            let groups = groups.collect();
            (regex, groups)
        })
    }
}

fn read_group(name: &str) -> Option<PatternGroup> {
    let kind = match name {
        "user" => IdentifierKind::User,
        "person" => IdentifierKind::Person,
        "domain" => IdentifierKind::Domain,
        "serial" => IdentifierKind::Serial,
        "id" | "key" => IdentifierKind::MachineId,
        "token" => {
            return Some(PatternGroup::One(IdentifierKind::Secret, RecognitionMethod::Form));
        }
        "host" | "host2" => return Some(PatternGroup::Host),
        "hosts" => return Some(PatternGroup::Hosts),
        "label" => return Some(PatternGroup::Label),
        "secret" => return Some(PatternGroup::Secret),
        "login" => return Some(PatternGroup::Login),
        "email" => return Some(PatternGroup::Email),
        "mac" => return Some(PatternGroup::Mac),
        _ => return None,
    };
    Some(PatternGroup::One(kind, RecognitionMethod::Place))
}

/// All patterns, and what finds their words.
pub(super) struct PatternSet {
    /// In the order of the table.
    pub all: Vec<IdentifierPattern>,
    /// What finds the words, in any case of letters.
    pub words: AhoCorasick,
    /// By the number of the word: the numbers of its patterns.
    pub by_word: Vec<Vec<usize>>,
}

pub(super) static PATTERNS: LazyLock<PatternSet> = LazyLock::new(|| {
    let mut words: Vec<&str> = TABLE.iter().flat_map(|(_, words, _)| *words).copied().collect();
    words.sort_unstable();
    words.dedup();
    let by_word = words.iter().map(|word| {
        let patterns = TABLE.iter().enumerate();
        patterns.filter(|(_, row)| row.1.contains(word)).map(|(at, _)| at).collect()
    });
    PatternSet {
        all: TABLE
            .iter()
            .map(|(reach, _, text)| IdentifierPattern {
                reach: *reach,
                text,
                compiled: OnceLock::new(),
            })
            .collect(),
        by_word: by_word.collect(),
        words: AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&words)
            .unwrap_or_else(|error| unreachable!("{error}")),
    }
});

/// An expression that a test holds to be sound.
pub(super) fn compile_pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{pattern}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_every_group_is_known() {
        for pattern in &PATTERNS.all {
            let (regex, groups) = pattern.compiled_groups();
            let named = regex.capture_names().flatten().count();
            assert!(named > 0 && named == groups.len(), "{regex}");
        }
    }
}

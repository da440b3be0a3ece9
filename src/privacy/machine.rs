//! What this machine and its user are called.

use super::kept::KeptWords;
use super::name::NameSet;
use super::span::IdentifierKind;
use super::{Redactor, replace_spans, without_overlaps};

impl Redactor {
    /// Makes the names of this machine and of its user, and what it boots into, known, so that they
    /// are replaced wherever they stand.
    pub fn know_this_machine(&mut self) {
        self.know_names_of_this_machine();
        self.know_boot_line(&crate::proc::kernel_command_line());
    }

    /// Makes the host name, domain and id of this machine known, and the login, home and full name
    /// of its user.
    pub fn know_names_of_this_machine(&mut self) {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        add_host(&mut self.names, &host);
        for file in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
            let id = std::fs::read_to_string(file).unwrap_or_default();
            self.names.add_name(IdentifierKind::MachineId, id.trim());
        }
        for variable in ["USER", "SUDO_USER", "LOGNAME", "USERNAME"] {
            if let Ok(user) = std::env::var(variable) {
                self.names.add_name(IdentifierKind::User, &user);
            }
        }
        if let Some(home) = std::env::home_dir() {
            add_home(&mut self.names, &home.to_string_lossy());
        }
        let id = rustix::process::getuid().as_raw();
        add_account(
            &mut self.names,
            &std::fs::read_to_string("/etc/passwd").unwrap_or_default(),
            id,
        );
    }

    /// Makes the name of another machine known, and its domain.
    pub fn know_host(&mut self, host: &str) {
        add_host(&mut self.names, host);
    }

    /// The pseudonym of a machine's name, whatever else is known.
    pub fn host_pseudonym(&self, host: &str) -> String {
        let mut names = NameSet::default();
        add_host(&mut names, host);
        let spans = names.compile_matcher().find_names(host, &KeptWords::default(), &self.key);
        replace_spans(host, &without_overlaps(spans))
    }

    /// Makes the program that this machine boots into, and its arguments, known: what follows
    /// `init=`, `rdinit=` and `--` on the kernel's command line may carry addresses and tokens.
    pub fn know_boot_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, arguments)) = line.split_once(" -- ") {
            self.names.add_name(IdentifierKind::BootArgument, arguments.trim());
        }
        for word in line.split_whitespace() {
            let program = word.strip_prefix("init=").or_else(|| word.strip_prefix("rdinit="));
            // The whole path, and the name that the process goes by.
            if let Some(path) = program {
                self.names.add_name(IdentifierKind::BootArgument, path);
                let name = path.rsplit('/').next().unwrap_or(path);
                self.names.add_name(IdentifierKind::BootArgument, name);
            }
        }
    }
}

fn add_host(names: &mut NameSet, host: &str) {
    let (label, domain) = host.split_once('.').unwrap_or((host, ""));
    names.add_name(IdentifierKind::Host, label);
    names.add_name(IdentifierKind::Domain, domain);
}

/// A home is named after its user where homes of users lie. A folder of a service (`/data`) is no
/// name.
fn add_home(names: &mut NameSet, home: &str) {
    let below = ["/home/", "/Users/"].iter().find_map(|homes| home.strip_prefix(homes));
    if let Some(user) = below.and_then(|path| path.split('/').next()) {
        names.add_name(IdentifierKind::User, user);
    }
}

/// The login and the full name of the account with this id in the text of `/etc/passwd`.
fn add_account(names: &mut NameSet, passwd: &str, id: u32) {
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [login, _, uid, _, comment, ..] = fields[..]
            && uid.parse() == Ok(id)
        {
            names.add_name(IdentifierKind::User, login);
            let name = comment.split(',').next().unwrap_or_default().trim();
            // One word may be anything: `System`, `Demo`.
            if name.contains(' ') {
                names.add_name(IdentifierKind::Person, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_gives_its_login_and_the_name_of_its_owner() {
        let mut names = NameSet::default();
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nmarta:x:1000:1000:Marta Lee,,,:/home/marta:/bin/sh\n";
        add_account(&mut names, passwd, 1000);
        add_home(&mut names, "/home/ann/x");
        add_home(&mut names, "/data");
        add_host(&mut names, "pine.corp.example.com");
        let names: Vec<&String> = names.lower_case().collect();
        assert_eq!(names, ["ann", "corp.example.com", "marta", "marta lee", "pine"]);
    }
}

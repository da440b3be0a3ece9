//! Slots: the places that the lab's instructions give to pieces of evidence, and the other names
//! under which they are found.

use std::sync::LazyLock;

use super::label::EvidenceRole;
use super::vocabulary::slot::{ALIASES, BARE, FILLERS, JOINED, PLACES, TOPICS};
use super::{role, words};
use crate::lab12::edition::Edition;
use crate::text::is_hidden;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum SlotContent {
    /// What the shim prints about its version.
    Shim,
    /// A line of `uname -a`.
    Uname,
    /// A kernel release.
    Kernel,
    /// A model name of a processor.
    Cpu,
    /// The status of one HTTP request.
    Health,
    /// Host kernel next to guest kernel.
    KernelComparison,
    /// Host processor next to guest processor.
    CpuComparison,
    /// The start of a kernel log.
    Dmesg,
    /// Entries of `/proc`.
    Proc,
    /// Entries of `/sys/module`.
    Modules,
    /// Network interfaces.
    Network,
    /// Start-up times.
    Startup,
    /// Latency samples.
    Samples,
    /// A summary of latency samples.
    Latency,
    /// What dd says about a write.
    Io,
    /// Entries of `/dev`: a listing, or their number.
    Devices,
    /// What `diff` says of two listings of `/dev`.
    DevicesDiff,
    /// A capability mask.
    Capabilities,
    /// What a privileged container printed that tried to write to the host.
    Escape,
    /// A boot id, which no file of the lab asks for.
    BootId,
    /// The kernel's command line, which no file of the lab asks for by itself.
    CommandLine,
}

impl SlotContent {
    /// Whether no edition of the lab asks for it.
    pub(super) fn is_of_no_edition(self) -> bool {
        matches!(self, Self::BootId | Self::CommandLine)
    }
}

/// A place in the lab's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceSlot {
    /// The path that the instructions give, relative to the lab's folder; the slot's identity.
    pub path: &'static str,
    /// The form of the lab that asks for it.
    pub edition: Edition,
    /// What it holds.
    pub content: SlotContent,
    /// The one target that it speaks of; none where it compares several.
    pub who: Option<EvidenceRole>,
}

use Edition::{F25, S26};
use SlotContent as C;

/// All slots, in the order of the instructions, and then what careful people add.
pub static SLOTS: LazyLock<Vec<EvidenceSlot>> =
    LazyLock::new(|| PLACES.iter().filter_map(|line| parse_slot(line)).collect());

/// The slot of a line: edition, content, target and path.
fn parse_slot(line: &'static str) -> Option<EvidenceSlot> {
    let mut words = line.split(' ');
    let (edition, content) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let who = EvidenceRole::of_folder(words.next()?);
    Some(EvidenceSlot { path: words.next()?, edition, content, who })
}

/// The folders that the instructions name.
pub const FOLDERS: &[&str] =
    &["setup", "kata", "runc", "host", "analysis", "isolation", "bench", "results"];

/// The slot whose place or name `path` has; only its last two parts count.
pub fn slot_of(path: &str) -> Option<EvidenceSlot> {
    claimed_slot(path).map(|(slot, _)| slot)
}

/// The slot that `path` claims, and how far its name is from the instructions' (0: it is it).
pub(super) fn claimed_slot(path: &str) -> Option<(EvidenceSlot, u8)> {
    let mut parts = path.rsplit('/').map(normalize_path_part).map(|part| name_as_katas(&part));
    let name = text_file_stem(&parts.next()?)?;
    let folder = parts.next().unwrap_or_default();
    let full = format!("{folder}/{name}");
    // A name known only in the folder of one role must not be read in that of another.
    let stray = matches!(folder.as_str(), "results")
        || (matches!(folder.as_str(), "runc" | "host") && !name.contains(&folder));
    let of_guest = name.replace("guest-", "kata-").replace("vm-", "kata-");
    let names = [name.as_str(), of_guest.as_str()].into_iter().filter(|_| !stray);
    let by_words = slot_by_words(&of_guest, &folder).map(|slot| (slot, 5));
    let of_folder = EvidenceRole::of_folder(&folder);
    // In the folder of a target the file is of that target.
    let found = find_named_slot(path, &full, 2).or(by_words.filter(|_| of_folder.is_some()));
    found
        .or_else(|| names.clone().find_map(|name| find_named_slot(path, name, 3)))
        .or_else(|| {
            // Evidence of the newer edition without its folder: only names that say what they hold.
            let mut telling = names.filter(|name| name.contains('-') || name.ends_with('s'));
            telling.find_map(|name| find_named_slot(path, &format!("results/{name}"), 4))
        })
        .or(by_words)
        .filter(|(slot, _)| of_folder.is_none() || slot.who.is_none() || of_folder == slot.who)
        .filter(|(slot, _)| slot.content != C::Shim || other_runtime_of_path(path).is_none())
}

/// The slot whose path, or another name of its file, is `wanted`; `rank` unless `path` says more.
fn find_named_slot(path: &str, wanted: &str, rank: u8) -> Option<(EvidenceSlot, u8)> {
    let aliased = list_aliases().find(|(_, alias)| *alias == wanted).map(|(path, _)| path);
    let slot = SLOTS.iter().find(|slot| {
        slot.path.strip_suffix(".txt") == Some(wanted) || Some(slot.path) == aliased
    })?;
    let rank = if path.ends_with(&format!("/{}", slot.path)) { 1 } else { rank };
    Some((*slot, if path == slot.path { 0 } else { rank }))
}

/// A part of a path with the name of Kata where that of a runtime in its place stands:
/// `gvisor-kernel.txt`.
fn name_as_katas(part: &str) -> String {
    let stem = part.find('.').unwrap_or(part.len());
    let words = part[..stem].split('-').map(|word| match EvidenceRole::of_other_runtime(word) {
        Some(_) => "kata",
        None => word,
    });
    let name = words.collect::<Vec<_>>().join("-");
    let name = match role::variant_of_name(&name) {
        Some(variant) => name.replace(&format!("kata-{variant}"), "kata"),
        None => name,
    };
    name + &part[stem..]
}

/// Which runtime of Kata's the last two parts of a path name: `clh` of `kata-clh/kernel.txt`.
pub(super) fn variant_of_path(path: &str) -> Option<&'static str> {
    let parts = path.rsplit('/').take(2).filter(|part| words::contains_any(part, &["kata"]));
    parts.into_iter().find_map(role::variant_of_name)
}

/// The runtime besides those of the lab that the last two parts of a path name.
pub(super) fn other_runtime_of_path(path: &str) -> Option<EvidenceRole> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts = path.rsplit('/').take(2).filter(|_| !words::contains_any(name, &["kata"]));
    parts.into_iter().find_map(EvidenceRole::of_other_runtime)
}

/// Whether a path names no other runtime than those of the lab.
pub fn is_of_plain_name(path: &str) -> bool {
    other_runtime_of_path(path).is_none() && variant_of_path(path).is_none()
}

/// The paths of slots with the other names of their files: `folder/name`, or a bare name in any folder,
/// without extension.
fn list_aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = ALIASES.iter().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(path, names)| names.split(' ').map(move |name| (path, name)))
}

/// The slot for a name of words alone that say what a file holds, and of whom.
fn slot_by_words(name: &str, folder: &str) -> Option<EvidenceSlot> {
    let (mut topic, mut roles, mut count) = (None, Vec::new(), 0);
    let joined = JOINED
        .iter()
        .filter_map(|line| line.split_once(' '))
        .fold(name.to_string(), |name, (parts, one)| name.replace(parts, one));
    for word in joined.split('-').filter(|word| !word.chars().all(|c| c.is_ascii_digit())) {
        count += 1;
        if let Some(who) = EvidenceRole::of_folder(word) {
            roles.push(who);
        } else if let Some((contents, _)) = TOPICS
            .iter()
            .filter_map(|line| line.split_once(": "))
            .find(|(_, words)| words.split(' ').any(|known| known == word))
        {
            if topic.is_some_and(|known| known != contents) {
                return None;
            }
            topic = Some(contents);
        } else if !FILLERS.split_whitespace().any(|known| known == word) {
            return None;
        }
    }
    // One word could mean anything outside of the lab's folders.
    if count < 2 && !FOLDERS.contains(&folder) {
        return None;
    }
    let who = match roles[..] {
        [] => EvidenceRole::of_folder(folder),
        [who] => Some(who),
        _ => None,
    };
    let first = if folder == "results" { S26 } else { F25 };
    let contents: Vec<SlotContent> =
        topic?.split(' ').filter_map(|content| content.parse().ok()).collect();
    let mut fitting: Vec<&EvidenceSlot> =
        SLOTS.iter().filter(|slot| contents.contains(&slot.content)).collect();
    fitting.sort_by_key(|slot| slot.edition != first);
    let own = fitting.iter().find(|slot| {
        // Nobody measures the latency of anything but runc's container, and everybody has a log.
        slot.who == who && (who.is_some() || slot.content != C::Dmesg)
            || who.is_none() && matches!(slot.content, C::Latency | C::Samples)
    });
    own.map(|slot| **slot)
}

/// The one target whose name, besides words that say nothing else, is that of a file.
pub(super) fn role_of_bare_name(path: &str) -> Option<EvidenceRole> {
    let stem = text_file_stem(&normalize_path_part(path.rsplit('/').next()?))?;
    let (roles, others): (Vec<&str>, Vec<&str>) =
        stem.split('-').partition(|word| EvidenceRole::of_folder(word).is_some());
    let is_bare = others
        .iter()
        .all(|word| words::has_word(word, BARE) || word.chars().all(|c| c.is_ascii_digit()));
    EvidenceRole::of_folder(roles.first()?).filter(|_| is_bare && roles.len() == 1)
}

/// Whether the folder at `path` is, by its name, the one that the instructions call `folder`.
pub(super) fn is_folder(path: &str, folder: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| normalize_path_part(name) == folder)
}

pub(super) fn by_path(path: &str) -> Option<EvidenceSlot> {
    SLOTS.iter().find(|slot| slot.path == path).copied()
}

/// A part of a path without case, invisible characters, and the choice of word separator.
pub(super) fn normalize_path_part(part: &str) -> String {
    let seen: String = part.chars().filter(|&c| !is_hidden(c)).collect();
    seen.trim()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_whitespace() || c == '_' { '-' } else { c })
        .collect()
}

/// The name without its extension; none if the extension is not one of text.
fn text_file_stem(name: &str) -> Option<String> {
    let mut name = name;
    while let Some(short) = name.strip_suffix(".txt") {
        name = short.trim_end_matches(['.', '-']);
    }
    for extension in [".log", ".out", ".md", ".json", ".csv", ".tsv", ".perf", ".time", ".stat"] {
        name = name.strip_suffix(extension).unwrap_or(name);
    }
    (!name.is_empty() && !name.contains('.')).then(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(found: &str) -> Option<&'static str> {
        slot_of(found).map(|slot| slot.path)
    }

    #[test]
    fn every_slot_is_found_by_its_own_path() {
        assert_eq!(SLOTS.len(), PLACES.len());
        for slot in SLOTS.iter() {
            assert_eq!(claimed_slot(slot.path), Some((*slot, 0)));
            let nested = format!("labs/lab12/{}", slot.path);
            assert_eq!(claimed_slot(&nested), Some((*slot, 1)));
        }
    }

    #[test]
    fn every_alias_belongs_to_one_slot() {
        let mut names: Vec<&str> = list_aliases().map(|(_, name)| name).collect();
        assert!(list_aliases().all(|(path, _)| by_path(path).is_some()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn odd_names_find_their_slot() {
        assert_eq!(path("bench/ curl-3012.txt"), Some("bench/curl-3012.txt"));
        assert_eq!(path("bench/\u{200b}curl-3012.txt"), Some("bench/curl-3012.txt"));
        assert_eq!(path("kata-built-version.txt"), Some("setup/kata-built-version.txt"));
        assert_eq!(path("Isolation/Host_Proc_Count.TXT"), Some("isolation/host-proc-count.txt"));
        assert_eq!(path("guest-dmesg.txt"), Some("isolation/dmesg.txt"));
        assert_eq!(path("kernel.txt"), Some("analysis/kernel-comparison.txt"));
        assert_eq!(path("lscpu.txt"), Some("analysis/cpu-comparison.txt"));
    }

    #[test]
    fn the_newer_evidence_is_found_without_its_folder() {
        assert_eq!(path("runc-devs.txt"), Some("results/runc-devs.txt"));
        assert_eq!(path("evidence/kata-caps.txt"), Some("results/kata-caps.txt"));
        assert_eq!(path("kata_devices.log"), Some("results/kata-devs.txt"));
        assert_eq!(path("dev-diff.txt"), Some("results/dev-diff.txt"));
        assert_eq!(path("runc/kata-caps.txt"), None);
        for unclear in ["diff.txt", "host.txt", "start.txt", "dd.txt"] {
            assert_eq!(path(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn a_name_of_one_role_is_not_read_in_the_folder_of_another() {
        assert_eq!(path("runc/dmesg.txt"), None);
        assert_eq!(path("runc/cpu.txt"), None);
        assert_eq!(path("kata/health.txt"), None);
        assert_eq!(path("results/dmesg.txt"), None);
    }
}

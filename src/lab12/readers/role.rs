//! Whose a value is, by the words of a text.

use super::vocabulary::label::{TRADE, VARIANTS};
use super::words;

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum EvidenceRole {
    /// The machine.
    Host,
    /// A container under runc.
    Runc,
    /// A container under Kata: the guest.
    Kata,
    /// A container under gVisor.
    Gvisor,
    /// A container in a virtual machine of libkrun.
    Krun,
}

impl_into_str!(EvidenceRole);

impl EvidenceRole {
    /// The role that a folder of this name is for.
    pub fn of_folder(name: &str) -> Option<Self> {
        [Self::Host, Self::Runc, Self::Kata].into_iter().find(|who| who.into_str() == name)
    }

    /// The runtime besides those of the lab that a name names: `io.containerd.runsc.v1`.
    pub(super) fn of_other_runtime(name: &str) -> Option<Self> {
        let named = words::split_words(name).filter_map(Self::of_word);
        named.into_iter().find(|who| OTHER_GUESTS.contains(who))
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        let word = words::lower_case(word);
        match &*word {
            "host" | "host's" | "hosts" | "baremetal" => Some(Self::Host),
            "runc" => Some(Self::Runc),
            "kata" | "guest" | "vm" | "microvm" | "ката" | "вм" => Some(Self::Kata),
            "gvisor" | "runsc" => Some(Self::Gvisor),
            "krun" | "libkrun" => Some(Self::Krun),
            _ if word.starts_with("хост") => Some(Self::Host),
            "gast" | "gastsystem" | "invité" | "invitado" | "huésped" => Some(Self::Kata),
            "hôte" | "anfitrión" | "宿主机" | "主机" => Some(Self::Host),
            "客户机" => Some(Self::Kata),
            _ if word.starts_with("гост") || word.starts_with("гест") => Some(Self::Kata),
            _ => None,
        }
    }
}

/// The runtimes with a kernel of their own that people run where the lab asks for Kata.
pub(super) const OTHER_GUESTS: [EvidenceRole; 2] = [EvidenceRole::Gvisor, EvidenceRole::Krun];

/// Whose values are read as the guest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuestPlace {
    /// Kata's.
    Katas,
    /// Those of another runtime that ran in Kata's place: what is labelled as either's.
    Taken(EvidenceRole),
    /// Those of another runtime next to Kata: what is labelled as its own.
    Beside(EvidenceRole),
    /// Those of a further runtime of Kata's next to Kata: what is labelled with its name.
    Variant(&'static str),
}

impl GuestPlace {
    /// Whose a part is that is labelled as somebody's; the guest's are Kata's for the readers.
    pub(super) fn role_of(self, who: EvidenceRole) -> Option<EvidenceRole> {
        match (self, who) {
            (_, EvidenceRole::Host | EvidenceRole::Runc) => Some(who),
            (Self::Katas | Self::Taken(_) | Self::Variant(_), EvidenceRole::Kata) => Some(who),
            (Self::Taken(other) | Self::Beside(other), who) if who == other => {
                Some(EvidenceRole::Kata)
            }
            _ => None,
        }
    }

    pub(super) fn other_runtime(self) -> Option<EvidenceRole> {
        match self {
            Self::Katas | Self::Variant(_) => None,
            Self::Taken(other) | Self::Beside(other) => Some(other),
        }
    }
}

/// What a name of a runtime says after that of its kind: `clh` of `kata-clh`, `kvm` of `runsc-kvm`.
pub(super) fn variant_of_name(text: &str) -> Option<&'static str> {
    let lower = words::lower_case(text);
    ["kata", "runsc", "gvisor", "runc"].iter().find_map(|kind| {
        lower.match_indices(kind).find_map(|(at, _)| {
            let behind = lower[at + kind.len()..].strip_prefix(['-', '_'])?;
            VARIANTS.iter().copied().find(|variant| {
                behind
                    .strip_prefix(variant)
                    .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            })
        })
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelRole {
    /// It names one.
    One(EvidenceRole),
    /// It names several, or heads something else: what follows belongs to none.
    Unclear,
}

/// The role that the words of a label name; what stands in brackets counts only if nothing
/// outside them names one.
pub(super) fn role_of(label: &str) -> Option<LabelRole> {
    let (outside, inside) = words::without_brackets(label);
    // A pod is the guest only where nothing says of which runtime it is: `pod (runc)`.
    let named = find_roles(&outside).or_else(|| find_roles(&inside));
    named.or_else(|| find_cluster_role(&outside)).or_else(|| find_cluster_role(&inside))
}

/// The roles that the words of a text name, each once.
pub(super) fn list_roles(text: &str) -> Vec<EvidenceRole> {
    let tokens = text.split_whitespace().filter(|token| !is_machine_name(token));
    let mut found: Vec<EvidenceRole> =
        tokens.flat_map(words::split_words).filter_map(EvidenceRole::of_word).collect();
    found.sort_unstable();
    found.dedup();
    // A guest is that of the runtime next to whose name it stands.
    if found.iter().any(|who| OTHER_GUESTS.contains(who)) && !words::contains_any(text, &["kata"]) {
        found.retain(|who| *who != EvidenceRole::Kata);
    }
    found
}

/// Whether a word is the name of a machine, which names no target: `lab-vm-03`.
fn is_machine_name(token: &str) -> bool {
    let name = words::lower_case(token.trim_matches(|c: char| !c.is_alphanumeric()));
    let Some((head, number)) = name.rsplit_once('-') else { return false };
    let Some((first, _)) = head.split_once('-') else { return false };
    number.chars().all(|c| c.is_ascii_digit())
        && !TRADE.contains(&first)
        && EvidenceRole::of_word(first).is_none()
        && !name.contains("kata")
        && !name.contains("runc")
}

fn find_roles(text: &str) -> Option<LabelRole> {
    match list_roles(text)[..] {
        [] if words::split_words(text).any(|word| matches!(word, "WSL" | "WSL2")) => {
            Some(LabelRole::One(EvidenceRole::Host))
        }
        [] if words::split_words(text).any(is_other_runtime) => Some(LabelRole::Unclear),
        [] => None,
        [who] => Some(LabelRole::One(who)),
        // "Host kernel, used by runc" speaks of the host.
        [EvidenceRole::Host, EvidenceRole::Runc]
            if words::contains_any(text, &["use", "share", "same"]) =>
        {
            Some(LabelRole::One(EvidenceRole::Host))
        }
        _ => Some(LabelRole::Unclear),
    }
}

/// In a cluster the node is the host, and the pod next to it the guest.
fn find_cluster_role(text: &str) -> Option<LabelRole> {
    let words: Vec<_> = words::split_words(text).map(words::lower_case).collect();
    let is_node = words.iter().any(|word| matches!(&**word, "node" | "worker"));
    match (is_node, words.iter().any(|word| word == "pod")) {
        (true, false) => Some(LabelRole::One(EvidenceRole::Host)),
        (false, true) => Some(LabelRole::One(EvidenceRole::Kata)),
        (true, true) => Some(LabelRole::Unclear),
        (false, false) => None,
    }
}

/// Whether the word names a runtime that the lab does not ask for.
pub(super) fn is_other_runtime(word: &str) -> bool {
    EvidenceRole::of_other_runtime(word).is_some()
        || matches!(&*words::lower_case(word), "crun" | "youki" | "firecracker")
}

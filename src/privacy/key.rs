//! The key of a project, and pseudonyms made with it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::span::IdentifierKind;

/// Makes pseudonyms: the same one for the same identifier, and none that could be found out by
/// trying candidates without the key.
#[derive(Debug, Clone)]
pub(super) struct PseudonymKey(pub [u8; 32]);

impl PseudonymKey {
    /// What tells keys apart, and says nothing about one.
    pub(super) fn hash_of_key(&self) -> String {
        HEXLOWER.encode(&self.keyed_hash::<4>("key", ""))
    }

    pub(super) fn keyed_hash<const N: usize>(&self, kind: &str, value: &str) -> [u8; N] {
        let digest = self.digest_parts(&[kind.as_bytes(), value.as_bytes()]);
        std::array::from_fn(|index| digest[index])
    }

    fn digest_parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for part in std::iter::once(&self.0[..]).chain(parts.iter().copied()) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// The kind of a name and a hash of it, whatever the case of its letters: `host-1a2b3c`. An
    /// e-mail address stays one, of a domain that cannot exist (RFC 2606).
    pub(super) fn pseudonym_for(&self, kind: IdentifierKind, text: &str) -> String {
        let hash: [u8; 3] = self.keyed_hash(kind.into_str(), &text.to_lowercase());
        let name = format!("{}-{}", kind.into_str(), HEXLOWER.encode(&hash));
        if kind == IdentifierKind::Email { format!("{name}@example.invalid") } else { name }
    }

    /// An id of the same form: digits and letters are exchanged, hyphens and colons stay. Case and
    /// separators make no difference for which id it is.
    pub(super) fn replace_digits(&self, kind: IdentifierKind, text: &str) -> String {
        /// What systemd writes for a hyphen in the name of a unit.
        const ESCAPED_HYPHEN: &str = "\\x2d";
        let plain = text.replace(ESCAPED_HYPHEN, "-");
        let id: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
        let id = id.to_ascii_lowercase();
        let is_hex = id.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_upper = plain.contains(|c: char| c.is_ascii_uppercase());
        let mut bytes = (0_u32..).flat_map(|block| {
            self.digest_parts(&[kind.into_str().as_bytes(), id.as_bytes(), &block.to_le_bytes()])
        });
        let mut exchanged = String::new();
        for c in plain.chars() {
            if !c.is_ascii_alphanumeric() {
                exchanged.push(c);
                continue;
            }
            // Base 32 has no 0, 1, 8 and 9 (RFC 4648).
            let alphabet: &[u8] = match (is_hex, c.is_ascii_digit()) {
                (true, _) => b"0123456789abcdef",
                (false, true) => b"234567",
                (false, false) => b"abcdefghijklmnopqrstuvwxyz",
            };
            let byte = bytes.next().unwrap_or_default();
            let other = char::from(alphabet[usize::from(byte) % alphabet.len()]);
            exchanged.push(if is_upper { other.to_ascii_uppercase() } else { other });
        }
        match text.contains(ESCAPED_HYPHEN) {
            true => exchanged.replace('-', ESCAPED_HYPHEN),
            false => exchanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_form_and_is_the_same_in_every_spelling() {
        let key = PseudonymKey([7; 32]);
        let id = |text: &str| key.replace_digits(IdentifierKind::MachineId, text);
        let dashed = id("4c4c4544-0042-3510-8051-b4c04f534431");
        assert_eq!(dashed.len(), 36);
        assert_eq!(dashed.matches('-').count(), 4);
        assert_eq!(id("4C4C4544-0042-3510-8051-B4C04F534431"), dashed.to_uppercase());
        assert_eq!(
            id("4c4c454400423510 8051b4c04f534431").replace(' ', ""),
            dashed.replace('-', "")
        );
        assert_eq!(
            id(r"4c4c4544\x2d0042\x2d3510\x2d8051\x2db4c04f534431"),
            dashed.replace('-', "\\x2d")
        );
        let engine = id("HRB4:NDKA:5RKM");
        assert!(
            engine.len() == 14 && engine.matches(':').count() == 2 && engine != "HRB4:NDKA:5RKM"
        );
    }
}

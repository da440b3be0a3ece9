//! Places of identifiers in a text, and the text in which they are replaced.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// What an identifier is. In the order in which one is preferred where two overlap: the words
/// around a secret or a name say more than its form.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub(super) enum IdentifierKind {
    /// A password, token or private key.
    Secret,
    /// What identifies a machine or an installation: machine id, UUID of firmware or disk, the
    /// id of an engine, a public key.
    MachineId,
    Serial,
    User,
    /// A host name without its domain.
    Host,
    Domain,
    Person,
    /// What a machine boots into, and its arguments.
    BootArgument,
    /// An e-mail address.
    Email,
    /// The address of a network interface.
    Mac,
    PublicAddress,
}

impl IdentifierKind {
    /// Whether it is what somebody or something is called, and not drawn or secret.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Serial | Self::User | Self::Host | Self::Domain | Self::Person)
    }
}

/// How an identifier was recognised: the surer one is preferred where two overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RecognitionMethod {
    /// By the words around it.
    Place,
    /// By its own form.
    Form,
    /// As a name that stands in another place.
    Name,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdentifierSpan {
    pub range: Range<usize>,
    pub kind: IdentifierKind,
    pub recognition: RecognitionMethod,
    pub pseudonym: String,
}

/// Spans that do not overlap, in order. Of those that do, what a machine boots into and secrets
/// stay, then the surest, then the one that begins first, then the longest.
pub(super) fn without_overlaps(mut spans: Vec<IdentifierSpan>) -> Vec<IdentifierSpan> {
    spans.sort_by_key(|span| {
        let by_kind = match span.kind {
            IdentifierKind::BootArgument => 0,
            IdentifierKind::Secret => 1,
            _ => 2,
        };
        let (start, end) = (span.range.start, Reverse(span.range.end));
        (by_kind, span.recognition, start, end, span.kind)
    });
    let mut kept: BTreeMap<usize, IdentifierSpan> = BTreeMap::new();
    for span in spans {
        // Only the last one that begins before the end of this one can reach into it.
        let before = kept.range(..span.range.end).next_back();
        if before.is_none_or(|(_, before)| before.range.end <= span.range.start) {
            kept.insert(span.range.start, span);
        }
    }
    kept.into_values().collect()
}

/// The text with each span replaced. They are in order and do not overlap.
pub(super) fn replace_spans(text: &str, spans: &[IdentifierSpan]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for span in spans {
        out.push_str(&text[end..span.range.start]);
        out.push_str(&span.pseudonym);
        end = span.range.end;
    }
    out.push_str(&text[end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(range: Range<usize>, recognition: RecognitionMethod) -> IdentifierSpan {
        IdentifierSpan { range, kind: IdentifierKind::User, recognition, pseudonym: "x".into() }
    }

    #[test]
    fn the_surer_of_two_that_overlap_stays() {
        let spans = vec![
            span(0..9, RecognitionMethod::Form),
            span(4..6, RecognitionMethod::Place),
            span(20..30, RecognitionMethod::Name),
            span(20..25, RecognitionMethod::Name),
            span(24..28, RecognitionMethod::Name),
        ];
        let kept = without_overlaps(spans);
        assert_eq!(kept.iter().map(|span| span.range.clone()).collect::<Vec<_>>(), [4..6, 20..30]);
        assert_eq!(replace_spans("0123456789", &kept[..1]), "0123x6789");
    }
}

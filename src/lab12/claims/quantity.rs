//! Quantities: the typed values in a sentence.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::words::SentenceWords;

/// A value that a sentence states.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StatedValue {
    /// A number without a unit; a second reading where a separator may be of either kind.
    Number(f64, Option<f64>),
    /// A duration in seconds.
    Seconds(f64),
    /// A percentage.
    Percent(f64),
    /// How many times as much.
    Times(f64),
    /// A version or kernel release.
    Version(String),
    /// Bytes in a second; twice, as the unit is of thousands or of 1024.
    Rate(f64, f64),
    /// A size in bytes; twice, as the unit is of thousands or of 1024.
    Bytes(f64, f64),
    /// A range of durations in seconds, or one of percentages, ratios or sizes.
    Range(Option<(f64, f64)>),
    /// A capability mask.
    Mask(String),
    /// An IPv4 address.
    Address(String),
    /// A commit.
    Commit(String),
    /// A processor's name, or a part of it.
    Processor(String),
}

/// How exactly a value is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueHedge {
    /// As it stands.
    Exact,
    /// About.
    About,
    /// Almost: a little less.
    Almost,
    /// More than.
    Over,
    /// Less than.
    Under,
}

/// A value with its place in the sentence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StatedQuantity {
    /// Where it stands.
    pub range: Range<usize>,
    /// Where the words that hedge it begin, or where it stands.
    pub from: usize,
    /// What it is.
    pub value: StatedValue,
    /// Half a unit of its last digit, in the unit of the value.
    pub half: f64,
    /// How many significant digits it has.
    pub digits: usize,
    /// How exactly it is stated.
    pub hedge: ValueHedge,
}

static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    #[allow(clippy::expect_used, reason = "a constant expression, compiled by a test")]
    Regex::new(
        r"(?xi)
        (?P<long_version> \b\d+(?:\.\d+){3}-[a-z][\w.+-]*\w )
        | (?P<ip> \b\d{1,3}(?:\.\d{1,3}){3} ) (?P<prefix> /\d{1,2}\b )?
        | (?P<mask> \b(?:0x)?[0-9a-f]{8,16}\b )
        | (?P<range> (?P<low>\b\d+(?:[.,]\d+)?)\s?(?:ms|s|sec|seconds|%|x|×|[kmg]i?b)?\s?(?:-|–|—|to|bis|a|à|\.\.)\s?(?P<high>\d+(?:[.,]\d+)?)\s?(?:(?:(?P<range_unit>ms|msec|s|secs?|seconds?|milliseconds?|segundos|sekunden|secondes)|[kmg]i?b|[kmg]o|x|percent|prozent)\b|%|×) )
        | (?P<between> \b(?:between|zwischen|entre|from|von|de)\s(?P<least>\d+(?:[.,]\d+)?)\s?(?:ms|s|sec|seconds|%|x|×|[kmg]i?b)?\s?(?:-|–|—|to|bis|and|und|y|et|a|à|\.\.)\s?(?P<most>\d+(?:[.,]\d+)?)\s?(?:(?:(?P<between_unit>ms|msec|s|secs?|seconds?|milliseconds?|segundos|sekunden|secondes)|[kmg]i?b|[kmg]o|x|percent|prozent)\b|%|×) )
        | (?P<rate> \d+(?:[.,]\d+)? ) \s? (?P<rate_unit> [kmgt]i?b/s(?:ec)? ) \b
        | (?P<skip> https?://\S+
            | (?:\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)? :: (?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)? (?:/\d{1,3})?
            | \b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b | HTTP/\d\.\d
            | \b\d{4}-\d\d-\d\d\S* | \bx86(?:[-_]64)?\b | \b\d{1,2}:\d\d(?::\d\d)?\b | \#\d+
            | \b(?:lab|task|step|section|part|figure|port|round|chapter|ubuntu|debian|alpine|fedora|line|run|trial|attempt|pid|q)\s?\#?\d+(?:[.:]\d+)*\b
            | (?:\b[\w.-]+)?(?:/[\w.@-]+)+(?::[\w.-]+)? | \b[a-z][\w-]*:v?\d[\w.-]* )
        | (?P<commit> \b[0-9a-f]{40}\b )
        | (?P<cpu> \bi[3579](?:[ -]\d{3,5}\w*)?\b | \bXeon(?:\(R\))?(?:\s(?:CPU\s)?(?:gold|platinum|silver|bronze|e[357]|w)[\s-]\d{4}\w*)?\b | \bRyzen(?:\s(?:threadripper\s)?\d(?:\s\d{4}\w*)?)?\b | \bEPYC(?:\s\d{4}\w?|-[a-z]+)?\b | \bGenuineIntel\b | \bAuthenticAMD\b | \b(?:qemu|common\skvm)\s(?:virtual\s)?(?:cpu|processor)(?:\sversion\s\d[\d.]*\+?)? | \bCeleron\b | \bPentium\b | \bUltra\s\d(?:\s\d{3}\w*)?\b )
        | (?P<version> \bv?\d+\.\d+\.\d+ (?: [-.+_][0-9a-z][0-9a-z]* )* \+? | \bv?\d+\.\d+-[a-z0-9][\w.-]*\w )
        | (?P<clock_m> \b\d+ ) m (?P<clock_s> \d+(?:[.,]\d+)? ) s\b
        | (?P<bytes> \d+(?:[.,]\d+)? ) \s? (?P<bytes_unit> [kmgt]i?b | [kmg]o | megabytes? | gigabytes? ) \b
        | (?P<sub> \bsub-?\s?(?:millisecond|ms|millisekunden\w*) ) \b
        | (?P<duration> \d+(?:[.,]\d+)? | \.\d+ ) \s? (?P<unit> ms|msecs?|millis|milliseconds?|millisec|millisekunden|milisegundos|millisecondes|µs|μs|us|microseconds?|s|secs?|seconds?|sek|sekunden?|segundos?|secondes?|min|minutes? | мс | сек(?:унд[аы]?)? | с ) \b
        | \b(?:factor|ratio|faktor)(?:\sof\s/?[a-z]+)?(?:\s(?:of|is|was|von|about|around|roughly|almost|nearly)){0,3}\s[~≈]?(?P<factor> \d+(?:[.,]\d+)? ) (?:\s?[x×])?
        | (?P<percent> \d+(?:[.,]\d+)? ) \s? (?:%|percent\b|prozent\b)
        | (?P<times> \d+(?:[.,]\d+)? ) \s? (?: x\b | × | -?\s?times\b | -?fold\b | -?\s?mal\b | -?fach\w*\b | \sveces\b | \sfois\b | \sраз[а]?\b )
        | (?:\bx|×)\s?(?P<times_after> \d+(?:[.,]\d+)? ) \b
        | (?P<number> \d{1,3}(?:[,.'\x{a0}\x{202f}]\d{3})+\b | \d+(?:[.,]\d+)? | \.\d{2,} )
        ",
    )
    .expect("a valid expression")
});

/// The quantities of a sentence, in order.
pub(crate) fn find_quantities(text: &str, words: &SentenceWords) -> Vec<StatedQuantity> {
    let mut out: Vec<StatedQuantity> = TOKENS
        .captures_iter(text)
        .filter(|found| stands_free(text, found))
        .filter_map(|found| parse_quantity(text, &found, words))
        .collect();
    let said = words.factor.iter().flat_map(|factor| {
        factor.pattern.find_iter(text).map(|found| (found.range(), factor.factor))
    });
    let said = said.chain(words.numeral.captures_iter(text).filter_map(|found| {
        let factor = spelled_number(&words.numeral, &found).filter(|factor| *factor > 1.0)?;
        Some((found.get(0)?.range(), factor))
    }));
    out.extend(said.map(|(range, factor)| {
        let (hedge, from) = find_hedge(&text[..range.start], words);
        let value = StatedValue::Times(factor);
        StatedQuantity { range, from, value, half: 0.0, digits: 1, hedge }
    }));
    for found in words.counted.captures_iter(text) {
        let Some(number) = spelled_number(&words.counted, &found) else { continue };
        let names = words.counted.capture_names().flatten();
        let Some(group) = names.filter_map(|name| found.name(name)).next() else { continue };
        let (hedge, from) = find_hedge(&text[..group.start()], words);
        let value = StatedValue::Number(number, None);
        out.push(StatedQuantity { range: group.range(), from, value, half: 0.0, digits: 1, hedge });
    }
    out.sort_by_key(|quantity| quantity.range.start);
    out
}

/// The number of a numeral and the part after it: the groups that match are named by them.
fn spelled_number(pattern: &Regex, found: &Captures) -> Option<f64> {
    let names = pattern.capture_names().flatten().filter(|name| found.name(name).is_some());
    let numbers = names.filter_map(|name| match name {
        "half" => Some(0.5),
        "third" => Some(1.0 / 3.0),
        "quarter" => Some(0.25),
        name => name.strip_prefix('n')?.parse().ok(),
    });
    Some(numbers.sum()).filter(|number| *number >= 1.0)
}

/// A bare number in the unit that a label names: “Mean (ms)”, “Throughput in MB/s”.
pub(crate) fn number_with_unit(
    quantity: &StatedQuantity,
    number: f64,
    unit: &str,
    words: &SentenceWords,
) -> Option<StatedQuantity> {
    let one = find_quantities(&format!("1 {unit}"), words);
    let [StatedQuantity { range, value, .. }] = &one[..] else { return None };
    let (value, scale) = match value {
        _ if range.len() < unit.len() + 2 => return None,
        StatedValue::Seconds(scale) => (StatedValue::Seconds(number * scale), *scale),
        StatedValue::Rate(a, b) => (StatedValue::Rate(number * a, number * b), *a),
        _ => return None,
    };
    Some(StatedQuantity { value, half: quantity.half * scale, ..quantity.clone() })
}

/// Whether a match is not the middle of a word or of a longer number.
fn stands_free(text: &str, found: &Captures) -> bool {
    let range = found.get(0).map(|whole| whole.range()).unwrap_or_default();
    let before = text[..range.start].chars().next_back();
    let mut after = text[range.end..].chars();
    let next = after.next();
    let glued = |c: char| c.is_alphanumeric() || c == '_';
    let free_before = before.is_none_or(|c| !glued(c) && !matches!(c, '.' | '-' | ':' | '/' | '@'))
        || before == Some(':')
        || before == Some('-') && text[..range.start - 1].ends_with([' ', '\n'])
        || before == Some('/') && text[..range.start - 1].ends_with(' ');
    let free_after = match next {
        Some(c) if glued(c) => false,
        Some('-' | '/' | '.' | ':' | '@') => {
            after.next().is_none_or(|c| !glued(c)) || found.name("duration").is_some()
        }
        _ => true,
    };
    free_before && free_after && !is_grouped_by_blanks(text, &range)
}

/// Whether a number is a part of one whose thousands are set apart by blanks: “12 860 kB”.
fn is_grouped_by_blanks(text: &str, range: &Range<usize>) -> bool {
    const BLANKS: [char; 3] = [' ', '\u{a0}', '\u{202f}'];
    let before = text[..range.start].strip_suffix(BLANKS).unwrap_or_default();
    let group = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let is_free = before[..before.len() - group]
        .chars()
        .next_back()
        .is_none_or(|c| c.is_whitespace() || "(*~≈".contains(c));
    let behind = text[range.end..].strip_prefix(BLANKS).unwrap_or_default();
    let length = count_digits(&text[range.clone()]);
    length == 3 && (1..=3).contains(&group) && is_free
        || length == range.len() && length <= 3 && count_digits(behind) == 3
}

fn count_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn parse_quantity(text: &str, found: &Captures, words: &SentenceWords) -> Option<StatedQuantity> {
    let whole = found.get(0)?.range();
    let named = |name: &str| found.name(name).map(|part| part.as_str());
    let (hedge, from) = match find_hedge(&text[..whole.start], words) {
        // “250+ modules”
        (ValueHedge::Exact | ValueHedge::About, from) if text[whole.end..].starts_with('+') => {
            (ValueHedge::Over, from)
        }
        found => found,
    };
    let of = |value: StatedValue, number: &str, scale: f64| StatedQuantity {
        range: whole.clone(),
        from,
        value,
        half: rounding_error(number) * scale,
        digits: significant_digits(number),
        hedge,
    };
    let exact = |value: StatedValue, range: Range<usize>| StatedQuantity {
        range,
        from,
        value,
        half: 0.0,
        digits: 0,
        hedge,
    };
    let inner = |name: &str| found.name(name).map(|part| part.range()).unwrap_or_default();
    if named("skip").is_some() {
        return None;
    }
    if let Some(version) = named("long_version") {
        return Some(exact(StatedValue::Version(version.into()), whole));
    }
    if let Some(ip) = named("ip") {
        // The address of a network is the address of no machine.
        let is_network = named("prefix").is_some() && ip.ends_with(".0");
        return (!is_network).then(|| exact(StatedValue::Address(ip.into()), inner("ip")));
    }
    if let Some(mask) = named("mask") {
        let digits = mask.to_lowercase();
        let digits = digits.strip_prefix("0x").unwrap_or(&digits);
        // A short one is a number where no letter is in it.
        if digits.len() < 16 && digits.bytes().all(|c| c.is_ascii_digit()) {
            return Some(of(StatedValue::Number(parse_number(digits)?, None), digits, 1.0));
        }
        // The name of a container is as long.
        let before = text[..whole.start].to_lowercase();
        if !matches!(digits.len(), 8 | 16)
            && !["cap", "mask", "effectiv"].iter().any(|word| before.contains(word))
        {
            return None;
        }
        return Some(exact(StatedValue::Mask(digits.into()), whole));
    }
    if named("range").or(named("between")).is_some() {
        let scale = named("range_unit").or(named("between_unit")).map(unit_scale);
        let end =
            |one: &str, other: &str| Some(parse_number(named(one).or(named(other))?)? * scale?);
        let ends = end("low", "least").zip(end("high", "most")).filter(|(low, high)| low < high);
        return Some(exact(StatedValue::Range(ends), whole));
    }
    if named("sub").is_some() {
        let below = exact(StatedValue::Seconds(1e-3), whole);
        return Some(StatedQuantity { hedge: ValueHedge::Under, ..below });
    }
    let is_rate = named("rate").is_some();
    if let (Some(amount), Some(unit)) =
        (named("rate").or(named("bytes")), named("rate_unit").or(named("bytes_unit")))
    {
        let number = parse_number(amount)?;
        let power = "kmgt".find(unit.to_lowercase().chars().next()?)? + 1;
        let power = i32::try_from(power).ok()?;
        let (one, other) = (number * 1000_f64.powi(power), number * 1024_f64.powi(power));
        let make = if is_rate { StatedValue::Rate } else { StatedValue::Bytes };
        return Some(of(make(one, other), amount, 1000_f64.powi(power)));
    }
    if let Some(commit) = named("commit") {
        return Some(exact(StatedValue::Commit(commit.to_lowercase()), whole));
    }
    if let Some(cpu) = named("cpu") {
        return Some(exact(StatedValue::Processor(cpu.into()), whole));
    }
    if let Some(version) = named("version") {
        return Some(exact(
            StatedValue::Version(version.trim_start_matches(['v', 'V']).into()),
            whole,
        ));
    }
    if let (Some(minutes), Some(seconds)) = (named("clock_m"), named("clock_s")) {
        return Some(of(
            StatedValue::Seconds(parse_number(minutes)? * 60.0 + parse_number(seconds)?),
            seconds,
            1.0,
        ));
    }
    if let (Some(amount), Some(unit)) = (named("duration"), named("unit")) {
        let scale = unit_scale(unit);
        return Some(of(StatedValue::Seconds(parse_number(amount)? * scale), amount, scale));
    }
    if let Some(percent) = named("percent") {
        return Some(of(StatedValue::Percent(parse_number(percent)?), percent, 1.0));
    }
    if let Some(factor) = named("factor") {
        let (hedge, from) = find_hedge(&text[..inner("factor").start], words);
        let times = of(StatedValue::Times(parse_number(factor)?), factor, 1.0);
        return Some(StatedQuantity { range: inner("factor"), from, hedge, ..times });
    }
    if let Some(times) = named("times").or(named("times_after")) {
        return Some(of(StatedValue::Times(parse_number(times)?), times, 1.0));
    }
    let plain = named("number")?;
    let grouped: String = plain.chars().filter(char::is_ascii_digit).collect();
    let groups = plain.len() > grouped.len()
        && plain.rsplit(|c: char| !c.is_ascii_digit()).next()?.len() == 3;
    let value = match parse_number(plain) {
        Some(value) if !groups => StatedValue::Number(value, None),
        value => StatedValue::Number(parse_number(&grouped)?, value),
    };
    Some(of(value, plain, 1.0))
}

fn find_hedge(before: &str, words: &SentenceWords) -> (ValueHedge, usize) {
    let kinds = [
        (&words.about, ValueHedge::About),
        (&words.almost, ValueHedge::Almost),
        (&words.over, ValueHedge::Over),
        (&words.under, ValueHedge::Under),
    ];
    let found =
        kinds.into_iter().find_map(|(pattern, kind)| Some((kind, pattern.find(before)?.start())));
    match found {
        // “no request took over 10 ms”
        Some((ValueHedge::Over, from)) if words.none.is_match(&before[..from]) => {
            (ValueHedge::Under, from)
        }
        found => found.unwrap_or((ValueHedge::Exact, before.len())),
    }
}

/// A number with a decimal point or comma.
fn parse_number(text: &str) -> Option<f64> {
    text.replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

fn rounding_error(text: &str) -> f64 {
    let decimals = text.split_once(['.', ',']).map_or(0, |(_, fraction)| fraction.len());
    0.5 * 10_f64.powi(-i32::try_from(decimals).unwrap_or(0))
}

fn significant_digits(text: &str) -> usize {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').len()
}

fn unit_scale(unit: &str) -> f64 {
    match unit.to_lowercase().as_str() {
        unit if unit.starts_with("min") => 60.0,
        unit if unit.starts_with(['m', 'м']) && !unit.starts_with("mic") => 1e-3,
        unit if unit.starts_with(['µ', 'μ', 'u']) || unit.starts_with("mic") => 1e-6,
        _ => 1.0,
    }
}

/// How a text differs from another that somebody copied it from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigitSlip {
    /// One digit is another.
    Changed,
    /// Two digits next to each other are exchanged.
    Exchanged,
}

/// The slip by which one text was made of another, if there is one and no more.
pub(crate) fn find_slip(stated: &str, known: &str) -> Option<DigitSlip> {
    let (stated, known) = (stated.as_bytes(), known.as_bytes());
    let differing: Vec<usize> =
        (0..stated.len().min(known.len())).filter(|&at| stated[at] != known[at]).collect();
    let is_digit = |at: &usize| stated[*at].is_ascii_digit() && known[*at].is_ascii_digit();
    match differing[..] {
        _ if stated.len() != known.len() || !differing.iter().all(is_digit) => None,
        [_] => Some(DigitSlip::Changed),
        [a, b] if b == a + 1 && stated[a] == known[b] && stated[b] == known[a] => {
            Some(DigitSlip::Exchanged)
        }
        _ => None,
    }
}

/// Whether a number is another one with a slip: the same digits in another order, or (where it has
/// `least` digits) one of them another, added or left out.
pub(crate) fn is_slip_of_digits(stated: &str, known: &str, least: usize) -> bool {
    let digits = |text: &str| -> Vec<u8> {
        let digits = text.bytes().filter(u8::is_ascii_digit);
        digits.skip_while(|digit| *digit == b'0').collect()
    };
    let (stated, known) = (digits(stated), digits(known));
    let sorted = |digits: &[u8]| {
        let mut digits = digits.to_vec();
        digits.sort_unstable();
        digits
    };
    if stated == known || stated.len() < 2 && least > 1 {
        return false;
    }
    let (short, long) =
        if stated.len() < known.len() { (&stated, &known) } else { (&known, &stated) };
    let is_edited = match long.len() - short.len() {
        0 => stated.iter().zip(&known).filter(|(one, other)| one != other).count() == 1,
        1 => (0..long.len()).any(|left| {
            let rest =
                long.iter().enumerate().filter(|(at, _)| *at != left).map(|(_, digit)| digit);
            rest.eq(short)
        }),
        _ => false,
    };
    sorted(&stated) == sorted(&known) || is_edited && short.len() >= least
}

impl StatedQuantity {
    /// Whether a true value is what is stated, allowing for the digits and the hedge.
    pub(crate) fn agrees_with(&self, stated: f64, truth: f64) -> bool {
        let close =
            |share: f64| (stated - truth).abs() <= (self.half * 1.01).max(truth.abs() * share);
        match self.hedge {
            ValueHedge::Exact => close(1e-9),
            ValueHedge::About => close(0.15),
            ValueHedge::Almost => truth <= stated * 1.01 && truth >= stated * 0.85,
            ValueHedge::Over => truth >= stated * 0.999,
            ValueHedge::Under => truth <= stated * 1.001,
        }
    }

    /// Whether a true value is so far from what is stated that the hedge does not cover it.
    pub(crate) fn clashes_with(&self, stated: f64, truth: f64) -> bool {
        let far = |share: f64| (stated - truth).abs() > truth.abs() * share;
        match self.hedge {
            ValueHedge::Exact => !self.agrees_with(stated, truth),
            ValueHedge::About | ValueHedge::Almost => far(0.3),
            ValueHedge::Over => truth < stated * 0.95,
            ValueHedge::Under => truth > stated * 1.05,
        }
    }
}

/// The number that a ratio states, and what it can mean where this is the true ratio.
pub(crate) fn readings_of(quantity: &StatedQuantity, ratio: f64) -> Option<(f64, Vec<f64>)> {
    Some(match quantity.value {
        // “0.9 times as long” is said of the smaller one.
        StatedValue::Times(times) if times < 1.0 => (times, vec![1.0 / ratio, ratio - 1.0]),
        StatedValue::Times(times) => (times, vec![ratio, ratio - 1.0]),
        // “64 % slower”, “39 % faster”, “takes 164 %”, “61 % of”.
        StatedValue::Percent(percent) => {
            let less = (1.0 - 1.0 / ratio) * 100.0;
            (percent, vec![(ratio - 1.0) * 100.0, less, ratio * 100.0, 100.0 / ratio])
        }
        _ => return None,
    })
}

/// Whether a ratio is what is stated, allowing for how ratios are rounded.
pub(crate) fn ratio_agrees(quantity: &StatedQuantity, stated: f64, truth: f64) -> bool {
    // A share is off by points, and not by a part of itself.
    let points = match quantity.value {
        StatedValue::Percent(_) if stated < 100.0 => 40.0,
        _ => f64::INFINITY,
    };
    let share = |share: f64| {
        let slack = (stated.abs() * share).min(points * share).max(quantity.half * 1.1);
        (stated - truth).abs() <= slack
    };
    match quantity.hedge {
        ValueHedge::Exact if quantity.digits > 1 => share(0.1),
        ValueHedge::Exact => share(0.12),
        ValueHedge::About => share(0.2),
        ValueHedge::Almost => truth >= stated * 0.85 && truth <= stated * 1.03,
        ValueHedge::Over => truth >= stated * 0.97,
        ValueHedge::Under => truth <= stated * 1.03,
    }
}

/// Whether a stated ratio is `truth` but for rounding, so that the figures support it.
pub(crate) fn ratio_rests_on(quantity: &StatedQuantity, stated: f64, truth: f64) -> bool {
    let is_exact = quantity.hedge == ValueHedge::Exact;
    !is_exact || (stated - truth).abs() <= (quantity.half * 1.1).max(truth * 0.03)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab12::claims::words::ClaimVocabulary;
    use proptest::prelude::*;

    static WORDS: LazyLock<SentenceWords> =
        LazyLock::new(|| ClaimVocabulary::load(None).unwrap().words);

    fn values(text: &str) -> Vec<StatedValue> {
        find_quantities(text, &WORDS).into_iter().map(|quantity| quantity.value).collect()
    }

    fn count(number: f64) -> StatedValue {
        StatedValue::Number(number, None)
    }

    #[test]
    fn nothing_in_an_address_of_ipv6_is_a_number() {
        let text = "lo 127.0.0.1 ::1, eth0 10.4.0.21 fe80::67:72ff:fedb:2696/64";
        let addresses = ["127.0.0.1", "10.4.0.21"].map(|text| StatedValue::Address(text.into()));
        assert_eq!(values(text), addresses);
    }

    #[test]
    fn a_number_without_bound_is_none() {
        assert_eq!(parse_number(&"9".repeat(400)), None);
        assert_eq!(parse_number("1,5"), Some(1.5));
    }

    #[test]
    fn each_kind_of_value_is_told_from_the_others() {
        use StatedValue::*;
        let cases: [(&str, Vec<StatedValue>); 29] = [
            ("host has 332 processes, kata 52", vec![count(332.0), count(52.0)]),
            (
                "6.16.5-arch1-1), while (6.12.47)",
                vec![Version("6.16.5-arch1-1".into()), Version("6.12.47".into())],
            ),
            ("latency of 0.1ms, peak 0.5 ms", vec![Seconds(0.0001), Seconds(0.0005)]),
            ("4,03 s and 0m1.5s", vec![Seconds(4.03), Seconds(1.5)]),
            (
                "12 % slower, 1.6x, x5, ×3,8",
                vec![Percent(12.0), Times(1.6), Times(5.0), Times(3.8)],
            ),
            ("almost twice as fast", vec![Times(2.0)]),
            (
                "actually an i5-8265U, not a Xeon",
                vec![Processor("i5-8265U".into()), Processor("Xeon".into())],
            ),
            ("eth0 with 10.4.0.15/24", vec![Address("10.4.0.15".into())]),
            ("1.234 entries", vec![Number(1234.0, Some(1.234))]),
            ("alpine:3.19 on port 3012, lab 12", vec![]),
            ("labs/lab12/kata/cpu.txt and /proc/1", vec![]),
            ("between 10-250ms", vec![Range(Some((0.01, 0.25)))]),
            ("zwischen 1,5 und 2 s", vec![Range(Some((1.5, 2.0)))]),
            ("four and a half times, viereinhalbmal", vec![Times(4.5), Times(4.5)]),
            ("5,1 veces más, 5,1-mal, un tiers de plus", vec![Times(5.1), Times(5.1)]),
            ("1.2 Sekunden, 40 milisegundos", vec![Seconds(1.2), Seconds(0.04)]),
            (
                "QEMU Virtual CPU version 2.5+",
                vec![Processor("QEMU Virtual CPU version 2.5+".into())],
            ),
            (
                "5–10 % of the CPU, ~128 MB",
                vec![Range(None), Bytes(128e6, 128.0 * 1024_f64.powi(2))],
            ),
            ("20.6GB/s", vec![Rate(20.6e9, 20.6 * 1024_f64.powi(3))]),
            ("00000000A80425FB", vec![Mask("00000000a80425fb".into())]),
            ("in 10.4.0.0/24 at .68 s, sub-millisecond", vec![Seconds(0.68), Seconds(0.001)]),
            ("http://localhost:3012/", vec![]),
            ("HTTP/1.1 200 OK", vec![count(200.0)]),
            ("d2:e2:eb:78:ed:94", vec![]),
            ("version: 3.23.0,", vec![Version("3.23.0".into())]),
            ("Host: 322", vec![count(322.0)]),
            ("at 21:57 on 2025-11-27", vec![]),
            ("248 260 kB, 1 412 entries", vec![]),
            ("port 3012 200, step 2: 412", vec![count(200.0), count(412.0)]),
        ];
        for (text, wanted) in cases {
            assert_eq!(values(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_value_agrees_within_its_digits_and_its_hedge() {
        let one = |text: &str| find_quantities(text, &WORDS).remove(0);
        assert!(one("4.03 s").agrees_with(4.03, 4.0312));
        assert!(one("4.03 s").clashes_with(4.03, 4.05));
        assert!(one("about 300").agrees_with(300.0, 322.0));
        assert!(one("about 300").clashes_with(300.0, 500.0));
        assert!(one("over 300").agrees_with(300.0, 322.0));
        assert!(one("over 300").clashes_with(300.0, 222.0));
        assert!(one("almost 2x").clashes_with(2.0, 1.3));
        assert!(one("250+ modules").agrees_with(250.0, 263.0));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_quantities_panic(text: String) {
            for quantity in find_quantities(&text, &WORDS) {
                prop_assert!(text.get(quantity.range).is_some());
            }
        }
    }
}

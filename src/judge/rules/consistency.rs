//! Rules about values that cannot be as they stand: dates and addresses.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};
use regex::Regex;
use serde_json::Value;

use super::messages::{
    ImpossibleDate, KernelBuiltBeforeRelease, KernelNewerThanEvidence, LinkLocalNotFromMac,
};
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::judge::statements::DATE;
use crate::model::{FactId, fact_ids};
use crate::probe::kernel_name::stated_release;

/// The time of an engine's message.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^time="(\d{4})-(\d\d)-(\d\d)T"#)
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// The facts that state a kernel with the day on which it was built.
const KERNEL_LINES: [FactId; 3] =
    [fact_ids::KERNEL_BANNER, fact_ids::KERNEL_DMESG_BANNER, fact_ids::KERNEL_UNAME];

/// A date that is in no calendar, or falls on another day of the week.
pub(super) fn impossible_date(context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for capture in &context.run.captures {
        let lines = capture.stdout.text_lines();
        let found =
            lines.iter().zip(1..).find_map(|(line, number)| Some((find_wrong_date(line)?, number)));
        if let Some(((date, weekday), number)) = found {
            let weekday = weekday.as_deref();
            violations.push(
                ImpossibleDate { capture: &capture.id, line: number, date: &date, weekday }
                    .with_line(&capture.id, Some(number)),
            );
        }
    }
    violations
}

/// A wrong date in a line, and the true weekday of it; none of a day that no calendar has, or a time
/// that no clock shows.
fn find_wrong_date(line: &str) -> Option<(String, Option<String>)> {
    // To look for groups takes several times as long as to look for the whole.
    let begin = line.trim_start();
    if begin.starts_with("time=")
        && let Some(stamp) = STAMP.captures(begin)
    {
        let [month, day] = [2, 3].map(|index| stamp[index].parse().ok());
        let (year, month, day) = (stamp[1].parse().ok()?, month?, day?);
        if NaiveDate::from_ymd_opt(year, month, day).is_none() {
            return Some((
                stamp[0].trim_start_matches("time=\"").trim_end_matches('T').into(),
                None,
            ));
        }
    }
    if !DATE.is_match(line) {
        return None;
    }
    DATE.captures_iter(line).find_map(|date| {
        let (weekday, day) = (date[1].parse::<Weekday>().ok()?, date[3].parse().ok()?);
        let has_time = NaiveTime::parse_from_str(&date[4], "%H:%M:%S").is_ok();
        let month = date[2].parse::<chrono::Month>().ok()?.number_from_month();
        let text = date[0].to_string();
        match NaiveDate::from_ymd_opt(date[5].parse().ok()?, month, day) {
            _ if !has_time => Some((text, None)),
            None => Some((text, None)),
            Some(real) if real.weekday() != weekday => {
                Some((text, Some(real.format("%A").to_string())))
            }
            Some(_) => None,
        }
    })
}

/// A guest kernel that was built after the evidence was collected, by the engine's own clock. A
/// day is left for time zones.
pub(super) fn kernel_newer_than_evidence(context: &RuleContext) -> Vec<Violation> {
    const LOGGED: FactId = fact_ids::EVIDENCE_LOGGED_AT;
    find_in_targets(context, |target| {
        let logged = DateTime::parse_from_rfc3339(context.fact_text(LOGGED, target)?).ok()?;
        KERNEL_LINES.into_iter().find_map(|id| {
            let built = context.fact_text(id, target).and_then(kernel_build_date)?;
            let is_newer = (built - logged.date_naive()).num_days() > 1;
            is_newer.then(|| {
                KernelNewerThanEvidence {
                    target,
                    built: &built.to_string(),
                    logged: &logged.date_naive().to_string(),
                }
                .with_fact(context, id, target)
                .with_fact(context, LOGGED, target)
            })
        })
    })
}

/// A kernel that was built before there was a release of its series, or so soon after it that its own
/// cannot have been there. A hundred days are left for candidates; gVisor's date is a constant, and
/// some builds are dated as of long ago on purpose.
pub(super) fn kernel_built_before_release(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        KERNEL_LINES.into_iter().find_map(|id| {
            let early = find_early_build(context, context.fact_text(id, target)?)?;
            let message = KernelBuiltBeforeRelease {
                target,
                release: early.release,
                built: &early.built.to_string(),
                series: early.series,
                released: &early.released.to_string(),
                is_too_soon: early.built >= early.released,
            };
            Some(message.with_fact(context, id, target))
        })
    })
}

/// A kernel's line with a date before its series was released.
struct EarlyBuild<'a> {
    release: &'a str,
    built: NaiveDate,
    series: &'a str,
    released: NaiveDate,
}

fn find_early_build<'a>(context: &RuleContext<'a>, line: &'a str) -> Option<EarlyBuild<'a>> {
    const CANDIDATES: i64 = 100;
    const OLDEST: i32 = 2017;
    // No series ever had its first ten or more in less than four days each.
    const MANY: i64 = 10;
    const DAYS_EACH: i64 = 3;
    // Builds that can be repeated are dated with a constant, at midnight.
    if line.contains(" 00:00:00 ") {
        return None;
    }
    let release = stated_release(line)?;
    let built = kernel_build_date(line).filter(|date| date.year() >= OLDEST)?;
    let (series, released) = context.known.kernels.series_released(release)?;
    let point = release.split(['.', '-']).nth(2).and_then(|point| point.parse::<i64>().ok());
    let earliest = match point.filter(|point| *point >= MANY) {
        Some(point) => released.checked_add_signed(TimeDelta::days(point.min(1000) * DAYS_EACH)),
        None => released.checked_sub_signed(TimeDelta::days(CANDIDATES)),
    };
    (built < earliest?).then_some(EarlyBuild { release, built, series, released })
}

/// Whether a kernel's line has a date that its kernel cannot have: in no calendar, on another day
/// of the week, or before there was a release of its series.
pub(crate) fn has_impossible_build(context: &RuleContext, line: &str) -> bool {
    find_wrong_date(line).is_some() || find_early_build(context, line).is_some()
}

pub(crate) fn kernel_build_date(line: &str) -> Option<NaiveDate> {
    let date = DATE.captures(line)?;
    let month = date[2].parse::<chrono::Month>().ok()?.number_from_month();
    NaiveDate::from_ymd_opt(date[5].parse().ok()?, month, date[3].parse().ok()?)
}

/// A link-local address of the form that is made from a MAC (modified EUI-64, RFC 4291 appendix
/// A), made from another MAC than the interface's. Host interfaces are left out: a bridge keeps its
/// address when its MAC changes.
pub(super) fn link_local_not_from_mac(context: &RuleContext) -> Vec<Violation> {
    const ID: FactId = fact_ids::NET_INTERFACES;
    if !context.is_imported() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for target in context.runtime_names() {
        for interface in context.fact_items(ID, target) {
            let Some(mac) = interface["mac"].as_str() else { continue };
            let addresses =
                interface["ipv6"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for address in addresses {
                let Some(made_from) = mac_of(address).filter(|other| *other != mac.to_lowercase())
                else {
                    continue;
                };
                violations.push(
                    LinkLocalNotFromMac {
                        target,
                        interface: interface["name"].as_str().unwrap_or_default(),
                        mac,
                        address,
                        made_from: &made_from,
                    }
                    .with_fact(context, ID, target),
                );
            }
        }
    }
    violations
}

/// The MAC that a link-local address was made from, if it has that form.
fn mac_of(address: &str) -> Option<String> {
    let address: Ipv6Addr = address.split(['/', '%']).next()?.parse().ok()?;
    let o = address.octets();
    let is_made = o[..8] == [0xfe, 0x80, 0, 0, 0, 0, 0, 0] && o[11] == 0xff && o[12] == 0xfe;
    let mac = [o[8] ^ 2, o[9], o[10], o[13], o[14], o[15]];
    is_made.then(|| mac.map(|byte| format!("{byte:02x}")).join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_checked_against_the_calendar() {
        for right in [
            "#1 SMP Fri Nov 14 15:34:06 UTC 2025",
            "#1 SMP Sun Jan 10 15:06:54 PST 2016",
            "#1 SMP Thu Jan  1 00:00:00 UTC 1970",
            "#1-NixOS SMP Tue Jan  1 00:00:00 UTC 1980",
            "#1 SMP Tue Dec 31 23:59:60 UTC 2024",
            "time=\"2025-11-27T21:57:34+03:00\" level=warning",
            "Linux 6.12.47 #1 SMP",
        ] {
            assert_eq!(find_wrong_date(right), None, "{right}");
        }
        let weekday = |line| find_wrong_date(line).unwrap().1;
        let saturday = Some("Saturday".to_string());
        assert_eq!(weekday("#1 SMP Fri Nov 15 15:34:06 UTC 2025"), saturday);
        assert_eq!(weekday("#1 SMP Mon Nov 31 15:34:06 UTC 2025"), None);
        assert_eq!(weekday("#1 SMP Fri Nov 14 24:34:06 UTC 2025"), None);
        assert_eq!(weekday("#1 SMP Fri Nov 14 15:34:61 UTC 2025"), None);
        assert_eq!(weekday("time=\"2025-11-31T21:57:34+03:00\" level=x"), None);
    }

    #[test]
    fn only_addresses_made_from_a_mac_lead_back_to_one() {
        assert_eq!(mac_of("fe80::d0e2:ebff:fe78:ed94/64").as_deref(), Some("d2:e2:eb:78:ed:94"));
        assert_eq!(mac_of("fe80::1"), None);
        assert_eq!(mac_of("fe80::4a3:91b2:7c1d:e0f5/64"), None);
        assert_eq!(mac_of("2001:db8::d0e2:ebff:fe78:ed94"), None);
    }
}

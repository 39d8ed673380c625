//! Numbers and times as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::session::State;
use crate::space::{Kind, Param};

pub use crate::clock::duration;

/// A duration in one unit, whole: `41m`, `2d`.
pub fn short_duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

/// `02:13:07`; with days in front where there are any.
pub fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    let (days, h, m, s) = (s / 86_400, s % 86_400 / 3600, s % 3600 / 60, s % 60);
    if days > 0 { format!("{days}d {h:02}:{m:02}:{s:02}") } else { format!("{h:02}:{m:02}:{s:02}") }
}

/// `2026-11-24 10:12:07`.
pub fn full_time(ms: i64, zone: &TimeZone) -> String {
    zoned(ms, zone, "%Y-%m-%d %H:%M:%S")
}

/// Time of day: `10:12`.
pub fn time_of_day(ms: i64, zone: &TimeZone) -> String {
    zoned(ms, zone, "%H:%M")
}

/// `10:12:07`.
pub fn time_with_seconds(ms: i64, zone: &TimeZone) -> String {
    zoned(ms, zone, "%H:%M:%S")
}

/// `11-24 10:12`.
pub fn date_and_time(ms: i64, zone: &TimeZone) -> String {
    zoned(ms, zone, "%m-%d %H:%M")
}

fn zoned(ms: i64, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_millisecond(ms)
        .map_or_else(|_| "--:--".into(), |t| t.to_zoned_datetime(zone.clone()).strftime(format).to_string())
}

/// ` ±.0082`, what a repeated candidate's mean is sure to; nothing of one that was trained once.
pub fn give_or_take(state: &State, candidate: u64) -> String {
    state.repeated(candidate).map_or_else(String::new, |(_, error)| {
        let digits = format!("{error:.4}");
        format!(" ±{}", digits.strip_prefix('0').unwrap_or(&digits))
    })
}

/// `epoch 2/3`; `epoch 2` where nobody knows how many there will be, nothing before the first.
pub fn epoch(epoch: u32, epochs: u32) -> Option<String> {
    match (epoch, epochs) {
        (0, 0) => None,
        (_, 0) => Some(format!("epoch {epoch}")),
        _ => Some(format!("epoch {epoch}/{epochs}")),
    }
}

/// A gene in a column of its own kind: numbers with the same decimals for the same size.
pub fn gene(p: &Param, x: f64) -> String {
    match p.kind {
        Kind::Float | Kind::Log => number(x),
        Kind::Int | Kind::Choice(_) => p.scalar(x).to_string(),
    }
}

/// A number in at most nine characters.
pub fn number(x: f64) -> String {
    let size = x.abs();
    match size {
        _ if !x.is_finite() => "-".into(),
        0.0 => "0.00000".into(),
        _ if !(1e-4..1e6).contains(&size) => format!("{x:.2e}"),
        _ if size < 10.0 => format!("{x:.5}"),
        _ if size < 100.0 => format!("{x:.4}"),
        _ if size < 1000.0 => format!("{x:.3}"),
        _ => format!("{x:.1}"),
    }
}

/// A number on an axis: short, without needless zeros.
pub fn tick(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{x:.1e}").replace(".0e", "e");
    }
    let decimals = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A relative change: `+8.6%`, `.` for none.
pub fn change(now: f64, before: f64) -> String {
    if now.to_bits() == before.to_bits() || now == before {
        return ".".into();
    }
    if before == 0.0 || !before.is_finite() || !now.is_finite() {
        return "new".into();
    }
    let percent = (now - before) / before.abs() * 100.0;
    if percent.abs() >= 999.5 {
        let times = now / before;
        return if times.abs() < 9999.0 { format!("x{times:.0}") } else { ">x9999".into() };
    }
    // What is changed is not said to be changed by nothing.
    match percent.abs() {
        0.05.. => format!("{percent:+.1}%"),
        0.0005.. => format!("{percent:+.3}%"),
        _ => "<.001%".to_owned(),
    }
}

/// A metric with as many digits on every page, in at most seven cells.
pub fn metric_value(value: f64) -> String {
    match value.abs() {
        0.001..10.0 => format!("{value:.4}"),
        _ => super::ink::fit(&number(value), 7, ""),
    }
}

/// A metric's short name: `metrics/mAP_0.5:0.95` is `mAP`.
pub fn metric(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    match last {
        "precision" => "P",
        "recall" => "R",
        "mAP_0.5" => "mAP50",
        "mAP_0.5:0.95" => "mAP",
        other => other.strip_suffix("_loss").unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_at_a_glance() {
        for (seconds, text) in [
            (6.12, "6.1s"),
            (42.0, "42s"),
            (125.0, "2m 05s"),
            (2460.0, "41m"),
            (7380.0, "2h 03m"),
            (187_200.0, "2d 4h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(clock(7987.0), "02:13:07");
    }

    #[test]
    fn a_change_is_relative_and_none_is_a_point() {
        assert_eq!(change(0.01123, 0.01034), "+8.6%");
        assert_eq!(change(0.937, 0.937), ".");
        assert_eq!(change(1.0, 0.0), "new");
        assert_eq!(change(5.0, 0.001), "x5000");
    }

    #[test]
    fn ticks_have_no_needless_digits() {
        assert_eq!(
            [0.0, 0.5, 0.0103, 1e-6, 40.0, 100_000.0].map(tick),
            ["0", "0.5", "0.0103", "1e-6", "40", "1e5"]
        );
    }
}

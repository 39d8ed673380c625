//! Progress bars as tqdm and as Ultralytics draws them: how far an epoch is. A trial is judged by none of this.

use std::sync::LazyLock;

use regex::Regex;

use crate::trial::protocol::Progress;

/// What a line with a progress bar tells; epoch and epochs are 0 where it does not say.
pub fn line(text: &str) -> Option<Progress> {
    static BAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\d+%\s*\|[^|]*\|\s*(\d+)/(\d+)\s*\[[^\],]*(?:,\s*([0-9.]+)\s*(s/it|[A-Za-z]+/s))?").ok()
    });
    // `50% ━━━━━━────── 1/2 9.1s/it 18.1s`, of Ultralytics and of YOLOv5 since it depends on that.
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\d+%\s+[━╸╺─]+\s+(\d+)/(\d+)(?:\s+([0-9.]+)\s*(s/it|[A-Za-z]+/s))?").ok()
    });
    static EPOCH: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|\s)(?:[Ee]poch\s*)?(\d+)/(\d+)(?:\s|:|$)").ok());
    // Nearly every line is none: this is the cheap answer.
    let style = if text.contains("%|") {
        &BAR
    } else if text.contains('━') || text.contains('─') {
        &LINE
    } else {
        return None;
    };
    let bar = style.as_ref()?.captures(text)?;
    let number = |i: usize| bar.get(i).and_then(|m| m.as_str().parse::<f64>().ok());
    let rate = number(3).filter(|x| *x > 0.0);
    let (rate, unit) = match bar.get(4).map(|m| m.as_str()) {
        Some("s/it") => (rate.map(|seconds| 1.0 / seconds), Some("it/s".to_owned())),
        unit => (rate, unit.map(Into::into)),
    };
    let before = text.get(..bar.get(0)?.start())?;
    let epoch = EPOCH.as_ref()?.captures(before);
    let count = |i: usize| epoch.as_ref().and_then(|c| c.get(i)).and_then(|m| m.as_str().parse::<u32>().ok());
    // YOLOv5 writes 0/2 for the first of three.
    let from_zero = !before.to_lowercase().contains("epoch");
    Some(Progress {
        epoch: count(1).map_or(0, |n| n + u32::from(from_zero)),
        epochs: count(2).map_or(0, |n| n + u32::from(from_zero)),
        batch: number(1)? as u32,
        batches: number(2)? as u32,
        unit: unit.filter(|_| rate.is_some()),
        rate,
        ..Progress::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_read_as_tqdm_draws_them() {
        let bar = line("Epoch 3/10:  45%|####5     | 45/100 [00:10<00:12,  4.50it/s, loss=0.3]").unwrap();
        assert_eq!((bar.epoch, bar.epochs, bar.batch, bar.batches), (3, 10, 45, 100));
        assert_eq!((bar.rate, bar.unit.as_deref()), (Some(4.5), Some("it/s")));
        let slow = line(" 12%|█▏        | 1/8 [00:04<00:28,  4.00s/it]").unwrap();
        assert_eq!((slow.epoch, slow.rate, slow.unit.as_deref()), (0, Some(0.25), Some("it/s")));
        assert_eq!(line("  0%|          | 0/8 [00:00<?, ?it/s]").unwrap().rate, None);
    }

    #[test]
    fn yolov5_counts_epochs_from_zero() {
        let text = "        0/2      2.1G    0.1171   0.03026        37       320: 100%|██████████| 8/8 [00:03<00:00,  2.35it/s]";
        let bar = line(text).unwrap();
        assert_eq!((bar.epoch, bar.epochs, bar.batch, bar.batches), (1, 3, 8, 8));
    }

    #[test]
    fn bars_are_read_as_ultralytics_draws_them() {
        let text = "        0/1         0G     0.1251    0.03803    0.06428         97        160: 50% ━━━━━━────── 1/2 4.0s/it 18.1s<41.6s";
        let bar = line(text).unwrap();
        assert_eq!((bar.epoch, bar.epochs, bar.batch, bar.batches), (1, 2, 1, 2));
        assert_eq!((bar.rate, bar.unit.as_deref()), (Some(0.25), Some("it/s")));
        let first = line("  1/3  0G  1.1  160: 0% ──────────── 0/2  5.6s").unwrap();
        assert_eq!((first.batch, first.rate), (0, None));
    }

    #[test]
    fn other_lines_are_no_bars() {
        for text in ["acc 45% |", "|---|---|", "100%", "50%|x|", ""] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}

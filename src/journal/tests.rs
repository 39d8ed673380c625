//! The journal as a whole: what survives a crash, a full disk, a bad sector and a careless editor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::forgetful::{Fault, ForgetfulDisk};
use super::sample::{created, every, trial};
use super::*;

fn entries(path: &Path) -> Result<(Vec<Entry>, Recovered), JournalError> {
    let mut found = Vec::new();
    let recovered = read(path, |entry| found.push(entry))?;
    Ok((found, recovered))
}

/// A journal of this many trials, and the entries that were told.
fn journal(dir: &Path, trials: u64) -> (PathBuf, Vec<Entry>) {
    let path = dir.join("journal.jsonl");
    let (mut writer, first) = Writer::create(Arc::new(FileDisk::default()), &path, 5, created()).unwrap();
    let mut told = vec![first];
    for generation in 0..trials {
        let [proposed, started, epoch, ended] = trial(generation);
        told.extend(writer.commit(6, vec![proposed, started]).unwrap());
        told.push(writer.note(7, epoch).unwrap());
        told.extend(writer.commit(8, vec![ended]).unwrap());
    }
    (path, told)
}

#[test]
fn what_was_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 3);
    let (found, recovered) = entries(&path).unwrap();
    assert_eq!(found, told);
    let length = std::fs::metadata(&path).unwrap().len();
    assert_eq!(recovered, Recovered { length, next_seq: 13, torn: 0 });
}

#[test]
fn files_are_the_users_alone_unless_shared() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for (access, mode) in [(Access::Private, 0o600), (Access::ShareRead, 0o644)] {
        let path = dir.path().join(format!("{access:?}"));
        Writer::create(Arc::new(FileDisk { access }), &path, 0, created()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
fn a_journal_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 1);
    let again = Writer::create(Arc::new(FileDisk::default()), &path, 0, created());
    assert!(matches!(again, Err(JournalError::Exists { .. })));
    assert_eq!(entries(&path).unwrap().0, told);
}

#[test]
fn cut_at_every_byte_everything_before_the_torn_line_is_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 2);
    let bytes = std::fs::read(&path).unwrap();
    let cut_path = dir.path().join("cut.jsonl");
    for length in 0..=bytes.len() {
        std::fs::write(&cut_path, &bytes[..length]).unwrap();
        let whole = bytes[..length].split(|b| *b == b'\n').count() - 1;
        if whole == 0 {
            assert!(matches!(entries(&cut_path), Err(JournalError::NoStart { .. })));
            continue;
        }
        let (found, recovered) = entries(&cut_path).unwrap();
        assert_eq!(found, told[..whole], "cut at byte {length}");
        // What comes next is as if nothing had been torn.
        let mut writer = Writer::open(Arc::new(FileDisk::default()), &cut_path, &recovered).unwrap();
        writer.commit(9, vec![Event::Note { text: "on".into() }]).unwrap();
        assert_eq!(entries(&cut_path).unwrap().0.len(), whole + 1, "cut at byte {length}");
    }
}

#[test]
fn a_flipped_digit_in_the_middle_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = journal(dir.path(), 2);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate().take(lines.len() - 1).skip(1) {
        let at = line.rfind(|c: char| c.is_ascii_digit() && c != '9').unwrap();
        let mut bad: Vec<String> = lines.iter().map(ToString::to_string).collect();
        bad[number].replace_range(at..=at, "9");
        std::fs::write(&path, bad.join("\n") + "\n").unwrap();
        let error = entries(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("journal.jsonl, line {}: ", number + 1)), "{error}");
        assert!(error.contains("evotop repair"), "{error}");
    }
}

#[test]
fn a_bad_last_line_is_forgiven_and_a_missing_one_in_the_middle_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 2);
    let text = std::fs::read_to_string(&path).unwrap();
    let bad_end = text.replacen("finished", "finithed", 2).replacen("finithed", "finished", 1);
    std::fs::write(&path, bad_end).unwrap();
    assert_eq!(entries(&path).unwrap().0, told[..told.len() - 1]);

    let lines: Vec<&str> = text.lines().collect();
    let gap = [&lines[..3], &lines[4..]].concat().join("\n") + "\n";
    std::fs::write(&path, gap).unwrap();
    let error = entries(&path).unwrap_err().to_string();
    assert!(error.contains("line 4: its seq is 4 and should be 3"), "{error}");
}

#[test]
fn a_newer_journal_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    std::fs::write(
        &path,
        r#"{"event":{"created":{"version":7,"of":"the future"}},"hash":"sha9"}"#.to_owned() + "\n",
    )
    .unwrap();
    let error = entries(&path).unwrap_err().to_string();
    assert!(error.contains("journal version 7, this evotop reads up to 1"), "{error}");
}

#[test]
fn an_event_that_could_not_be_read_back_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 1);
    let (_, recovered) = entries(&path).unwrap();
    let mut writer = Writer::open(Arc::new(FileDisk::default()), &path, &recovered).unwrap();
    let [mut proposed, ..] = trial(1);
    if let Event::Proposed(proposed) = &mut proposed {
        proposed.genes[1] = f64::NAN;
    }
    assert!(matches!(writer.commit(9, vec![proposed]), Err(JournalError::Unwritable { .. })));
    assert_eq!(entries(&path).unwrap().0, told);
    writer.commit(9, vec![Event::Note { text: "on".into() }]).unwrap();
}

#[test]
fn a_full_disk_or_quota_is_said_and_the_journal_goes_on_when_there_is_room() {
    for fault in [Fault::Short(17), Fault::Quota(17)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let disk = ForgetfulDisk::default();
        let (mut writer, _) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
        disk.fail(fault);
        let error = writer.commit(6, trial(0).into()).unwrap_err();
        assert!(error.is_no_space(), "{error}");
        assert_eq!(entries(&path).unwrap().0.len(), 1);
        writer.commit(7, trial(0).into()).unwrap();
        assert_eq!(entries(&path).unwrap().0.len(), 5);
    }
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_the_journal_was_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let disk = ForgetfulDisk::default();
    let (mut writer, _) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
    writer.commit(6, trial(0).into()).unwrap();
    disk.fail(Fault::Sync);
    assert!(writer.commit(7, trial(1).into()).is_err());
    let error = writer.commit(8, trial(1).into()).unwrap_err();
    assert!(matches!(error, JournalError::InDoubt { .. }), "{error}");
    writer.reopen().unwrap();
    assert_eq!(entries(&path).unwrap().0.len(), 5, "what was not told is gone");
    writer.commit(9, trial(1).into()).unwrap();
    disk.crash(0);
    assert_eq!(entries(&path).unwrap().0.len(), 9);
}

#[test]
fn a_journal_that_lost_what_was_told_is_not_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let disk = ForgetfulDisk::default();
    let (mut writer, _) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
    let length = std::fs::metadata(&path).unwrap().len();
    writer.commit(6, trial(0).into()).unwrap();
    disk.fail(Fault::Sync);
    assert!(writer.commit(7, trial(1).into()).is_err());
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
    assert!(matches!(writer.reopen(), Err(JournalError::Lost { found: 1, expected: 5, .. })));
    assert!(writer.commit(8, trial(1).into()).is_err());
    assert_eq!(entries(&path).unwrap().0.len(), 1, "and the file is left as it is");
}

#[test]
fn one_turn_of_the_loop_is_one_sync_and_an_epoch_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::default();
    let path = dir.path().join("journal.jsonl");
    let (mut writer, _) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
    let before = disk.syncs();
    let [proposed, started, epoch, ended] = trial(0);
    writer.commit(6, vec![proposed, started]).unwrap();
    assert_eq!(disk.syncs(), before + 1);
    writer.note(7, epoch).unwrap();
    assert_eq!(disk.syncs(), before + 1);
    writer.commit(8, vec![ended]).unwrap();
    assert_eq!(disk.syncs(), before + 2);
}

#[derive(Debug, Clone)]
enum Step {
    Commit(usize),
    Note,
    Fail(Fault),
    Crash(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        (0..4000_usize).prop_map(Fault::Short),
        (0..4000_usize).prop_map(Fault::Quota),
        (0..4000_usize).prop_map(Fault::ShortAndStuck),
        Just(Fault::Sync)
    ];
    let step = prop_oneof![
        5 => (1..5_usize).prop_map(Step::Commit),
        2 => Just(Step::Note),
        2 => fault.prop_map(Step::Fail),
        1 => (0..3000_usize).prop_map(Step::Crash),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Faults and power cuts at random: what was committed is read back, in order, and nothing is in it that was
    /// not asked for.
    #[test]
    fn random_faults_lose_nothing_that_was_acknowledged(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let disk = ForgetfulDisk::default();
        let (mut writer, first) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
        // Entries that were told, and how many of them must survive anything.
        let (mut told, mut certain) = (vec![first], 1);
        let mut text = 0_u32;
        let mut note = || { text += 1; Event::Note { text: format!("{text}") } };
        for step in steps {
            match step {
                Step::Commit(count) => {
                    let events: Vec<Event> = (0..count).map(|_| note()).collect();
                    if let Ok(entries) = writer.commit(6, events) {
                        told.extend(entries);
                        certain = told.len();
                    }
                }
                Step::Note => told.extend(writer.note(7, note()).ok()),
                Step::Fail(fault) => disk.fail(fault),
                Step::Crash(kept) => {
                    drop(writer);
                    disk.crash(kept);
                    let (found, recovered) = entries(&path).unwrap();
                    prop_assert!(found.len() >= certain, "{} of {certain} left", found.len());
                    let common = found.len().min(told.len());
                    prop_assert_eq!(&found[..common], &told[..common]);
                    told = found;
                    certain = told.len();
                    writer = Writer::open(Arc::new(disk.clone()), &path, &recovered).unwrap();
                }
            }
            if writer.doubt().is_some() && writer.reopen().is_ok() {
                certain = told.len();
            }
        }
        let in_doubt = writer.doubt().is_some();
        let (found, _) = entries(&path).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&found[..told.len()], &told[..]);
        prop_assert!(in_doubt || found.len() == told.len());
    }
}

#[test]
fn repair_drops_a_damaged_line_and_what_depends_on_it_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 3);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let damaged = lines[5].replacen("\"genes\":[0", "\"genes\":[7", 1);
    assert_ne!(damaged, lines[5]);
    let torn = &lines[11][..20];
    let bad = [&lines[..5], &[&damaged], &lines[6..11], &lines[11..], &[torn]].concat().join("\n");
    std::fs::write(&path, bad).unwrap();
    assert!(matches!(entries(&path), Err(JournalError::BadLine { line: 6, .. })));

    let mended = dir.path().join("mended.jsonl");
    let report = repair(&FileDisk::default(), &path, &mended).unwrap();
    let dropped: Vec<u64> = report.dropped.iter().map(|d| d.line).collect();
    assert_eq!(dropped, [6, 7, 8, 9, 14], "{report}");
    assert_eq!(report.lost, [1]);
    let (found, _) = entries(&mended).unwrap();
    assert_eq!(found.len() as u64, report.kept);
    let events = |entries: &[Entry]| entries.iter().map(|e| e.event.clone()).collect::<Vec<_>>();
    assert_eq!(events(&found[..5]), events(&told[..5]));
    assert_eq!(events(&found[6..]), events(&told[9..]));
    assert!(matches!(repair(&FileDisk::default(), &path, &mended), Err(JournalError::Exists { .. })));
}

#[test]
fn repair_takes_no_number_for_a_trial_that_no_run_reaches() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 3);
    let altered = told.iter().cloned().map(|mut entry| {
        if let Event::Proposed(proposed) = &mut entry.event
            && proposed.generation == 2
        {
            proposed.generation = u64::MAX / 2;
        }
        entry
    });
    let mut text = Vec::new();
    for entry in altered {
        super::writer::encode(&path, &entry, &mut text).unwrap();
    }
    std::fs::write(&path, text).unwrap();
    let report = repair(&FileDisk::default(), &path, &dir.path().join("mended.jsonl")).unwrap();
    assert!(report.lost.is_empty(), "{report}");
    assert!(report.to_string().contains("cannot come so soon"), "{report}");
}

#[test]
fn a_viewer_that_follows_sees_whole_lines_only_and_each_once() {
    let dir = tempfile::tempdir().unwrap();
    let (path, told) = journal(dir.path(), 2);
    let bytes = std::fs::read(&path).unwrap();
    let live = dir.path().join("live.jsonl");
    std::fs::write(&live, b"").unwrap();
    let mut follow = Follow::open(&live).unwrap();
    let mut seen = Vec::new();
    for chunk in bytes.chunks(97) {
        use std::io::Write;
        std::fs::OpenOptions::new().append(true).open(&live).unwrap().write_all(chunk).unwrap();
        let before = seen.len();
        let count = follow.news(|entry| seen.push(entry)).unwrap();
        assert_eq!(before + count as usize, seen.len());
    }
    assert_eq!(seen, told);
    std::fs::OpenOptions::new().write(true).open(&live).unwrap().set_len(100).unwrap();
    assert!(matches!(follow.news(|_| ()), Err(JournalError::Replaced { .. })));
}

/// The file was written by the first version and is never written again: what it says has to be read for ever.
#[test]
fn a_journal_of_version_1_is_read_as_it_was_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journal-v1.jsonl");
    let (found, _) = entries(&path).unwrap();
    let expected = every();
    assert_eq!(found.len(), expected.len());
    for (entry, event) in found.iter().zip(&expected) {
        // Compared as text: a NaN is not equal to itself.
        assert_eq!(format!("{:?}", entry.event), readable(event));
        assert_eq!(entry.time, 1_764_000_000_000 + entry.seq as i64);
    }
}

#[test]
fn the_page_about_a_session_s_directory_has_every_kind_of_event() {
    let page = include_str!("../../docs/session-directory.md");
    for event in every() {
        let event = serde_json::to_value(event).unwrap();
        let kind = event.as_object().unwrap().keys().next().unwrap();
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
    }
}

/// An event as it is after a journal: JSON knows one number that is none.
fn readable(event: &Event) -> String {
    format!("{event:?}").replace(": inf}", ": NaN}")
}

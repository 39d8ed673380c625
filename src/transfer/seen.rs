//! Trials that several files tell of: a run's table and its directory hold the same ones.

use crate::journal::{Imported, More, Row};

/// The trials of the files so far.
#[derive(Debug, Default)]
pub struct Seen(Vec<File>);

/// What a file told.
#[derive(Debug)]
struct File {
    metrics: Vec<String>,
    digits: Option<u32>,
    /// With the metrics that each has, those of a pruned trial too.
    rows: Vec<(Row, Row)>,
}

impl Seen {
    /// Takes out the trials that an earlier file had already, and says how many.
    ///
    /// Numbers are compared to as many significant digits as both files have: `digits`, all where there is none.
    pub fn leave_out(&mut self, imported: &mut Imported, digits: Option<u32>) -> usize {
        let file = File { metrics: imported.metrics.clone(), digits, rows: told(imported) };
        let mut new = vec![true; file.rows.len()];
        for earlier in &self.0 {
            earlier.mark(&file, &mut new);
        }
        let Imported { rows, seeds, excluded, more, .. } = imported;
        keep(rows, &new);
        keep(seeds, &new);
        keep(excluded, &new);
        more.retain(|more| new.get(more.row).is_some_and(|new| *new));
        let mut places = vec![0; new.len()];
        for (place, at) in (0..new.len()).filter(|at| new[*at]).enumerate() {
            places[at] = place;
        }
        for more in more {
            more.row = places[more.row];
            more.parents.retain(|row| new.get(*row).is_some_and(|new| *new));
            more.parents.iter_mut().for_each(|row| *row = places[*row]);
        }
        self.0.push(file);
        new.iter().filter(|new| !**new).count()
    }
}

impl File {
    /// Takes the mark from the rows of a later file that are its own. Each of its own is one trial: where the later file has
    /// more that are alike, the rest are new.
    fn mark(&self, later: &Self, new: &mut [bool]) {
        let digits = self.digits.unwrap_or(ALL).min(later.digits.unwrap_or(ALL));
        let places = self.metrics.iter().enumerate();
        let shared: Vec<(usize, usize)> = places
            .filter_map(|(own, name)| Some((own, later.metrics.iter().position(|theirs| theirs == name)?)))
            .collect();
        // In the order of one result: what can be equal lies together, however many rows there are.
        let Some(first) = shared.first().copied() else { return };
        let mut own: Vec<&(Row, Row)> = self.rows.iter().collect();
        let key = |row: &(Row, Row)| row.1.get(first.0).copied().flatten().unwrap_or(f64::NEG_INFINITY);
        own.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let mut met = vec![false; own.len()];
        for (row, new) in later.rows.iter().zip(new) {
            let x = row.1.get(first.1).copied().flatten().unwrap_or(f64::NEG_INFINITY);
            let reach = if x.is_finite() { last_digit(x, digits) } else { 0.0 };
            let from = own.partition_point(|own| key(own) < x - reach);
            let mut near = (from..own.len()).take_while(|at| key(own[*at]) <= x + reach);
            if let Some(at) = near.find(|at| !met[*at] && same(own[*at], row, &shared, digits)) {
                (met[at], *new) = (true, false);
            }
        }
    }
}

/// As many digits as a number has.
const ALL: u32 = 15;

/// How far a table's number may lie from what it was written for, in units of its last digit: half of one, and a little more,
/// since the table of 2021 is rounded to four digits and then to three.
pub(super) const ROUNDED: f64 = 0.551;

/// One in the last of so many significant digits.
pub(super) fn last_digit(x: f64, digits: u32) -> f64 {
    if x == 0.0 { 0.0 } else { 10f64.powf(x.abs().log10().floor() + 1.0 - f64::from(digits)) }
}

/// Whether two rows tell of one trial: neither says anything that the other one contradicts.
fn same(a: &(Row, Row), b: &(Row, Row), shared: &[(usize, usize)], digits: u32) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= ROUNDED * last_digit(a, digits).max(last_digit(b, digits));
    let agree = |(a, b): (Option<f64>, Option<f64>)| match (a, b) {
        (Some(a), Some(b)) => close(a, b),
        (None, None) => true,
        _ => false,
    };
    let genes = a.0.iter().copied().zip(b.0.iter().copied());
    let metrics = shared
        .iter()
        .map(|(own, theirs)| (a.1.get(*own).copied().flatten(), b.1.get(*theirs).copied().flatten()));
    a.0.len() == b.0.len() && metrics.chain(genes).all(agree)
}

/// The rows, with what trials without a result had reported.
fn told(imported: &Imported) -> Vec<(Row, Row)> {
    let mut rows = imported.rows.clone();
    for More { row, metrics, end, .. } in &imported.more {
        if let Some(told) = rows.get_mut(*row).filter(|_| end.is_some()) {
            told.1.clone_from(metrics);
        }
    }
    rows
}

/// Leaves what is marked; a list that says something of the rows is as long as they are, or empty.
fn keep<T>(list: &mut Vec<T>, marked: &[bool]) {
    let mut marked = marked.iter();
    list.retain(|_| marked.next().is_none_or(|marked| *marked));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(metrics: [&str; 2], rows: &[(f64, [f64; 2])]) -> Imported {
        let rows = rows.iter().map(|(gene, results)| (vec![Some(*gene), None], results.map(Some).to_vec()));
        let (metrics, rows) = (metrics.map(Into::into).to_vec(), rows.collect::<Vec<_>>());
        Imported { seeds: (0..).take(rows.len()).collect(), metrics, rows, ..Imported::default() }
    }

    #[test]
    fn a_table_of_few_digits_tells_of_the_same_trials_as_the_session_it_is_of() {
        // 0.61448 as %.4g and then %.3g is 0.614 or 0.615; what is next to it by more than that is another trial.
        let session = [(0.010_449_9, [0.614_48, 0.123_45]), (0.010_449_9, [0.634_48, 0.123_45])];
        let csv = [(0.01045, [0.61448, 0.12345]), (0.0105, [0.61448, 0.12345])];
        let txt = [(0.0104, [0.614, 0.123])];
        for first in [true, false] {
            let mut all = file(["acc", "f1"], &session);
            let (mut five, mut three) = (file(["acc", "f1"], &csv), file(["acc", "f1"], &txt));
            let mut seen = Seen::default();
            if first {
                assert_eq!(seen.leave_out(&mut all, None), 0);
                assert_eq!((seen.leave_out(&mut five, Some(5)), five.rows.len()), (1, 1), "another lr0");
                assert_eq!(seen.leave_out(&mut three, Some(3)), 1);
            } else {
                assert_eq!(seen.leave_out(&mut three, Some(3)), 0);
                assert_eq!((seen.leave_out(&mut all, None), all.rows.len()), (1, 1), "another result");
            }
        }
    }

    #[test]
    fn a_trial_of_an_earlier_file_is_left_out_and_one_that_is_there_twice_in_its_own_is_not() {
        let mut seen = Seen::default();
        let mut table = file(["acc", "f1"], &[(0.87085, [0.5, 0.1]), (1.25, [0.6, 0.2]), (1.25, [0.6, 0.2])]);
        assert_eq!((seen.leave_out(&mut table, Some(5)), table.rows.len()), (0, 3));
        let mut session = file(["f1", "acc"], &[(0.870_852_1, [0.1, 0.5]), (1.25, [0.2, 0.7])]);
        assert_eq!(seen.leave_out(&mut session, None), 1);
        assert_eq!(session.rows, [(vec![Some(1.25), None], vec![Some(0.2), Some(0.7)])]);
        assert_eq!(session.seeds, [1]);
    }

    #[test]
    fn of_trials_that_are_alike_as_many_are_taken_as_the_file_with_most_of_them_tells_of() {
        let alike = |n: usize| file(["acc", "f1"], &vec![(1.25, [0.6, 0.2]); n]);
        let mut seen = Seen::default();
        // The table of 2021 has each row once; a table of another day may have fewer or more of them.
        let new = [1, 3, 2, 4].map(|n| n - seen.leave_out(&mut alike(n), Some(5)));
        assert_eq!(new, [1, 2, 0, 1]);
    }

    #[test]
    fn what_is_left_keeps_what_is_known_of_it_and_its_parents_where_they_are_left() {
        let mut seen = Seen::default();
        seen.leave_out(&mut file(["acc", "f1"], &[(0.5, [0.5, 0.1])]), None);
        let mut later = file(["acc", "f1"], &[(0.5, [0.5, 0.1]), (0.6, [0.6, 0.1]), (0.7, [0.7, 0.1])]);
        let more = |row: usize, parents: &[usize]| More { row, parents: parents.into(), ..More::default() };
        later.more = vec![more(1, &[0]), more(2, &[0, 1])];
        assert_eq!(seen.leave_out(&mut later, None), 1);
        assert_eq!(later.more, [more(0, &[]), more(1, &[0])]);
    }
}

//! Trials that several files tell of: a run's table and its directory hold the same ones.

use std::collections::{BTreeMap, HashSet};

use crate::journal::{Imported, Row};

/// The trials of the files so far.
#[derive(Debug, Default)]
pub struct Seen(HashSet<String>);

impl Seen {
    /// Takes out the trials that an earlier file had already, and says how many.
    pub fn leave_out(&mut self, imported: &mut Imported) -> usize {
        let Imported { metrics: names, rows, seeds, excluded, .. } = imported;
        let told: Vec<String> = rows.iter().map(|row| told(names, row)).collect();
        let new: Vec<bool> = told.iter().map(|told| !self.0.contains(told)).collect();
        self.0.extend(told);
        keep(rows, &new);
        keep(seeds, &new);
        keep(excluded, &new);
        new.iter().filter(|new| !**new).count()
    }
}

/// Leaves what is marked; a list that says something of the rows is as long as they are, or empty.
fn keep<T>(list: &mut Vec<T>, marked: &[bool]) {
    let mut marked = marked.iter();
    list.retain(|_| marked.next().is_none_or(|marked| *marked));
}

/// A trial as every file tells of it, whatever the order of its columns and however many digits it has.
fn told(names: &[String], (genes, metrics): &(Row, Row)) -> String {
    let digits = |x: f64| format!("{x:.3e}");
    let genes: Vec<_> = genes.iter().map(|x| x.map(digits)).collect();
    let metrics = names.iter().zip(metrics).filter_map(|(name, x)| Some((name, digits((*x)?))));
    format!("{genes:?} {:?}", metrics.collect::<BTreeMap<_, _>>())
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
    fn a_trial_of_an_earlier_file_is_left_out_and_one_that_is_there_twice_in_its_own_is_not() {
        let mut seen = Seen::default();
        let mut table = file(["acc", "f1"], &[(0.87085, [0.5, 0.1]), (1.25, [0.6, 0.2]), (1.25, [0.6, 0.2])]);
        assert_eq!((seen.leave_out(&mut table), table.rows.len()), (0, 3));
        let mut session = file(["f1", "acc"], &[(0.870_852_1, [0.1, 0.5]), (1.25, [0.2, 0.7])]);
        assert_eq!(seen.leave_out(&mut session), 1);
        assert_eq!(session.rows, [(vec![Some(1.25), None], vec![Some(0.2), Some(0.7)])]);
        assert_eq!(session.seeds, [1]);
    }
}

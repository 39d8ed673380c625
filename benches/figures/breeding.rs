//! Proposals: the same cost however long the history.

use criterion::Criterion;

use crate::clock::median_call;
use crate::long_run::{self, SIZES};
use crate::table::{Row, Unit};

pub fn rows(criterion: &mut Criterion) -> Vec<Row> {
    SIZES
        .map(|trials| {
            let run = long_run::of(trials);
            let took =
                median_call(criterion, &format!("proposal/{trials}"), || run.state.proposal().unwrap());
            Row::told(format!("proposals at {trials} trials"), Unit::PerSecond, 1.0 / took.as_secs_f64())
        })
        .into()
}

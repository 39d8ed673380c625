//! An Optuna journal file: one JSON operation on every line, as `JournalFileBackend` reads them (Optuna 3.1 to 5).
//!
//! The study maximises fitness; a trial's end is COMPLETE, PRUNED, FAIL, or RUNNING while it has none. Its partial
//! fitness after each epoch is an intermediate value, its metrics are user attributes. Optuna has no trials that are
//! excluded: such a one is FAIL with the attribute `excluded`, so that it is not the best there either.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::session::State;
use crate::space::{Kind, Param};
use crate::trial::{End, Trial};

const CREATE_STUDY: u8 = 0;
const CREATE_TRIAL: u8 = 4;
const SET_PARAM: u8 = 5;
const SET_STATE: u8 = 6;
const SET_INTERMEDIATE: u8 = 7;
const SET_USER_ATTRIBUTE: u8 = 8;
const MAXIMISE: u8 = 2;

/// The session as an Optuna study of the same name.
pub fn journal(state: &State) -> String {
    let distributions: Vec<String> =
        (0..state.space.params.len()).map(|i| distribution(state, i).to_string()).collect();
    let mut operations =
        vec![operation(CREATE_STUDY, json!({"study_name": state.name, "directions": [MAXIMISE]}))];
    for trial in state.history.trials() {
        operations.extend(of_trial(state, trial, &distributions));
    }
    operations.into_iter().map(|operation| operation.to_string() + "\n").collect()
}

fn operation(code: u8, fields: Value) -> Value {
    let mut operation = json!({"op_code": code, "worker_id": "evotop"});
    if let (Some(operation), Value::Object(fields)) = (operation.as_object_mut(), fields) {
        operation.extend(fields);
    }
    operation
}

fn of_trial(state: &State, t: &Trial, distributions: &[String]) -> Vec<Value> {
    let id = t.generation;
    let started = time(t.started_at.unwrap_or(t.proposed_at));
    let mut operations = vec![operation(CREATE_TRIAL, json!({"study_id": 0, "datetime_start": started}))];
    for ((param, x), distribution) in state.space.params.iter().zip(&t.genes).zip(distributions) {
        if x.is_finite() {
            let fields = json!({"trial_id": id, "param_name": param.name, "param_value_internal": x, "distribution": distribution});
            operations.push(operation(SET_PARAM, fields));
        }
    }
    for (epoch, x) in t.curve.iter().enumerate().filter(|(_, x)| x.is_finite()) {
        let fields = json!({"trial_id": id, "step": epoch + 1, "intermediate_value": f64::from(*x)});
        operations.push(operation(SET_INTERMEDIATE, fields));
    }
    for (name, x) in state.metrics.iter().zip(&t.metrics).filter(|(_, x)| x.is_finite()) {
        operations.push(operation(SET_USER_ATTRIBUTE, json!({"trial_id": id, "user_attr": {name: x}})));
    }
    if t.excluded {
        operations
            .push(operation(SET_USER_ATTRIBUTE, json!({"trial_id": id, "user_attr": {"excluded": true}})));
    }
    let fitness = t.fitness.filter(|x| x.is_finite());
    let (word, values) = match (&t.end, fitness) {
        (None, _) => return operations,
        (Some(End::Finished | End::Imported), Some(fitness)) if !t.excluded => (1, Some([fitness])),
        (Some(End::Pruned { .. }), _) => (2, None),
        _ => (3, None),
    };
    let ended = time(t.ended_at.unwrap_or(t.proposed_at));
    let fields = json!({"trial_id": id, "state": word, "values": values, "datetime_complete": ended});
    operations.push(operation(SET_STATE, fields));
    operations
}

/// The range of a parameter: its bounds, and what was tried outside them under earlier ones.
fn distribution(state: &State, i: usize) -> Value {
    let param: &Param = &state.space.params[i];
    let tried =
        state.history.trials().iter().filter_map(|t| t.genes.get(i).copied()).filter(|x| x.is_finite());
    let (low, high) = tried.fold((param.low, param.high), |(low, high), x| (low.min(x), high.max(x)));
    let float = |log: bool| json!({"name": "FloatDistribution", "attributes": {"step": null, "low": low, "high": high, "log": log && low > 0.0}});
    match &param.kind {
        Kind::Float => float(false),
        Kind::Log => float(true),
        Kind::Int => {
            json!({"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": low as i64, "high": high as i64}})
        }
        Kind::Choice(options) => {
            json!({"name": "CategoricalDistribution", "attributes": {"choices": options}})
        }
    }
}

fn time(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

//! A session that begins with another one's past.

use std::collections::HashSet;

use super::{DirError, SessionDir};
use crate::journal::{self, Access, Event, FileDisk};

/// Makes the session `to`: the trials of `from` up to generation `at` with all their results, under the settings of the
/// moment in which the next one was proposed. Nothing of `from` changes, and it may be running.
///
/// With the same seed the fork breeds the same children, until it is steered otherwise. A trial that has no end yet waits
/// in the fork to be trained; of its attempts, which belong to the other session, nothing is taken over.
///
/// Returns the last generation that was taken over: imported trials come all together.
///
/// # Errors
/// Where `from` has no such trial or cannot be read, or `to` is there already or cannot be written.
pub fn fork(
    from: &SessionDir,
    to: &SessionDir,
    name: &str,
    at: u64,
    time: i64,
    access: Access,
) -> Result<u64, DirError> {
    let (mut ended, mut count) = (HashSet::new(), 0);
    let mut original = String::new();
    journal::read(&from.journal(), |entry| match entry.event {
        Event::Created(created) => original = created.name,
        Event::Proposed(proposed) => count = proposed.generation + 1,
        Event::Imported(import) => count += import.rows.len() as u64,
        Event::Ended { generation, .. } => _ = ended.insert(generation),
        _ => {}
    })?;
    if at >= count {
        return Err(DirError::NoTrial { dir: from.root().to_owned(), generation: at, count });
    }
    to.create(access)?;
    let (mut count, mut over) = (0, false);
    let chosen = |entry: journal::Entry| {
        let event = match entry.event {
            Event::Created(mut created) => {
                name.clone_into(&mut created.name);
                Event::Created(created)
            }
            other => other,
        };
        over |= count > at && matches!(event, Event::Proposed(_) | Event::Imported(_));
        match &event {
            Event::Proposed(proposed) if !over => count = proposed.generation + 1,
            Event::Imported(import) if !over => count += import.rows.len() as u64,
            _ => {}
        }
        let attempt_of = generation(&event);
        let wanted = match attempt_of {
            Some(generation) => generation <= at && ended.contains(&generation),
            None => !over,
        };
        wanted.then_some(event)
    };
    let text = format!("forked from {original} ({}) at generation {at}", from.root().display());
    let more = vec![(time, Event::Note { text: text.clone() }), (time, Event::Closed { why: text })];
    journal::copy(&FileDisk { access }, &from.journal(), &to.journal(), chosen, more)?;
    Ok(count.saturating_sub(1))
}

/// Whose attempt an event tells of.
fn generation(event: &Event) -> Option<u64> {
    match event {
        Event::Started(start) => Some(start.generation),
        Event::Epoch { generation, .. }
        | Event::Requeued { generation, .. }
        | Event::Ended { generation, .. }
        | Event::Frozen { generation, .. } => Some(*generation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::evolve::Edit;
    use crate::journal::sample::{created, trial};
    use crate::journal::{How, Who, Writer};
    use crate::session::{Command, State};

    /// Trials 0 to 3 on two slots: 1 ends after 2 is proposed, 3 still runs; sigma changes before 3.
    fn session(dir: &SessionDir) -> State {
        dir.create(Access::Private).unwrap();
        let (mut writer, first) =
            Writer::create(Arc::new(FileDisk::default()), &dir.journal(), 1, created()).unwrap();
        let mut state = State::replay([first]).unwrap();
        let [a, b, c, d] = [0, 1, 2, 3].map(trial);
        let mut write = |state: &mut State, events: Vec<Event>| {
            for entry in writer.commit(state.time + 1, events).unwrap() {
                state.apply(&entry);
            }
        };
        write(&mut state, vec![a[0].clone(), a[1].clone(), a[3].clone(), b[0].clone(), b[1].clone()]);
        write(&mut state, vec![c[0].clone(), c[1].clone(), b[3].clone(), c[3].clone()]);
        let who = Who { user: "ada".into(), tty: None, ssh: None, how: How::Key };
        let edit = Command::Edit { edits: vec![Edit::Sigma(0.5)], revision: 0 };
        let steered = state.decide(&edit, &who).unwrap();
        write(&mut state, steered);
        write(&mut state, vec![d[0].clone(), d[1].clone()]);
        state
    }

    fn replay(dir: &SessionDir) -> State {
        let mut entries = Vec::new();
        journal::read(&dir.journal(), |entry| entries.push(entry)).unwrap();
        State::replay(entries).unwrap()
    }

    #[test]
    fn a_fork_has_the_trials_so_far_with_their_results_and_goes_its_own_way() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (SessionDir::new(home.path().join("a")), SessionDir::new(home.path().join("b")));
        let original = session(&from);
        fork(&from, &to, "b", 1, 99, Access::Private).unwrap();
        let state = replay(&to);
        assert_eq!((state.name.as_str(), state.history.next_generation()), ("b", 2));
        assert_eq!(state.history.get(1).unwrap().fitness, original.history.get(1).unwrap().fitness);
        assert_eq!((state.settings.sigma, state.revision), (0.2, 0));
        assert!(state.running.is_empty() && state.open.is_none());
        let note = state.log.iter().any(|line| line.text.contains("forked from exp"));
        assert!(note, "{:?}", state.log);
        assert_eq!(replay(&from).history.next_generation(), 4);
    }

    #[test]
    fn a_trial_that_still_runs_in_the_original_waits_in_the_fork() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (SessionDir::new(home.path().join("a")), SessionDir::new(home.path().join("b")));
        session(&from);
        fork(&from, &to, "b", 3, 99, Access::Private).unwrap();
        let state = replay(&to);
        assert!(state.running.is_empty(), "its process belongs to the original");
        assert_eq!(state.queue, [3]);
        assert_eq!((state.settings.sigma, state.history.counted()), (0.5, 3));
    }

    #[test]
    fn a_fork_at_a_trial_that_is_not_there_or_over_a_session_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (SessionDir::new(home.path().join("a")), SessionDir::new(home.path().join("b")));
        session(&from);
        let error = fork(&from, &to, "b", 4, 99, Access::Private).unwrap_err().to_string();
        assert!(error.contains("has no trial 4: it has 4"), "{error}");
        assert!(!to.root().exists());
        session(&to);
        assert!(fork(&from, &to, "b", 1, 99, Access::Private).is_err());
        assert_eq!(replay(&to).history.next_generation(), 4);
    }
}

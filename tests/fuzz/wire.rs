//! What comes through the socket, from either end.

use bytes::Bytes;
use evotop::journal::How;
use evotop::session::Command;
use evotop::wire::{Assembly, Frame, FromSession, Snapshot, ToSession, decode, encode};

use crate::journal::state;
use crate::mutate::damage;

fn round<M>(target: &str, messages: &[M])
where
    M: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let frames: Vec<Bytes> = messages.iter().map(|message| encode(message).unwrap()).collect();
    let frames: Vec<&[u8]> = frames.iter().map(AsRef::as_ref).collect();
    damage(target, &frames, |bytes| match decode::<M>(&Bytes::copy_from_slice(bytes)) {
        Ok(Frame::Message(message)) => {
            let again = decode(&encode(&message).unwrap()).unwrap();
            assert_eq!(again, Frame::Message(message));
            true
        }
        Ok(Frame::Piece(_)) | Err(_) => false,
    });
}

#[test]
fn damaged_frames_are_understood_or_an_error() {
    let hello =
        ToSession::Hello { protocol: 1, build: "0.1.0".into(), read_only: false, tty: None, ssh: None };
    let say = ToSession::Say { id: 3, line: "sigma 0.1".into(), how: How::Shell };
    let ask = ToSession::Do { id: 4, command: Command::Pause, how: How::Key };
    round("frames to a session", &[hello, say, ask, ToSession::Stop { id: 1, now: true }]);
    let answer = FromSession::Answer { id: 3, granted: true, text: "sigma 0.2 -> 0.1".into() };
    let status = FromSession::Status { status: Box::new(state().status()) };
    round("frames from a session", &[answer, status, FromSession::Notice { text: "disk full".into() }]);
}

#[test]
fn damaged_snapshots_are_a_state_or_an_error() {
    let state = state();
    let snapshot = Snapshot::of(&state).unwrap();
    let pieces: Vec<Bytes> = snapshot.frames().map(Result::unwrap).collect();
    assert_eq!(pieces.len(), 2);
    for (target, damaged) in [("a snapshot's head", 0), ("a snapshot's trials", 1)] {
        damage(target, &[&pieces[damaged][1..]], |bytes| {
            let mut assembly = Assembly::new(pieces.len());
            let mut whole = None;
            for (at, piece) in pieces.iter().enumerate() {
                match assembly.add(if at == damaged { bytes } else { &piece[1..] }) {
                    Ok(state) => whole = state,
                    Err(_) => return false,
                }
            }
            whole.is_some_and(|state| state.status().done <= state.history.next_generation())
        });
    }
}

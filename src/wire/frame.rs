//! One message as bytes: four bytes of length, then JSON (it begins with `{`) or [`PIECE`] and a piece of a snapshot.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

/// The first byte of a frame that is a piece of a snapshot.
pub const PIECE: u8 = 1;
/// No frame is longer. A snapshot's pieces stay well below.
const LONGEST: usize = 16 << 20;

/// What a frame holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame<M> {
    Message(M),
    Piece(Bytes),
}

/// Why a frame cannot be understood. Not the same as a connection that ended.
#[derive(Debug, Error)]
pub enum FrameError {
    #[error("a frame cannot be read as a message: {0}")]
    Message(#[from] serde_json::Error),
    #[error("an empty frame")]
    Empty,
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads the frames of the other end.
pub fn reader<R: AsyncRead>(stream: R) -> FramedRead<R, LengthDelimitedCodec> {
    FramedRead::new(stream, codec())
}

/// Writes frames to the other end.
pub fn writer<W: AsyncWrite>(stream: W) -> FramedWrite<W, LengthDelimitedCodec> {
    FramedWrite::new(stream, codec())
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_codec()
}

/// A message as a frame.
///
/// # Errors
/// Never for the messages of this crate; JSON cannot hold a map with keys that are not text.
pub fn encode<M: Serialize>(message: &M) -> Result<Bytes, FrameError> {
    Ok(serde_json::to_vec(message)?.into())
}

/// A frame as what it holds.
///
/// # Errors
/// Where it is empty or not a message.
pub fn decode<M: DeserializeOwned>(frame: &Bytes) -> Result<Frame<M>, FrameError> {
    match frame.first() {
        None => Err(FrameError::Empty),
        Some(&PIECE) => Ok(Frame::Piece(frame.slice(1..))),
        Some(_) => Ok(Frame::Message(serde_json::from_slice(frame)?)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ToSession;

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_fail_in_another_way_than_by_an_error(bytes: Vec<u8>) {
            let _ = decode::<ToSession>(&bytes.into());
        }
    }

    #[test]
    fn a_message_comes_out_as_it_went_in() {
        let message = ToSession::Stop { id: 7, now: false };
        assert_eq!(decode(&encode(&message).unwrap()).unwrap(), Frame::Message(message));
    }
}

//! `evotop-yolo`: the built-in trainer. Not built yet.

//! The program `evotop`.

fn main() {}

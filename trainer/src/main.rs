//! The program `evotop-yolo`. Everything is in the library: see `lib.rs`.

fn main() -> std::process::ExitCode {
    evotop_yolo::cli::main()
}

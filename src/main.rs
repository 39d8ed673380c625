//! The program. Everything is in the library: see `lib.rs`.

fn main() -> std::process::ExitCode {
    evotop::cli::main()
}

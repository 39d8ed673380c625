//! The program `evotop-yolo`.

fn main() {
    eprintln!("evotop-yolo: this trainer is not built yet");
    std::process::exit(2);
}

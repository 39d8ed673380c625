//! What went wrong, and whose fault it is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use evotop::trial::FailureClass;

/// libtorch's errors arrive as panics: here is the edge where they become words.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("an unknown panic").to_owned()
    })
}

/// The class of a failure, from its text.
pub fn class_of(text: &str) -> FailureClass {
    let lower = text.to_ascii_lowercase();
    let any = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    if any(&[
        "out of memory",
        "can't allocate memory",
        "cannot allocate memory",
        "bad_alloc",
        "not enough memory",
    ]) {
        FailureClass::OutOfMemory
    } else if any(&["no space left", "quota exceeded", "os error 28", "os error 122"]) {
        FailureClass::NoSpace
    } else if any(&[
        "cuda error",
        "cudnn error",
        "cublas error",
        "device-side assert",
        "cuda devices here",
        "nccl error",
    ]) {
        FailureClass::SlotLost
    } else {
        FailureClass::Crash
    }
}

/// The class of a failure that keeps every training from starting here, whatever its hyperparameters: where it is neither memory nor
/// disk space the slot is to blame and no candidate, so that it is tried again later with the same one.
pub fn class_of_start(text: &str) -> FailureClass {
    match class_of(text) {
        FailureClass::Crash => FailureClass::SlotLost,
        class => class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_classed_by_what_libtorch_says() {
        for (text, class) in [
            ("CUDA out of memory. Tried to allocate 20 MiB", FailureClass::OutOfMemory),
            ("DefaultCPUAllocator: can't allocate memory: you tried", FailureClass::OutOfMemory),
            ("CUDA error: an illegal memory access was encountered", FailureClass::SlotLost),
            ("results.csv: No space left on device (os error 28)", FailureClass::NoSpace),
            ("a.jpg: truncated", FailureClass::Crash),
        ] {
            assert_eq!(class_of(text), class, "{text}");
        }
    }

    #[test]
    fn a_panic_becomes_a_sentence() {
        let said = catch(|| panic!("Torch: {}", "shape")).unwrap_err();
        assert_eq!(said, "Torch: shape");
    }
}

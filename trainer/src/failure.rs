//! What went wrong, and whose fault it is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use evotop::trial::FailureClass;

use crate::data::DataError;
use crate::train::TrainError;

/// How an error of libtorch begins in the panic that it arrives as, and where it is handed on as an error.
const PANIC: &str = "Torch(\"";
const ERROR: &str = "Internal torch error: ";

/// libtorch's errors arrive as panics: here is the edge where they become words.
///
/// # Errors
/// What the panic says.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| told(&*panic))
}

fn words(panic: &dyn Any) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

/// Keeps libtorch's panics off standard error: [`catch`] hands on what they say, without pages of stack frames. So it does with those
/// of the decoder of pictures, which cost a picture at most.
pub fn hush() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        let torch = words(panic.payload()).is_some_and(|text| text.contains(PANIC));
        let decoder = panic.location().is_some_and(|at| at.file().contains("libjpeg-turbo-rs"));
        if !torch && !decoder {
            before(panic);
        }
    }));
}

/// What a panic says to a person.
pub fn told(panic: &(dyn Any + Send)) -> String {
    let text = words(panic).unwrap_or("an unknown panic");
    let Some((_, error)) = text.split_once(PANIC) else { return text.to_owned() };
    sentence(error.split("\\n").next().unwrap_or(error).trim_end_matches("\")"))
}

/// An error's words, for a person: libtorch's come with pages of stack frames.
pub fn plain(text: &str) -> String {
    let Some((before, error)) = text.split_once(ERROR) else { return text.to_owned() };
    format!("{before}{}", sentence(error.lines().next().unwrap_or(error)))
}

/// The first line of an error of libtorch without where in its source that is, and what helps.
fn sentence(first: &str) -> String {
    // `[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory`
    let said = first.split_once("] ").filter(|_| first.starts_with('[')).map_or(first, |(_, rest)| rest);
    let said = said
        .split_once(". DefaultCPUAllocator: ")
        .map_or(said.trim_start_matches(['.', ' ']), |(_, said)| said);
    match class_of(said) {
        FailureClass::OutOfMemory => {
            format!("{said} (a smaller batch, smaller pictures or fewer slots take less)")
        }
        _ if said.contains("no kernel image") => {
            format!(
                "{said} (this libtorch computes on GPUs of compute capability 7.5 and newer; --devices cpu trains without one)"
            )
        }
        _ => said.to_owned(),
    }
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
        // cuBLAS and cuDNN; the last where no way to compute fits into what is left of a GPU.
        "_alloc_failed",
        "unable to find an engine",
    ]) {
        FailureClass::OutOfMemory
    } else if any(&["no space left", "quota exceeded", "os error 28", "os error 122"]) {
        FailureClass::NoSpace
    } else if any(&[
        "cuda error",
        "cuda driver error",
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

/// The class of what broke a training off.
pub fn class_of_end(why: &TrainError) -> FailureClass {
    match why {
        // Neither options nor the machine's limits are a candidate's fault.
        TrainError::AllFrozen | TrainError::NoAnchors(_) | TrainError::Data(DataError::Threads(_)) => {
            FailureClass::SlotLost
        }
        why => class_of(&why.to_string()),
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
            ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", FailureClass::OutOfMemory),
            ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`", FailureClass::OutOfMemory),
            ("GET was unable to find an engine to execute this computation", FailureClass::OutOfMemory),
            ("CUDA error: an illegal memory access was encountered", FailureClass::SlotLost),
            ("CUDA driver error: unknown error", FailureClass::SlotLost),
            ("results.csv: No space left on device (os error 28)", FailureClass::NoSpace),
            ("a.jpg: truncated", FailureClass::Crash),
        ] {
            assert_eq!(class_of(text), class, "{text}");
        }
    }

    #[test]
    fn a_panic_becomes_a_sentence() {
        let torch = r#"called `Result::unwrap()` on an `Err` value: Torch("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 943718400 bytes. Error code 12 (Cannot allocate memory)\nframe #0: c10::ThrowEnforceNotMet(char const*) + 0x88\nframe #1: x")"#;
        let said = catch(|| panic!("{torch}")).unwrap_err();
        assert!(said.starts_with("can't allocate memory: you tried to allocate 943718400 bytes."), "{said}");
        assert!(
            said.ends_with("(a smaller batch, smaller pictures or fewer slots take less)")
                && !said.contains("frame"),
            "{said}"
        );
        let handed_on = torch.split_once(PANIC).unwrap().1.replace("\\n", "\n");
        assert_eq!(plain(&format!("a.jpg: Internal torch error: {handed_on}")), format!("a.jpg: {said}"));
        let said = catch(|| panic!("Torch: {}", "shape")).unwrap_err();
        assert_eq!((plain(&said), said), ("Torch: shape".to_owned(), "Torch: shape".to_owned()));
    }
}

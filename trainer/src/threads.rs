//! How many threads an operation is divided among. Which threads load pictures is in `data/queue.rs`.

/// Lets the calling thread compute with so many threads.
///
/// libtorch sets a thread up when it is first asked something, with the number that any thread set last: so it is asked first.
pub fn compute_with(count: usize) {
    let _ = tch::get_num_threads();
    tch::set_num_threads(i32::try_from(count).unwrap_or(1).max(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_thread_computes_with_is_its_own_affair() {
        compute_with(2);
        std::thread::spawn(|| compute_with(1)).join().unwrap();
        let ones = tch::Tensor::ones([1 << 20], (tch::Kind::Float, tch::Device::Cpu));
        assert!(ones.sum(tch::Kind::Float).double_value(&[]) > 0.0);
        assert_eq!(tch::get_num_threads(), 2);
    }
}

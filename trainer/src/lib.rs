//! `evotop-yolo`: YOLOv5 and YOLOv3 training on libtorch, evotop's built-in trainer.
//!
//! Read from top to bottom as the data flows: a model is built and given weights, batches come from the data set, a training turns
//! them into a better model, a validation into seven numbers.

// These panic where nobody listens.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod device;
pub mod model;
pub mod weights;

pub mod failure;
pub mod machine;
pub mod threads;

pub mod data;
pub mod digits;

pub mod hyp;
pub mod options;
pub mod setup;

pub mod anchors;
pub mod assign;
pub mod loss;

pub mod ema;
pub mod optim;
pub mod scaler;
pub mod schedule;

pub mod preflight;
pub mod table;
pub mod train;
pub mod val;
pub mod worker;

pub mod cli;

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    #[test]
    fn libtorch_is_linked_and_computes() {
        let x = tch::Tensor::from_slice(&[3.0_f32, 4.0]);
        assert!((x.norm().double_value(&[]) - 5.0).abs() < 1e-6);
    }
}

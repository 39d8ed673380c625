//! First values, by the rules of the reference.

use tch::{Device, Kind, Tensor};

/// Parameters are made on the CPU (the same seed gives the same numbers for every device) and move later.
pub const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);

/// `U(±1/√fan_in)`.
pub fn uniform(shape: &[i64], fan_in: i64) -> Tensor {
    let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
    Tensor::empty(shape, OPTIONS).uniform_(-bound, bound)
}

/// What the bias of "there is an object" starts above its random value: about 8 objects in a 640 pixel picture.
pub fn object_bias(stride: f64) -> f64 {
    (8.0 / (640.0 / stride).powi(2)).ln()
}

/// What each class's bias starts above its random value.
pub fn class_bias(classes: i64) -> f64 {
    (0.6 / (classes as f64 - 0.99999)).ln()
}

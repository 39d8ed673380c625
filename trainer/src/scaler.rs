//! Loss scaling for half precision. All of it happens on the device; nothing waits.

use tch::{Device, Kind, Tensor};

const FIRST: f64 = 65_536.0;
const GROWTH: f64 = 2.0;
const BACKOFF: f64 = 0.5;
/// Steps without an overflow before the scale grows.
const INTERVAL: i64 = 2000;

/// A scale that keeps half-precision gradients in range.
#[derive(Debug)]
pub struct Scaler {
    scale: Tensor,
    streak: Tensor,
}

impl Scaler {
    /// For CUDA; elsewhere trainings run in single precision.
    pub fn for_device(device: Device) -> Option<Self> {
        device.is_cuda().then(|| Self::new(device))
    }

    fn new(device: Device) -> Self {
        Self {
            scale: Tensor::full([1], FIRST, (Kind::Float, device)),
            streak: Tensor::zeros([1], (Kind::Int, device)),
        }
    }

    /// The loss to differentiate.
    pub fn scaled(&self, loss: &Tensor) -> Tensor {
        loss * &self.scale
    }

    /// The true gradient, and a 0 or 1 on the device that says whether it overflowed; learns from that.
    pub fn unscaled(&mut self, gradient: &Tensor) -> (Tensor, Tensor) {
        let _guard = tch::no_grad_guard();
        let overflowed = gradient.isfinite().all().logical_not().to_kind(Kind::Float).view([1]);
        let gradient = gradient / &self.scale;
        let _ = self.scale.internal_amp_update_scale_(&self.streak, &overflowed, GROWTH, BACKOFF, INTERVAL);
        (gradient, overflowed)
    }
}

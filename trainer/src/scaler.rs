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

    /// At its first scale.
    pub fn new(device: Device) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::close;

    /// The scale after so many gradients like this.
    fn after(scaler: &mut Scaler, gradient: f32, times: i64) -> f64 {
        for _ in 0..times {
            let _ = scaler.unscaled(&Tensor::from_slice(&[1.0, gradient]));
        }
        scaler.scale.double_value(&[0])
    }

    #[test]
    fn the_scale_grows_after_2000_good_steps_and_is_halved_by_an_overflow() {
        let mut scaler = Scaler::new(Device::Cpu);
        assert_eq!(after(&mut scaler, 1.0, 1999), 65_536.0);
        assert_eq!(after(&mut scaler, 1.0, 1), 131_072.0);
        assert_eq!(after(&mut scaler, 1.0, 1999), 131_072.0);
        assert_eq!(after(&mut scaler, f32::INFINITY, 1), 65_536.0);
        assert_eq!(after(&mut scaler, f32::NAN, 1), 32_768.0);
        assert_eq!(after(&mut scaler, 1.0, 1999), 32_768.0, "an overflow begins the count anew");
        assert_eq!(after(&mut scaler, 1.0, 1), 65_536.0);
    }

    #[test]
    fn a_gradient_comes_back_in_its_own_size_and_an_overflow_is_told_of() {
        let mut scaler = Scaler::new(Device::Cpu);
        let loss = scaler.scaled(&Tensor::from(3.0_f32));
        close(&loss, &[3.0 * 65_536.0], 1e-9);
        let (gradient, overflowed) = scaler.unscaled(&loss);
        close(&gradient, &[3.0], 1e-9);
        close(&overflowed, &[0.0], 1e-9);
        let (_, overflowed) = scaler.unscaled(&Tensor::from_slice(&[1.0, f32::NEG_INFINITY]));
        close(&overflowed, &[1.0], 1e-9);
        close(&scaler.unscaled(&loss).0, &[6.0], 1e-9);
    }
}

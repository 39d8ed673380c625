//! The running mean of a network's parameters, which is what gets validated and kept.

use crate::model::{Model, ModelError};

/// A network whose numbers follow another's slowly.
#[derive(Debug)]
pub struct Ema {
    pub model: Model,
    updates: u64,
}

/// How much of the old value the n-th update keeps: little at first.
pub fn decay(update: u64) -> f64 {
    0.9999 * (1.0 - (-(update as f64) / 2000.0).exp())
}

impl Ema {
    /// Starts as a copy.
    ///
    /// # Errors
    /// None in practice: the network has been built once already.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Ok(Self { model: model.duplicate()?, updates: 0 })
    }

    /// Goes a little towards the network, batch norm statistics and anchors included.
    pub fn update(&mut self, model: &Model) {
        let _guard = tch::no_grad_guard();
        self.updates += 1;
        let towards = 1.0 - decay(self.updates);
        let mine = self.model.arena_mut();
        let _ = mine.params.lerp_(&model.arena().params, towards);
        let _ = mine.buffers.lerp_(&model.arena().buffers, towards);
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::fixture::{close, near};
    use crate::model::Config;

    #[test]
    fn fixture_13_decay_of_the_ema() {
        near(&[decay(1), decay(100), decay(2000)], &[0.000_500, 0.048_766, 0.632_057], 1e-3);
    }

    #[test]
    fn fixture_13_update_number_2000() {
        let mut model = Model::new(&Config::find("yolov5p").unwrap(), Device::Cpu).unwrap();
        let mut fill = |x: f64| {
            let _guard = tch::no_grad_guard();
            let _ = model.arena_mut().params.fill_(x);
            let _ = model.arena_mut().buffers.fill_(x);
            model.duplicate().unwrap()
        };
        let (one, two) = (fill(1.0), fill(2.0));
        let mut ema = Ema { model: one, updates: 1999 };
        ema.update(&two);
        let expected = vec![1.367_943; ema.model.arena().params.numel()];
        close(&ema.model.arena().params, &expected, 1e-5);
        close(&ema.model.arena().buffers.slice(0, 0, 1, 1), &[1.367_943], 1e-5);
    }
}

//! The thirteen numbers that shape augmentation, as plain fields. Reading them from a hyperparameter file is not done here.

/// Amounts and probabilities of augmentation; all zero leaves pictures as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augment {
    /// Gains of hue, saturation and value.
    pub hsv_h: f64,
    pub hsv_s: f64,
    pub hsv_v: f64,
    /// Rotation, plus or minus degrees.
    pub degrees: f64,
    /// Shift, plus or minus a fraction of the picture.
    pub translate: f64,
    /// Size, plus or minus a fraction.
    pub scale: f64,
    /// Shear, plus or minus degrees.
    pub shear: f64,
    /// Perspective, plus or minus.
    pub perspective: f64,
    /// Probabilities.
    pub flipud: f64,
    pub fliplr: f64,
    pub mosaic: f64,
    pub mixup: f64,
    pub copy_paste: f64,
}

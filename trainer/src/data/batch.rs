//! What a loader hands to the model: pictures, targets, and where each picture came from. Making them is elsewhere.

use tch::{Device, Kind, Tensor};

use crate::device::fetched;

/// Some pictures of one size with their targets, on the CPU.
#[derive(Debug)]
pub struct Batch {
    /// `[n, 3, h, w]`, u8, RGB.
    pub images: Tensor,
    /// `[m, 6]`, f32: image within the batch, class, centre x, centre y, width, height as fractions of the picture.
    pub targets: Tensor,
    /// One per picture, in order.
    pub origins: Vec<Origin>,
    /// Pictures that were to be in it and could not be read, a line each; only of a data set whose pictures were not read before.
    pub left_out: Vec<String>,
    /// Those in it whose files are damaged, likewise.
    pub damaged: Vec<String>,
}

/// Where a picture of a batch came from, and the way back to its native pixels: `(pixel - pad) / gain`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// Place in the data set.
    pub index: usize,
    /// Native width and height in pixels (as shown, the EXIF orientation applied).
    pub width: usize,
    pub height: usize,
    /// Loaded height over native height; counts for both axes.
    pub gain: f64,
    /// Left and top border in pixels; half pixels occur.
    pub pad: (f64, f64),
}

impl Batch {
    /// The pictures as fractions, f32, on `device`. The copy does not block where the device allows that.
    pub fn floats(&self, device: Device) -> Tensor {
        fetched(&self.images, device).to_kind(Kind::Float) / 255.0
    }

    /// How many pictures.
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }
}

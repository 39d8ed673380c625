//! Batches of pictures of similar shape, so that little grey is computed.

/// How a data set is cut into batches of one shape each.
#[derive(Clone, Debug, PartialEq)]
pub struct Rect {
    /// Pictures' places in the data set, by height over width, ascending.
    pub order: Vec<usize>,
    /// Width and height of each batch in pixels.
    pub shapes: Vec<(usize, usize)>,
}

/// `sizes` are native widths and heights; `pad` is in units of the stride.
pub fn plan(sizes: &[(usize, usize)], batch: usize, img: usize, pad: f64, stride: usize) -> Rect {
    let ratio = |i: usize| sizes[i].1 as f64 / sizes[i].0 as f64;
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| ratio(a).total_cmp(&ratio(b)));
    let pixels = |factor: f64| ((factor * img as f64 / stride as f64 + pad).ceil() as usize) * stride;
    let shapes = order
        .chunks(batch.max(1))
        .map(|members| {
            let low = members.iter().map(|&i| ratio(i)).fold(f64::INFINITY, f64::min);
            let high = members.iter().map(|&i| ratio(i)).fold(0.0, f64::max);
            let (width, height) = if high < 1.0 {
                (1.0, high)
            } else if low > 1.0 {
                (1.0 / low, 1.0)
            } else {
                (1.0, 1.0)
            };
            (pixels(width), pixels(height))
        })
        .collect();
    Rect { order, shapes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_6_shapes_rect() {
        let sizes =
            [(640, 480), (500, 375), (640, 427), (480, 640), (333, 500), (640, 640), (1280, 720), (427, 640)];
        let padded = plan(&sizes, 3, 640, 0.5, 32);
        assert_eq!(padded.order, [6, 2, 0, 1, 5, 3, 7, 4]);
        assert_eq!(padded.shapes, [(672, 512), (672, 672), (448, 672)]);
        assert_eq!(plan(&sizes, 3, 640, 0.0, 32).shapes, [(640, 480), (640, 640), (448, 640)]);
    }

    #[test]
    fn square_pictures_are_padded_too() {
        assert_eq!(plan(&[(640, 640); 4], 4, 640, 0.5, 32).shapes, [(672, 672)]);
        assert_eq!(plan(&[(640, 480); 4], 4, 640, 0.5, 64).shapes, [(704, 512)]);
    }
}

//! Pixels, and how they come out of a picture's file. Scaling it is done in `resize`.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, metadata::Orientation};
use libjpeg_turbo_rs::{DecodeWarning, Decoder, PixelFormat};

use super::DataError;
use crate::failure;

/// What surrounds a picture wherever it does not fill its place.
pub const GREY: u8 = 114;

/// RGB pixels, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
}

impl Pixels {
    /// A picture of grey.
    pub fn grey(width: usize, height: usize) -> Self {
        Self { width, height, rgb: vec![GREY; width * height * 3] }
    }

    /// Makes this a picture of grey of the given size, keeping its memory.
    pub fn reset(&mut self, width: usize, height: usize) {
        self.width = width;
        self.height = height;
        self.rgb.clear();
        self.rgb.resize(width * height * 3, GREY);
    }

    pub fn row(&self, y: usize) -> &[u8] {
        &self.rgb[y * self.width * 3..][..self.width * 3]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.rgb[y * self.width * 3..][..self.width * 3]
    }

    /// Copies `width` x `height` pixels of `from` at (`from_x`, `from_y`) to (`x`, `y`). The caller keeps inside both.
    pub fn paste(
        &mut self,
        from: &Self,
        (from_x, from_y): (usize, usize),
        (x, y): (usize, usize),
        (width, height): (usize, usize),
    ) {
        for line in 0..height {
            let source = &from.row(from_y + line)[from_x * 3..][..width * 3];
            self.row_mut(y + line)[x * 3..][..width * 3].copy_from_slice(source);
        }
    }
}

/// A picture out of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub pixels: Pixels,
    /// Where the file is damaged and was read all the same: a line that names it.
    pub damage: Option<String>,
}

/// Bytes that decoding one JPEG may take; no picture to learn from comes near it.
const MOST_MEMORY: usize = 2 << 30;

/// A picture as far as its header: what decodes it, how it is to be turned, and what format it is of.
fn open<'a>(
    path: &'a Path,
    source: impl BufRead + Seek + 'a,
) -> Result<(impl ImageDecoder + 'a, Orientation, Option<ImageFormat>), DataError> {
    let mut reader = ImageReader::new(source);
    // By its name where the first bytes do not tell.
    if let Ok(format) = ImageFormat::from_path(path) {
        reader.set_format(format);
    }
    let reader = reader.with_guessed_format().map_err(|error| DataError::io(path, error))?;
    let format = reader.format();
    let mut decoder = reader.into_decoder().map_err(|error| DataError::picture(path, &error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation, format))
}

/// Width and height as shown, from the header alone.
pub fn size(path: &Path) -> Result<(usize, usize), DataError> {
    named(path, || size_of(path))
}

/// Lets a decoder work; one that panics on a damaged file spoils that picture and no data set.
fn named<T>(path: &Path, work: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    failure::catch(work).unwrap_or_else(|panic| Err(DataError::picture(path, &panic)))
}

fn size_of(path: &Path) -> Result<(usize, usize), DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    let (decoder, orientation, _) = open(path, BufReader::new(file))?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Ok(if turned { (height as usize, width as usize) } else { (width as usize, height as usize) })
}

/// Reads a picture with its EXIF orientation applied.
pub fn read(path: &Path) -> Result<Picture, DataError> {
    decode(path, &std::fs::read(path).map_err(|error| DataError::io(path, error))?)
}

/// Reads a picture from the bytes of its file, which is named where they are none.
///
/// # Errors
/// Where they cannot be decoded.
pub fn decode(path: &Path, bytes: &[u8]) -> Result<Picture, DataError> {
    named(path, || decoded(path, bytes))
}

fn decoded(path: &Path, bytes: &[u8]) -> Result<Picture, DataError> {
    let (decoder, orientation, format) = open(path, Cursor::new(bytes))?;
    let is_jpeg = format == Some(ImageFormat::Jpeg);
    let jpeg = if is_jpeg { jpeg(bytes) } else { None };
    let (mut image, warnings) = match jpeg {
        Some((rgb, warnings)) => (DynamicImage::ImageRgb8(rgb), warnings),
        None => (
            DynamicImage::from_decoder(decoder).map_err(|error| DataError::picture(path, &error))?,
            Vec::new(),
        ),
    };
    image.apply_orientation(orientation);
    let rgb = image.into_rgb8();
    let pixels = Pixels { width: rgb.width() as usize, height: rgb.height() as usize, rgb: rgb.into_raw() };
    let damage = if is_jpeg { damage(bytes, &warnings) } else { None };
    Ok(Picture { pixels, damage: damage.map(|what| format!("{}: this JPEG {what}", path.display())) })
}

/// What is wrong with a JPEG that was decoded, and what becomes of it. A copy that broke off lacks the end marker.
fn damage(bytes: &[u8], warnings: &[DecodeWarning]) -> Option<String> {
    if !bytes.ends_with(&[0xFF, 0xD9]) {
        return Some("has no end, it is used as far as it goes".to_owned());
    }
    warnings.first().map(|first| format!("is damaged, it is used as it decodes: {first}"))
}

/// A JPEG to the bit as the original reads it, also where it breaks off, and what the decoder found wrong in it: a quarter of the
/// pixels that `image` makes of one are up to 5 off, enough to move a validation's precision by a hundredth. None where this decoder
/// refuses what that one may take, where it has nothing but grey for it, and where it panics, as it does on some damage.
fn jpeg(bytes: &[u8]) -> Option<(RgbImage, Vec<DecodeWarning>)> {
    let decoded = failure::catch(|| {
        let mut decoder = Decoder::new(bytes).ok()?;
        decoder.set_output_format(PixelFormat::Rgb);
        decoder.set_lenient(true);
        decoder.set_max_memory(MOST_MEMORY);
        decoder.decode_image().ok()
    });
    let picture = decoded.ok()??;
    if picture.warnings.iter().any(|warning| matches!(warning, DecodeWarning::UnsupportedRecovered { .. })) {
        return None;
    }
    let rgb = RgbImage::from_raw(picture.width as u32, picture.height as u32, picture.data)?;
    Some((rgb, picture.warnings))
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::Subsampling;

    use super::*;
    use crate::data::tests::damaged_within;

    /// A black JPEG of 40 x 20 pixels with its upper left quarter white, whose EXIF says that it is to be shown turned.
    fn turned(path: &Path, orientation: u8) {
        let white = |x, y| x < 20 && y < 10;
        let colour = |x, y| image::Rgb([if white(x, y) { 255 } else { 0 }; 3]);
        image::RgbImage::from_fn(40, 20, colour).save(path).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
        let tiff = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat();
        let exif = [b"Exif\0\0".as_slice(), &tiff].concat();
        let length = (exif.len() as u16 + 2).to_be_bytes();
        let whole = [&bytes[..2], &[0xFF, 0xE1], &length, &exif, &bytes[2..]].concat();
        std::fs::write(path, whole).unwrap();
    }

    #[test]
    fn pictures_are_seen_as_their_exif_orientation_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        // 2: mirrored; 3: upside down; 4: both; 6: turned clockwise; 8: the other way; 5 and 7: these two, mirrored.
        for (orientation, (width, height), (right, below)) in [
            (1, (40, 20), (false, false)),
            (2, (40, 20), (true, false)),
            (3, (40, 20), (true, true)),
            (4, (40, 20), (false, true)),
            (5, (20, 40), (false, false)),
            (6, (20, 40), (true, false)),
            (7, (20, 40), (true, true)),
            (8, (20, 40), (false, true)),
        ] {
            turned(&path, orientation);
            assert_eq!(size(&path).unwrap(), (width, height), "{orientation}");
            let pixels = read(&path).unwrap().pixels;
            assert_eq!((pixels.width, pixels.height), (width, height), "{orientation}");
            let white = |right, below| {
                let [x, y] = [(right, width), (below, height)]
                    .map(|(far, side)| if far { side * 3 / 4 } else { side / 4 });
                pixels.row(y)[x * 3] > 200
            };
            assert!(white(right, below), "{orientation}: white is not where it belongs");
            assert!(!white(!right, below) && !white(right, !below), "{orientation}");
        }
    }

    #[test]
    fn a_jpeg_is_read_to_the_bit_as_the_original_reads_it() {
        // The same files as OpenCV 5 read them: colours at half the size both ways, as cameras write them, and one that breaks off.
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for name in ["picture", "cut"] {
            let [ours, original] =
                ["jpg", "png"].map(|end| read(&data.join(format!("{name}.{end}"))).unwrap().pixels);
            assert!(ours == original, "{name}");
        }
    }

    #[test]
    fn a_damaged_jpeg_is_used_as_it_decodes_and_its_damage_told() {
        let whole =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/picture.jpg")).unwrap();
        let told = |bytes: &[u8]| decode(Path::new("a.jpg"), bytes).unwrap().damage;
        assert_eq!(told(&whole), None);
        let cut = told(&whole[..whole.len() - 100]).unwrap();
        assert!(cut.starts_with("a.jpg: this JPEG has no end"), "{cut}");
        // A marker where pixels are still to come.
        let damaged = told(&damaged_within()).unwrap();
        assert!(
            damaged.starts_with("a.jpg: this JPEG is damaged") && damaged.contains("decodes: "),
            "{damaged}"
        );
    }

    /// A JPEG of 40 x 40 pixels whose header gives each component these sampling factors, whatever the picture was encoded with.
    fn sampled(format: PixelFormat, factors: &[u8]) -> Vec<u8> {
        let grey = vec![90; 40 * 40 * format.bytes_per_pixel()];
        let mut bytes = libjpeg_turbo_rs::compress(&grey, 40, 40, format, 90, Subsampling::S444).unwrap();
        let frame = bytes.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        for (i, factor) in factors.iter().enumerate() {
            bytes[frame + 11 + 3 * i] = *factor;
        }
        bytes
    }

    #[test]
    fn a_jpeg_that_its_decoder_panics_on_is_no_end_of_the_program() {
        // The fourth plane is half as high as the picture.
        let bytes = sampled(PixelFormat::Cmyk, &[0x12, 0x12, 0x12, 0x11]);
        assert!(jpeg(&bytes).is_none());
        let _ = decode(Path::new("a.jpg"), &bytes);
    }

    #[test]
    fn a_jpeg_that_its_decoder_has_only_grey_for_is_not_taken_from_it() {
        assert!(jpeg(&sampled(PixelFormat::Rgb, &[0x11, 0x11, 0x11])).is_some());
        assert!(jpeg(&sampled(PixelFormat::Rgb, &[0x11, 0x11, 0x31])).is_none());
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, "nothing").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("a.png") && error.contains("replace or remove"), "{error}");
    }
}

//! From the bytes of a PNG or JPEG to 8-bit red, green and blue, as Pillow's `convert("RGB")` gives them.
//!
//! Alpha is dropped, a palette looked up, grey put into all three channels, and of 16 bits the high
//! 8 are taken. (Of 16-bit grey without alpha Pillow clips the number at 255 instead, which leaves
//! most images white.) An orientation in a JPEG's EXIF data is not obeyed, as `Image.open` does not.

use std::borrow::Cow;
use std::io::Cursor;
use std::path::Path;

use png::{BitDepth, ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::Picture;
use crate::foreign;
use crate::mmap::Bytes;
use crate::model::error::{ModelError, Result};

/// The most pixels that are read: a quarter of a gigabyte of RGB, the limit from which on Pillow
/// warns (`Image.MAX_IMAGE_PIXELS`).
pub const MOST_PIXELS: usize = 1024 * 1024 * 1024 / 4 / 3;

/// The longest side that is read, which is the longest that a JPEG can have.
pub const LONGEST_SIDE: usize = 65_535;

const CUT_SHORT: &str = "the end of the file in the middle of it";

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_SIGNATURE: &[u8] = b"\xff\xd8\xff";

/// Reads an image file.
///
/// # Errors
/// No such file, a folder, what is neither PNG nor JPEG, a damaged or too large image.
pub fn read(path: &Path) -> Result<Picture> {
    let metadata = std::fs::metadata(path).map_err(ModelError::io("open", path))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "this is a folder" } else { "this is not an ordinary file" };
        return Err(unsupported(path, what, "give the path of a PNG or JPEG image"));
    }
    decode(path, &Bytes::map(path).map_err(ModelError::io("open", path))?)
}

/// Decodes the bytes of the image file `path`, whatever its name.
///
/// # Errors
/// As [`read`].
pub fn decode(path: &Path, bytes: &[u8]) -> Result<Picture> {
    foreign::call(|| decoded(path, bytes)).unwrap_or_else(|panic| {
        Err(damaged(path, "image", &format!("something that the decoder does not stand ({panic})")))
    })
}

fn decoded(path: &Path, bytes: &[u8]) -> Result<Picture> {
    if bytes.starts_with(PNG_SIGNATURE) {
        decode_png(path, bytes)
    } else if bytes.starts_with(JPEG_SIGNATURE) {
        decode_jpeg(path, bytes)
    } else {
        Err(unsupported(path, &what_else(bytes), "only PNG and JPEG images are read"))
    }
}

/// What a file is that is neither PNG nor JPEG.
fn what_else(bytes: &[u8]) -> Cow<'static, str> {
    const KINDS: [(usize, &[u8], &str); 6] = [
        (0, b"GIF8", "a GIF"),
        (8, b"WEBP", "a WebP"),
        (4, b"ftypavif", "an AVIF"),
        (4, b"ftyphei", "a HEIF"),
        (0, b"BM", "a BMP"),
        (0, b"II*\0", "a TIFF"),
    ];
    if bytes.is_empty() {
        return "the file is empty".into();
    }
    let known =
        KINDS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    known.map_or("this is not an image".into(), |(_, _, name)| format!("this is {name} image").into())
}

fn decode_png(path: &Path, bytes: &[u8]) -> Result<Picture> {
    let damaged = |error: png::DecodingError| match error {
        png::DecodingError::IoError(_) => damaged(path, "PNG", CUT_SHORT),
        other => damaged(path, "PNG", &other.to_string()),
    };
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes looked up, 1 to 4 bits made 8, 16 bits cut to the high 8.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = allowed(path, header.width as usize, header.height as usize)?;
    decoder.set_limits(png::Limits { bytes: 8 * MOST_PIXELS });
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (colour, depth) = reader.output_color_type();
    let channels = match (colour, depth) {
        (ColorType::Grayscale, BitDepth::Eight) => 1,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => 2,
        (ColorType::Rgb, BitDepth::Eight) => 3,
        (ColorType::Rgba, BitDepth::Eight) => 4,
        other => return Err(unsupported(path, &format!("a PNG of kind {other:?}"), "save it as 8-bit RGB")),
    };
    let mut samples = vec![0; width * height * channels];
    reader.next_frame(&mut samples).map_err(damaged)?;
    Ok(Picture { width, height, bytes: as_rgb(samples, channels) })
}

/// Samples of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels as RGB.
fn as_rgb(samples: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        1 | 2 => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        4 => samples.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        _ => samples,
    }
}

fn decode_jpeg(path: &Path, bytes: &[u8]) -> Result<Picture> {
    let damaged_by = |error: DecodeErrors| match error {
        DecodeErrors::IoErrors(_) | DecodeErrors::ExhaustedData => damaged(path, "JPEG", CUT_SHORT),
        other => damaged(path, "JPEG", format!("{other:?}").trim()),
    };
    let options = DecoderOptions::default()
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged_by)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = allowed(path, width, height)?;
    // The decoder would fill what is missing with grey.
    if !has_end_of_image(bytes) {
        return Err(damaged(path, "JPEG", CUT_SHORT));
    }
    let samples = decoder.decode().map_err(damaged_by)?;
    if samples.len() != width * height * 3 {
        let found = format!("{} bytes for {width} x {height} pixels", samples.len());
        return Err(damaged(path, "JPEG", &found));
    }
    Ok(Picture { width, height, bytes: samples })
}

/// Whether a JPEG's last scan comes to its end: the marker EOI stands behind the last SOS. (Inside of
/// a scan no byte FF stands before anything but 00 or a restart marker.)
fn has_end_of_image(bytes: &[u8]) -> bool {
    let scan = bytes.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap_or(0);
    bytes[scan..].windows(2).any(|marker| marker == [0xff, 0xd9])
}

/// The size as it is, unless it is none, or too large to be decoded.
fn allowed(path: &Path, width: usize, height: usize) -> Result<(usize, usize)> {
    if width == 0 || height == 0 {
        return Err(damaged(path, "image", &format!("{width} x {height} pixels")));
    }
    if width > LONGEST_SIDE || height > LONGEST_SIDE || width.saturating_mul(height) > MOST_PIXELS {
        let what = format!(
            "the image says that it has {width} x {height} pixels, and at most {} million are read, \
             none of its sides longer than {LONGEST_SIDE}",
            MOST_PIXELS / 1_000_000
        );
        return Err(unsupported(path, &what, "make it smaller"));
    }
    Ok((width, height))
}

fn damaged(path: &Path, kind: &str, found: &str) -> ModelError {
    ModelError::Malformed {
        path: path.to_owned(),
        what: format!("{kind} data"),
        expected: "a whole image".into(),
        found: format!("{found}; copy or save the file again"),
    }
}

fn unsupported(path: &Path, what: &str, advice: &str) -> ModelError {
    ModelError::Unsupported { path: path.to_owned(), what: what.into(), advice: advice.into() }
}

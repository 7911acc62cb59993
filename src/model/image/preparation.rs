//! What is done to an image before a model sees it, as `preprocessor_config.json` says.
//!
//! Source: `preprocess` of Hugging Face's ViTImageProcessor and DeiTImageProcessor, and the
//! functions of transformers/image_transforms.py that they call: resize, centre crop, rescale,
//! normalise, in this order.

use std::path::{Path, PathBuf};

use ndarray::Array3;
use serde_json::Value;

use super::{Filter, Picture, resize};
use crate::model::error::{ModelError, Result};
use crate::model::preprocessor;

/// The longest side that an image is resized to or cropped to.
const LONGEST_RESIZED: usize = 4096;

/// The size that an image is resized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Whatever its shape was.
    Exactly {
        /// Pixels from top to bottom.
        height: usize,
        /// Pixels from left to right.
        width: usize,
    },
    /// So that its shorter side has so many pixels, in the shape that it has.
    ShortestEdge(usize),
}

/// What is done to an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// The file that says so; for errors.
    path: PathBuf,
    /// The side of the image that the model looks at.
    side: usize,
    /// Of a model that looks at images of any size, what the sides are multiples of.
    multiples: Option<usize>,
    /// First resized to this.
    pub resize: Option<Size>,
    /// With this filter.
    pub filter: Filter,
    /// Then cut (or filled with black) to this height and width about its middle.
    pub crop: Option<(usize, usize)>,
    /// Then multiplied by this.
    pub factor: Option<f64>,
    /// Then, by channel, the first subtracted, and the rest divided by the second.
    pub statistics: Option<([f32; 3], [f32; 3])>,
}

impl Preparation {
    /// What the `preprocessor_config.json` in the model's folder says, for a model that looks at
    /// images of `side` x `side`. What it leaves out is as in the image processor of Hugging Face
    /// that it names (ViTImageProcessor where it names none), but for ViT's size, which is then the
    /// model's.
    ///
    /// # Errors
    /// A file that cannot be read or is malformed, or asks for a processor, a filter or a size that is
    /// not supported.
    pub fn of(folder: Option<&Path>, side: usize) -> Result<Self> {
        let (path, text) = preprocessor::read(folder)?;
        Self::parse(&path, &text, side)
    }

    /// As [`Self::of`], from the text of the file `path`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn parse(path: &Path, text: &str, side: usize) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| ModelError::Malformed {
            path: path.to_owned(),
            what: "the file".into(),
            expected: "JSON".into(),
            found: error.to_string(),
        })?;
        let settings = Settings { path, value };
        let usual = settings.processor()?;
        let square = Size::Exactly { height: side, width: side };
        let resize = match settings.flag("do_resize", true)? {
            true => {
                let size = settings.size("size", usual.numbers_are_shortest_edges)?;
                Some(size.or(usual.resize).unwrap_or(square))
            }
            false => None,
        };
        let crop = match settings.flag("do_center_crop", usual.crop.is_some())? {
            true => Some(settings.crop(usual.crop.unwrap_or(side))?),
            false => None,
        };
        let factor = match settings.flag("do_rescale", true)? {
            true => Some(settings.number("rescale_factor")?.unwrap_or(1.0 / 255.0)),
            false => None,
        };
        let statistics = match settings.flag("do_normalize", true)? {
            true => {
                let (mean, deviations) = usual.statistics;
                Some((settings.by_channel("image_mean", mean)?, settings.deviations(deviations)?))
            }
            false => None,
        };
        let filter = settings.filter(usual.filter)?;
        Ok(Self { path: path.to_owned(), side, multiples: None, resize, filter, crop, factor, statistics })
    }

    /// The same for a model that looks at images of any size whose sides are multiples of `patch`.
    pub fn for_sides_of_multiples(mut self, patch: usize) -> Self {
        self.multiples = Some(patch);
        self
    }

    /// The picture at the size that the model looks at.
    ///
    /// # Errors
    /// When what `preprocessor_config.json` asks for does not lead there, or on the way is too large.
    pub fn fit(&self, picture: &Picture) -> Result<Picture> {
        let (width, height) = match self.resize {
            None => (picture.width, picture.height),
            Some(Size::Exactly { height, width }) => (width, height),
            Some(Size::ShortestEdge(edge)) => {
                let (short, long) =
                    (picture.width.min(picture.height).max(1), picture.width.max(picture.height));
                // As Python's int(edge * long / short), rounded down.
                let long = edge.saturating_mul(long) / short;
                if picture.width <= picture.height { (edge, long) } else { (long, edge) }
            }
        };
        if self.resize.is_some() && width.max(height) > LONGEST_RESIZED {
            return Err(self.wrong_size(
                width,
                height,
                &format!("at most {LONGEST_RESIZED} a side on the way"),
            ));
        }
        let resized = resize(picture, width, height, self.filter);
        let (rows, columns) = self.crop.unwrap_or((resized.height, resized.width));
        if let Some(patch) = self.multiples {
            let whole = |side: usize| side > 0 && side.is_multiple_of(patch.max(1));
            if !(whole(rows) && whole(columns)) {
                return Err(self.wrong_size(columns, rows, &format!("sides that are multiples of {patch}")));
            }
        } else if (rows, columns) != (self.side, self.side) {
            return Err(self.wrong_size(
                columns,
                rows,
                &format!("{0} x {0}, as config.json says", self.side),
            ));
        }
        Ok(crop(&resized, columns, rows))
    }

    fn wrong_size(&self, width: usize, height: usize, expected: &str) -> ModelError {
        ModelError::Malformed {
            path: self.path.clone(),
            what: "size of the image after resizing and cropping".into(),
            expected: expected.into(),
            found: format!("{width} x {height}"),
        }
    }

    /// The numbers that go into the model, `[3, height, width]`.
    pub fn numbers(&self, picture: &Picture) -> Array3<f32> {
        let shape = (3, picture.height, picture.width);
        Array3::from_shape_fn(shape, |(channel, y, x)| {
            let byte = picture.bytes[(y * picture.width + x) * 3 + channel];
            // Rescaled in f64 and normalised in f32, as transformers does.
            let rescaled = match self.factor {
                Some(factor) => (f64::from(byte) * factor) as f32,
                None => f32::from(byte),
            };
            match &self.statistics {
                Some((mean, deviation)) => (rescaled - mean[channel]) / deviation[channel],
                None => rescaled,
            }
        })
    }
}

/// What an image processor of Hugging Face does where the file does not say (transformers 5.24,
/// models/*/image_processing_*.py).
#[derive(Debug, Clone, Copy)]
struct Processor {
    name: &'static str,
    /// `None`: the model's size.
    resize: Option<Size>,
    numbers_are_shortest_edges: bool,
    crop: Option<usize>,
    filter: Filter,
    statistics: ([f32; 3], [f32; 3]),
}

/// IMAGENET_STANDARD_MEAN and _STD.
const STANDARD: ([f32; 3], [f32; 3]) = ([0.5; 3], [0.5; 3]);
/// OPENAI_CLIP_MEAN and _STD.
const CLIP: ([f32; 3], [f32; 3]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_6, 0.275_777_1]);

const VIT: Processor = Processor {
    name: "ViT",
    resize: None,
    numbers_are_shortest_edges: false,
    crop: None,
    filter: Filter::Bilinear,
    statistics: STANDARD,
};

const PROCESSORS: [Processor; 5] = [
    VIT,
    Processor {
        name: "DeiT",
        resize: Some(Size::Exactly { height: 256, width: 256 }),
        crop: Some(224),
        filter: Filter::Bicubic,
        ..VIT
    },
    Processor {
        name: "Siglip",
        resize: Some(Size::Exactly { height: 224, width: 224 }),
        numbers_are_shortest_edges: true,
        filter: Filter::Bicubic,
        ..VIT
    },
    Processor { name: "CLIP", ..CLIP_PROCESSOR },
    Processor { name: "Bit", ..CLIP_PROCESSOR },
];

const CLIP_PROCESSOR: Processor = Processor {
    resize: Some(Size::ShortestEdge(224)),
    numbers_are_shortest_edges: true,
    crop: Some(224),
    filter: Filter::Bicubic,
    statistics: CLIP,
    ..VIT
};

/// The middle of a picture; black where it is smaller than that (`center_crop` of
/// image_transforms.py).
fn crop(picture: &Picture, width: usize, height: usize) -> Picture {
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    // Where an axis begins in the picture and in the crop, and how much of it is copied.
    let along = |old: usize, new: usize| {
        let padding = new.saturating_sub(old).div_ceil(2);
        (old.saturating_sub(new) / 2, padding, old.min(new))
    };
    let (left, to_left, columns) = along(picture.width, width);
    let (top, to_top, rows) = along(picture.height, height);
    let mut cropped = Picture::black(width, height);
    for row in 0..rows {
        let from = ((top + row) * picture.width + left) * 3;
        let to = ((to_top + row) * width + to_left) * 3;
        cropped.bytes[to..to + columns * 3].copy_from_slice(&picture.bytes[from..from + columns * 3]);
    }
    cropped
}

/// `preprocessor_config.json`, with errors that name the key.
struct Settings<'a> {
    path: &'a Path,
    value: Value,
}

impl Settings<'_> {
    /// The value of a key, unless it is left out or null.
    fn get(&self, key: &str) -> Option<&Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    fn refused(&self, key: &str, expected: &str) -> ModelError {
        ModelError::Malformed {
            path: self.path.to_owned(),
            what: format!("key \"{key}\""),
            expected: expected.into(),
            found: self.get(key).map_or("nothing".into(), Value::to_string),
        }
    }

    fn flag(&self, key: &str, unless_given: bool) -> Result<bool> {
        let Some(value) = self.get(key) else { return Ok(unless_given) };
        value.as_bool().ok_or_else(|| self.refused(key, "true or false"))
    }

    fn number(&self, key: &str) -> Result<Option<f64>> {
        let number = |value: &Value| value.as_f64().ok_or_else(|| self.refused(key, "a number"));
        self.get(key).map(number).transpose()
    }

    /// The processor that the file names, in this or an older way.
    fn processor(&self) -> Result<Processor> {
        let keys = ["image_processor_type", "feature_extractor_type"];
        let Some((key, value)) = keys.iter().find_map(|key| Some((key, self.get(key)?))) else {
            return Ok(VIT);
        };
        let Some(named) = value.as_str() else { return Err(self.refused(key, "a name")) };
        let endings = ["Pil", "Fast", "ImageProcessor", "FeatureExtractor"];
        let name = endings.iter().fold(named, |name, ending| name.strip_suffix(ending).unwrap_or(name));
        PROCESSORS.into_iter().find(|processor| processor.name == name).ok_or_else(|| {
            ModelError::Unsupported {
                path: self.path.to_owned(),
                what: format!("key \"{key}\" names {named}, which is not known"),
                advice: format!(
                    "{} are known; prepare the image elsewhere and give --pixels FILE.safetensors",
                    PROCESSORS.map(|processor| processor.name).join(", ")
                ),
            }
        })
    }

    /// A size; a bare number is one of both sides, or of the shorter where the processor has it so.
    fn size(&self, key: &str, numbers_are_shortest_edges: bool) -> Result<Option<Size>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let side = |value: Option<&Value>| {
            let side = usize::try_from(value?.as_u64()?).ok()?;
            (1..=LONGEST_RESIZED).contains(&side).then_some(side)
        };
        let size = match value {
            Value::Number(_) if numbers_are_shortest_edges => side(Some(value)).map(Size::ShortestEdge),
            Value::Number(_) => side(Some(value)).map(|side| Size::Exactly { height: side, width: side }),
            _ if value.get("shortest_edge").is_some() && value.get("longest_edge").is_none() => {
                side(value.get("shortest_edge")).map(Size::ShortestEdge)
            }
            _ => side(value.get("height"))
                .zip(side(value.get("width")))
                .map(|(height, width)| Size::Exactly { height, width }),
        };
        let expected = format!(
            "a number of pixels, {{\"height\", \"width\"}} or {{\"shortest_edge\"}}, each from 1 to \
             {LONGEST_RESIZED}"
        );
        size.map(Some).ok_or_else(|| self.refused(key, &expected))
    }

    /// Height and width of the crop; `side` where the file does not say.
    fn crop(&self, side: usize) -> Result<(usize, usize)> {
        match self.size("crop_size", false)? {
            None => Ok((side, side)),
            Some(Size::Exactly { height, width }) => Ok((height, width)),
            Some(Size::ShortestEdge(_)) => {
                Err(self.refused("crop_size", "a number of pixels or {\"height\", \"width\"}"))
            }
        }
    }

    fn filter(&self, usual: Filter) -> Result<Filter> {
        let Some(value) = self.get("resample") else { return Ok(usual) };
        match value.as_u64() {
            Some(2) => Ok(Filter::Bilinear),
            Some(3) => Ok(Filter::Bicubic),
            _ => Err(ModelError::Unsupported {
                path: self.path.to_owned(),
                what: format!("key \"resample\" asks for Pillow's filter {value}"),
                advice: "only 2 (bilinear) and 3 (bicubic) are supported; \
                         prepare the image elsewhere and give --pixels FILE.safetensors"
                    .into(),
            }),
        }
    }

    /// One number a channel, `usual` where the file does not say; one number stands for all.
    fn by_channel(&self, key: &str, usual: [f32; 3]) -> Result<[f32; 3]> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        let numbers: Option<Vec<f32>> = match value {
            Value::Array(values) => values.iter().map(|value| Some(value.as_f64()? as f32)).collect(),
            value => value.as_f64().map(|number| vec![number as f32; 3]),
        };
        let numbers = numbers.and_then(|numbers| <[f32; 3]>::try_from(numbers).ok());
        numbers.ok_or_else(|| self.refused(key, "three numbers, one a channel"))
    }

    fn deviations(&self, usual: [f32; 3]) -> Result<[f32; 3]> {
        let deviations = self.by_channel("image_std", usual)?;
        match deviations.iter().all(|&deviation| deviation != 0.0) {
            true => Ok(deviations),
            false => Err(self.refused("image_std", "numbers other than 0, because they are divided by")),
        }
    }
}

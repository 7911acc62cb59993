//! What a model reads, from the tensors of a safetensors file.

use std::path::Path;

use anyhow::Result;
use ndarray::{Array2, Array3};
use safetensors::{Dtype, SafeTensors};

use crate::mmap::Bytes;
use crate::model::ModelError;
use crate::model::fronts::Hears;
use crate::model::trajectory::Trajectory;

/// The tensor of an image.
pub const PIXELS: &str = "pixel_values";

/// Whether the file has the tensor `name`.
///
/// # Errors
/// No such file, or one of another kind.
pub fn has(path: &Path, name: &str) -> Result<bool> {
    Ok(with_tensor(path, name, |_, _, _| ())?.is_some())
}

/// The tensor [`PIXELS`], `[C, side, side]` or a batch of one.
///
/// # Errors
/// No such file or tensor, another shape or number type.
pub fn pixels(path: &Path) -> Result<Array3<f32>> {
    let refused = |found: String| wrong(path, PIXELS, "F32 of shape [channels, side, side]", found);
    let image = with_tensor(path, PIXELS, |number_type, shape, bytes| {
        let (shape, is_float) = (unbatched(shape, 3), number_type == Dtype::F32);
        let numbers = floats(bytes);
        match *shape {
            [channels, height, width] if is_float => {
                Array3::from_shape_vec((channels, height, width), numbers)
                    .map_err(|error| refused(error.to_string()))
            }
            _ => Err(refused(format!("{number_type:?} {shape:?}"))),
        }
    })?;
    Ok(image.ok_or_else(|| missing(path, PIXELS))??)
}

/// What a model hears, by the name and in the layout of transformers; `[channels, steps]`.
///
/// # Errors
/// No such file or tensor, another shape or number type.
pub fn sound(path: &Path, hears: Hears) -> Result<Array2<f32>> {
    let (name, axes, expected) = match hears {
        Hears::Samples => ("input_values", 1, "F32 of shape [samples]"),
        Hears::Bands => ("input_features", 2, "F32 of shape [bands, steps]"),
        Hears::Spectrogram => ("input_values", 2, "F32 of shape [steps, bands]"),
    };
    let sound = matrix(path, name, axes, expected)?.ok_or_else(|| missing(path, name))?;
    Ok(if hears == Hears::Spectrogram { sound.reversed_axes() } else { sound })
}

/// A trajectory: `returns_to_go`, `states`, `actions` and `timesteps`, as transformers names them.
///
/// # Errors
/// No such file or tensor, another shape or number type.
pub fn trajectory(path: &Path) -> Result<Trajectory> {
    let steps = ids(path, "timesteps")?.ok_or_else(|| missing(path, "timesteps"))?;
    let numbers = |name| matrix(path, name, 2, "F32 of shape [steps, numbers]");
    let needed = |name| Ok::<_, anyhow::Error>(numbers(name)?.ok_or_else(|| missing(path, name))?);
    Ok(Trajectory {
        returns: needed("returns_to_go")?,
        states: needed("states")?,
        actions: needed("actions")?,
        rewards: numbers("rewards")?,
        timesteps: steps,
    })
}

/// The tensor `name` of `axes` axes (or a batch of one): of one axis as a single row. `None` where the file
/// has no such tensor.
fn matrix(path: &Path, name: &str, axes: usize, expected: &str) -> Result<Option<Array2<f32>>> {
    let refused = |found: String| wrong(path, name, expected, found);
    let matrix = with_tensor(path, name, |number_type, shape, bytes| {
        let (shape, is_float) = (unbatched(shape, axes), number_type == Dtype::F32);
        let numbers = floats(bytes);
        let size = match *shape {
            [columns] if is_float && axes == 1 => (1, columns),
            [rows, columns] if is_float && axes == 2 => (rows, columns),
            _ => return Err(refused(format!("{number_type:?} {shape:?}"))),
        };
        Array2::from_shape_vec(size, numbers).map_err(|error| refused(error.to_string()))
    })?;
    Ok(matrix.transpose()?)
}

/// The token ids `name`, `[T]` or a batch of one; `None` where the file has no such tensor.
///
/// # Errors
/// No such file, another shape or number type, an id below 0.
pub fn ids(path: &Path, name: &str) -> Result<Option<Vec<u32>>> {
    let refused = |found: String| wrong(path, name, "I64 or I32 of shape [tokens]", found);
    let found = with_tensor(path, name, |number_type, shape, bytes| {
        if unbatched(shape, 1).len() != 1 {
            return Err(refused(format!("{number_type:?} {shape:?}")));
        }
        let numbers: Vec<i64> = match number_type {
            Dtype::I64 => {
                bytes.as_chunks().0.iter().map(|&bytes: &[u8; 8]| i64::from_le_bytes(bytes)).collect()
            }
            Dtype::I32 => {
                bytes.as_chunks().0.iter().map(|&bytes: &[u8; 4]| i32::from_le_bytes(bytes).into()).collect()
            }
            other => return Err(refused(format!("{other:?}"))),
        };
        let ids =
            numbers.into_iter().map(|id| u32::try_from(id).map_err(|_| refused(format!("the id {id}"))));
        ids.collect::<Result<Vec<u32>, ModelError>>()
    })?;
    Ok(found.transpose()?)
}

/// That a file has no tensor `name`.
pub fn missing(path: &Path, name: &str) -> ModelError {
    wrong(path, name, "to be there", String::from("nothing"))
}

fn wrong(path: &Path, name: &str, expected: &str, found: String) -> ModelError {
    let what = format!("tensor {name}");
    ModelError::Malformed { path: path.to_owned(), what, expected: expected.into(), found }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&number: &[u8; 4]| f32::from_le_bytes(number)).collect()
}

/// Without a first size of 1, where there is one more than `wanted`.
fn unbatched(shape: &[usize], wanted: usize) -> &[usize] {
    match shape {
        [1, rest @ ..] if rest.len() == wanted => rest,
        shape => shape,
    }
}

fn with_tensor<T>(
    path: &Path,
    name: &str,
    read: impl FnOnce(Dtype, &[usize], &[u8]) -> T,
) -> Result<Option<T>> {
    let bytes = Bytes::map(path).map_err(ModelError::io("open", path))?;
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| wrong(path, name, "a safetensors file", error.to_string()))?;
    // A file of several cases numbers them: the first is meant.
    let found = tensors.tensor(name).or_else(|_| tensors.tensor(&format!("0.{name}")));
    Ok(found.ok().map(|tensor| read(tensor.dtype(), tensor.shape(), tensor.data())))
}

//! What background work on a model hands back: passes and what can be read off them.

use std::sync::Arc;
use std::time::Duration;

use ndarray::{Array2, Array3};

use crate::analysis::importance::Importance;
use crate::analysis::spectra::HeadSpectrum;
use crate::analysis::thumbnails::Thumbnails;
use crate::analysis::{HeadPlace, Stack};
use crate::model::Trace;
use crate::model::image::Prepared;
use crate::model::interventions::Interventions;
use crate::model::tokenizer::Tokens;
use crate::model::trace::Keep;

/// One forward pass with what went in.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The text as it was asked for (or the path of the image).
    pub text: String,
    /// The image, in a vision model.
    pub image: Option<Arc<Prepared>>,
    /// Its tokens; for an image one for every patch, after the class token.
    pub tokens: Arc<Tokens>,
    /// The decoder's tokens, in an encoder-decoder model.
    pub decoder_tokens: Option<Arc<Tokens>>,
    /// What was computed.
    pub trace: Arc<Trace>,
    /// Its attention maps, small.
    pub thumbnails: Thumbnails,
    /// How much was kept: every stage, or the weights where every stage would take too much memory.
    pub keep: Keep,
    /// What was changed.
    pub interventions: Interventions,
    /// Bytes that the trace takes.
    pub bytes: u64,
    /// How long the pass took.
    pub elapsed: Duration,
}

/// Views that have to be computed.
#[derive(Debug, Clone)]
pub enum DerivedMaps {
    /// Norm-weighted attention (Kobayashi et al. 2020) of a stack: one `[H, T, S]` a layer.
    Norm(Stack, Vec<Array3<f32>>),
    /// The mean over the heads of a stack: one `[T, S]` a layer.
    Mean(Stack, Vec<Array2<f32>>),
    /// Rollout up to each layer (Abnar and Zuidema 2020): one `[T, S]` a layer.
    Rollout(Vec<Array2<f32>>),
}

/// What the model would predict from the stream after some layers.
#[derive(Debug, Clone, PartialEq)]
pub struct LensRow {
    /// 0 for the embedding, n for the stream after n blocks.
    pub after_blocks: usize,
    /// The likeliest tokens (as they read) or classes, with their probabilities, best first.
    pub candidates: Vec<(String, f32)>,
}

/// What the lower part of the screen shows once it is worked out.
#[derive(Debug, Clone)]
pub enum Inspection {
    /// Predictions by layer.
    Lens {
        /// The token that the prediction is made at.
        position: usize,
        /// One entry for the embedding and one a layer.
        rows: Vec<LensRow>,
    },
    /// Singular values of a head's two maps.
    Spectrum(HeadPlace, HeadSpectrum),
    /// What is lost without each head.
    Importance(Importance),
}

/// Which maps to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DerivedKind {
    /// [`DerivedMaps::Norm`].
    Norm,
    /// [`DerivedMaps::Mean`].
    Mean,
    /// [`DerivedMaps::Rollout`].
    Rollout,
}

/// What to work out for the lower part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspect {
    /// The predictions at a token.
    Lens(usize),
    /// The singular values of a head.
    Spectrum(HeadPlace),
    /// What is lost without each head.
    Importance,
}

//! A pass, and what can be read off it for the screen.

use std::sync::Arc;
use std::time::Duration;

use crate::analysis::importance::Importance;
use crate::analysis::lens::LensRow;
use crate::analysis::maps::{DerivedMaps, View};
use crate::analysis::spectra::HeadSpectrum;
use crate::analysis::thumbnails::{SmallMaps, Thumbnails};
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

/// What a view other than weights needs.
#[derive(Debug, Clone)]
pub struct Derived {
    /// The view.
    pub view: View,
    /// Of which attentions.
    pub stack: Stack,
    /// Its maps, where it has some of its own.
    pub maps: Option<DerivedMaps>,
    /// Its maps, small.
    pub small: SmallMaps,
}

/// What to work out for the lower part of the screen, which a person waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The predictions at a token.
    Lens(usize),
    /// The singular values of a head.
    Spectrum(HeadPlace),
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

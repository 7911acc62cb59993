//! The non-linearities of feed-forward parts.

use crate::elementary::{erf, exp, tanh, vectorised};

/// The non-linearity of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// x/2 (1 + erf(x/√2)) (Hendrycks and Gimpel 2016).
    Gelu,
    /// Its tanh approximation ("gelu_new", "gelu_pytorch_tanh").
    GeluTanh,
    /// x σ(1.702 x).
    QuickGelu,
    /// x σ(x), also called swish.
    Silu,
    /// tanh x.
    Tanh,
}

/// √(2/π), of the tanh approximation of GELU (Hendrycks and Gimpel 2016, section 2).
const ROOT_TWO_OVER_PI: f32 = 0.797_884_6;

impl Activation {
    /// The activation of this name in a `config.json`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "relu" => Self::Relu,
            "gelu" | "gelu_python" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "quick_gelu" => Self::QuickGelu,
            "silu" | "swish" => Self::Silu,
            "tanh" => Self::Tanh,
            _ => return None,
        })
    }

    /// Its value at `x`.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Gelu => 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => 0.5 * x * (1.0 + tanh(ROOT_TWO_OVER_PI * (x + 0.044_715 * x * x * x))),
            Self::QuickGelu => x / (1.0 + exp(-1.702 * x)),
            Self::Silu => x / (1.0 + exp(-x)),
            Self::Tanh => tanh(x),
        }
    }

    /// Applies it to every number of `values`.
    pub fn apply_all(self, values: &mut [f32]) {
        // One loop a kind, without a choice inside, so that each becomes vector instructions.
        match self {
            Self::Relu => each(values, |x| Self::Relu.apply(x)),
            Self::Gelu => each(values, |x| Self::Gelu.apply(x)),
            Self::GeluTanh => each(values, |x| Self::GeluTanh.apply(x)),
            Self::QuickGelu => each(values, |x| Self::QuickGelu.apply(x)),
            Self::Silu => each(values, |x| Self::Silu.apply(x)),
            Self::Tanh => each(values, |x| Self::Tanh.apply(x)),
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    vectorised(|| values.iter_mut().for_each(|value| *value = function(*value)));
}

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

/// 1/√(2π), of the density of the normal distribution.
const ONE_OVER_ROOT_TWO_PI: f32 = 0.398_942_3;

/// One piece of code a kind, in which the kind is a constant: loops without a choice inside become
/// vector instructions.
macro_rules! of_each_kind {
    ($activation:expr, $kind:ident => $work:expr) => {
        of_each_kind!($activation, $kind => $work, Relu, Gelu, GeluTanh, QuickGelu, Silu, Tanh)
    };
    ($activation:expr, $kind:ident => $work:expr, $($name:ident),*) => {
        match $activation {
            $(Activation::$name => {
                const $kind: Activation = Activation::$name;
                $work
            })*
        }
    };
}

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

    /// Its slope at `x`.
    #[inline(always)]
    pub fn slope(self, x: f32) -> f32 {
        match self {
            Self::Relu => f32::from(u8::from(x > 0.0)),
            Self::Gelu => {
                let below = 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
                below + x * ONE_OVER_ROOT_TWO_PI * exp(-0.5 * x * x)
            }
            Self::GeluTanh => {
                let t = tanh(ROOT_TWO_OVER_PI * (x + 0.044_715 * x * x * x));
                let inner = ROOT_TWO_OVER_PI * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner
            }
            Self::QuickGelu => {
                let s = 1.0 / (1.0 + exp(-1.702 * x));
                s * (1.0 + 1.702 * x * (1.0 - s))
            }
            Self::Silu => {
                let s = 1.0 / (1.0 + exp(-x));
                s * (1.0 + x * (1.0 - s))
            }
            Self::Tanh => {
                let t = tanh(x);
                1.0 - t * t
            }
        }
    }

    /// Multiplies every number of `gradient` by the slope at what stands at its place in `before`.
    pub fn multiply_by_slope(self, before: &[f32], gradient: &mut [f32]) {
        of_each_kind!(self, KIND => vectorised!({
            for (gradient, &x) in gradient.iter_mut().zip(before) {
                *gradient *= KIND.slope(x);
            }
        }));
    }

    /// Applies it to every number of `values`.
    pub fn apply_all(self, values: &mut [f32]) {
        of_each_kind!(self, KIND => vectorised!({
            for value in values.iter_mut() {
                *value = KIND.apply(*value);
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_the_limits_of_differences() {
        use Activation::{Gelu, GeluTanh, QuickGelu, Relu, Silu, Tanh};
        for activation in [Relu, Gelu, GeluTanh, QuickGelu, Silu, Tanh] {
            for step in -40..40 {
                let x = step as f32 * 0.11 + 0.01;
                let difference = (activation.apply(x + 0.01) - activation.apply(x - 0.01)) / 0.02;
                let slope = activation.slope(x);
                assert!((slope - difference).abs() < 1e-4, "{activation:?} at {x}: {slope}, {difference}");
                let mut gradient = [2.0];
                activation.multiply_by_slope(&[x], &mut gradient);
                assert_eq!(gradient[0].to_bits(), (2.0 * slope).to_bits());
            }
        }
    }
}

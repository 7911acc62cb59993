//! The non-linearities of feed-forward parts.

use super::network::Activation;

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
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Gelu => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => 0.5 * x * (1.0 + (ROOT_TWO_OVER_PI * (x + 0.044_715 * x * x * x)).tanh()),
            Self::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
        }
    }

    /// Applies it to every number of `values`.
    pub fn apply_all(self, values: &mut [f32]) {
        for value in values {
            *value = self.apply(*value);
        }
    }
}

//! The instruction sets that products of integers run on.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integers {
    /// What the compiler makes of it.
    Plain,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW and VNNI, on a machine that has AVX2, too.
    #[cfg(target_arch = "x86_64")]
    Vnni,
}

impl Integers {
    /// The fastest that this machine runs.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            return if wide && is_x86_feature_detected!("avx512vnni") { Self::Vnni } else { Self::Avx2 };
        }
        Self::Plain
    }

    /// This one and the slower ones, which a machine that runs it runs, too.
    #[cfg(test)]
    pub(super) fn and_slower(self) -> Vec<Self> {
        match self {
            Self::Plain => vec![self],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vec![self, Self::Plain],
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => vec![self, Self::Avx2, Self::Plain],
        }
    }
}

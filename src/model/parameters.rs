//! The named tensors that a network computes with, and that training may change.

use std::sync::Arc;

use super::tensor::Tensor;

/// A tensor of a network, by the name that the checkpoint gives it. Parts that share one (a tied
/// output matrix, layers that share their weights) hold the same.
pub type Parameter = Arc<Tensor>;

/// What has parameters.
pub trait Parameters {
    /// Calls `see` with every parameter, in the order of the description; a shared one as often as
    /// it is held.
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter));

    /// As [`Parameters::each`], to put others in their place.
    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter));
}

impl Parameters for Parameter {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        see(self);
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        change(self);
    }
}

impl<T: Parameters> Parameters for Option<T> {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        if let Some(inner) = self {
            inner.each(see);
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        if let Some(inner) = self {
            inner.each_mut(change);
        }
    }
}

impl<T: Parameters> Parameters for Vec<T> {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        self.iter().for_each(|inner| inner.each(see));
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        self.iter_mut().for_each(|inner| inner.each_mut(change));
    }
}

/// Says which fields of a description have parameters: `parameters_in!(Linear: weight, bias)`.
macro_rules! parameters_in {
    ($type:ty: $($field:ident),+) => {
        impl $crate::model::parameters::Parameters for $type {
            fn each<'a>(&'a self, see: &mut dyn FnMut(&'a $crate::model::parameters::Parameter)) {
                $($crate::model::parameters::Parameters::each(&self.$field, see);)+
            }

            fn each_mut(
                &mut self,
                change: &mut dyn FnMut(&mut $crate::model::parameters::Parameter),
            ) {
                $($crate::model::parameters::Parameters::each_mut(&mut self.$field, change);)+
            }
        }
    };
}
pub(super) use parameters_in;

//! The gradients of a network's parameters.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::parameters::{Parameter, Parameters};
use crate::elementary::vectorised;

/// One gradient a parameter, in the order of the description; of a parameter that several
/// parts hold, the sum.
#[derive(Debug, Clone)]
pub struct Gradients {
    names: Vec<String>,
    numbers: Vec<Vec<f32>>,
    /// From the address of a parameter, which tells it from others, to its number here.
    places: HashMap<usize, usize>,
}

impl Gradients {
    /// Zeros for every parameter of a network, or of a part of one.
    pub fn of(described: &impl Parameters) -> Self {
        let mut parameters = Vec::new();
        described.each(&mut |parameter| parameters.push(parameter));
        Self::of_parameters(&parameters)
    }

    fn of_parameters(parameters: &[&Parameter]) -> Self {
        let (mut names, mut numbers, mut places) = (Vec::new(), Vec::new(), HashMap::new());
        for parameter in parameters {
            places.entry(address(parameter)).or_insert_with(|| {
                names.push(parameter.name().to_owned());
                numbers.push(vec![0.0; parameter.len()]);
                numbers.len() - 1
            });
        }
        Self { names, numbers, places }
    }

    /// The gradient of `parameter`, to be added to, row-major as the parameter itself.
    ///
    /// # Panics
    /// When it is none of the network's.
    pub fn of_mut(&mut self, parameter: &Parameter) -> &mut [f32] {
        let place = self.places.get(&address(parameter));
        &mut self.numbers[*place.expect("a parameter of the network")]
    }

    /// All, with the names of their parameters.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[f32])> {
        self.names.iter().map(String::as_str).zip(self.numbers.iter().map(Vec::as_slice))
    }

    /// All numbers, to be changed.
    pub fn numbers_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.numbers.iter_mut().map(Vec::as_mut_slice)
    }

    /// Sets that of the parameter called `name` to 0.
    pub fn clear(&mut self, name: &str) {
        let named = self.names.iter().zip(&mut self.numbers).filter(|(other, _)| *other == name);
        named.for_each(|(_, numbers)| numbers.fill(0.0));
    }

    /// Multiplies all by `factor`.
    pub fn scale(&mut self, factor: f32) {
        self.numbers.par_iter_mut().for_each(|numbers| {
            vectorised!(numbers.iter_mut().for_each(|number| *number *= factor));
        });
    }

    /// Adds those of the same network in `others`, times `factor`.
    pub fn add(&mut self, others: &Self, factor: f32) {
        assert_eq!(self.names, others.names, "gradients of the same network");
        let add = |(sum, other): (&mut Vec<f32>, &Vec<f32>)| {
            vectorised!(sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += factor * other));
        };
        self.numbers.par_iter_mut().zip(&others.numbers).for_each(add);
    }

    /// The length of all of them together, as one vector.
    pub fn norm(&self) -> f64 {
        self.numbers.iter().map(|numbers| crate::elementary::sum_of_squares(numbers, 0.0)).sum::<f64>().sqrt()
    }
}

fn address(parameter: &Parameter) -> usize {
    Arc::as_ptr(parameter) as usize
}

//! Attention as pipes: how much of a token can flow to a place through all layers.

use std::collections::VecDeque;

use ndarray::Array1;

use super::rollout::mixed;
use crate::model::Trace;

/// Attention flow (Abnar and Zuidema 2020, section 3): the greatest flow from every token of the text to
/// `token` after `layer`, `[T]`, where the pipe between a token and one that it looks at is as wide as
/// the mean weight of the heads, half of it the skip. Of the only stack or the encoder; `None` where the
/// trace has no such layer or token, or did not keep weights.
pub fn flow(trace: &Trace, layer: usize, token: usize) -> Option<Array1<f64>> {
    let layers = (0..=layer).map(|layer| mixed(trace, layer, true)).collect::<Option<Vec<_>>>()?;
    let tokens = layers.first()?.nrows();
    if token >= tokens {
        return None;
    }
    let node = |level: usize, token: usize| level * tokens + token;
    let mut pipes = Pipes::new((layers.len() + 1) * tokens);
    for (level, widths) in layers.iter().enumerate() {
        for ((i, j), &width) in widths.indexed_iter() {
            if width > 0.0 {
                pipes.add(node(level + 1, i), node(level, j), width);
            }
        }
    }
    let end = node(layers.len(), token);
    Some((0..tokens).map(|source| pipes.clone().greatest_flow(end, node(0, source))).collect())
}

/// Less than this is taken for nothing.
const LEAST: f64 = 1e-12;

#[derive(Clone)]
struct Pipe {
    to: usize,
    /// How much can still flow.
    left: f64,
}

/// Pipes between nodes; each stands before its own way back.
#[derive(Clone)]
struct Pipes {
    pipes: Vec<Pipe>,
    /// The numbers of the pipes that begin at each node.
    from: Vec<Vec<usize>>,
}

impl Pipes {
    fn new(nodes: usize) -> Self {
        Self { pipes: Vec::new(), from: vec![Vec::new(); nodes] }
    }

    fn add(&mut self, from: usize, to: usize, width: f64) {
        for (from, to, left) in [(from, to, width), (to, from, 0.0)] {
            self.from[from].push(self.pipes.len());
            self.pipes.push(Pipe { to, left });
        }
    }

    /// Dinitz (1970): shortest ways first, all of one length together.
    fn greatest_flow(mut self, source: usize, sink: usize) -> f64 {
        let mut sum = 0.0;
        while let Some(levels) = self.levels(source, sink) {
            let mut tried = vec![0; self.from.len()];
            loop {
                let pushed = self.push(source, sink, f64::INFINITY, &levels, &mut tried);
                if pushed <= LEAST {
                    break;
                }
                sum += pushed;
            }
        }
        sum
    }

    /// How many pipes every node is away from `source`; `None` when `sink` cannot be reached.
    fn levels(&self, source: usize, sink: usize) -> Option<Vec<usize>> {
        let mut levels = vec![usize::MAX; self.from.len()];
        levels[source] = 0;
        let mut queue = VecDeque::from([source]);
        while let Some(node) = queue.pop_front() {
            for pipe in self.from[node].iter().map(|&pipe| &self.pipes[pipe]) {
                if pipe.left > LEAST && levels[pipe.to] == usize::MAX {
                    levels[pipe.to] = levels[node] + 1;
                    queue.push_back(pipe.to);
                }
            }
        }
        (levels[sink] != usize::MAX).then_some(levels)
    }

    fn push(&mut self, node: usize, sink: usize, most: f64, levels: &[usize], tried: &mut [usize]) -> f64 {
        if node == sink {
            return most;
        }
        while let Some(&index) = self.from[node].get(tried[node]) {
            let Pipe { to, left } = self.pipes[index];
            if left > LEAST && levels[to] == levels[node] + 1 {
                let pushed = self.push(to, sink, most.min(left), levels, tried);
                if pushed > LEAST {
                    self.pipes[index].left -= pushed;
                    self.pipes[index ^ 1].left += pushed;
                    return pushed;
                }
            }
            tried[node] += 1;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::forward::{Input, PassOptions, forward};
    use crate::model::open;
    use crate::progress::Progress;

    #[test]
    fn the_narrowest_pipe_on_every_way_limits_the_flow() {
        let mut pipes = Pipes::new(4);
        for (from, to, width) in [(0, 1, 0.6), (0, 2, 0.4), (1, 3, 0.3), (2, 3, 0.9), (1, 2, 0.5)] {
            pipes.add(from, to, width);
        }
        assert!((pipes.clone().greatest_flow(0, 3) - 1.0).abs() < 1e-9);
        pipes.pipes[8].left = 0.0;
        assert!((pipes.greatest_flow(0, 3) - 0.7).abs() < 1e-9);
    }

    #[test]
    fn through_one_layer_flows_what_is_looked_at_and_through_more_at_most_all() {
        let model = open::shipped().unwrap();
        let ids = model.encode("the cat sat on the mat").unwrap().ids;
        let options = PassOptions::default();
        let input = Input::Tokens(&ids);
        let trace = forward(&model.network, &input, &options, &Progress::unobserved()).unwrap();
        let one = flow(&trace, 0, 2).unwrap();
        let looked = mixed(&trace, 0, true).unwrap();
        assert!(one.iter().zip(looked.row(2)).all(|(flow, width)| (flow - width).abs() < 1e-9));
        let deep = flow(&trace, 5, 2).unwrap();
        assert!(deep.iter().all(|&flow| (0.0..=1.0 + 1e-9).contains(&flow)));
        assert_eq!(flow(&trace, 6, 0), None);
        assert_eq!(flow(&trace, 0, 99), None);
    }
}

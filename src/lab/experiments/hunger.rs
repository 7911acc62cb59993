//! Who needs how many images.

use super::super::blueprint::NetworkKind;
use super::super::contest::{Contestant, Course, learn, usual_settings};
use super::super::digits::{CLASSES, Digits};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::outcome::Cell;
use super::super::training::TrainingSettings;
use crate::model::Network;
use crate::model::error::Result;

/// Some of it can be left out, for less time.
pub struct Hunger {
    /// How many images are learned from.
    pub images: &'static [usize],
}

/// As it is listed.
pub static USUAL: Hunger = Hunger { images: &[50, 100, 300, 1297] };

static CARD: Card = Card {
    name: "hunger",
    question: "Why do transformers need more images than convolutional networks?",
    method: "Handwritten digits of 8 x 8 pixels: two blocks of four heads on 16 patches, the same without \
        positions, and two layers of convolutions learn from the first few images (64 a step, Adam, 0.001); \
        accuracy on 500 others. Nothing tells a transformer what is beside what: it must see it.",
    known: "With little data a transformer of patches stays behind convolutional networks, with much it \
        overtakes them (Dosovitskiy et al. 2021, figure 3).",
    budget: Budget { unit: "steps", usual: 800, most: 100_000 },
    model: None,
    columns: &["network", "images", "parameters", "accuracy"],
    chart: Chart { series: "network", across: "images", up: "accuracy", curves: &["accuracy", "loss"] },
};

const VIT: Contestant = Contestant::usual("vit", NetworkKind::Vit);
const CNN: Contestant = Contestant::usual("cnn", NetworkKind::Cnn);

static CONTESTANTS: [(Contestant, Option<&str>); 3] = [
    (with(VIT, 64), None),
    (Contestant { name: "vit-no-positions", ..with(VIT, 64) }, Some(POSITIONS)),
    (with(CNN, 40), None),
];

const fn with(mut contestant: Contestant, width: usize) -> Contestant {
    contestant.blueprint.layers = 2;
    contestant.blueprint.heads = 4;
    contestant.blueprint.width = width;
    contestant
}

const POSITIONS: &str = "vit.embeddings.position_embeddings";

impl Experiment for Hunger {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start((self.images.len() * CONTESTANTS.len()) as u64 * run.budget);
        for &images in self.images {
            let digits = Digits::new(images)?;
            for (contestant, fixed) in &CONTESTANTS {
                let mut network = contestant.build(CLASSES, run.seed)?;
                if let Some(name) = *fixed {
                    clear(&mut network, name);
                }
                let settings = TrainingSettings { rate: 1e-3, ..usual_settings(run.seed, run.budget) };
                let name = format!("{} {images}", contestant.name);
                let course = Course { fixed: *fixed, ..Course::of_steps(name, &digits, settings) };
                let parameters = network.parameter_count();
                let learned = learn(run, network, &course)?;
                run.row(vec![
                    text(contestant.name),
                    count(images),
                    count(parameters),
                    Cell::Number(learned.judgement.accuracy),
                ]);
            }
        }
        Ok(())
    }
}

fn clear(network: &mut Network, name: &str) {
    network.change_parameters(|other, numbers| {
        if other == name {
            numbers.fill(0.0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn few_images_are_enough_for_convolutions_and_patches_need_places() {
        static SMALL: Hunger = Hunger { images: &[100] };
        let outcome = run_of(&SMALL, 80);
        let accuracy = |name: &'static str| outcome.find(&[("network", text(name))], "accuracy").unwrap();
        assert!(accuracy("cnn") > accuracy("vit") + 0.02, "{} {}", accuracy("cnn"), accuracy("vit"));
        assert!(accuracy("vit") > accuracy("vit-no-positions") + 0.05);
        let parameters = |name: &'static str| outcome.find(&[("network", text(name))], "parameters").unwrap();
        assert!(parameters("cnn") < 0.3 * parameters("vit"));
    }
}

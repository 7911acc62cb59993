//! The same bits on any number of threads.

use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::network::FIRST;
use lexiscope::model::{Trace, open};
use lexiscope::progress::Progress;

fn pass(threads: usize) -> Trace {
    let model = open::shipped().expect("the shipped model");
    // Long enough for every step that is shared among threads.
    let ids: Vec<u32> = (0..200).map(|i| 1000 + 37 * i).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        forward(&model.network, &Input::Tokens(&ids), &PassOptions::default(), &Progress::unobserved())
            .expect("runs")
    })
}

#[test]
fn a_pass_is_the_same_on_one_thread_and_on_many() {
    let one = pass(1);
    for threads in [2, 3, 7] {
        let many = pass(threads);
        assert_eq!(one.hidden_states(), many.hidden_states(), "{threads} threads");
        for layer in 0..one.layers(FIRST) {
            assert_eq!(one.weights(FIRST, layer), many.weights(FIRST, layer), "{threads} threads");
            let active =
                |trace: &Trace| trace.feed_forward(FIRST, layer).and_then(|part| part.activation.clone());
            assert!(active(&one).is_some());
            assert_eq!(active(&one), active(&many), "{threads} threads");
        }
    }
}

//! Goes from stop to stop of a tour and sets the screens up.

use super::frame::Frame;
use super::screens::Screens;
use super::tour::Tour;

/// Begins a tour.
pub fn begin(tour: Tour, screens: &mut Screens, frame: &mut Frame) {
    frame.tour = Some(Tour { index: 0, ..tour });
    arrive(screens, frame);
}

/// Goes on by so many stops (back, where negative); behind the last the tour is over.
pub fn go(by: isize, screens: &mut Screens, frame: &mut Frame) {
    let Some(tour) = &mut frame.tour else { return };
    let next = tour.index.saturating_add_signed(by);
    if next >= tour.stops.len() {
        frame.tour = None;
        frame.inform("the tour is over; ? shows the keys, : finds commands");
        return;
    }
    tour.index = next;
    arrive(screens, frame);
}

/// Sets the screen of the present stop up.
fn arrive(screens: &mut Screens, frame: &mut Frame) {
    let Some(stop) = frame.tour.as_ref().map(Tour::stop).cloned() else { return };
    frame.overlay = None;
    let Some(index) = screens.iter().position(|screen| screen.place().id == stop.screen) else {
        frame.complain(format!("the tour speaks of a screen {}, which there is not", stop.screen));
        return;
    };
    screens.show(index, frame);
    let screen = screens.front_mut();
    let mut choices = screen.choices();
    for (name, value) in &stop.choices {
        // TOML is written with hyphens; choices are kept with underscores.
        choices[name.replace('-', "_")] = value.clone();
    }
    match screen.restore(choices) {
        Ok(()) => screen.text_changed(frame),
        Err(mistake) => frame.complain(format!("the tour's stop \"{}\": {mistake}", stop.title)),
    }
}

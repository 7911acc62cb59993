//! Where the program starts its screens.

use std::io::{self, IsTerminal, Write, stdin, stdout};
use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::capabilities::{self, Asked, ColourChoice};
use super::config::{self, Config};
use super::events::TerminalEvents;
use super::guard::Guard;
use super::host::{Looks, TerminalHost};
use super::late_reply::LateReply;
use super::memory;
use super::run::{Ended, run};
use crate::app::{App, Tour, begin_tour};
use crate::jobs::Jobs;
use crate::screens;
use crate::theme::{ColourDepth, Theme};
use crate::visible;

/// What the command line says about the screens.
#[derive(Debug, Clone, Default)]
pub struct StartOptions {
    /// The vector file; `None` for the shipped vectors.
    pub vectors: Option<PathBuf>,
    /// The model: a folder, a file or a name; `None` for the shipped model.
    pub model: Option<String>,
    /// The theme, before the configuration's.
    pub theme: Option<String>,
    /// The colour depth, before the configuration's.
    pub colour: Option<ColourChoice>,
    /// A guided tour to begin with.
    pub tour: Option<Tour>,
}

/// Why the screens cannot be shown, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Keys or screen are no terminal.
    #[error(
        "the screens need a terminal, but {0}; for pipes and scripts there are commands, such as: lexiscope neighbors king"
    )]
    NoTerminal(&'static str),
    /// The terminal could not be used.
    #[error("cannot use the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// The terminal went away.
    #[error("the terminal is gone: {0}")]
    Lost(String),
}

/// Shows the screens until the person quits. A mistake in the configuration does not keep the
/// program from starting: it is told on the screen, and the defaults are used.
///
/// # Errors
/// There is no terminal, or it went away. After a signal the function does not return: the
/// program ends by that signal, with the terminal restored.
pub fn start(options: StartOptions) -> Result<(), StartError> {
    check_terminal()?;
    let environment = |name: &str| std::env::var(name).ok();
    let mut app = App::new(screens::all(), None);
    let (config, mistake) = match config::path().map(|path| config::read(&path, &app)) {
        None => (Config::default(), None),
        Some(Ok(config)) => (config, None),
        Some(Err(error)) => (Config::default(), Some(error.to_string())),
    };
    let depth = capabilities::colour_depth(options.colour.or(config.colour).unwrap_or_default(), environment);
    // Colours are lowered once, in the finished frame; crossterm's own reading of NO_COLOR would
    // also drop bold and reverse.
    crossterm::style::force_color_output(true);
    let wanted = options.theme.or(config.theme).filter(|name| name != "auto");
    let (name, late_reply) = match wanted {
        Some(name) => (name, LateReply::None),
        None => {
            let (name, late_reply) = default_theme(depth);
            (name.to_owned(), late_reply)
        }
    };
    let (mut looks, theme_mistake) =
        Looks::new(&name, depth, config::folder().map(|folder| folder.join("themes")));

    app.frame.path = options.vectors;
    app.frame.keymap = config.keymap.unwrap_or(app.frame.keymap);
    app.frame.model_name = options.model;
    app.frame.theme = looks.theme().name().to_owned();
    app.frame.themes = looks.names();
    if let Some(tour) = options.tour {
        begin_tour(tour, &mut app.screens, &mut app.frame);
    }
    let memory = memory::path();
    let forgotten = memory.as_ref().and_then(|path| memory::load(&mut app, path).err());
    if let Some(mistake) = mistake.or(theme_mistake).or(forgotten) {
        app.frame.complain(mistake);
    }

    let guard = Guard::take()?;
    let ended = show(&mut app, &mut looks, late_reply);
    drop(guard);
    if let Some(Err(mistake)) = memory.map(|path| memory::save(&app, &path)) {
        // The terminal may be gone, and then nobody is left to tell.
        let _ = writeln!(io::stderr(), "lexiscope: {}", visible::line(&mistake));
    }
    crate::files::abandon_all();
    match ended? {
        Ended::Quit => Ok(()),
        Ended::Lost(reason) => Err(StartError::Lost(reason)),
        Ended::Signal(signal) => {
            #[cfg(unix)]
            super::signals::die_by(signal);
            std::process::exit(128 + signal);
        }
    }
}

fn show(app: &mut App, looks: &mut Looks, late_reply: LateReply) -> io::Result<Ended> {
    let mut terminal = Terminal::new(CrosstermBackend::new(io::BufWriter::new(stdout())))?;
    let mut source = TerminalEvents::start(late_reply)?;
    let mut jobs = Jobs::default();
    #[cfg(debug_assertions)]
    super::sabotage::break_work(&mut jobs);
    run(&mut terminal, &mut TerminalHost, &mut source, app, &mut jobs, looks)
}

fn check_terminal() -> Result<(), StartError> {
    if !stdin().is_terminal() {
        return Err(StartError::NoTerminal("standard input is none"));
    }
    if !stdout().is_terminal() {
        return Err(StartError::NoTerminal("standard output is none"));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(StartError::NoTerminal("this one (TERM=dumb) cannot place text on a screen"));
    }
    Ok(())
}

/// The theme that fits the background, told by the environment or else by the terminal itself, and
/// whether the terminal's answer may still come.
fn default_theme(depth: ColourDepth) -> (&'static str, LateReply) {
    if depth == ColourDepth::Mono {
        return ("mono", LateReply::None);
    }
    let told = capabilities::background_from_environment(|name| std::env::var(name).ok());
    match told.map_or_else(capabilities::ask_background, |background| Asked::Told(Some(background))) {
        Asked::Told(background) => (Theme::name_for(background), LateReply::None),
        Asked::TooLate => (Theme::name_for(None), LateReply::Awaited),
    }
}

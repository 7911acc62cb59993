//! The registry of commands, those of the frame and of every screen: the one source of keymap,
//! footer, help, palette and README.

use super::command::entry;
use super::commands::{GENERAL, HEADINGS, Heading, MOVING, TYPING};
use super::entry::{Entry, Reason};
use super::frame::Frame;
use super::keymap::Group;
use super::screen::{AnyScreen, Gesture};
use super::screens::Screens;

/// Whose command it is, with its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The frame's: heading and index.
    Frame(usize, usize),
    /// A screen's: its index and that of the command.
    Screen(usize, usize),
}

/// One command with what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What is told of it.
    pub entry: Entry,
    /// The heading that it stands under.
    pub heading: &'static str,
    owner: Owner,
}

impl Listed {
    /// The index of the screen that it belongs to; `None` for the frame's own.
    pub fn screen(&self) -> Option<usize> {
        match self.owner {
            Owner::Frame(..) => None,
            Owner::Screen(screen, _) => Some(screen),
        }
    }

    /// Whether it edits a line, which needs no telling.
    pub fn edits_text(&self) -> bool {
        self.heading == TYPING.title
    }
}

/// All commands: general ones and moving, then each screen's, then typing.
#[derive(Debug, Clone)]
pub struct Registry {
    listed: Vec<Listed>,
    /// Id and title of each screen.
    screens: Vec<(&'static str, &'static str)>,
}

impl Registry {
    /// The commands of the frame and of `screens`.
    pub fn new(screens: &[Box<dyn AnyScreen>]) -> Self {
        let of_frame = |index: usize| {
            let heading: &Heading = &HEADINGS[index];
            heading.commands.iter().enumerate().map(move |(command, it)| Listed {
                entry: entry(it),
                heading: heading.title,
                owner: Owner::Frame(index, command),
            })
        };
        let mut listed: Vec<Listed> = of_frame(0).collect();
        listed.extend(screens.iter().enumerate().map(|(index, screen)| Listed {
            entry: show_entry(index, &**screen),
            heading: GENERAL.title,
            owner: Owner::Screen(index, usize::MAX),
        }));
        listed.extend(of_frame(1));
        for (index, screen) in screens.iter().enumerate() {
            let heading = screen.place().title;
            listed.extend(screen.entries().into_iter().enumerate().map(|(command, entry)| Listed {
                entry,
                heading,
                owner: Owner::Screen(index, command),
            }));
        }
        listed.extend(of_frame(2));
        let screens = screens.iter().map(|screen| (screen.place().id, screen.place().title)).collect();
        Self { listed, screens }
    }

    /// All commands, in the order of the help.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter()
    }

    /// The headings of the help, in its order: of the frame's and of every screen's commands.
    pub fn headings(&self) -> Vec<&'static str> {
        let screens = self.screens.iter().map(|(_, title)| *title);
        [GENERAL.title, MOVING.title].into_iter().chain(screens).chain([TYPING.title]).collect()
    }

    /// The id of the command that the configuration calls `name`.
    pub fn id(&self, name: &str) -> Option<&'static str> {
        self.listed.iter().find(|listed| listed.entry.id == name).map(|listed| listed.entry.id)
    }

    /// The commands as the keymap takes them.
    pub fn groups(&self, screens: &[Box<dyn AnyScreen>]) -> Vec<Group> {
        let entries = |screen: Option<usize>| -> Vec<Entry> {
            let own = |listed: &&Listed| match listed.owner {
                Owner::Frame(..) | Owner::Screen(_, usize::MAX) => screen.is_none(),
                Owner::Screen(index, _) => screen == Some(index),
            };
            self.listed.iter().filter(own).map(|listed| listed.entry.clone()).collect()
        };
        let frame = Group { screen: None, is_list: false, entries: entries(None) };
        let others = screens.iter().enumerate().map(|(index, screen)| Group {
            screen: Some(screen.place().id),
            is_list: screen.place().is_list,
            entries: entries(Some(index)),
        });
        std::iter::once(frame).chain(others).collect()
    }

    /// The command of an id that means something now: that of the screen in front, else the
    /// frame's, else any, to say where it would mean something.
    pub fn find(&self, id: &str, screens: &Screens) -> Option<&Listed> {
        let rank = |listed: &&Listed| match listed.owner {
            Owner::Screen(index, command) if index == screens.index() && command != usize::MAX => 0,
            Owner::Frame(..) | Owner::Screen(_, usize::MAX) => 1,
            Owner::Screen(..) => 2,
        };
        self.listed.iter().filter(|listed| listed.entry.id == id).min_by_key(rank)
    }

    /// Why `listed` cannot be used now.
    pub fn unavailable(&self, listed: &Listed, screens: &Screens, frame: &Frame) -> Option<Reason> {
        match listed.owner {
            Owner::Frame(heading, command) => {
                (HEADINGS[heading].commands[command].availability)(screens, frame).err()
            }
            Owner::Screen(_, usize::MAX) => None,
            Owner::Screen(index, command) if index == screens.index() => {
                screens.front().unavailable(command, frame)
            }
            Owner::Screen(..) => Some(self.where_it_works(listed.entry.id)),
        }
    }

    /// `only on the screen Analogy (2)`.
    fn where_it_works(&self, id: &str) -> Reason {
        let own = self.listed.iter().filter(|listed| listed.entry.id == id).filter_map(Listed::screen);
        let names: Vec<String> =
            own.map(|index| format!("{} ({})", self.screens[index].1, index + 1)).collect();
        let screens = if names.len() == 1 { "screen" } else { "screens" };
        format!("only on the {screens} {}", names.join(" and ")).into()
    }

    /// Carries `listed` out.
    pub fn run(&self, listed: &Listed, screens: &mut Screens, frame: &mut Frame) {
        match listed.owner {
            Owner::Frame(heading, command) => (HEADINGS[heading].commands[command].run)(screens, frame),
            Owner::Screen(index, usize::MAX) => screens.show(index, frame),
            Owner::Screen(_, command) => screens.front_mut().run(command, frame),
        }
    }

    /// The commands that are worth a place in the footer now, in its order.
    pub fn footer(&self, screens: &Screens, frame: &Frame) -> Vec<&Listed> {
        let mut shown: Vec<(u8, &Listed)> = self
            .listed
            .iter()
            .filter(|listed| listed.screen().is_none_or(|index| index == screens.index()))
            .filter_map(|listed| Some((listed.entry.footer?, listed)))
            .filter(|(_, listed)| self.unavailable(listed, screens, frame).is_none())
            .filter(|(_, listed)| is_advertised(listed, screens, frame))
            .collect();
        shown.sort_by_key(|(position, _)| *position);
        shown.into_iter().map(|(_, listed)| listed).collect()
    }

    /// The title of a command, made to fit the present state.
    pub fn title(&self, listed: &Listed, screens: &Screens, frame: &Frame) -> String {
        let gesture = match listed.entry.id {
            "accept" => Gesture::Accept,
            "complete" => Gesture::Complete,
            "cancel" if frame.overlay.is_some() => return "close".into(),
            _ => return listed.entry.title.into(),
        };
        if frame.overlay.is_some() {
            let title = if gesture == Gesture::Complete { "next field" } else { listed.entry.title };
            return title.into();
        }
        screens.front().offer(gesture, frame).title.unwrap_or_else(|| listed.entry.title.into())
    }

    /// The commands that the palette offers for what is typed, each with the reason why it cannot
    /// be used now: those that can be used first.
    pub fn palette(&self, typed: &str, screens: &Screens, frame: &Frame) -> Vec<(&Listed, Option<Reason>)> {
        let typed = typed.to_lowercase();
        let mut found: Vec<(&Listed, Option<Reason>)> = Vec::new();
        for listed in self.listed.iter().filter(|listed| listed.entry.listed && matches(listed, &typed)) {
            // A command of several screens stands there once: that which means something now.
            if self.find(listed.entry.id, screens) == Some(listed) {
                found.push((listed, self.unavailable(listed, screens, frame)));
            }
        }
        found.sort_by_key(|(listed, reason)| {
            (reason.is_some(), !listed.entry.title.to_lowercase().starts_with(&typed))
        });
        found
    }
}

/// The command that shows the screen number `index`.
fn show_entry(index: usize, screen: &dyn AnyScreen) -> Entry {
    use super::entry::Scope;
    let place = screen.place();
    let number = index + 1;
    let keys = [(Scope::Everywhere, format!("alt-{number}")), (Scope::Browsing, number.to_string())];
    Entry {
        id: place.id,
        title: place.title,
        help: format!("Go to the screen {}.", place.title),
        search: "",
        keys: keys.into_iter().filter_map(|(scope, key)| Some((scope, key.parse().ok()?))).collect(),
        footer: None,
        listed: true,
    }
}

fn is_advertised(listed: &Listed, screens: &Screens, frame: &Frame) -> bool {
    match listed.owner {
        Owner::Frame(heading, command) => (HEADINGS[heading].commands[command].advertised)(screens, frame),
        Owner::Screen(_, usize::MAX) => false,
        Owner::Screen(_, command) => screens.front().is_in_footer(command, frame),
    }
}

/// Whether all parts of what is typed stand in what is told of a command.
fn matches(listed: &Listed, typed: &str) -> bool {
    let entry = &listed.entry;
    let text = format!("{} {} {} {}", entry.title, entry.help, entry.search, entry.id).to_lowercase();
    typed.split_whitespace().all(|part| text.contains(part))
}

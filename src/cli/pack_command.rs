//! Subcommands of the name of each pack, for its evidence.

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

use crate::report::pack::{CommandWords, Pack};

pub(super) trait PackArguments: Args {
    /// What the help says of them.
    fn command_words(pack: &dyn Pack) -> CommandWords;
}

#[derive(Debug)]
pub(super) struct PackCommand<T> {
    /// The pack by whose name it was called.
    pub pack: &'static dyn Pack,
    pub arguments: T,
}

impl<T: PackArguments> Subcommand for PackCommand<T> {
    fn augment_subcommands(command: Command) -> Command {
        crate::PACKS.iter().fold(command, |command, pack| {
            let words = T::command_words(*pack);
            let mut below = T::augment_args(Command::new(pack.pack_name())).about(words.about);
            if !words.note.is_empty() {
                below =
                    below.after_help(format!("{}\n\nExample:\n  {}", words.note, words.example));
            }
            let described = words.arguments.iter().fold(below, |below, (id, help)| {
                below.mut_arg(id, |argument| argument.help(*help))
            });
            command.subcommand(described)
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        crate::PACKS.iter().any(|pack| pack.pack_name() == name)
    }
}

impl<T: PackArguments> FromArgMatches for PackCommand<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let called = matches.subcommand().and_then(|(name, matches)| {
            let pack = crate::PACKS.iter().find(|pack| pack.pack_name() == name)?;
            Some((*pack, matches))
        });
        let (pack, matches) =
            called.ok_or(clap::error::ErrorKind::MissingSubcommand).map_err(clap::Error::new)?;
        Ok(Self { pack, arguments: T::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

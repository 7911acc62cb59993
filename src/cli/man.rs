//! `man`: the manual page, made from the same description as `--help`.

use clap::CommandFactory;

use super::arguments::LowArguments;

/// The manual page in roff: the program, then every command.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn page() -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut command = LowArguments::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        let title = format!("lexiscope {}", subcommand.get_name());
        let man = clap_mangen::Man::new(subcommand.clone());
        page.extend(format!(".SH \"{}\"\n", title.to_uppercase()).into_bytes());
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    Ok(page)
}

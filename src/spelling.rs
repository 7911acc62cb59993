//! Names that somebody may have meant: of settings, themes, commands, layers.
//!
//! Words of a vocabulary are counted 64 characters at a time, see `vectors::lookup`.

/// "; did you mean `x`?" for the candidate that is nearest to `name`, or nothing.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |candidate| format!("; did you mean `{candidate}`?"))
}

/// The candidate that is the fewest edits from `name` (insertions, deletions, substitutions and
/// swapped neighbours), if it is at most one edit in three characters away.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    let near = candidates.into_iter().map(|candidate| (strsim::osa_distance(name, candidate), candidate));
    near.filter(|(edits, _)| *edits <= most).min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_the_near_is_meant() {
        let names = ["compare", "colour", "color"];
        assert_eq!(nearest("compair", names), Some("compare"));
        assert_eq!(nearest("colur", names), Some("color"));
        assert_eq!(nearest("cmopare", names), Some("compare"));
        assert_eq!(nearest("quit", names), None);
        assert_eq!(did_you_mean("colorr", names), "; did you mean `color`?");
        assert_eq!(did_you_mean("", names), "");
    }
}

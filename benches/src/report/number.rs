//! Numbers as people read them.

/// A value with three digits or more, thousands apart.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    // Thousands stand apart.
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut apart = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && digit != '-' {
            apart.push(' ');
        }
        apart.push(digit);
    }
    match rest {
        Some(rest) => format!("{apart}.{rest}"),
        None => apart,
    }
}

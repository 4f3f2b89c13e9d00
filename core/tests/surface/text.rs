//! Signatures as people write them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The words and signs of code; signs that belong together are one.
fn words(tokens: TokenStream, found: &mut Vec<String>) {
    let mut joined = String::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                found.push(open.to_owned());
                words(group.stream(), found);
                found.push(close.to_owned());
            }
            TokenTree::Punct(punct) => {
                joined.push(punct.as_char());
                let together = ["::", "->", "=>", "..="].iter().any(|sign| sign.starts_with(&joined));
                let more = punct.spacing() == Spacing::Joint && together && joined != "::";
                if punct.as_char() != '\'' && !more {
                    found.push(std::mem::take(&mut joined));
                }
            }
            // Behind a quotation mark it is a lifetime.
            other => found.push(format!("{}{other}", std::mem::take(&mut joined))),
        }
    }
}

/// The text of a type, a signature or an attribute. Of a path it shows the last name: one name means one thing here.
pub(crate) fn text(code: &impl ToTokens) -> String {
    let mut found = Vec::new();
    words(code.to_token_stream(), &mut found);
    found.retain(|word| !word.is_empty());
    let mut out = String::new();
    let mut last = "";
    for word in &found {
        let is_word = |word: &str| word.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
        let keyword = ["dyn", "mut", "as", "in"].contains(&last);
        let tight_after = ["", "(", "[", "<", "&", "::", "!", "?", "#", "*", ".."].contains(&last);
        let tight_before = [",", ";", ":", "::", ">", ")", "]", "?", ".", "!"].contains(&word.as_str())
            || (["(", "<", "["].contains(&word.as_str()) && (is_word(last) || last == ">") && !keyword);
        let spaced = ["->", "=>", "=", "+", "|"].contains(&word.as_str());
        if !out.is_empty() && (spaced || !tight_after && !tight_before) {
            out.push(' ');
        }
        out.push_str(word);
        last = word;
    }
    out
}

//! Macros by example, expanded as the compiler does it, as far as the sources need: declarations are data here, and what they
//! declare is on the list like what is written out.

use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};

/// A macro: what it matches, and what becomes of that, rule by rule.
pub(crate) struct Macro {
    rules: Vec<(Vec<Pattern>, TokenStream)>,
}

enum Pattern {
    Token(TokenTree),
    Group(Delimiter, Vec<Pattern>),
    Variable(String, String),
    Repeat { of: Vec<Pattern>, between: Option<TokenTree>, at_most_once: bool },
}

#[derive(Clone)]
enum Bound {
    One(TokenStream),
    Many(Rc<Vec<Binding>>),
}

type Binding = BTreeMap<String, Bound>;

fn is(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// What follows a repeated part: the sign between its turns, if any, and how often it is there; and how many tokens that takes.
fn repetition(rest: &[TokenTree]) -> (Option<TokenTree>, bool, usize) {
    let often = |token: Option<&TokenTree>| ['*', '+', '?'].into_iter().any(|sign| is(token, sign));
    // `$(…)+*` does not occur here, so a first sign that says how often is never the one between.
    if often(rest.first()) {
        (None, is(rest.first(), '?'), 1)
    } else {
        assert!(often(rest.get(1)), "a repetition says how often");
        (rest.first().cloned(), is(rest.get(1), '?'), 2)
    }
}

fn patterns(tokens: TokenStream) -> Vec<Pattern> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut at, mut found) = (0, Vec::new());
    while let Some(token) = tokens.get(at) {
        at += 1;
        match (is(Some(token), '$'), token, tokens.get(at)) {
            (true, _, Some(TokenTree::Ident(name))) => {
                let kind = tokens[at + 2].to_string();
                found.push(Pattern::Variable(name.to_string(), kind));
                at += 3;
            }
            (true, _, Some(TokenTree::Group(group))) => {
                let (between, at_most_once, length) = repetition(&tokens[at + 1..]);
                found.push(Pattern::Repeat { of: patterns(group.stream()), between, at_most_once });
                at += 1 + length;
            }
            (_, TokenTree::Group(group), _) => {
                found.push(Pattern::Group(group.delimiter(), patterns(group.stream())));
            }
            _ => found.push(Pattern::Token(token.clone())),
        }
    }
    found
}

/// How many tokens at the beginning make one of a kind, if any.
fn taken(kind: &str, tokens: &[TokenTree]) -> Option<usize> {
    fn parsed<T: Parse>(tokens: &[TokenTree]) -> Option<usize> {
        parsed_by(tokens, T::parse)
    }
    fn parsed_by<T>(tokens: &[TokenTree], parse: fn(ParseStream<'_>) -> syn::Result<T>) -> Option<usize> {
        // Nothing of these kinds goes beyond a semicolon, and lists are long.
        let end = tokens.iter().position(|token| is(Some(token), ';')).unwrap_or(tokens.len());
        let tokens = &tokens[..end];
        let rest = |input: ParseStream<'_>| {
            parse(input)?;
            input.parse::<TokenStream>()
        };
        let rest = rest.parse2(tokens.iter().cloned().collect()).ok()?;
        Some(tokens.len() - rest.into_iter().count())
    }
    match kind {
        "tt" => (!tokens.is_empty()).then_some(1),
        "ident" => matches!(tokens.first()?, TokenTree::Ident(_)).then_some(1),
        "literal" => matches!(tokens.first()?, TokenTree::Literal(_)).then_some(1),
        "ty" => parsed::<syn::Type>(tokens),
        "expr" => parsed::<syn::Expr>(tokens),
        "path" => parsed::<syn::Path>(tokens),
        "meta" => parsed::<syn::Meta>(tokens),
        "vis" => parsed::<syn::Visibility>(tokens),
        "block" => parsed::<syn::Block>(tokens),
        "pat" | "pat_param" => parsed_by(tokens, syn::Pat::parse_single),
        other => panic!("macros do not match a {other} so far"),
    }
}

/// Matches a beginning, and says how many tokens it took.
fn matched(patterns: &[Pattern], tokens: &[TokenTree]) -> Option<(Binding, usize)> {
    let (mut binding, mut at) = (Binding::new(), 0);
    for pattern in patterns {
        match pattern {
            Pattern::Token(wanted) => {
                (tokens.get(at)?.to_string() == wanted.to_string()).then_some(())?;
                at += 1;
            }
            Pattern::Group(delimiter, inner) => {
                let TokenTree::Group(group) = tokens.get(at)? else { return None };
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                let (bound, length) = matched(inner, &inside)?;
                (group.delimiter() == *delimiter && length == inside.len()).then_some(())?;
                binding.extend(bound);
                at += 1;
            }
            Pattern::Variable(name, kind) => {
                let length = taken(kind, &tokens[at..])?;
                let token = tokens[at..at + length].iter().cloned().collect();
                binding.insert(name.clone(), Bound::One(token));
                at += length;
            }
            Pattern::Repeat { of, between, at_most_once } => {
                let mut turns = Vec::new();
                loop {
                    let separated = match between {
                        Some(sign) if !turns.is_empty() => {
                            let there =
                                tokens.get(at).is_some_and(|token| token.to_string() == sign.to_string());
                            if there { 1 } else { break }
                        }
                        _ => 0,
                    };
                    match matched(of, &tokens[at + separated..]) {
                        Some((bound, length)) if length > 0 => {
                            turns.push(bound);
                            at += separated + length;
                        }
                        _ => break,
                    }
                    if *at_most_once {
                        break;
                    }
                }
                let turns = Rc::new(turns);
                for name in names(of) {
                    binding.insert(name, Bound::Many(Rc::clone(&turns)));
                }
            }
        }
    }
    Some((binding, at))
}

fn names(patterns: &[Pattern]) -> Vec<String> {
    patterns
        .iter()
        .flat_map(|pattern| match pattern {
            Pattern::Token(_) => Vec::new(),
            Pattern::Variable(name, _) => vec![name.clone()],
            Pattern::Group(_, of) | Pattern::Repeat { of, .. } => names(of),
        })
        .collect()
}

fn filled(body: TokenStream, binding: &Binding) -> TokenStream {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let (mut at, mut out) = (0, TokenStream::new());
    while let Some(token) = tokens.get(at) {
        at += 1;
        match (is(Some(token), '$'), token, tokens.get(at)) {
            (true, _, Some(TokenTree::Ident(name))) => {
                match binding.get(&name.to_string()) {
                    Some(Bound::One(value)) => out.extend(value.clone()),
                    Some(Bound::Many(_)) => panic!("`${name}` is repeated"),
                    None => out.extend([name.to_token_stream()]),
                }
                at += 1;
            }
            (true, _, Some(TokenTree::Group(group))) => {
                let (between, _, length) = repetition(&tokens[at + 1..]);
                at += 1 + length;
                let named = variables(group.stream());
                let turns = named.iter().find_map(|name| match binding.get(name) {
                    Some(Bound::Many(turns)) => Some(turns),
                    _ => None,
                });
                for (turn, bound) in turns.expect("something is repeated").iter().enumerate() {
                    if turn > 0 {
                        out.extend(between.clone());
                    }
                    let mut all = binding.clone();
                    all.extend(bound.clone());
                    out.extend(filled(group.stream(), &all));
                }
            }
            (_, TokenTree::Group(group), _) => {
                out.extend([TokenTree::from(Group::new(group.delimiter(), filled(group.stream(), binding)))]);
            }
            _ => out.extend([token.clone()]),
        }
    }
    out
}

fn variables(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(variables(group.stream())),
            TokenTree::Ident(name) if at > 0 && is(tokens.get(at - 1), '$') => found.push(name.to_string()),
            _ => {}
        }
    }
    found
}

impl Macro {
    /// Reads what stands within `macro_rules! name { … }`.
    pub(crate) fn read(tokens: TokenStream) -> Self {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let rules = tokens
            .split(|token| is(Some(token), ';'))
            .filter(|rule| !rule.is_empty())
            .map(|rule| match rule {
                [
                    TokenTree::Group(pattern),
                    TokenTree::Punct(_),
                    TokenTree::Punct(_),
                    TokenTree::Group(body),
                ] => (patterns(pattern.stream()), body.stream()),
                _ => panic!("a rule of a macro is `(…) => {{…}}`"),
            })
            .collect();
        Self { rules }
    }

    /// What becomes of what it is given.
    pub(crate) fn expand(&self, tokens: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        self.rules
            .iter()
            .find_map(|(patterns, body)| {
                let (binding, length) = matched(patterns, &tokens)?;
                (length == tokens.len()).then(|| filled(body.clone(), &binding))
            })
            .expect("one of the rules matches")
    }
}

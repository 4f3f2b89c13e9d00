//! What of the sources is public, item by item.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Fields, FnArg, Generics, ImplItem, Item, ItemImpl, Meta, Signature, TraitItem, Type};

use crate::source::{Crate, Import, Place, attributes, features, is_hidden, is_public};
use crate::text::text;

/// What sort of item a line is, and its path; the other lines are what items are made of, and what
/// they can do by traits.
pub(crate) fn item(line: &str) -> Option<(Sort, &str)> {
    let mut said = line;
    for mark in ["#[non_exhaustive] ", "#[must_use] "] {
        said = said.strip_prefix(mark).unwrap_or(said);
    }
    let function = said.strip_prefix("const ").unwrap_or(said);
    let function = function.strip_prefix("unsafe ").unwrap_or(function).strip_prefix("fn ");
    let of = |kind: &str| said.strip_prefix(kind);
    let types = ["struct ", "enum ", "trait ", "type "].iter().find_map(|kind| of(kind));
    let (sort, rest) = function
        .map(|rest| (Sort::Function, rest))
        .or_else(|| types.map(|rest| (Sort::Type, rest)))
        .or_else(|| of("const ").or_else(|| of("static ")).map(|rest| (Sort::Constant, rest)))
        .or_else(|| of("mod ").or_else(|| of("use ")).map(|rest| (Sort::Way, rest)))?;
    let path = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next()?;
    Some((sort, path.trim_end_matches(':')))
}

/// What sorts of items there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A struct, an enum, a trait, an alias; what is associated with a trait.
    Type,
    /// A function or a method.
    Function,
    /// A constant.
    Constant,
    /// A module, or a shorter way to what stands elsewhere.
    Way,
}

/// Every public item with its signature, in the order of their names.
pub(crate) fn lines(sources: &Crate) -> Vec<String> {
    let mut list = List { sources, shown: BTreeMap::new(), lines: BTreeSet::new() };
    list.module(&Vec::new(), "", &[]);
    list.implementations();
    list.lines.into_iter().map(|(_, line)| line).collect()
}

struct List<'s> {
    sources: &'s Crate,
    /// The types and traits that are public, by where they are defined, and the name they are shown under.
    shown: BTreeMap<(Place, String), String>,
    /// What a line is sorted by, and the line.
    lines: BTreeSet<(String, String)>,
}

/// Whether an attribute is a mark, as hosts see it: without the feature for our own tests.
fn is_marked(attribute: &Attribute, mark: &str) -> bool {
    let said = attribute.meta.to_token_stream().to_string();
    attribute.path().is_ident(mark) || attribute.path().is_ident("cfg_attr") && said.contains(mark)
}

/// A name of a module as seen from one.
enum Meant {
    Module(Place),
    Item(Place, String),
    Foreign,
}

impl List<'_> {
    fn line(&mut self, name: &str, attributes: &[Attribute], within: &[String], said: &str) {
        let own = features(attributes).unwrap_or_default();
        let gates: BTreeSet<&String> = within.iter().chain(&own).collect();
        let gates: String = gates.into_iter().map(|feature| format!(" [{feature}]")).collect();
        let marks: String = ["non_exhaustive", "must_use"]
            .into_iter()
            .filter(|mark| attributes.iter().any(|attribute| is_marked(attribute, mark)))
            .map(|mark| format!("#[{mark}] "))
            .collect();
        self.lines.insert((name.to_owned(), format!("{marks}{said}{gates}")));
    }

    /// Whether every module down to this one is public.
    fn is_open(&self, place: &Place) -> bool {
        (1..=place.len()).all(|length| self.sources.modules[&place[..length].to_vec()].public)
    }

    /// Lists what a module offers, under a name, which is another than its own where it is passed on.
    fn module(&mut self, place: &Place, name: &str, within: &[String]) {
        let module = &self.sources.modules[place];
        let below = |own: &str| if name.is_empty() { own.to_owned() } else { format!("{name}::{own}") };
        for item in &module.items {
            self.item(place, item, &|own| below(own), within);
        }
        for (inner, found) in &self.sources.modules {
            if let Some((last, above)) = inner.split_last()
                && above == place.as_slice()
                && found.public
            {
                let name = below(last);
                let gates: Vec<String> = within.iter().chain(&found.features).cloned().collect();
                self.line(&name, &[], &gates, &format!("mod {name}"));
                self.module(inner, &name, &gates);
            }
        }
        // Last, since what is public below is passed on under its name there.
        for import in module.uses.iter().filter(|import| import.public) {
            let gates: Vec<String> = within.iter().chain(&import.features).cloned().collect();
            self.import(place, import, &below, &gates);
        }
    }

    fn import(&mut self, place: &Place, import: &Import, below: &dyn Fn(&str) -> String, gates: &[String]) {
        let everything = import.name == "*";
        match self.meant(place, &import.path) {
            Some(Meant::Module(inner)) if everything => {
                if self.is_open(&inner) {
                    let name = below("*");
                    self.line(&name, &[], gates, &format!("use {name} = {}::*", inner.join("::")));
                } else {
                    let name = below("").trim_end_matches("::").to_owned();
                    self.module(&inner, &name, gates);
                }
            }
            Some(Meant::Item(home, own)) => {
                let name = below(&import.name);
                let known = self.shown.get(&(home.clone(), own.clone())).cloned();
                let open = self.is_open(&home).then(|| format!("{}::{own}", home.join("::")));
                if let Some(known) = known.or(open) {
                    self.line(&name, &[], gates, &format!("use {name} = {known}"));
                } else {
                    let module = &self.sources.modules[&home];
                    for item in module.items.iter().filter(|item| name_of(item).is_some_and(|it| it == own)) {
                        self.item(&home, item, &|_| name.clone(), gates);
                    }
                }
            }
            Some(Meant::Module(inner)) => {
                let name = below(&import.name);
                if self.is_open(&inner) {
                    self.line(&name, &[], gates, &format!("use {name} = {}", inner.join("::")));
                } else {
                    self.line(&name, &[], gates, &format!("mod {name}"));
                    self.module(&inner, &name, gates);
                }
            }
            _ => {
                let name = below(&import.name);
                self.line(&name, &[], gates, &format!("use {name} = {}", import.path.join("::")));
            }
        }
    }

    /// What a path means in a module.
    fn meant(&self, place: &Place, path: &[String]) -> Option<Meant> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Vec::new(),
            "self" => place.clone(),
            "super" => place[..place.len().checked_sub(1)?].to_vec(),
            _ => return self.inside(place, path, 0),
        };
        if rest.is_empty() { Some(Meant::Module(start)) } else { self.inside(&start, rest, 0) }
    }

    fn inside(&self, place: &Place, path: &[String], depth: usize) -> Option<Meant> {
        let (first, rest) = path.split_first()?;
        let module = self.sources.modules.get(place)?;
        let inner: Place = place.iter().cloned().chain([first.clone()]).collect();
        if first == "super" {
            return self.meant(place, path);
        }
        if self.sources.modules.contains_key(&inner) {
            return if rest.is_empty() {
                Some(Meant::Module(inner))
            } else {
                self.inside(&inner, rest, depth)
            };
        }
        if rest.is_empty() && module.items.iter().any(|item| name_of(item).is_some_and(|it| it == *first)) {
            return Some(Meant::Item(place.clone(), first.clone()));
        }
        if depth > 8 {
            return None;
        }
        for import in &module.uses {
            let through = match (&import.name, import.path.first()) {
                (name, _) if name == first => import.path.clone(),
                (name, _) if name == "*" => import.path.iter().chain([first]).cloned().collect(),
                _ => continue,
            };
            let (start, tail) = match through.split_first()? {
                (root, tail) if root == "crate" => (Vec::new(), tail.to_vec()),
                (root, tail) if root == "self" => (place.clone(), tail.to_vec()),
                (root, tail) if root == "super" => {
                    (place[..place.len().checked_sub(1)?].to_vec(), tail.to_vec())
                }
                (root, _)
                    if self
                        .sources
                        .modules
                        .contains_key(&[place.as_slice(), std::slice::from_ref(root)].concat()) =>
                {
                    (place.clone(), through.clone())
                }
                _ if import.name == "*" => continue,
                _ => return Some(Meant::Foreign),
            };
            let whole: Place = tail.iter().chain(rest).cloned().collect();
            if let Some(found) = self.inside(&start, &whole, depth + 1) {
                return Some(found);
            }
        }
        None
    }

    fn item(&mut self, place: &Place, item: &Item, named: &dyn Fn(&str) -> String, within: &[String]) {
        let Some(own) = name_of(item) else { return };
        let marks = attributes(item);
        let name = named(&own);
        let visible = match item {
            Item::Const(it) => is_public(&it.vis),
            Item::Enum(it) => is_public(&it.vis),
            Item::Fn(it) => is_public(&it.vis),
            Item::Static(it) => is_public(&it.vis),
            Item::Struct(it) => is_public(&it.vis),
            Item::Trait(it) => is_public(&it.vis),
            Item::Type(it) => is_public(&it.vis),
            _ => false,
        };
        if !visible || is_hidden(marks) {
            return;
        }
        match item {
            Item::Const(it) => self.line(&name, marks, within, &format!("const {name}: {}", text(&it.ty))),
            Item::Static(it) => self.line(&name, marks, within, &format!("static {name}: {}", text(&it.ty))),
            Item::Type(it) => {
                self.show(place, &own, &name);
                self.line(
                    &name,
                    marks,
                    within,
                    &format!("type {name}{} = {}", text(&it.generics), text(&it.ty)),
                );
            }
            Item::Fn(it) => self.line(&name, marks, within, &function(&name, &it.sig)),
            Item::Struct(it) => {
                self.show(place, &own, &name);
                let said = match &it.fields {
                    Fields::Unnamed(fields) => {
                        let fields = fields.unnamed.iter().map(|field| {
                            if is_public(&field.vis) { text(&field.ty) } else { "_".to_owned() }
                        });
                        format!("({})", fields.collect::<Vec<_>>().join(", "))
                    }
                    _ => String::new(),
                };
                let rest = if it.fields.iter().all(|field| is_public(&field.vis)) { "" } else { " { .. }" };
                let rest = if matches!(it.fields, Fields::Named(_)) { rest } else { "" };
                let said = format!("struct {name}{}{said}{rest}{}", text(&it.generics), derived(marks));
                self.line(&name, marks, within, &said);
                if let Fields::Named(fields) = &it.fields {
                    for field in fields.named.iter().filter(|field| is_public(&field.vis)) {
                        let name = format!("{name}::{}", field.ident.as_ref().unwrap());
                        self.line(&name, &field.attrs, within, &format!("    {name}: {}", text(&field.ty)));
                    }
                }
            }
            Item::Enum(it) => {
                self.show(place, &own, &name);
                let said = format!("enum {name}{}{}", text(&it.generics), derived(marks));
                self.line(&name, marks, within, &said);
                for variant in &it.variants {
                    let name = format!("{name}::{}", variant.ident);
                    let number = variant.discriminant.as_ref();
                    let number =
                        number.map_or_else(String::new, |(_, number)| format!(" = {}", text(number)));
                    let said = format!("    {name}{}{number}", fields(&variant.fields));
                    self.line(&name, &variant.attrs, within, &said);
                }
            }
            Item::Trait(it) => {
                self.show(place, &own, &name);
                let bounds = text(&it.supertraits);
                let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
                self.line(&name, marks, within, &format!("trait {name}{}{bounds}", text(&it.generics)));
                for inner in &it.items {
                    match inner {
                        TraitItem::Fn(it) => {
                            let name = format!("{name}::{}", it.sig.ident);
                            let provided = if it.default.is_some() { " { .. }" } else { "" };
                            let said = format!("{}{provided}", function(&name, &it.sig));
                            self.line(&name, &it.attrs, within, &said);
                        }
                        TraitItem::Type(it) => {
                            let name = format!("{name}::{}", it.ident);
                            self.line(&name, &it.attrs, within, &format!("type {name}"));
                        }
                        TraitItem::Const(it) => {
                            let name = format!("{name}::{}", it.ident);
                            self.line(&name, &it.attrs, within, &format!("const {name}: {}", text(&it.ty)));
                        }
                        other => panic!("{name} has {}", text(other)),
                    }
                }
            }
            _ => {}
        }
    }

    fn show(&mut self, place: &Place, own: &str, name: &str) {
        self.shown.insert((place.clone(), own.to_owned()), name.to_owned());
    }

    /// Lists what the public types can do, wherever that is written.
    fn implementations(&mut self) {
        let sources = self.sources;
        for (place, module) in &sources.modules {
            let written = module.items.iter().filter_map(|item| match item {
                Item::Impl(it) => Some(it),
                _ => None,
            });
            for it in written {
                let Type::Path(of) = &*it.self_ty else { continue };
                let path: Place = of.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                let Some(Meant::Item(home, own)) = self.meant(place, &path) else { continue };
                let Some(name) = self.shown.get(&(home, own)).cloned() else { continue };
                let gates: Vec<String> =
                    module.features.iter().cloned().chain(features(&it.attrs).unwrap_or_default()).collect();
                match &it.trait_ {
                    Some((_, path, _)) => {
                        let called: Place =
                            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                        if let Some(Meant::Item(home, own)) = self.meant(place, &called)
                            && !self.shown.contains_key(&(home, own))
                        {
                            continue;
                        }
                        let said = format!("    {name}: {}", text(path.segments.last().unwrap()));
                        let said = format!("{said}{}", bounds(&it.generics));
                        self.line(&format!("{name} {said}"), &[], &gates, &said);
                    }
                    None => self.methods(&name, it, &gates),
                }
            }
        }
    }

    fn methods(&mut self, of: &str, it: &ItemImpl, gates: &[String]) {
        for inner in &it.items {
            match inner {
                ImplItem::Fn(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                    let name = format!("{of}::{}", it.sig.ident);
                    self.line(&name, &it.attrs, gates, &function(&name, &it.sig));
                }
                ImplItem::Const(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                    let name = format!("{of}::{}", it.ident);
                    self.line(&name, &it.attrs, gates, &format!("const {name}: {}", text(&it.ty)));
                }
                _ => {}
            }
        }
    }
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(it) => it.ident.to_string(),
        Item::Enum(it) => it.ident.to_string(),
        Item::Fn(it) => it.sig.ident.to_string(),
        Item::Static(it) => it.ident.to_string(),
        Item::Struct(it) => it.ident.to_string(),
        Item::Trait(it) => it.ident.to_string(),
        Item::Type(it) => it.ident.to_string(),
        _ => return None,
    })
}

/// A function as it is called: arguments by name and type.
fn function(name: &str, signature: &Signature) -> String {
    let arguments = signature.inputs.iter().map(|argument| match argument {
        FnArg::Receiver(receiver) => text(receiver),
        FnArg::Typed(typed) => format!("{}: {}", text(&typed.pat), text(&typed.ty)),
    });
    let marks = format!(
        "{}{}",
        if signature.constness.is_some() { "const " } else { "" },
        if signature.unsafety.is_some() { "unsafe " } else { "" },
    );
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let output = text(&signature.output);
    let output = if output.is_empty() { output } else { format!(" {output}") };
    format!(
        "{marks}fn {name}{}({arguments}){output}{}",
        text(&signature.generics),
        bounds(&signature.generics)
    )
}

/// What must hold for what is generic, beyond what is said where it is named.
fn bounds(generics: &Generics) -> String {
    generics.where_clause.as_ref().map_or_else(String::new, |clause| format!(" {}", text(clause)))
}

fn fields(fields: &Fields) -> String {
    let typed = |field: &syn::Field| match &field.ident {
        Some(name) => format!("{name}: {}", text(&field.ty)),
        None => text(&field.ty),
    };
    let all = fields.iter().map(typed).collect::<Vec<_>>().join(", ");
    match fields {
        Fields::Named(_) => format!(" {{ {all} }}"),
        Fields::Unnamed(_) => format!("({all})"),
        Fields::Unit => String::new(),
    }
}

/// The traits that are derived, with the feature that some of them need.
fn derived(attributes: &[Attribute]) -> String {
    let mut found = Vec::new();
    let mut note = |tokens: TokenStream, feature: &str| {
        let all = tokens.to_string();
        for one in all.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            found.push(format!("{}{feature}", one.rsplit(':').next().unwrap().trim()));
        }
    };
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        if list.path.is_ident("derive") {
            note(list.tokens.clone(), "");
        } else if list.path.is_ident("cfg_attr") {
            let metas = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
            let metas = syn::parse::Parser::parse2(metas, list.tokens.clone()).unwrap();
            let feature = match metas.first() {
                Some(Meta::NameValue(it)) => text(&it.value).trim_matches('"').to_owned(),
                _ => continue,
            };
            for meta in metas.iter().skip(1) {
                if let Meta::List(list) = meta
                    && list.path.is_ident("derive")
                {
                    note(list.tokens.clone(), &format!(" [{feature}]"));
                }
            }
        }
    }
    if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) }
}

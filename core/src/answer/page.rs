//! Turning over a list: order, cursor, page. Keeps no more rows than the page has, and no state
//! between pages.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use crate::base::text::words;
use crate::journal::Hash;
use crate::query::{MAX_ROWS, Page, Paging};
use crate::refusal::{Code, Refusal};
use crate::rules::reach::Going;
use crate::rules::{Ruling, Stop};
use crate::view::{Any, Entity, Index, Key, Scan, Span, Spot, View, ViewError};

/// A row and where it stands, or nothing where it is not wanted.
pub(super) type RowAt<R> = Result<Option<(Spot, R)>, ViewError>;

/// Rows one by one.
pub(super) type Rows<'r, R> = Box<dyn Iterator<Item = RowAt<R>> + 'r>;

/// One turn of a list: which list it is, after which place it goes on, which way, and how far.
pub(super) struct Turn {
    list: List,
    after: Option<Spot>,
    limit: usize,
    descending: bool,
    // Whether places hold what must not be in a cursor.
    is_personal: bool,
}

impl Turn {
    /// The turn that is asked for. `list` names the list, its owner, filter and order; a cursor of
    /// another is refused.
    ///
    /// # Errors
    /// `invalid_limit`, `foreign_cursor`.
    pub(super) fn of(seal: Seal, list: &impl Serialize, paging: &Paging) -> Ruling<Self> {
        let turn = Self::first(seal, list, paging)?;
        let after = paging.cursor.as_deref().map(|text| turn.list.place(text).ok_or_else(foreign));
        Ok(Self { after: after.transpose()?, ..turn })
    }

    /// The same for a list that is sorted by what is personal (U-5). Its cursor names the row
    /// alone, and `key` says where that stands today; where it stood elsewhere when the page before
    /// was read, nobody knows any more where to go on.
    ///
    /// # Errors
    /// `invalid_limit`, `foreign_cursor`.
    pub(super) fn personal(
        seal: Seal,
        list: &impl Serialize,
        paging: &Paging,
        key: impl FnOnce(Uuid) -> Result<Option<Key>, ViewError>,
    ) -> Ruling<Self> {
        let turn = Self { is_personal: true, ..Self::first(seal, list, paging)? };
        let Some(text) = &paging.cursor else { return Ok(turn) };
        if let Some((_, id)) = turn.list.place(text)
            && let Some(key) = key(id)?
            && turn.list.personal_cursor(&(key.clone(), id)) == *text
        {
            return Ok(Self { after: Some((key, id)), ..turn });
        }
        Err(foreign())
    }

    fn first(seal: Seal, list: &impl Serialize, paging: &Paging) -> Ruling<Self> {
        if paging.limit == 0 || paging.limit > MAX_ROWS {
            return Err(Refusal::new(Code::InvalidLimit, paging.limit).into());
        }
        let name = serde_json::to_string(&(list, paging.descending))
            .expect("queries have string keys and finite numbers");
        let (limit, descending) = (paging.limit, paging.descending);
        Ok(Self { list: List { seal, name }, after: None, limit, descending, is_personal: false })
    }

    /// The place that the page begins after, if it is not the first.
    pub(super) const fn after(&self) -> Option<&Spot> {
        self.after.as_ref()
    }

    /// How those are gone through one by one who may have to do with it: after the place, its way.
    pub(super) fn going(&self) -> Going {
        Going { after: self.after.clone(), backwards: self.descending }
    }

    /// Where the page goes on that begins after a place.
    fn next(&self, last: Option<Spot>) -> Option<String> {
        last.map(|last| match self.is_personal {
            true => self.list.personal_cursor(&last),
            false => self.list.cursor(&last),
        })
    }

    /// The page of rows that come in order, beginning after the place. Those after the page are not
    /// looked at.
    pub(super) fn page<R>(&self, rows: impl Iterator<Item = RowAt<R>>) -> Ruling<Page<R>> {
        let mut page = Page { rows: Vec::new(), next: None };
        let mut last = None;
        for row in rows {
            let Some((place, row)) = row? else { continue };
            if page.rows.len() == self.limit {
                page.next = self.next(last);
                break;
            }
            page.rows.push(row);
            last = Some(place);
        }
        Ok(page)
    }

    /// The page of rows that come in order, of which no more than so many are looked at: it may
    /// have fewer than are asked for, and say all the same where the next one goes on.
    pub(super) fn page_of_at_most<R>(
        &self,
        most: usize,
        rows: impl Iterator<Item = Result<(Spot, Option<R>), ViewError>>,
    ) -> Ruling<Page<R>> {
        let mut page = Page { rows: Vec::new(), next: None };
        let mut last = None;
        for (looked, found) in rows.enumerate() {
            let (place, row) = found?;
            if looked == most || page.rows.len() == self.limit {
                page.next = self.next(last);
                break;
            }
            page.rows.extend(row);
            last = Some(place);
        }
        Ok(page)
    }

    /// Begins to collect rows that are visited in order, forwards whichever way the list goes.
    pub(super) const fn collecting<R>(&self) -> Collecting<'_, R> {
        Collecting { turn: self, rows: VecDeque::new() }
    }

    /// The page of rows that come in any order. All of them are looked at.
    pub(super) fn sorted<R>(&self, rows: impl Iterator<Item = RowAt<R>>) -> Ruling<Page<R>> {
        let rows = self.first_of(rows)?;
        self.page(rows.into_iter().map(|row| Ok(Some(row))))
    }

    /// As many of these rows as show the page and whether there is another one, in order.
    pub(super) fn first_of<R>(
        &self,
        rows: impl Iterator<Item = RowAt<R>>,
    ) -> Result<Vec<(Spot, R)>, ViewError> {
        let mut kept: BTreeMap<Spot, R> = BTreeMap::new();
        for row in rows {
            let Some((place, row)) = row? else { continue };
            let comes = match &self.after {
                Some(after) if self.descending => place < *after,
                Some(after) => place > *after,
                None => true,
            };
            if comes {
                kept.insert(place, row);
            }
            if kept.len() > self.limit + 1 {
                drop(if self.descending { kept.pop_first() } else { kept.pop_last() });
            }
        }
        Ok(match self.descending {
            true => kept.into_iter().rev().collect(),
            false => kept.into_iter().collect(),
        })
    }

    /// As many rows as show the page and whether there is another one, in order. All that are
    /// wanted are in each of these narrower choices as well, which come in any order. They are gone
    /// over side by side, and the first one that is through says the rows: so they cost what the
    /// least of them does, the walk up to the end of the page included.
    pub(super) fn narrowed<'v, E: Entity + 'v, R>(
        &self,
        walked: Walk<'v, E>,
        narrower: Vec<Vec<Span>>,
        place: impl Fn(&E) -> Option<Spot>,
        row: impl Fn((Spot, Arc<E>)) -> RowAt<R>,
    ) -> Result<Vec<(Spot, R)>, ViewError> {
        let view = walked.view;
        let scan = |span| view.within::<E>(span).wanting(NARROWED);
        let scans = narrower.into_iter().map(|spans| spans.into_iter().flat_map(scan));
        let mut choices: Vec<_> = scans.map(|scan| (scan, Vec::new())).collect();
        let (mut walked, mut shown) = (walked, Vec::new());
        while shown.len() <= self.limit {
            for (scan, found) in &mut choices {
                match scan.next() {
                    Some(one) => found.push(one?),
                    None => {
                        let found = std::mem::take(found).into_iter();
                        let placed = found.filter_map(|one| Some((place(&one)?, one)));
                        return self.first_of(placed.map(row));
                    }
                }
            }
            let Some(found) = walked.next() else { break };
            shown.extend(row(found?)?);
        }
        Ok(shown)
    }

    /// Everything under a key from the place on, in order.
    pub(super) fn scan<'v>(
        &self,
        view: &'v dyn View,
        index: Index,
        prefix: Key,
    ) -> impl Iterator<Item = Result<(Spot, Any), ViewError>> + use<'v> {
        pages(view, self.rest_of(index, prefix, Key::clone), self.limit + 1)
    }

    /// What is under a key from the place on, which says its key there.
    fn rest_of(&self, index: Index, prefix: Key, key: impl FnOnce(&Key) -> Key) -> Span {
        let span = Span { backwards: self.descending, ..Span::under(index, prefix) };
        match &self.after {
            Some((place, id)) => span.after(key(place), *id),
            None => span,
        }
    }

    /// Whatever is under any of these keys from the place on, as one list: the place of a row is
    /// what follows its key.
    pub(super) fn merged<'v>(
        &self,
        view: &'v dyn View,
        index: Index,
        prefixes: [Key; 2],
    ) -> impl Iterator<Item = RowAt<Any>> + use<'v> {
        let lists = prefixes.map(|prefix| -> Rows<'v, Any> {
            let span = self.rest_of(index, prefix.clone(), |place| prefix.clone().then(place));
            Box::new(pages(view, span, self.limit + 1).map(move |found| {
                let ((key, id), any) = found?;
                Ok(Some(((key.following(&prefix).unwrap_or_default(), id), any)))
            }))
        });
        self.together(lists.into())
    }

    /// Several lists as one, each of which comes in order from the place on.
    pub(super) fn together<'r, R: 'r>(
        &self,
        lists: Vec<Rows<'r, R>>,
    ) -> impl Iterator<Item = RowAt<R>> + use<'r, R> {
        let descending = self.descending;
        let shown = |list: Rows<'r, R>| list.filter_map(Result::transpose).peekable();
        let mut lists: Vec<_> = lists.into_iter().map(shown).collect();
        std::iter::from_fn(move || {
            let mut first: Option<(usize, Spot)> = None;
            for (nth, list) in lists.iter_mut().enumerate() {
                match list.peek() {
                    Some(Ok((place, _)))
                        if first.as_ref().is_none_or(|(_, least)| (place < least) != descending) =>
                    {
                        first = Some((nth, place.clone()));
                    }
                    Some(Err(_)) => return list.next().map(|row| row.map(Some)),
                    Some(Ok(_)) | None => {}
                }
            }
            lists.get_mut(first?.0)?.next().map(|row| row.map(Some))
        })
    }

    /// The entities of these strands from the place on, in order.
    pub(super) fn walk<'v, E: Entity>(&self, view: &'v dyn View, mut strands: Vec<Strand>) -> Walk<'v, E> {
        strands.retain_mut(|strand| {
            strand.span.backwards = self.descending;
            let Some((key, id)) = &self.after else { return true };
            match key.clone().following(&strand.lead) {
                Some(rest) => {
                    strand.span = strand.span.after(strand.prefix.clone().then(&rest), *id);
                    true
                }
                // All of it comes before the place, or all of it after.
                None => (strand.lead > *key) != self.descending,
            }
        });
        // One strand alone fills the page; of several nobody knows how much each has to give.
        let wanted = if strands.len() == 1 { self.limit + 1 } else { 4.max(self.limit / 16) };
        Walk { descending: self.descending, ..walk(view, strands, wanted) }
    }
}

/// The rows of a page, as they are visited. Backwards all is gone over up to where one came from,
/// and the last of it is kept.
pub(super) struct Collecting<'t, R> {
    turn: &'t Turn,
    rows: VecDeque<(Spot, R)>,
}

impl<R> Collecting<'_, R> {
    /// The place to begin after.
    pub(super) const fn from(&self) -> Option<&Spot> {
        if self.turn.descending { None } else { self.turn.after() }
    }

    /// Adds a row, and says whether to go on.
    pub(super) fn add(&mut self, place: Spot, row: R) -> bool {
        let Turn { descending, limit, after, .. } = self.turn;
        if *descending && after.as_ref().is_some_and(|after| place >= *after) {
            return false;
        }
        self.rows.push_back((place, row));
        if *descending && self.rows.len() > limit + 1 {
            self.rows.pop_front();
        }
        *descending || self.rows.len() <= *limit
    }

    /// The page.
    pub(super) fn page(mut self) -> Ruling<Page<R>> {
        if self.turn.descending {
            self.rows.make_contiguous().reverse();
        }
        self.turn.page(self.rows.into_iter().map(|row| Ok(Some(row))))
    }
}

/// Everything in a span, read so many at a time.
pub(super) fn pages(
    view: &dyn View,
    span: Span,
    wanted: usize,
) -> impl Iterator<Item = Result<(Spot, Any), ViewError>> + '_ {
    let mut rest = Some(span);
    let pages = std::iter::from_fn(move || {
        let span = rest.take()?;
        let found = view.scan(&span, wanted);
        if let Ok(found) = &found
            && found.len() == wanted
        {
            rest = found.last().map(|last| span.after(last.key.clone(), last.id));
        }
        Some(found)
    });
    pages.flat_map(|page| match page {
        Ok(page) => page.into_iter().map(|it| Ok(((it.key, it.id), it.entity))).collect(),
        Err(error) => vec![Err(error)],
    })
}

/// A stretch of an index, in the order of the list: the place of a row is `lead`, then what follows
/// `prefix` in its key.
pub(super) struct Strand {
    pub(super) span: Span,
    pub(super) prefix: Key,
    pub(super) lead: Key,
}

impl Strand {
    /// Everything under a prefix, in the order of what follows it.
    pub(super) fn under(index: Index, prefix: Key) -> Self {
        Self { span: Span::under(index, prefix.clone()), prefix, lead: Key::new() }
    }
}

/// The place of an entity in a list that goes by an index: `lead`, then what follows its strand's
/// prefix in its key there; none, where that index does not have it.
pub(super) fn placed<E: Entity>(one: &E, index: Index, prefix: &Key, lead: &Key) -> Option<Spot> {
    let (_, key) = one.keys().into_iter().find(|(of, _)| *of == index)?;
    Some((lead.clone().then(&key.following(prefix)?), one.id()))
}

/// How many rows of a narrower choice are read at a time.
const NARROWED: usize = 8;

/// Several strands as one list.
pub(super) struct Walk<'v, E> {
    view: &'v dyn View,
    open: Vec<OpenStrand<'v, E>>,
    descending: bool,
}

/// The entities of these strands, in order; so many of each are wanted in any case.
pub(super) fn walk<E: Entity>(view: &dyn View, strands: Vec<Strand>, wanted: usize) -> Walk<'_, E> {
    let open = |Strand { span, prefix, lead }| OpenStrand {
        scan: view.within(span).wanting(wanted),
        prefix,
        lead,
        next: None,
        is_over: false,
    };
    Walk { view, open: strands.into_iter().map(open).collect(), descending: false }
}

struct OpenStrand<'v, E> {
    scan: Scan<'v, E>,
    prefix: Key,
    lead: Key,
    next: Option<(Spot, Arc<E>)>,
    is_over: bool,
}

impl<E: Entity> OpenStrand<'_, E> {
    fn look(&mut self) -> Result<(), ViewError> {
        if self.next.is_none() && !self.is_over {
            let found = self.scan.next_found().transpose()?;
            self.is_over = found.is_none();
            self.next = found.map(|(key, id, entity)| {
                let rest = key.following(&self.prefix).unwrap_or_default();
                let place = if self.lead == Key::new() { rest } else { self.lead.clone().then(&rest) };
                ((place, id), entity)
            });
        }
        Ok(())
    }

    fn place(&self) -> Option<&Spot> {
        self.next.as_ref().map(|(place, _)| place)
    }
}

impl<E: Entity> Iterator for Walk<'_, E> {
    type Item = Result<(Spot, Arc<E>), ViewError>;

    fn next(&mut self) -> Option<Self::Item> {
        for open in &mut self.open {
            if let Err(error) = open.look() {
                return Some(Err(error));
            }
        }
        let waiting = self.open.iter_mut().filter(|open| open.next.is_some());
        let first = if self.descending {
            waiting.max_by(|one, other| one.place().cmp(&other.place()))
        } else {
            waiting.min_by(|one, other| one.place().cmp(&other.place()))
        };
        first?.next.take().map(Ok)
    }
}

fn foreign() -> Stop {
    Refusal::new(Code::ForeignCursor, "").into()
}

/// What the cursors of a store are sealed with: nobody else reads one or makes one.
#[derive(Clone, Copy, Debug)]
pub struct Seal(Hash);

impl Seal {
    /// The seal that a secret of the store makes.
    pub fn of(secret: &str) -> Self {
        Self(Hash::of(secret))
    }

    fn hash(&self, text: &str) -> [u8; 32] {
        *self.0.chain(text).bytes()
    }
}

/// How many bytes of a cursor are its mark, by which list and place are known to belong together.
const MARK: usize = 8;

/// How many bytes of a cursor are an id.
const ID: usize = 16;

/// How many bytes of a cursor say whether a row stands where it stood: so few that even a store
/// does not tell an address by them.
const CHECK: usize = 3;

/// A list with its owner, filter, order and direction, for cursors.
struct List {
    seal: Seal,
    name: String,
}

impl List {
    /// A place as a cursor.
    fn cursor(&self, (key, id): &Spot) -> String {
        self.sealed([id.as_bytes(), key.as_bytes()].concat())
    }

    /// A row as a cursor: its id, then what is too little to tell the key by and enough to notice
    /// that it has changed.
    fn personal_cursor(&self, (key, id): &Spot) -> String {
        let check = self.seal.hash(&format!("check {} {id} {}", self.name, key.hex()));
        self.sealed(id.as_bytes().iter().chain(check.iter().take(CHECK)).copied().collect())
    }

    /// A mark that is made of the list and the place, then the place under a mask that is made of
    /// the mark.
    fn sealed(&self, place: Vec<u8>) -> String {
        let mark = self.mark(&place);
        Key::from_bytes([mark.clone(), self.masked(&mark, place)].concat()).hex()
    }

    /// The place that a cursor stands for; nothing, where it is none of this list's.
    fn place(&self, text: &str) -> Option<Spot> {
        let bytes = Key::from_hex(text).filter(|key| key.hex() == text)?;
        let (mark, place) = bytes.as_bytes().split_at_checked(MARK)?;
        let place = self.masked(mark, place.to_vec());
        if self.mark(&place) != mark {
            return None;
        }
        let (id, key) = place.split_at_checked(ID)?;
        Some((Key::from_bytes(key.to_vec()), Uuid::from_slice(id).ok()?))
    }

    fn mark(&self, place: &[u8]) -> Vec<u8> {
        let place = Key::from_bytes(place.to_vec()).hex();
        self.seal.hash(&format!("mark {} {place}", self.name)).into_iter().take(MARK).collect()
    }

    fn masked(&self, mark: &[u8], place: Vec<u8>) -> Vec<u8> {
        let mark = Key::from_bytes(mark.to_vec()).hex();
        let mask = (0_u64..).flat_map(|block| self.seal.hash(&format!("mask {mark} {block}")));
        place.into_iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
    }
}

/// The most characters of a text that a list is searched for.
pub const MAX_TEXT: usize = 200;

/// A text to look for, if it is not too long.
///
/// # Errors
/// `text_too_long`.
pub(super) fn bounded(text: Option<&str>) -> Ruling<Option<&str>> {
    match text {
        Some(text) if text.chars().nth(MAX_TEXT).is_some() => {
            Err(Refusal::new(Code::TextTooLong, text.len()).into())
        }
        text => Ok(text),
    }
}

/// A text to look for, made ready once for all rows: how words have to begin. Without a word, every
/// row is found.
pub(super) struct Wanted(BTreeSet<String>);

impl Wanted {
    /// The text that is asked for.
    ///
    /// # Errors
    /// `text_too_long`.
    pub(super) fn of(text: Option<&str>) -> Ruling<Self> {
        Ok(Self(bounded(text)?.into_iter().flat_map(words).collect()))
    }

    /// Whether each of its words begins a word of these texts, as people look for it.
    pub(super) fn is_in(&self, texts: &[&str]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let there: BTreeSet<String> = texts.iter().flat_map(|text| words(text)).collect();
        self.0
            .iter()
            .all(|wanted| there.range(wanted.clone()..).next().is_some_and(|it| it.starts_with(wanted)))
    }

    /// What an index of words, by each of these prefixes, has for each of its words.
    pub(super) fn narrower(&self, index: Index, prefixes: &[Key]) -> Vec<Vec<Span>> {
        let spans = |word: &String| {
            prefixes.iter().map(|prefix| Span::under(index, prefix.clone().beginning(word))).collect()
        };
        self.0.iter().map(spans).collect()
    }
}

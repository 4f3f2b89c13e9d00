//! Somebody who walks through the pages: they know what is written on a button, beside a field, in a row; and nothing of
//! what the page is made of.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tenantry::engine::{Clock, SystemClock};

use crate::Trouble;

/// How long one waits for something to show.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody in front of a browser.
#[derive(Clone)]
pub(crate) struct Walker {
    pub(crate) window: Client,
    pub(crate) site: String,
    /// Where pictures are kept, and what they begin with.
    pub(crate) album: PathBuf,
    pub(crate) walk: &'static str,
}

/// A text in an expression of XPath.
fn quoted(text: &str) -> String {
    let parts: Vec<String> = text.split('"').map(|part| format!("\"{part}\"")).collect();
    if parts.len() == 1 { parts.concat() } else { format!("concat({})", parts.join(", '\"', ")) }
}

/// Chooses one of several in a field.
async fn option(field: &Element, one: &str) -> Result<(), Trouble> {
    let path = format!(".//option[normalize-space(.)={}]", quoted(one));
    Ok(field.select_by(Locator::XPath(&path)).await?)
}

/// Looks again and again until there is what is looked for; nothing, if that takes too long.
async fn until<T>(mut look: impl AsyncFnMut() -> Result<Option<T>, Trouble>) -> Result<Option<T>, Trouble> {
    let since = Instant::now();
    loop {
        let seen = look().await?;
        if seen.is_some() || since.elapsed() > PATIENCE {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Looks until what was found is not lost again: a page that is being turned takes along what was found on it.
async fn patiently<T>(mut look: impl AsyncFnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let seen = until(async || match look().await {
        Err(trouble) if trouble.to_string().contains("stale element") => Ok(None),
        seen => seen.map(Some),
    });
    match seen.await? {
        Some(seen) => Ok(seen),
        None => look().await,
    }
}

impl Walker {
    /// Comes in as somebody, whoever was there before.
    pub(crate) async fn enters_as(&self, name: &str) -> Result<(), Trouble> {
        self.window.goto(&format!("{}/", self.site)).await?;
        self.presses(&format!("Enter as {name}")).await?;
        self.sees(&format!("{name} ·")).await
    }

    async fn finds(&self, what: &str, path: String) -> Result<Element, Trouble> {
        let seen = until(async || {
            // A page that is being turned loses what was found on it.
            for found in self.window.find_all(Locator::XPath(&path)).await.unwrap_or_default() {
                if found.is_displayed().await.unwrap_or_default() {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        });
        match seen.await? {
            Some(found) => Ok(found),
            None => Err(format!("{what} is not to be seen on:\n{}", self.reads().await?).into()),
        }
    }

    /// What a script says of the page.
    pub(crate) async fn says(&self, script: &str) -> Result<Value, Trouble> {
        Ok(self.window.execute(script, Vec::new()).await?)
    }

    /// The visit, as the browser sends it.
    pub(crate) async fn cookie(&self) -> Result<String, Trouble> {
        Ok(format!("visit={}", self.window.get_named_cookie("visit").await?.value()))
    }

    /// Presses what says this: a button, a link, or what unfolds.
    pub(crate) async fn presses(&self, label: &str) -> Result<(), Trouble> {
        self.presses_in("//body", label).await
    }

    /// Presses it in the row that begins with this.
    pub(crate) async fn presses_in_row(&self, row: &str, label: &str) -> Result<(), Trouble> {
        self.presses_in(&format!("//tr[th[normalize-space(.)={}]]", quoted(row)), label).await
    }

    /// Presses it below this heading.
    pub(crate) async fn presses_below(&self, heading: &str, label: &str) -> Result<(), Trouble> {
        let part = "(self::section or self::article or self::aside)";
        let heading = quoted(heading);
        self.presses_in(&format!("//*[{part} and (h2|h3)[contains(normalize-space(.), {heading})]]"), label)
            .await
    }

    async fn presses_in(&self, within: &str, label: &str) -> Result<(), Trouble> {
        let said = quoted(label);
        let ways = ["button", "a", "summary", "label[contains(@class, 'tick')]"];
        let ways = ways.map(|way| format!("{within}//{way}[normalize-space(.)={said}]"));
        let (what, path) = (format!("“{label}”"), ways.join(" | "));
        patiently(async || Ok(self.finds(&what, path.clone()).await?.click().await?)).await
    }

    /// Fills in the field beside which this stands.
    pub(crate) async fn types(&self, label: &str, text: &str) -> Result<(), Trouble> {
        patiently(async || {
            let field = self.field(label).await?;
            field.clear().await?;
            Ok(field.send_keys(text).await?)
        })
        .await
    }

    /// The field beside which this stands.
    pub(crate) async fn field(&self, label: &str) -> Result<Element, Trouble> {
        let beside = format!("//label[span[normalize-space(.)={}]]", quoted(label));
        let path = ["input", "textarea", "select"].map(|field| format!("{beside}//{field}")).join(" | ");
        self.finds(&format!("the field “{label}”"), path).await
    }

    /// Chooses one of several.
    pub(crate) async fn chooses(&self, label: &str, one: &str) -> Result<(), Trouble> {
        patiently(async || option(&self.field(label).await?, one).await).await
    }

    /// Chooses one of several in the row that begins with this.
    pub(crate) async fn chooses_in_row(&self, row: &str, one: &str) -> Result<(), Trouble> {
        let path = format!("//tr[th[normalize-space(.)={}]]//select", quoted(row));
        let field = self.finds(&format!("the choice in the row of “{row}”"), path).await?;
        option(&field, one).await?;
        Ok(())
    }

    /// Goes to a place by the box at the side.
    pub(crate) async fn goes_to(&self, place: &str) -> Result<(), Trouble> {
        let path = "//summary[starts-with(normalize-space(.), 'Where you are')]".to_owned();
        self.finds("the box of places", path).await?.click().await?;
        self.presses_in("//details[summary[starts-with(normalize-space(.), 'Where you are')]]", place)
            .await?;
        self.sees(&format!("Where you are: {place}")).await
    }

    /// Asks a customer on the list to part.
    pub(crate) async fn asks_to_delink(&self, customer: &str) -> Result<(), Trouble> {
        self.presses(customer).await?;
        self.presses("Manage account").await?;
        self.presses("Delink").await?;
        self.sees("What would follow").await?;
        self.presses("Confirm").await?;
        self.sees("The customer was asked to part.").await
    }

    /// Presses a key.
    pub(crate) async fn key(&self, key: Key) -> Result<(), Trouble> {
        self.keys(&char::from(key).to_string()).await
    }

    /// Types wherever the keyboard goes.
    pub(crate) async fn keys(&self, text: &str) -> Result<(), Trouble> {
        self.window.active_element().await?.send_keys(text).await?;
        Ok(())
    }

    /// Goes on with the tabulator until what says this, or stands beside this, is where the keyboard goes.
    pub(crate) async fn tabs_to(&self, what: &str) -> Result<(), Trouble> {
        for _ in 0..200 {
            self.key(Key::Tab).await?;
            let script = "const it = document.activeElement; const label = it.closest('label'); \
                          return ((label ? label.querySelector('span').innerText : it.innerText) || '').trim();";
            if self.says(script).await? == what {
                return Ok(());
            }
        }
        Err(format!("the keyboard never comes to “{what}”").into())
    }

    /// All that is to be read.
    pub(crate) async fn reads(&self) -> Result<String, Trouble> {
        Ok(self.window.find(Locator::Css("body")).await?.text().await?)
    }

    /// Waits until this is to be read.
    pub(crate) async fn sees(&self, text: &str) -> Result<(), Trouble> {
        let mut read = String::new();
        let seen = until(async || {
            // A page that is being turned has no text yet.
            read = self.reads().await.unwrap_or_default();
            Ok((read.contains(text) && self.is_whole().await).then_some(()))
        });
        match seen.await? {
            Some(()) => Ok(()),
            None => Err(format!("“{text}” is not to be seen on:\n{read}").into()),
        }
    }

    /// Makes sure that a page which is there does not say this.
    pub(crate) async fn does_not_see(&self, text: &str) -> Result<(), Trouble> {
        match self.reads().await?.contains(text) {
            true => Err(format!("“{text}” is to be seen on:\n{}", self.reads().await?).into()),
            false => Ok(()),
        }
    }

    /// Whether all of the page has come.
    async fn is_whole(&self) -> bool {
        self.says("return document.readyState").await.is_ok_and(|state| state == "complete")
    }

    /// Looks a page up again and again until it says this.
    pub(crate) async fn looks_until(&self, page: &str, text: &str) -> Result<(), Trouble> {
        let mut read = String::new();
        let seen = until(async || {
            self.window.goto(&format!("{}{page}", self.site)).await?;
            read = self.reads().await?;
            Ok(read.contains(text).then_some(()))
        });
        match seen.await? {
            Some(()) => Ok(()),
            None => Err(format!("{page} never says “{text}”:\n{read}").into()),
        }
    }

    /// The rows of the first list: what each begins with.
    pub(crate) async fn rows(&self) -> Result<Vec<String>, Trouble> {
        patiently(async || {
            let mut rows = Vec::new();
            for row in self.window.find_all(Locator::XPath("//main//table//tbody/tr/th")).await? {
                rows.push(row.text().await?);
            }
            Ok(rows)
        })
        .await
    }

    /// Waits until the rows of the first list are these.
    pub(crate) async fn sees_rows(&self, wanted: &[&str]) -> Result<(), Trouble> {
        let mut rows = Vec::new();
        let seen = until(async || {
            // Before that it may be the rows of the page that is being turned.
            rows = self.rows().await?;
            Ok((rows == wanted).then_some(()))
        });
        match seen.await? {
            Some(()) => Ok(()),
            None => Err(format!("the rows are {rows:?}, and not {wanted:?}").into()),
        }
    }

    /// What a row says, cell by cell.
    pub(crate) async fn row(&self, begins: &str) -> Result<Vec<String>, Trouble> {
        let path = format!("//tr[th[normalize-space(.)={}]]", quoted(begins));
        let what = format!("the row of “{begins}”");
        patiently(async || {
            let row = self.finds(&what, path.clone()).await?;
            let mut cells = Vec::new();
            for cell in row.find_all(Locator::XPath("./th | ./td")).await? {
                cells.push(cell.text().await?);
            }
            Ok(cells)
        })
        .await
    }

    /// All that the row says in which this stands by itself.
    pub(crate) async fn page_row(&self, says: &str) -> Result<String, Trouble> {
        let path = format!("//main//tr[.//*[normalize-space(.)={}]]", quoted(says));
        let what = format!("a row with “{says}”");
        patiently(async || Ok(self.finds(&what, path.clone()).await?.text().await?)).await
    }

    /// What stands under a heading.
    pub(crate) async fn part(&self, heading: &str) -> Result<String, Trouble> {
        let path = format!("//article[h2[normalize-space(.)={}]]", quoted(heading));
        let what = format!("what is under “{heading}”");
        patiently(async || Ok(self.finds(&what, path.clone()).await?.text().await?)).await
    }

    /// Fills in the field beside which this stands, under a heading.
    pub(crate) async fn types_below(&self, heading: &str, label: &str, text: &str) -> Result<(), Trouble> {
        let (heading, label) = (quoted(heading), quoted(label));
        let path = format!(
            "//article[h2[normalize-space(.)={heading}]]//label[span[normalize-space(.)={label}]]//input"
        );
        let field = self.finds(&format!("the field {label} under {heading}"), path).await?;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// A moment in the past of the story, as a field for moments has it.
    pub(crate) fn a_week_ago(&self) -> String {
        SystemClock.now().minus_days(7).to_string().chars().take(16).collect()
    }

    /// Keeps a picture of the whole page.
    pub(crate) async fn shoots(&self, name: &str) -> Result<(), Trouble> {
        std::fs::create_dir_all(&self.album)?;
        let picture = self.window.screenshot().await?;
        std::fs::write(self.album.join(format!("{}-{name}.png", self.walk)), picture)?;
        Ok(())
    }
}

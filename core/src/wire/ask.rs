//! Questions: every reading of the engine, now or as of a moment that has passed. Each names its
//! actor, or is for the host itself, to whom no rule applies.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::fault::Fault;
use super::parse::{Parsed, Typed};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{IssueCategory, Number, Permission, Service};
use crate::base::time::Timestamp;
use crate::engine::{Engine, Error, Mail, Moment, Token};
use crate::journal::Record;
use crate::model::{Actor, Personal, Subject};
use crate::policy::Policy;
use crate::query::{
    AuditFilter, AuditRow, CustomerDetails, CustomerQuery, CustomerRow, IntegrationRow, Page, Paging, Pin,
    Question, ResellerCustomerRow, ResellerQuery, TenantSummary, UserQuery, UserRow, Verdict,
};
use crate::refusal::{Code, Refusal};
use crate::view::{Any, Index, Key, Kind, Span};

/// A moment that has passed: a record's number, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// After this record.
    Seq(u64),
    /// At this instant.
    Time(Timestamp),
}

impl Serialize for AsOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seq(seq) => seq.serialize(serializer),
            Self::Time(at) => at.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = AsOf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record's number, or an instant such as 2026-01-31T09:30:00Z")
            }

            fn visit_u64<E>(self, seq: u64) -> Result<AsOf, E> {
                Ok(AsOf::Seq(seq))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AsOf, E> {
                Timestamp::parse(text).map(AsOf::Time).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanation {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: &'static str,
    /// The reason's number, where it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// What stands in the way, where it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it, where it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
}

impl Explanation {
    /// A verdict on a question, in words.
    pub fn new(question: &Question, verdict: Verdict) -> Self {
        let reason = verdict.reason.map(|code| {
            let about = if code == Code::UnknownUser || code == Code::UserNotActive {
                question.user.to_string()
            } else {
                question.tenant.to_string()
            };
            Refusal::new(code, about)
        });
        Self {
            rule: verdict.rule(),
            number: reason.as_ref().map(|refusal| refusal.code.number()),
            message: reason.as_ref().map(Refusal::message),
            remedy: reason.as_ref().map(|refusal| refusal.code.remedy()),
            verdict,
        }
    }
}

/// A reseller's customers as CSV (V-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Csv {
    /// How many rows there are, without the line of the columns.
    pub rows: u64,
    /// The text.
    pub csv: String,
}

/// Some rows of a tenant's audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// The record to go on after, if there may be more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Whether the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "journal", rename_all = "snake_case")]
pub enum Verification {
    /// It does, up to here.
    Holds {
        /// The revision that holds.
        token: Token,
    },
    /// It does not.
    Flawed {
        /// The first record that does not hold.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// A part of an index key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// An id.
    Id(Uuid),
    /// A yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// A moment.
    Time(Timestamp),
}

/// Declares the queries: each a struct, a variant of [`Query`] and of [`Answer`], a name, and how
/// it is answered.
macro_rules! queries {
    ($(
        $(#[$doc:meta])*
        $name:ident => $text:literal -> $answer:ty = |$this:pat_param, $engine:pat_param| $read:expr;
        { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? }
        $(+ { $($(#[$odoc:meta])* $option:ident : $otype:ty),* $(,)? })?
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = $text))]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$fdoc])* pub $field: $type,)*
                $($(
                    $(#[$odoc])*
                    #[serde(default, skip_serializing_if = "is_default")]
                    pub $option: $otype,
                )*)?
            }

            impl From<$name> for Query {
                fn from(query: $name) -> Self { Self::$name(query) }
            }
        )+

        /// Any question.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = "query")]
        pub enum Query {
            $(
                $(#[$doc])*
                #[serde(rename = $text)]
                $name($name)
            ),+
        }

        /// Any question's answer, beside the question's name.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = "query", content = "answer")]
        pub enum Answer {
            $(
                #[doc = concat!("The answer to `", $text, "`.")]
                #[serde(rename = $text)]
                $name($answer)
            ),+
        }

        impl Query {
            /// The names of all queries, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The query's stable name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $text),+ }
            }

            /// Reads the query of that name from its other fields, so that an error can say which
            /// of them it is about.
            ///
            /// # Errors
            /// When there is no query of that name, or the fields are not its own.
            pub fn read<'de, D: Deserializer<'de>>(name: &str, fields: D) -> Result<Self, D::Error> {
                match name {
                    $($text => $name::deserialize(fields).map(Self::$name),)+
                    other => Err(D::Error::unknown_variant(other, Self::NAMES)),
                }
            }

            /// Answers it.
            ///
            /// # Errors
            /// The refusals of the query; a broken store.
            pub fn ask(&self, engine: &Engine) -> Result<Answered, Fault> {
                let (seq, answer) = match self {
                    $(Self::$name(query) => {
                        let ($this, $engine) = (query, engine);
                        let (seq, answer) = $read?;
                        (seq, Answer::$name(answer))
                    })+
                };
                Ok(Answered { seq, answer })
            }
        }
    };
}

/// The answer to a question, and the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Answered {
    /// The revision it was read at, where it is about the world at a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The question's name, and its answer.
    #[serde(flatten)]
    pub answer: Answer,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

type Read<T> = Result<(Option<u64>, T), Error>;

/// Asks the world now, or as of then.
fn at<T>(engine: &Engine, then: Option<AsOf>, ask: impl FnOnce(&Moment<'_>) -> Result<T, Error>) -> Read<T> {
    let snapshot = engine.read()?;
    let answer = |moment: &Moment<'_>| Ok((Some(moment.seq()), ask(moment)?));
    match then {
        None => answer(&snapshot.now()?),
        Some(AsOf::Seq(seq)) => answer(&snapshot.as_of(seq)?.moment()?),
        Some(AsOf::Time(time)) => answer(&snapshot.as_of_time(time)?.moment()?),
    }
}

/// Asks the store, whose answers say themselves how far they reach.
fn now<T>(answer: Result<T, Error>) -> Read<T> {
    Ok((None, answer?))
}

/// The most rows that one answer has, and how many it has where nothing is said.
fn rows(limit: Option<usize>) -> Result<usize, Error> {
    match limit.unwrap_or(Paging::default().limit) {
        wanted @ 1..=crate::answer::MAX_ROWS => Ok(wanted),
        wanted => Err(Refusal::new(Code::InvalidLimit, wanted).into()),
    }
}

queries! {
    /// Whether a user may do something, and why (P).
    Check => "check" -> Verdict = |it, engine| at(engine, it.as_of, |moment| moment.check(&it.question()));
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// Several checks of one and the same world (P).
    CheckMany => "check_many" -> Vec<Verdict> = |it, engine| at(engine, it.as_of, |moment| {
        it.questions.iter().map(|question| moment.check(question)).collect()
    });
    {
        /// The questions.
        questions: Vec<Question>,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// A check in words (P-12).
    Explain => "explain" -> Explanation = |it, engine| at(engine, it.as_of, |moment| {
        let question = it.question();
        Ok(Explanation::new(&question, moment.check(&question)?))
    });
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// The tenants that a user can do this on, in the order of their ids (P-12).
    TenantsWhere => "tenants_where" -> Vec<TenantId> = |it, engine| at(engine, it.as_of, |moment| {
        moment.tenants_where(it.user, &it.permission, it.service.as_ref())
    });
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    UsersWhoCan => "users_who_can" -> Vec<UserId> = |it, engine| at(engine, it.as_of, |moment| {
        moment.users_who_can(&it.permission, it.tenant, it.service.as_ref())
    });
    {
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// What a number stands for, for somebody who may link (T-8).
    LookUp => "look_up" -> TenantSummary = |it, engine| at(engine, it.as_of, |moment| {
        moment.look_up(&it.actor, &it.number)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The number.
        number: Number,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// The pins on a user's map (T-4).
    Pins => "pins" -> Vec<Pin> = |it, engine| at(engine, it.as_of, |moment| moment.pins(&it.actor));
    {
        /// Who asks.
        actor: Actor,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// A manager's customers.
    Customers => "customers" -> Page<CustomerRow> = |it, engine| at(engine, it.as_of, |moment| {
        moment.customers(&it.actor, it.manager, &it.filter, &it.paging)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The manager.
        manager: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: CustomerQuery,
        /// Which page.
        paging: Paging,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// One customer in detail.
    Customer => "customer" -> CustomerDetails = |it, engine| at(engine, it.as_of, |moment| {
        moment.customer(&it.actor, it.manager, it.customer)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The manager.
        manager: TenantId,
        /// The customer.
        customer: TenantId,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// A tenant's own users.
    Users => "users" -> Page<UserRow> = |it, engine| at(engine, it.as_of, |moment| {
        moment.users(&it.actor, it.tenant, &it.filter, &it.paging)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which users, and in which order.
        filter: UserQuery,
        /// Which page.
        paging: Paging,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// A tenant's integrations, its own and those attached (I-1).
    Integrations => "integrations" -> Page<IntegrationRow> = |it, engine| at(engine, it.as_of, |moment| {
        moment.integrations(&it.actor, it.tenant, &it.paging)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which page.
        paging: Paging,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// A reseller's customers (V-4, V-5).
    ResellerCustomers => "reseller_customers" -> Page<ResellerCustomerRow> = |it, engine| at(engine, it.as_of, |moment| {
        moment.reseller_customers(&it.actor, it.reseller, &it.filter, &it.paging)
    });
    {
        /// Who asks.
        actor: Actor,
        /// The reseller.
        reseller: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: ResellerQuery,
        /// Which page.
        paging: Paging,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// All of a reseller's customers as CSV, in one text (V-6).
    ResellerCsv => "reseller_csv" -> Csv = |it, engine| at(engine, it.as_of, |moment| {
        let mut out = Vec::new();
        let rows = moment.reseller_csv(&it.actor, it.reseller, &it.filter, &mut out)?;
        let csv = String::from_utf8(out).expect("cells of text make CSV of text");
        Ok(Csv { rows, csv })
    });
    {
        /// Who asks.
        actor: Actor,
        /// The reseller.
        reseller: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: ResellerQuery,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// Who gets a tenant's service mail, for the host itself.
    ServiceMail => "service_mail" -> BTreeSet<UserId> = |it, engine| at(engine, it.as_of, |moment| {
        moment.service_mail(it.tenant)
    });
    {
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// Who gets a tenant's alerts about a category of issues, for the host itself.
    AlertRecipients => "alert_recipients" -> BTreeSet<UserId> = |it, engine| at(engine, it.as_of, |moment| {
        moment.alert_recipients(it.tenant, &it.category)
    });
    {
        /// The tenant.
        tenant: TenantId,
        /// The category.
        category: IssueCategory,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// The policy in force (P-13).
    PolicyInForce => "policy" -> Policy = |it, engine| at(engine, it.as_of, |moment| Ok(moment.policy().clone()));
    {}
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// An entity by its kind and id, for the host itself.
    EntityById => "entity" -> Option<Any> = |it, engine| at(engine, it.as_of, |moment| {
        Ok(moment.world().view.load(it.kind, it.id)?)
    });
    {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: Uuid,
    }
    + {
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// Entities by the beginning of an index key, in the order of key and id, for the host itself.
    EntitiesUnder => "entities" -> Page<Any> = |it, engine| at(engine, it.as_of, |moment| it.page(moment));
    {
        /// The index.
        index: Index,
        /// The parts that the key begins with; everything the index holds, if there are none.
        key: Vec<KeyPart>,
    }
    + {
        /// Where the page before ended.
        cursor: Option<String>,
        /// How many, 1 to 1000; 100, if left out.
        limit: Option<usize>,
        /// When; now, if left out.
        as_of: Option<AsOf>,
    }

    /// What is known today about a person or about where a tenant is, for the host itself; it has
    /// no past (U-5).
    PersonalOf => "personal" -> Option<Personal> = |it, engine| at(engine, None, |moment| moment.personal(it.subject));
    {
        /// Whose.
        subject: Subject,
    }

    /// Records about a tenant, as the actor may see them.
    Audit => "audit" -> AuditPage = |it, engine| now((|| {
        let limit = rows(it.limit)?;
        let (rows, next) = engine.read()?.audit(&it.actor, it.tenant, &it.filter, it.after, limit)?;
        Ok(AuditPage { rows, next })
    })());
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which records.
        filter: AuditFilter,
        /// Only those after this record.
        after: u64,
        /// How many rows, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Notices that a consumer has not acknowledged, for the host itself.
    Notices => "notices" -> Mail = |it, engine| now(rows(it.limit).and_then(|limit| engine.notices(&it.consumer, limit)));
    {
        /// The consumer, by a name of the host's own.
        consumer: String,
    }
    + {
        /// About how many, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Records of the journal, for the host itself.
    RecordsAfter => "records_after" -> Vec<Record>
        = |it, engine| now(rows(it.limit).and_then(|limit| engine.records_after(it.seq, limit)));
    {
        /// Only those after this record.
        seq: u64,
    }
    + {
        /// How many, 1 to 1000; 100, if left out.
        limit: Option<usize>,
    }

    /// Texts read as a command would read them, one answer for each; the store is not asked.
    Parse => "parse" -> Vec<Parsed> = |it, _| now(Ok(it.texts.iter().map(Typed::parse).collect()));
    {
        /// The texts.
        texts: Vec<Typed>,
    }

    /// The revision the store is at.
    TokenNow => "token" -> Token = |_, engine| now(engine.token());
    {}

    /// Makes sure that a token is of this store's history and the store has come at least that far.
    Confirm => "confirm" -> () = |it, engine| now(engine.confirm(&it.token));
    {
        /// The token.
        token: Token,
    }

    /// Replays the whole journal and compares the result with the present.
    Verify => "verify" -> Verification = |_, engine| now(engine.verify().map(|verified| match verified {
        Ok(token) => Verification::Holds { token },
        Err(flaw) => Verification::Flawed { seq: flaw.seq, why: flaw.why },
    }));
    {}
}

impl Check {
    fn question(&self) -> Question {
        let Self { user, permission, tenant, service, .. } = self.clone();
        Question { user, permission, tenant, service }
    }
}

impl Explain {
    fn question(&self) -> Question {
        let Self { user, permission, tenant, service, .. } = self.clone();
        Question { user, permission, tenant, service }
    }
}

impl EntitiesUnder {
    fn page(&self, moment: &Moment<'_>) -> Result<Page<Any>, Error> {
        let limit = rows(self.limit)?;
        let key = self.key.iter().fold(Key::new(), |key, part| match part {
            KeyPart::Id(id) => key.id(*id),
            KeyPart::Flag(flag) => key.flag(*flag),
            KeyPart::Text(text) => key.text(text),
            KeyPart::Time(at) => key.time(*at),
        });
        let mut span = Span::under(self.index, key.clone());
        if let Some(cursor) = &self.cursor {
            let (at, id) = place(cursor)
                .filter(|(at, _)| at.as_bytes().starts_with(key.as_bytes()))
                .ok_or_else(|| Refusal::new(Code::ForeignCursor, ""))?;
            span = span.after(at, id);
        }
        let found = moment.world().view.scan(&span, limit)?;
        let next = found
            .last()
            .filter(|_| found.len() == limit)
            .map(|last| format!("{}.{}", last.key.hex(), last.entity.id()));
        Ok(Page { rows: found.into_iter().map(|one| one.entity).collect(), next })
    }
}

/// The key and id that a cursor stands for.
fn place(cursor: &str) -> Option<(Key, Uuid)> {
    let (hex, id) = cursor.split_once('.')?;
    Some((Key::from_hex(hex)?, id.parse().ok()?))
}

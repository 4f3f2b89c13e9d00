//! The queue of those who write: requests that wait at the same time are executed one by one and
//! committed together. Executes nothing itself.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::lock::lock;
use super::receipt::Executed;
use crate::command::Request;
use crate::store::StoreError;

/// A request that waits for its turn, and where its answer goes.
struct Job {
    request: Request,
    answer: Arc<Mutex<Option<Executed>>>,
}

/// The requests that wait, and whether somebody is executing those that waited before.
#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    busy: bool,
}

/// Requests on their way into a commit.
#[derive(Default)]
pub(super) struct CommitQueue {
    waiting: Mutex<Waiting>,
    answered: Condvar,
}

impl CommitQueue {
    /// Has a request executed in its turn. Whoever finds nobody at it executes everything that
    /// waits by then, by `execute`; the others find their answers.
    pub(super) fn submit(
        &self,
        request: Request,
        execute: impl Fn(&[&Request]) -> Vec<Executed>,
    ) -> Executed {
        let answer = Arc::default();
        let mut waiting = lock(&self.waiting);
        waiting.jobs.push(Job { request, answer: Arc::clone(&answer) });
        loop {
            if let Some(answer) = lock(&answer).take() {
                return answer;
            }
            if waiting.busy {
                waiting = self.answered.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            waiting.busy = true;
            let lead = Lead { queue: self, jobs: std::mem::take(&mut waiting.jobs) };
            drop(waiting);
            let requests: Vec<&Request> = lead.jobs.iter().map(|job| &job.request).collect();
            for (job, answer) in lead.jobs.iter().zip(execute(&requests)) {
                *lock(&job.answer) = Some(answer);
            }
            drop(lead);
            waiting = lock(&self.waiting);
        }
    }
}

/// Whoever executes what waited. However that ends, everybody gets an answer and the next one gets
/// the turn.
struct Lead<'q> {
    queue: &'q CommitQueue,
    jobs: Vec<Job>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for job in &self.jobs {
            lock(&job.answer).get_or_insert_with(|| {
                Err(StoreError::OutcomeUnknown { why: "the thread that executed it has died".to_owned() }
                    .into())
            });
        }
        lock(&self.queue.waiting).busy = false;
        self.queue.answered.notify_all();
    }
}

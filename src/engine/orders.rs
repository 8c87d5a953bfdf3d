//! What an operator decides about pairs, carried out between two cycles (docs/sync.md, "Orders").
//!
//! The pair table holds every decision; what is written to Jira besides are marks, and those may be written again. So an
//! order that was cut short is simply given again: what it did is found done.

mod hindrance;
mod marks;
mod pair;
mod records;
mod recreate;
mod unpair;

use super::cx::{Cx, Error};
use crate::flow::{Executed, Order, Refused};
use hindrance::Hindrance;

/// Carries an order out, or says why not.
pub(super) async fn execute(cx: &Cx, order: &Order) -> Result<Result<Executed, Refused>, Error> {
    let end = match order {
        Order::Pair { user, dev } => pair::pair(cx, order, user, dev).await,
        Order::Unpair { issue } => unpair::unpair(cx, order, issue).await,
        Order::Recreate { user } => recreate::recreate(cx, order, user).await,
    };
    match end {
        Ok(what) => Ok(Ok(Executed { what })),
        Err(Hindrance::Refused(refused)) => Ok(Err(refused)),
        Err(Hindrance::Failed(error)) => Err(error),
    }
}

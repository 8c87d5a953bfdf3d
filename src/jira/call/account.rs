//! Whether Jira accepts the account at all. Only `myself` decides that: a refusal of anything else may be about that alone.

use http::Method;

use super::retry::TRIES;
use super::{Ask, Caller, Ended, Failed};
use crate::jira::budget::{CHECK_EVERY, Verdict};
use crate::jira::error::Fault;
use crate::jira::memory::{Charge, Short};
use crate::pulse::Purpose;

impl Caller {
    /// What a failure amounts to, once `myself` was asked about a refusal by the site.
    pub(super) async fn settle(&self, ask: &Ask, failed: Failed) -> Failed {
        if failed.as_nobody {
            // Whatever follows should know whether the account is accepted.
            Box::pin(self.ask_whether_accepted(ask, "a write was done as by no account")).await;
        }
        let Fault::Denied(said) = failed.fault else { return failed };
        // Boxed: what is seldom asked would weigh on every future that asks for anything.
        let (fault, is_final) = match Box::pin(self.ask_whether_accepted(ask, &said)).await {
            Verdict::Accepted => (Fault::Denied(said), false),
            Verdict::Refused(why) if asks_who(ask) => (Fault::Refused(why), true),
            Verdict::Refused(why) => (Fault::Refused(format!("{said}; and asked who we are it says {why}")), true),
            Verdict::Unknown(fault @ (Fault::Throttled(_) | Fault::Stopping)) => (fault, true),
            Verdict::Unknown(fault) => {
                let why = format!("it refuses this ({said}), and does not tell who we are: {fault}");
                (Fault::NotSent(why), true)
            }
        };
        Failed { fault, is_final, ..failed }
    }

    /// The last word of `myself` counts for a while, whichever flow asked: each bad login counts towards a CAPTCHA. One
    /// asks at a time, and the others wait for its answer.
    async fn ask_whether_accepted(&self, ask: &Ask, said: &str) -> Verdict {
        let check = self.budget.account_check();
        if asks_who(ask) {
            let refused = Verdict::Refused(format!("{said}; check the e-mail and the API token"));
            check.note(&self.as_whom, self.clock.now(), refused.clone());
            return refused;
        }
        let Ok(_asking) = self.pulse.queue(check.one_at_a_time()).await else {
            return Verdict::Unknown(Fault::Stopping);
        };
        if let Some(known) = check.last(&self.as_whom, self.clock.now()) {
            return known;
        }
        let verdict = self.ask_myself().await;
        check.note(&self.as_whom, self.clock.now(), verdict.clone());
        verdict
    }

    async fn ask_myself(&self) -> Verdict {
        let who = who();
        let pass = match self.turn(&who).await {
            Ok(pass) => pass,
            Err(error) => return Verdict::Unknown(error.what),
        };
        match self.once(&who, &pass, &mut Charge::default()).await {
            Ok(_) => Verdict::Accepted,
            Err(Ended::Failed(Failed { fault: Fault::Denied(said) | Fault::Refused(said), .. })) => {
                Verdict::Refused(format!("{}; check the e-mail and the API token", self.mask.tell(&said)))
            }
            Err(Ended::Failed(Failed { fault, .. })) => Verdict::Unknown(fault.reword(|said| self.mask.tell(&said))),
            Err(Ended::Short(Short(_))) => {
                Verdict::Unknown(Fault::NotSent("there is no memory for the answer now".into()))
            }
        }
    }

    /// Whether `myself` was refused a moment ago: then it is not asked again. A worker that a person is waiting for asks
    /// all the same, but not within that time.
    pub(super) async fn wait_to_ask_who(&self, ask: &Ask) -> Result<(), Fault> {
        let check = self.budget.account_check();
        let Some((at, why)) = check.refused(&self.as_whom, self.clock.now()).filter(|_| asks_who(ask)) else {
            return Ok(());
        };
        if !self.budget.is_hurried() {
            return Err(Fault::Refused(why));
        }
        match self.pulse.rest_until(at + CHECK_EVERY).await {
            true => Ok(()),
            false => Err(Fault::Stopping),
        }
    }
}

/// Both kinds of Jira have it there, so that it can be asked before anything is known of the site.
fn who() -> Ask {
    let path = "/rest/api/2/myself".to_owned();
    Ask {
        method: Method::GET,
        path,
        body: None,
        endpoint: WHO,
        purpose: Purpose::Read,
        of_one_issue: false,
        tries: TRIES,
    }
}

const WHO: &str = "myself";

pub(super) fn asks_who(ask: &Ask) -> bool {
    ask.endpoint == WHO
}

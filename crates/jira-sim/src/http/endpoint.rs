//! What an endpoint is: a resource, who may call it, and what each method does there.

use std::sync::Arc;

use http::Method;

use super::answer::Answer;
use super::call::Call;
use crate::flavour::Flavour;
use crate::state::State;
use crate::write::Write;

/// One resource and what can be done with it.
pub(super) struct Route {
    /// Below the root of the API (`/issue/{issueIdOrKey}`), or of the site for what is no part of the API.
    pub resource: &'static str,
    below: Below,
    /// The kind of Jira that has it; both if absent.
    only: Option<Flavour>,
    pub access: Access,
    endpoints: Vec<(Method, Endpoint)>,
}

/// A resource at one of the places where it is served.
pub(super) struct Mounted {
    pub route: Arc<Route>,
    /// The whole path, such as `/rest/api/3/issue/{issueIdOrKey}`. Fault rules and counters know it by that.
    pub template: String,
    /// What `self` URLs begin with, such as `/rest/api/3`.
    pub root: &'static str,
    pub api: Api,
}

/// The two versions of the API. They differ in how they write rich texts: v3 as ADF, v2 as wiki markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    V2,
    V3,
}

/// What a route's resource is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    Api,
    Site,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Member,
    /// Members only, and to strangers it is as if it were not there.
    Hidden,
    /// A page for browsers: strangers are led to where they can log in.
    Page,
    /// Any client that has an address which the site signed; no credentials.
    Signed,
    /// Strangers may call, but search shows them nothing.
    Search,
    Anyone,
}

#[derive(Clone, Copy)]
pub(super) enum Endpoint {
    Read(Read),
    Write(WriteDown),
}

/// Answers from the site's state.
pub(super) type Read = fn(&State, &Call) -> Result<Answer, Answer>;

/// Validates a write and says what it will do; the state is there to give away ids.
pub(super) type WriteDown = fn(&mut State, &Call) -> Result<Plan, Answer>;

/// What a valid write will do, and what its caller will hear.
pub(super) struct Plan {
    pub writes: Vec<Write>,
    pub answer: Answer,
}

impl Mounted {
    /// Where requests arrive whose path leads nowhere.
    pub(super) fn nowhere(access: Access) -> Self {
        let route = Arc::new(Route::new(access, "", Vec::new()));
        Self { route, template: "{path}".into(), root: "", api: Api::V2 }
    }
}

impl Flavour {
    /// The roots of the API, and the version behind each. (What `latest` means on Cloud is not documented; there it was
    /// seen to answer as v2 does.)
    fn roots(self) -> &'static [(&'static str, Api)] {
        match self {
            Self::Cloud => &[("/rest/api/3", Api::V3), ("/rest/api/2", Api::V2), ("/rest/api/latest", Api::V2)],
            Self::DataCenter => &[("/rest/api/2", Api::V2), ("/rest/api/latest", Api::V2)],
        }
    }
}

impl Route {
    pub(super) fn new(access: Access, resource: &'static str, endpoints: Vec<(Method, Endpoint)>) -> Self {
        Self { resource, below: Below::Api, only: None, access, endpoints }
    }

    /// Of the two kinds of Jira only this one has it.
    pub(super) fn only(mut self, flavour: Flavour) -> Self {
        self.only = Some(flavour);
        self
    }

    /// It lies beside the API, at its own path on the site.
    pub(super) fn beside_the_api(mut self) -> Self {
        self.below = Below::Site;
        self
    }

    /// The places where this kind of Jira serves it.
    pub(super) fn mounted(self, flavour: Flavour) -> Vec<Mounted> {
        if self.only.is_some_and(|only| only != flavour) {
            return Vec::new();
        }
        let roots = match self.below {
            Below::Api => flavour.roots(),
            Below::Site => &[("", Api::V2)],
        };
        let route = Arc::new(self);
        let at = |&(root, api): &(&'static str, Api)| {
            let template = format!("{root}{}", route.resource);
            Mounted { route: Arc::clone(&route), template, root, api }
        };
        roots.iter().map(at).collect()
    }

    pub(super) fn leads_nowhere(&self) -> bool {
        self.endpoints.is_empty()
    }

    pub(super) fn endpoint(&self, method: &Method) -> Option<Endpoint> {
        self.endpoints.iter().find(|(known, _)| known == method).map(|(_, endpoint)| *endpoint)
    }

    /// Whether this method changes something.
    pub(super) fn writes(&self, method: &Method) -> bool {
        matches!(self.endpoint(method), Some(Endpoint::Write(_)))
    }

    /// The methods it knows, as the `Allow` header lists them.
    pub(super) fn allowed(&self) -> String {
        self.endpoints.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ")
    }
}

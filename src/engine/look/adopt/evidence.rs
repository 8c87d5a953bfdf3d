//! What issues say of each other, and who belongs together by it: pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::known::{Known, Obstacle, Proof};
use crate::flow::{IntentId, Issue, IssueId, IssueKey, IssueRef, Leads, Mark, Side, Sides, Site, SiteUrl};
use jira_markup::{link_in, links_in};

/// The line in a user issue's text that leads to its dev issue.
const DEV_LINK: &str = "Dev Link";

/// The line in a dev issue's text that leads to its user issue.
const USER_LINK: &str = "User Link";

/// The issues of a page, and what each dev issue says of whom it belongs to.
pub(super) struct Evidence<'a> {
    sides: &'a Sides,
    site: Arc<Site>,
    known: &'a Known,
    /// By user issue, the dev issues that name it and that nobody else is paired with.
    claims: BTreeMap<&'a IssueId, Vec<&'a Issue>>,
    /// The dev issues that name a user issue under an address that is not known as this site's, without proof.
    elsewhere: Vec<(&'a Issue, Elsewhere<'a>)>,
}

/// Whom an issue names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named<'a> {
    Nobody,
    One(&'a IssueId),
    /// An issue that can't be read, or of another site.
    Stranger,
    /// An issue under an address that is not known as this site's, and yet perhaps one of this flow.
    Elsewhere(Elsewhere<'a>),
}

/// What an issue says of its counterpart under an address that is not known as this site's. The site may have had that
/// address, or the issue may have been imported from there: nobody can tell, so it proves nothing, and no dev issue is
/// created for the user issues that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elsewhere<'a> {
    pub address: SiteUrl,
    /// The id and the intent that a mark names.
    pub mark: Option<(&'a IssueId, &'a IntentId)>,
    /// The key, of a project of this flow, that a line names.
    pub key: Option<IssueKey>,
}

/// How well founded it is that a dev issue belongs to a user issue; the greater the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub proof: Proof,
    pub answer: Answer,
}

/// By what a user issue names the dev issue in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    None,
    /// A `Dev Link` line of its text.
    Line,
    /// Our back-mark.
    Mark,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(sides: &'a Sides, site: Arc<Site>, known: &'a Known) -> Self {
        let mut evidence = Self { sides, site, known, claims: BTreeMap::new(), elsewhere: Vec::new() };
        let devs = known.issues.values().filter(|issue| evidence.is_on(issue, Side::Dev));
        for dev in devs.collect::<Vec<_>>() {
            match evidence.named_by(dev) {
                Named::One(user) if evidence.is_free(dev, user) => evidence.claims.entry(user).or_default().push(dev),
                Named::Elsewhere(elsewhere) if !evidence.is_paired(dev) => evidence.elsewhere.push((dev, elsewhere)),
                Named::One(_) | Named::Elsewhere(_) | Named::Nobody | Named::Stranger => {}
            }
        }
        evidence
    }

    /// The dev issues without a pair that name a user issue under an address that is not known as this site's, and the
    /// user issues that may be meant.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = (&'a Issue, &SiteUrl, Vec<&'a Issue>)> {
        let users = self.known.issues.values().filter(|issue| self.is_on(issue, Side::User) && !self.is_paired(issue));
        let users: Vec<_> = users.collect();
        self.elsewhere.iter().map(move |(dev, elsewhere)| {
            let meant = users.iter().filter(|user| self.may_mean(elsewhere, user));
            (*dev, &elsewhere.address, meant.copied().collect())
        })
    }

    /// The dev issue that belongs to an unpaired user issue, and how well founded that is. Where several claim to, some
    /// are clones of the right one: the best founded claim wins, then the oldest issue.
    ///
    /// None of them if the user issue names one that can't be read: each may be a clone of that. But if it names the
    /// claimant, too, there is no doubt.
    pub(super) fn dev_of(&self, user: &Issue) -> Option<(&'a Issue, Claim)> {
        let claimants = self.claims.get(&user.at.id)?;
        let said = UserSays::of(self, user);
        let (dev, claim) = claimants
            .iter()
            .map(|dev| (*dev, Claim { proof: proof_of(dev), answer: said.answer_to(dev) }))
            .max_by_key(|(dev, claim)| (*claim, Reverse((dev.created, dev.at.id.clone()))))?;
        let contested = claim.answer == Answer::None && self.hidden_half(user, &said).is_some();
        (self.is_on(user, Side::User) && !contested).then_some((dev, claim))
    }

    /// The user issue to which an unpaired dev issue says that it belongs.
    pub(super) fn user_of(&self, dev: &Issue) -> Option<&'a Issue> {
        let known = self.known.issues.get_key_value(&dev.at.id)?.1;
        match self.named_by(known) {
            Named::One(user) => self.known.issues.get(user).filter(|user| self.is_on(user, Side::User)),
            Named::Nobody | Named::Stranger | Named::Elsewhere(_) => None,
        }
    }

    /// What forbids to create a dev issue for an unpaired user issue to which none belongs by proof.
    pub(super) fn obstacle(&self, user: &Issue) -> Option<Obstacle> {
        if let Some(why) = self.named_and_unread(user) {
            return Some(Obstacle::Unread(why));
        }
        if let Some(missing) = self.known.missing_dev_of(&user.at.id) {
            match self.behind(missing) {
                None => return Some(Obstacle::Missing(missing.clone())),
                Some(dev) if self.is_free_id(dev, &user.at.id) => return Some(Obstacle::OneWayLink),
                Some(_) => {}
            }
        }
        let said = UserSays::of(self, user);
        if let Some(address) = self.tied_elsewhere(user, &said) {
            return Some(Obstacle::Elsewhere(address.clone()));
        }
        if let Some(hidden) = self.hidden_half(user, &said) {
            return Some(Obstacle::Hidden(hidden));
        }
        let linked = user.linked.iter().filter(|to| self.is_dev(to));
        for to in linked.clone() {
            if !self.known.issues.contains_key(&to.id) && self.is_free_id(&to.id, &user.at.id) {
                return Some(Obstacle::Hidden(to.to_string()));
            }
        }
        let named = said.back_mark.into_iter().filter(|id| self.reads_as_dev(id));
        let named = named.chain(said.own_lines.iter().filter_map(|(_, id)| *id)).chain(linked.map(|to| &to.id));
        let devs = named.filter_map(|id| self.known.issues.get(id)).filter(|dev| !self.is_anothers(dev, user));
        let devs: Vec<_> = devs.collect();
        let elsewhere = self.elsewhere.iter().find(|(dev, _)| devs.iter().any(|named| named.at.id == dev.at.id));
        match (elsewhere, devs.first()) {
            (Some((_, elsewhere)), _) => Some(Obstacle::Elsewhere(elsewhere.address.clone())),
            (None, Some(_)) => Some(Obstacle::OneWayLink),
            (None, None) => None,
        }
    }

    /// The address, not known as this site's, under which a user issue and a dev issue may belong together.
    fn tied_elsewhere<'s>(&'s self, user: &Issue, said: &'s UserSays<'_>) -> Option<&'s SiteUrl> {
        let by_dev = self.elsewhere.iter().find(|(_, elsewhere)| self.may_mean(elsewhere, user));
        by_dev.map(|(_, elsewhere)| &elsewhere.address).or(said.elsewhere.as_ref())
    }

    /// Whether it may be this user issue that is named under another address. In an import ids may have shifted: then both
    /// still tell the intent that made them a pair.
    fn may_mean(&self, elsewhere: &Elsewhere<'_>, user: &Issue) -> bool {
        let by_mark = elsewhere.mark.is_some_and(|(id, intent)| *id == user.at.id || linked_by(user) == Some(intent));
        let by_key = |key: &IssueKey| *key == user.at.key || self.behind(key) == Some(&user.at.id);
        by_mark || elsewhere.key.as_ref().is_some_and(by_key)
    }

    /// Which of the issues that a user issue names as its dev issue can't be read although Jira is there. One that is
    /// another's says nothing.
    fn named_and_unread(&self, user: &Issue) -> Option<String> {
        let Known { unread, unread_keys, .. } = self.known;
        let told =
            |name: String, why: &String| format!("{name}, which it names as its dev issue, can't be read: {why}");
        let linked = user.linked.iter().filter(|to| self.is_dev(to));
        let ids = back_mark(user).into_iter().chain(linked.map(|to| &to.id));
        let mut ids = ids.filter(|id| self.is_free_id(id, &user.at.id));
        let by_id = ids.find_map(|id| unread.get(id).map(|why| told(format!("issue {id}"), why)));
        let keys = dev_links(&self.site, user).into_iter().chain(self.known.missing_dev_of(&user.at.id).cloned());
        let by_key = || keys.into_iter().find_map(|key| unread_keys.get(&key).map(|why| told(key.to_string(), why)));
        by_id.or_else(by_key)
    }

    /// Whether a dev issue provably belongs to another user issue.
    fn is_anothers(&self, dev: &Issue, user: &Issue) -> bool {
        let Some((_, dev)) = self.known.issues.get_key_value(&dev.at.id) else { return false };
        !self.is_free(dev, &user.at.id)
            || match self.named_by(dev) {
                Named::Nobody | Named::Elsewhere(_) => false,
                Named::One(id) => *id != user.at.id,
                Named::Stranger => true,
            }
    }

    /// What a user issue names as its dev issue without that it can be read; in words.
    ///
    /// Two flows that share a user project leave one back-mark between them, the later one's. The other's dev issue,
    /// perhaps not shown to us, says nothing here: it is known by its line, which leads to a foreign project.
    fn hidden_half(&self, user: &Issue, said: &UserSays<'_>) -> Option<String> {
        let unread = said.own_lines.iter().find(|(_, id)| id.is_none());
        let marked = said.back_mark.filter(|id| !self.known.issues.contains_key(*id));
        let marked = marked.filter(|id| self.is_free_id(id, &user.at.id));
        match (unread, marked) {
            (Some((key, _)), _) => Some(key.to_string()),
            (None, Some(_)) if said.foreign_line_unread => None,
            (None, Some(id)) => Some(format!("id {id}")),
            (None, None) => None,
        }
    }

    /// Whom a dev issue names. What it carries as our mark counts before its text; a back-mark on it belongs to another
    /// flow, whose user issue it is. A mark of an address that is not known as this site's counts if the user issue answers
    /// it: marked by the same intent, each names the other by the id that it has here.
    fn named_by(&self, dev: &'a Issue) -> Named<'a> {
        match &dev.mark {
            Some(Mark::Created { site, user_issue, .. }) if self.site.is_at(site) => Named::One(user_issue),
            Some(Mark::Created { user_issue, intent, .. }) if self.is_answered(dev, user_issue, intent) => {
                Named::One(user_issue)
            }
            Some(Mark::Created { .. }) => elsewhere(&self.site, dev).map_or(Named::Stranger, Named::Elsewhere),
            Some(Mark::Linked { .. }) | None => self.named_in_text(dev),
        }
    }

    fn named_in_text(&self, dev: &'a Issue) -> Named<'a> {
        let is_ours = |elsewhere: &Elsewhere<'_>| {
            elsewhere.key.as_ref().is_some_and(|key| self.sides.of_key(key) == Some(Side::User))
        };
        let as_taken_over = || self.as_taken_over(dev).map(Named::One);
        match user_line(&self.site, dev) {
            Some(Leads::Here(key)) => self.behind(&key).map_or(Named::Stranger, Named::One),
            Some(Leads::Elsewhere(..) | Leads::ToNoIssue) => {
                let elsewhere = || elsewhere(&self.site, dev).filter(is_ours).map(Named::Elsewhere);
                as_taken_over().or_else(elsewhere).unwrap_or(Named::Stranger)
            }
            None => as_taken_over().unwrap_or(Named::Nobody),
        }
    }

    fn is_answered(&self, dev: &Issue, user: &IssueId, intent: &IntentId) -> bool {
        let user = self.known.issues.get(user).filter(|user| self.is_on(user, Side::User));
        user.is_some_and(|user| answers(user, &dev.at.id, intent))
    }

    /// The user issue whose missing dev issue this is. That is what the Node.js service noted, and is believed as it is
    /// when a pair is taken over, unless the dev issue names another one of this site.
    fn as_taken_over(&self, dev: &Issue) -> Option<&'a IssueId> {
        let is_its = |key: &IssueKey| self.behind(key) == Some(&dev.at.id);
        self.known.missing.iter().find(|(_, key)| key.as_ref().is_some_and(is_its)).map(|(user, _)| user)
    }

    /// Which issue answers to a key, if it can be read.
    fn behind(&self, key: &IssueKey) -> Option<&'a IssueId> {
        self.known.by_key.get(key)?.as_ref()
    }

    fn is_on(&self, issue: &Issue, side: Side) -> bool {
        self.sides.of(&issue.project.id) == Some(side)
    }

    /// Whether a link leads to a dev issue. Of one that can't be read only its key can say.
    fn is_dev(&self, to: &IssueRef) -> bool {
        match self.known.issues.get(&to.id) {
            Some(issue) => self.is_on(issue, Side::Dev),
            None => self.sides.of_key(&to.key) == Some(Side::Dev),
        }
    }

    fn reads_as_dev(&self, id: &IssueId) -> bool {
        self.known.issues.get(id).is_some_and(|issue| self.is_on(issue, Side::Dev))
    }

    fn is_paired(&self, issue: &Issue) -> bool {
        self.known.pairs.iter().any(|pair| pair.user.id == issue.at.id || pair.dev.id == issue.at.id)
    }

    fn is_free(&self, dev: &Issue, user: &IssueId) -> bool {
        self.is_free_id(&dev.at.id, user)
    }

    /// Whether no pair is recorded of this dev issue and another user issue.
    fn is_free_id(&self, dev: &IssueId, user: &IssueId) -> bool {
        !self.known.pairs.iter().any(|pair| pair.dev.id == *dev && pair.user.id != *user)
    }
}

fn proof_of(dev: &Issue) -> Proof {
    match &dev.mark {
        Some(Mark::Created { .. }) => Proof::Mark,
        Some(Mark::Linked { .. }) | None => Proof::Line,
    }
}

/// What a user issue says of its dev issue.
struct UserSays<'a> {
    back_mark: Option<&'a IssueId>,
    /// The `Dev Link` lines that lead, or once led, into the flow's dev project, and which issue that is. What was noted
    /// when it was taken over counts like such a line.
    own_lines: Vec<(IssueKey, Option<&'a IssueId>)>,
    /// Whether another `Dev Link` line leads to an issue that can't be read.
    foreign_line_unread: bool,
    /// The address, not known as this site's, under which a `Dev Link` line leads to a key of the flow's dev project.
    elsewhere: Option<SiteUrl>,
}

impl<'a> UserSays<'a> {
    fn of(evidence: &Evidence<'a>, user: &Issue) -> Self {
        let user = evidence.known.issues.get(&user.at.id);
        let lines = user.map(|user| dev_links(&evidence.site, user)).unwrap_or_default();
        let resolved = |key: IssueKey| {
            let id = evidence.behind(&key);
            (key, id)
        };
        let (mut own_lines, foreign): (Vec<_>, Vec<_>) = lines.into_iter().map(resolved).partition(|(key, id)| {
            evidence.sides.of_key(key) == Some(Side::Dev) || id.is_some_and(|id| evidence.reads_as_dev(id))
        });
        let noted = user.and_then(|user| evidence.known.missing_dev_of(&user.at.id));
        own_lines.extend(noted.cloned().map(resolved));
        Self {
            back_mark: user.and_then(back_mark),
            own_lines,
            foreign_line_unread: foreign.iter().any(|(_, id)| id.is_none()),
            elsewhere: user.and_then(|user| dev_link_elsewhere(evidence, user)),
        }
    }

    fn answer_to(&self, dev: &Issue) -> Answer {
        if self.back_mark == Some(&dev.at.id) {
            Answer::Mark
        } else if self.own_lines.iter().any(|(_, id)| *id == Some(&dev.at.id)) {
            Answer::Line
        } else {
            Answer::None
        }
    }
}

fn dev_link_elsewhere(evidence: &Evidence<'_>, user: &Issue) -> Option<SiteUrl> {
    let lines = user.description.iter().flat_map(|text| links_in(text, DEV_LINK));
    lines.into_iter().find_map(|link| match evidence.site.leads(&link) {
        Leads::Elsewhere(address, key) if evidence.sides.of_key(&key) == Some(Side::Dev) => Some(address),
        Leads::Elsewhere(..) | Leads::Here(_) | Leads::ToNoIssue => None,
    })
}

/// Whether the back-mark of a user issue names this dev issue, and was made by this intent.
pub(in crate::engine) fn answers(user: &Issue, dev: &IssueId, intent: &IntentId) -> bool {
    back_mark(user) == Some(dev) && linked_by(user) == Some(intent)
}

/// The intent by which a user issue was linked.
pub(super) fn linked_by(user: &Issue) -> Option<&IntentId> {
    match user.mark.as_ref()? {
        Mark::Linked { intent, .. } => Some(intent),
        Mark::Created { .. } => None,
    }
}

/// The keys to which a user issue's `Dev Link` lines lead on this site.
pub(super) fn dev_links(site: &Site, user: &Issue) -> Vec<IssueKey> {
    let lines = user.description.iter().flat_map(|text| links_in(text, DEV_LINK));
    lines.filter_map(|address| site.key_in(&address)).collect()
}

/// The key to which a dev issue's `User Link` line leads on this site, if that counts: a mark says more.
pub(super) fn user_link(site: &Site, dev: &Issue) -> Option<IssueKey> {
    match (&dev.mark, user_line(site, dev)?) {
        (Some(Mark::Linked { .. }) | None, Leads::Here(key)) => Some(key),
        (Some(_) | None, Leads::Here(_) | Leads::Elsewhere(..) | Leads::ToNoIssue) => None,
    }
}

/// What a dev issue says under an address that is not known as this site's, by mark or else by line.
pub(super) fn elsewhere<'a>(site: &Site, dev: &'a Issue) -> Option<Elsewhere<'a>> {
    let line = user_line(site, dev);
    match &dev.mark {
        Some(Mark::Created { site: marked, .. }) if site.is_at(marked) => None,
        Some(Mark::Created { site: marked, user_issue, intent }) => {
            let key = match line {
                Some(Leads::Here(key) | Leads::Elsewhere(_, key)) => Some(key),
                Some(Leads::ToNoIssue) | None => None,
            };
            Some(Elsewhere { address: marked.clone(), mark: Some((user_issue, intent)), key })
        }
        Some(Mark::Linked { .. }) | None => match line {
            Some(Leads::Elsewhere(address, key)) => Some(Elsewhere { address, mark: None, key: Some(key) }),
            Some(Leads::Here(_) | Leads::ToNoIssue) | None => None,
        },
    }
}

/// Where the `User Link` line of a dev issue leads.
fn user_line(site: &Site, dev: &Issue) -> Option<Leads> {
    Some(site.leads(&link_in(dev.description.as_ref()?, USER_LINK)?))
}

/// The user issue that a dev issue's mark names.
pub(super) fn mark(dev: &Issue) -> Option<&IssueId> {
    match dev.mark.as_ref()? {
        Mark::Created { user_issue, .. } => Some(user_issue),
        Mark::Linked { .. } => None,
    }
}

/// The dev issue that a user issue's back-mark names.
pub(super) fn back_mark(user: &Issue) -> Option<&IssueId> {
    match user.mark.as_ref()? {
        Mark::Linked { dev_issue, .. } => Some(dev_issue),
        Mark::Created { .. } => None,
    }
}

#[cfg(test)]
mod tests;

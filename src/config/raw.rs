//! The fields of a flow file exactly as written (docs/sync.md, "The flow file").
//!
//! `None` is a field that is absent, or of the wrong kind, which has been reported. `check` applies defaults and
//! whatever depends on several fields, on other files or on the environment. The description of each field is for the
//! schema.

use super::finding::Placed;
use super::reader::{Anything, Fields, Map, Maybe, OneOf, Part, Span};
use super::words::{AuthType, IntervalMinutes, IntervalSeconds, LagSeconds};
use crate::flow::{Deployment, Fallback, From, OnConflict, Secret, Side};

/// The outermost object of a flow file.
pub struct FlowFile {
    pub schema: Maybe<Anything>,
    pub name: Maybe<String>,
    pub description: Maybe<String>,
    pub jira: Maybe<Jira>,
    pub user_project_key: Maybe<String>,
    pub dev_project_key: Maybe<String>,
    pub sync_interval_minutes: Maybe<Span<IntervalMinutes>>,
    pub sync_interval_seconds: Maybe<Span<IntervalSeconds>>,
    pub index_lag_seconds: Maybe<Span<LagSeconds>>,
    pub initial_sync_enabled: Maybe<bool>,
    pub default_behavior: Maybe<DefaultBehavior>,
    pub general: General,
    pub issue_type_map: Maybe<Map<String>>,
    pub field_map: Maybe<Map<String>>,
    pub replied_field: Maybe<String>,
    pub database: Maybe<Database>,
    pub rules: Maybe<Vec<Placed<Rule>>>,
}

/// `jira`.
pub struct Jira {
    pub base_url: Maybe<String>,
    pub former_base_urls: Maybe<Vec<Placed<String>>>,
    pub email: Maybe<String>,
    pub api_token: Maybe<Secret>,
    pub api_token_file: Maybe<String>,
    pub auth_type: Maybe<OneOf<AuthType>>,
    pub deployment: Maybe<OneOf<Deployment>>,
    pub ca_file: Maybe<String>,
}

/// `database`.
pub struct Database {
    pub name: Maybe<String>,
    pub uri: Maybe<Secret>,
}

/// `defaultBehavior`.
#[derive(Default)]
pub struct DefaultBehavior {
    pub sync_attachments: Maybe<bool>,
    pub add_cross_links: Maybe<bool>,
    pub only_on_status_change: Maybe<bool>,
    pub skip_intermediate_statuses: Maybe<bool>,
    pub fallback_behavior: Maybe<OneOf<Fallback>>,
    pub general: General,
}

/// Fields that may stand in the outermost object as well as in `defaultBehavior`.
#[derive(Default)]
pub struct General {
    pub intermediate_statuses: Maybe<Vec<Placed<String>>>,
    pub on_conflict: Maybe<OneOf<OnConflict>>,
    pub issue_type: Maybe<String>,
    pub resolution: Maybe<String>,
}

/// One of `rules`.
pub struct Rule {
    pub id: Maybe<String>,
    pub source_status: Maybe<String>,
    pub target_status: Maybe<String>,
    pub target_project: Maybe<OneOf<Side>>,
    pub sync_direction: Maybe<OneOf<From>>,
    pub enabled: Maybe<bool>,
    pub priority: Maybe<f64>,
    pub conditions: Maybe<Conditions>,
    pub actions: Maybe<Actions>,
}

/// A rule's `conditions`.
#[derive(Default)]
pub struct Conditions {
    pub require_mapping: Maybe<bool>,
    pub on_status_change: Maybe<bool>,
}

/// A rule's `actions`.
pub struct Actions {
    pub create_issue: Maybe<bool>,
    pub sync_status: Maybe<bool>,
    pub target_status: Maybe<String>,
    pub resolution: Maybe<String>,
    pub sync_attachments: Maybe<bool>,
    pub add_cross_link: Maybe<bool>,
    pub add_comment: Maybe<bool>,
    pub comment_template: Maybe<String>,
}

impl Part for FlowFile {
    fn read(fields: &mut impl Fields) -> Self {
        let part = Self {
            schema: fields.optional("$schema", "Where an editor finds the schema that `lockstep schema` prints."),
            name: fields.required(
                "name",
                "The flow's identity everywhere: 1 to 63 letters, digits, '-' or '_', the first a letter or digit.",
            ),
            description: fields.optional("description", "For people."),
            jira: fields.required("jira", "Where Jira is, and which account to use."),
            user_project_key: fields.required("userProjectKey", "The project where customers report."),
            dev_project_key: fields.required("devProjectKey", "The project where the work is done."),
            sync_interval_minutes: fields.optional(
                "syncIntervalMinutes",
                "From one cycle's start to the next; may be a fraction. Default: SYNC_INTERVAL_MINUTES, else 5.",
            ),
            sync_interval_seconds: fields.optional("syncIntervalSeconds", "The same in seconds, instead."),
            index_lag_seconds: fields.optional(
                "indexLagSeconds",
                "The longest that the site's search lags behind its writes, never less than in truth. Default: 300.",
            ),
            initial_sync_enabled: fields.optional(
                "initialSyncEnabled",
                "Whether a flow without any state begins with a full sync. Default: true.",
            ),
            default_behavior: fields.optional("defaultBehavior", "What holds where a rule says nothing."),
            general: General::of(fields),
            issue_type_map: fields.optional(
                "issueTypeMap",
                "Types of created issues, by name or id: the user issue's on the left, the dev issue's on the right. \
                 Goes before a type of the same name and before issueType.",
            ),
            field_map: fields.optional(
                "fieldMap",
                "Further fields to copy at creation, by id or name: the user issue's on the left, the dev issue's \
                 on the right.",
            ),
            replied_field: fields.optional(
                "repliedField",
                "The user project's field that becomes true when a rule brings an issue into a status of category \
                 done, by id or name.",
            ),
            database: fields.optional("database", "Where this flow's data is kept, if not where the others' is."),
            rules: fields.required("rules", "What to do when an issue reaches a status."),
        };
        former(fields);
        part
    }
}

/// Fields of the Node.js service that others have replaced.
fn former(fields: &mut impl Fields) {
    fields.former("severity", "name the field in fieldMap to have it copied");
    fields.former("replied", "name the field in repliedField to have it set");
}

impl Part for Jira {
    fn read(fields: &mut impl Fields) -> Self {
        let or_else = "write \"${env:NAME}\" for a variable, or name a file in apiTokenFile";
        fields.any_of(["apiToken", "apiTokenFile"], or_else);
        Self {
            base_url: fields
                .required("baseUrl", "The site: https:// or http://, a host, perhaps a path. ${env:NAME} is replaced."),
            former_base_urls: fields.optional(
                "formerBaseUrls",
                "Addresses that this same site had before, written like baseUrl: links and marks under these count as its \
                 own. ${env:NAME} is replaced.",
            ),
            email: fields
                .optional("email", "The account's e-mail; authType \"basic\" needs it. ${env:NAME} is replaced."),
            api_token: fields.optional("apiToken", "The token, better as ${env:NAME}."),
            api_token_file: fields.optional(
                "apiTokenFile",
                "A file that holds the token, instead of apiToken; relative to this file. ${env:NAME} is replaced.",
            ),
            auth_type: fields
                .optional("authType", "basic: e-mail and token; pat: a personal access token alone. Default: basic."),
            deployment: fields.optional("deployment", "Which Jira it is; auto asks the site. Default: auto."),
            ca_file: fields.optional(
                "caFile",
                "A PEM file of authorities to believe besides this machine's; relative to this file. ${env:NAME} is \
                 replaced.",
            ),
        }
    }
}

impl Part for Database {
    fn read(fields: &mut impl Fields) -> Self {
        Self {
            name: fields.optional("name", "The database's name, under which no other flow has its data. Written out, it says that this one is meant, whatever another service left under another name. Default: the flow's name, each '-' as '_'."),
            uri: fields.optional(
                "uri",
                "sqlite:FOLDER: the folder of the flow's file NAME.sqlite, absolute or relative to the folder of this \
                 flow file. Or mongodb://…: the servers of the flow's database, with a user of its own if you like. \
                 Default: what --store says. ${env:NAME} is replaced.",
            ),
        }
    }
}

impl Part for DefaultBehavior {
    fn read(fields: &mut impl Fields) -> Self {
        let part = Self {
            sync_attachments: fields.optional(
                "syncAttachments",
                "Whether rules that don't say it copy attachments: true, also those added later; false, none. Default: \
                 those that an issue has when its counterpart is created.",
            ),
            add_cross_links: fields.optional("addCrossLinks", "Whether rules that don't say it link. Default: true."),
            only_on_status_change: fields.optional(
                "onlyOnStatusChange",
                "Whether rules that don't say it act on changes of status only. Default: true.",
            ),
            skip_intermediate_statuses: fields.optional(
                "skipIntermediateStatuses",
                "Whether \"*\" and the fallback leave intermediate dev statuses alone. Default: false.",
            ),
            fallback_behavior: fields
                .optional("fallbackBehavior", "What a changed status does that no rule matches. Default: ignore."),
            general: General::of(fields),
        };
        former(fields);
        part
    }
}

impl General {
    fn of(fields: &mut impl Fields) -> Self {
        Self {
            intermediate_statuses: fields
                .optional("intermediateStatuses", "Used with skipIntermediateStatuses. Default: [\"Done\"]."),
            on_conflict: fields.optional(
                "onConflict",
                "Whose change wins when both sides changed and want different things. Default: latest.",
            ),
            issue_type: fields.optional(
                "issueType",
                "Type of a created issue where the dev project lacks the type of its source. Default: Bug.",
            ),
            resolution: fields.optional(
                "resolution",
                "What an issue without resolution gets on its way into category done, or where one is demanded. Default: none.",
            ),
        }
    }
}

impl Part for Rule {
    fn read(fields: &mut impl Fields) -> Self {
        let or_else = "write \"user_to_dev\", \"dev_to_user\" or \"both\"";
        fields.any_of(["syncDirection", "targetProject"], or_else);
        Self {
            id: fields.required("id", "Its name in logs; unique in the flow."),
            source_status: fields.required(
                "sourceStatus",
                "The status it waits for, without regard to case; \"*\" is any that no other rule of that side names.",
            ),
            target_status: fields.optional("targetStatus", "The status to set, where actions.targetStatus is absent."),
            target_project: fields
                .optional("targetProject", "The side it acts on; tells the direction where syncDirection is absent."),
            sync_direction: fields.optional("syncDirection", "Whose issues it looks at; it acts on the other side."),
            enabled: fields.optional("enabled", "Whether it takes part. Default: false."),
            priority: fields.optional(
                "priority",
                "Smaller ones are tried first, rules without one last, equal ones in the order of the file.",
            ),
            conditions: fields.optional("conditions", "When it acts."),
            actions: fields.required("actions", "What it does."),
        }
    }
}

impl Part for Conditions {
    fn read(fields: &mut impl Fields) -> Self {
        Self {
            require_mapping: fields.optional(
                "requireMapping",
                "Act only on issues that have a counterpart. Default: true; with createIssue false.",
            ),
            on_status_change: fields.optional(
                "onStatusChange",
                "true: act on changes of status only; false: also bring back what has drifted. Default: \
                 defaultBehavior.onlyOnStatusChange.",
            ),
        }
    }
}

impl Part for Actions {
    fn read(fields: &mut impl Fields) -> Self {
        let part = Self {
            create_issue: fields
                .optional("createIssue", "Create the dev issue of a user issue that has none. Default: false."),
            sync_status: fields.optional("syncStatus", "Bring the other issue into a status. Default: false."),
            target_status: fields
                .optional("targetStatus", "That status. Default: the rule's targetStatus, else the source's status."),
            resolution: fields.optional(
                "resolution",
                "The resolution that the issue gets in category done, whichever it has. Default: the flow's resolution.",
            ),
            sync_attachments: fields.optional("syncAttachments", "Default: defaultBehavior.syncAttachments."),
            add_cross_link: fields.optional(
                "addCrossLink",
                "Write User Link and Dev Link lines at creation. Default: defaultBehavior.addCrossLinks.",
            ),
            add_comment: fields.optional("addComment", "Comment on the user issue. Default: false."),
            comment_template: fields.optional(
                "commentTemplate",
                "The comment; ${sourceKey} is the issue that the rule looked at, ${targetKey} its counterpart.",
            ),
        };
        former(fields);
        part
    }
}

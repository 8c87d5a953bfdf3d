//! What comes through `tracing`: our own crate's diagnostics and the libraries'.

use std::fmt;

use tracing::field::{Field as TracingField, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::Log;
use super::entry::{Severity, WORKER};
use crate::flow::{Field, Level, Line};
use crate::foreign::{self, without_user_info};

/// What other crates say below this level is noise to an operator, and may show requests in full.
const LEAST_OF_LIBRARIES: tracing::Level = tracing::Level::INFO;

/// Our spans name the worker of what is said in them, and so are kept whatever `LOG_LEVEL` says.
const LEVEL_OF_SPANS: tracing::Level = tracing::Level::INFO;

impl<S> Layer<S> for Log
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        wants(self.level, metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.max(LEVEL_OF_SPANS).into())
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(span), Some(worker)) = (context.span(id), fields.worker) {
            span.extensions_mut().insert(Worker(worker));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let severity = *event.metadata().level();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = Line {
            level: level(severity),
            event: None,
            message: fields.message.unwrap_or_default(),
            fields: fields.others,
        };
        let worker = fields.worker.or_else(|| worker_of(event, &context));
        self.write(Severity::from(severity), worker.as_deref(), &line);
    }
}

fn wants(level: tracing::Level, metadata: &tracing::Metadata<'_>) -> bool {
    let ours = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    if metadata.is_span() {
        return ours;
    }
    let least = if ours { level } else { level.min(LEAST_OF_LIBRARIES) };
    *metadata.level() <= least
}

fn level(severity: tracing::Level) -> Level {
    match severity {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        // `tracing` knows no level below trace.
        _ => Level::Debug,
    }
}

/// The worker that a span was opened for.
struct Worker(String);

fn worker_of<S>(event: &tracing::Event<'_>, context: &Context<'_, S>) -> Option<String>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let named = |span: SpanRef<'_, S>| span.extensions().get::<Worker>().map(|worker| worker.0.clone());
    context.event_scope(event)?.find_map(named)
}

/// The fields of a `tracing` event or span.
#[derive(Default)]
struct Fields {
    message: Option<String>,
    worker: Option<String>,
    others: Vec<(&'static str, Field)>,
}

impl Fields {
    fn take(&mut self, name: &'static str, field: Field) {
        match (name, field) {
            ("message", Field::Text(text)) => self.message = Some(text),
            (WORKER, Field::Text(text)) => self.worker = Some(text),
            // A second key of a standard name would make the line ambiguous.
            ("timestamp" | "level" | "event" | "message" | WORKER, _) => {}
            (name, field) => self.others.push((name, field)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        self.take(field.name(), Field::Text(foreign::message(&without_user_info(&format!("{value:?}")))));
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        self.take(field.name(), Field::Text(foreign::message(&without_user_info(value))));
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.take(field.name(), Field::Number(value));
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.take(field.name(), Field::Flag(value));
    }
}

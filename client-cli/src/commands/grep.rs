//! `sessions grep`.

use std::io::{Write, stderr};

use indicatif::ProgressBar;
use sessions_client::{ClientError, GrepRequest};
use sessions_model::{
    GrepEvent, GrepMode, GrepProgress, GrepSummary, GrepText, Pattern, PatternCase, PatternPlace,
    PatternSyntax,
};

use crate::args::Grep;
use crate::commands::{import, search};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{self, FoundJson};
use crate::output::{Output, quiet};
use crate::render::grep::Lines;
use crate::render::quantity::count;
use crate::render::text::visible;

/// Texts from which on it is shown how far the search is.
const BAR_TEXTS_MIN: u64 = 10_000;

/// Runs it.
pub(crate) async fn run(context: &Context, args: Grep) -> Result<(), CliError> {
    let client = context.connect().await?;
    let request = request(context, &args);
    let mut found = client.grep(request.clone()).await?;
    let mut printing = Printing::new(context, &args, request.mode);
    let sums = loop {
        match found.next().await {
            Ok(Some(GrepEvent::Done(sums))) => break sums,
            Ok(Some(event)) => printing.take(&event)?,
            Ok(None) => {
                return Err(CliError::new(
                    Kind::Daemon,
                    "the answer ended before its end",
                ));
            }
            Err(error) => return Err(refused(&request, error)),
        }
    };
    printing.finish(&sums)?;
    if !args.json && !sums.coverage.complete {
        import::say_shortfall(&sums.coverage, "the answer")?;
        import::note_progress(context, &client).await?;
    }
    if sums.unread > 0 {
        let texts = count(sums.unread, "text");
        return Err(CliError::new(
            Kind::Daemon,
            format!("left out what did not read back: {texts}"),
        )
        .hint("\"sessions verify\" puts back what is still on disk; then run this again"));
    }
    if sums.sessions == 0 {
        return Err(CliError::nothing());
    }
    Ok(())
}

fn request(context: &Context, args: &Grep) -> GrepRequest {
    GrepRequest {
        pattern: Pattern {
            text: args.pattern.clone(),
            syntax: if args.fixed_strings {
                PatternSyntax::Literal
            } else {
                PatternSyntax::Regex
            },
            case: if args.ignore_case {
                PatternCase::Any
            } else {
                PatternCase::Exact
            },
            place: if args.word_regexp {
                PatternPlace::Words
            } else {
                PatternPlace::Anywhere
            },
        },
        query: args.query.join(" "),
        text: if args.raw {
            GrepText::Bytes
        } else {
            GrepText::Entries
        },
        mode: match (args.count, args.list) {
            (true, _) => GrepMode::Counts,
            (_, true) => GrepMode::Sessions,
            (false, false) => GrepMode::Lines,
        },
        around: (
            args.before_context.unwrap_or(args.context),
            args.after_context.unwrap_or(args.context),
        ),
        limit: args.limit.map_or(0, u64::from),
        root: context.root_filter(),
        utc_offset_ms: context.now.offset_ms(),
    }
}

/// Points at what is wrong with the pattern or the query.
fn refused(request: &GrepRequest, error: ClientError) -> CliError {
    match error {
        ClientError::BadPattern { span, message } => {
            let mut error = CliError::usage(message);
            error.detail = search::pointer(&request.pattern.text, &span);
            error.hint("-F takes the text as it is; in a shell, put it in '…'")
        }
        ClientError::BadQuery { span, message } => search::bad_query(&request.query, span, message),
        error => error.into(),
    }
}

/// What is printed while it is found.
struct Printing<'a> {
    context: &'a Context,
    out: Output,
    form: Form<'a>,
    bar: Option<ProgressBar>,
}

/// How it is printed.
enum Form<'a> {
    Json(Box<FoundJson>, GrepMode),
    Text(Lines<'a>),
}

impl<'a> Printing<'a> {
    fn new(context: &'a Context, args: &Grep, mode: GrepMode) -> Self {
        let (out, form) = if args.json {
            (Output::direct(), Form::Json(Box::default(), mode))
        } else {
            let lines = Lines::new(mode, &context.now, &context.terminal);
            (Output::paged(&context.terminal), Form::Text(lines))
        };
        Self {
            context,
            out,
            form,
            bar: None,
        }
    }

    fn take(&mut self, event: &GrepEvent) -> Result<(), CliError> {
        if let GrepEvent::Progress(progress) = event {
            self.show_progress(*progress);
            return Ok(());
        }
        self.hide_progress();
        match &mut self.form {
            Form::Json(found, mode) => {
                if let Some(value) = found.take(event, *mode) {
                    json::write(&mut self.out, &value)?;
                }
            }
            Form::Text(lines) => write!(self.out, "{}", lines.take(event))?,
        }
        Ok(())
    }

    fn finish(mut self, sums: &GrepSummary) -> Result<(), CliError> {
        self.hide_progress();
        match &mut self.form {
            Form::Json(..) => json::write(&mut self.out, &json::grep_summary(sums))?,
            Form::Text(lines) => {
                if self.context.terminal.rows.is_some() && sums.sessions > 0 {
                    write!(self.out, "{}", lines.foot(sums))?;
                }
            }
        }
        self.out.finish()?;
        if let (Form::Text(_), Some(why), false) = (&self.form, &sums.scan, sums.is_limited) {
            let why = visible(why);
            quiet(writeln!(stderr(), "note: all was looked through: {why}"))?;
        }
        Ok(())
    }

    fn show_progress(&mut self, progress: GrepProgress) {
        if progress.total < BAR_TEXTS_MIN {
            return;
        }
        let context = self.context;
        let bar = self
            .bar
            .get_or_insert_with(|| import::items(context, progress.total, "looking through texts"));
        bar.set_position(progress.done);
    }

    /// What is found on a terminal takes the bar's place.
    fn hide_progress(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

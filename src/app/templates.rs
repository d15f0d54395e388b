//! What messages say: this program's templates with the operator's over them.

pub use crate::engine::delivery::{Preview, PreviewKind, Templates};

use super::Failure;
use crate::{
    config::{
        problem::{Problem, Problems},
        templates::{self, KEY},
    },
    engine::delivery::TemplateFile,
};
use std::path::Path;

/// The templates of `folder` over those of this program; those of this program alone where there is none.
///
/// # Errors
/// Everything that is wrong with the folder, at once.
pub fn load(folder: Option<&Path>) -> Result<Templates, Failure> {
    let Some(folder) = folder else {
        return Templates::built_in().map_err(|fault| Failure::Fault(fault.to_string()));
    };
    let files = templates::load(folder)?;
    let files = files.into_iter().map(|(name, text)| TemplateFile { name, text }).collect();
    Templates::with(files).map_err(|problems| {
        let told = problems.into_iter().map(|problem| Problem {
            file: folder.join(problem.name),
            line: problem.line,
            key: KEY.to_owned(),
            what: problem.what,
            remedy: problem.remedy,
        });
        Failure::Configuration(Problems(told.collect()))
    })
}

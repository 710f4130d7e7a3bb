//! `rota hubspot-code`.

use clap::ValueEnum;
use rota_crm::hubspot::custom_code;

use super::output;
use crate::exit::Exit;

/// Print the code of a HubSpot custom-code action that asks Rota, ready to paste
///
/// It goes into a workflow's "Custom code" action, with the secrets ROTA_URL and ROTA_TOKEN.
/// The comment at its beginning says which outputs to name, and of which types.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// For which of HubSpot's languages; `readme` tells more about all of them.
    #[arg(value_enum, default_value = "node24")]
    language: Language,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    /// Node.js 24, which returns its outputs
    Node24,
    /// Node.js up to 20, which calls back
    Callback,
    /// Python
    Python,
    /// What to know before pasting any of them
    Readme,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    output::text(match arguments.language {
        Language::Node24 => custom_code::NODE_24,
        Language::Callback => custom_code::NODE_CALLBACK,
        Language::Python => custom_code::PYTHON,
        Language::Readme => custom_code::README,
    });
    Exit::Well
}

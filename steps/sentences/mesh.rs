//! Sentences about the mesh itself: workloads that come, go and grow, what clients are set to, and
//! Istio configuration as it is.

use cucumber::gherkin::Step;
use cucumber::{given, when};
use faultless::error::{Error, Result};

use crate::location::origin;
use crate::parameters::{Clients, Count, Workloads};
use crate::world::World;

#[given(expr = "{workloads} is/are deployed")]
#[when(expr = "{workloads} is/are deployed")]
async fn deploy(world: &mut World, workloads: Workloads) -> Result<()> {
    world.scenario()?.deploy(&workloads.0, &[]).await
}

#[given(expr = "{workloads} is/are deployed with environment:")]
#[when(expr = "{workloads} is/are deployed with environment:")]
async fn deploy_with(world: &mut World, workloads: Workloads, step: &Step) -> Result<()> {
    world.scenario()?.deploy(&workloads.0, &pairs(step)?).await
}

#[given(expr = "{workloads} is/are scaled to {count} replica(s)")]
#[when(expr = "{workloads} is/are scaled to {count} replica(s)")]
async fn scale(world: &mut World, workloads: Workloads, replicas: Count) -> Result<()> {
    for name in &workloads.0 {
        world.scenario()?.scale(name, replicas.0).await?;
    }
    Ok(())
}

#[given(expr = "{clients} has the setting(s):")]
#[when(expr = "{clients} has the setting(s):")]
async fn set(world: &mut World, clients: Clients, step: &Step) -> Result<()> {
    world.scenario()?.set(clients.0.as_deref(), &pairs(step)?).await
}

#[when(expr = "{workloads} is/are removed")]
async fn undeploy(world: &mut World, workloads: Workloads) -> Result<()> {
    world.scenario()?.undeploy(&workloads.0).await
}

#[given(expr = "this Istio configuration is applied:")]
#[when(expr = "this Istio configuration is applied:")]
async fn apply(world: &mut World, step: &Step) -> Result<()> {
    let text = text(step.docstring.as_deref().unwrap_or_default());
    let origin = origin(world.file.as_deref(), step, &text);
    world.scenario()?.apply(&text, &origin).await
}

/// The rows of a step's table: a name and a value each.
fn pairs(step: &Step) -> Result<Vec<(String, String)>> {
    let rows = step.table.as_ref().map(|table| table.rows.as_slice()).unwrap_or_default();
    let pair = |row: &Vec<String>| match row.as_slice() {
        [name, value] => Ok((name.clone(), value.clone())),
        _ => Err(Error::feature("reading the table", "each row needs a name and a value")),
    };
    if rows.is_empty() {
        return Err(Error::feature("reading the table", "the sentence needs one below it"));
    }
    rows.iter().map(pair).collect()
}

/// A doc string without its media type, which the parser leaves in the first line (`"""yaml`) and
/// then takes no indentation off the others.
fn text(docstring: &str) -> String {
    let rest = match docstring.split_once('\n') {
        Some((first, rest)) if matches!(first.trim(), "yaml" | "yml" | "json") => rest,
        _ => docstring,
    };
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let least = rest.lines().filter(|line| !line.trim().is_empty()).map(indent).min();
    let least = least.unwrap_or_default();
    rest.lines().map(|line| line.get(least..).unwrap_or_default().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_is_no_part_of_the_text() {
        assert_eq!(text("yaml\n  kind: X\n  ---\n\n    a: b\n"), "kind: X\n---\n\n  a: b\n");
        assert_eq!(text("kind: X\nspec:\n  a: b"), "kind: X\nspec:\n  a: b\n");
        assert_eq!(text(""), "");
    }
}

//! Background work: delivering webhooks.

mod webhooks;

use std::sync::Arc;

use chassis::{db::Db, service::Context};
use tokio::sync::Notify;

use self::webhooks::Webhooks;
use crate::config::Config;

/// Starts what the configuration asks for.
pub(crate) fn start(
    context: &Context,
    config: &Config,
    pool: Db,
    wake: Arc<Notify>,
) -> anyhow::Result<()> {
    let Some(url) = &config.webhook_url else {
        tracing::info!("no WEBHOOK_URL: events are kept, not delivered");
        return Ok(());
    };
    let webhooks = Webhooks::new(context, config, url, pool, wake)?;
    let stopping = context.tasks.stopping();
    context.tasks.spawn("webhooks", async move {
        webhooks.run(stopping).await;
        Ok(())
    });
    Ok(())
}

//! Whose shop it is. This lab's is ours; anything else needs its owner's word, and is then only looked at from outside.

use std::time::Duration;

use loadtest::ground::Shelves;
use reqwest::{Client, Url};
use serde_json::Value;

use super::{Wish, refusal::refuse};
use crate::{Lab, catalogue, lab, shop, shopkeeper};

/// Whoever does not answer within this is not there.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A shop that answers.
#[derive(Debug)]
pub(super) struct Target {
    /// Its gateway.
    pub(super) gateway: String,
    /// What it sells, and who restocks.
    pub(super) shelves: Shelves,
    /// Whether it is this lab's, with its Prometheus and its books.
    pub(super) is_ours: bool,
}

impl Target {
    /// Finds out, without sending anything to a shop that is not ours to load.
    ///
    /// # Errors
    /// No lab runs, nothing answers, or nobody said that it is theirs.
    pub(super) async fn of(lab: &Lab, wish: &Wish) -> anyhow::Result<Self> {
        let own = shopkeeper::gateway(lab);
        let gateway = match &wish.target {
            None => own.clone(),
            Some(text) => address(text)?,
        };
        let is_ours = gateway == own;
        if !is_ours && !wish.i_own_this_target {
            return refuse(format!(
                "{gateway} is not this lab's gateway ({own}). Load on a shop that is not yours is an attack: if it is \
                 yours, say so with --i-own-this-target. Nothing was sent"
            ));
        }
        if is_ours && lab::running(&lab.home).is_none() {
            return refuse(format!(
                "no lab is running in {}: start it with `faultline up --detach`",
                lab.home.state.display()
            ));
        }
        reach(&gateway).await?;
        let shelves = if is_ours {
            ours(lab)
        } else {
            theirs(&gateway).await?
        };
        Ok(Self {
            gateway,
            shelves,
            is_ours,
        })
    }
}

fn address(text: &str) -> anyhow::Result<String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && url.host().is_some() && url.path() == "/" => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => refuse(format!(
            "--target {text:?} is no address of a gateway; give for example http://127.0.0.1:8080"
        )),
    }
}

/// One request, to see that somebody is there.
async fn reach(gateway: &str) -> anyhow::Result<()> {
    let url = format!("{gateway}/health");
    match client()?.get(&url).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = if error.is_timeout() {
                "no answer within 3 s"
            } else {
                "no connection"
            };
            refuse(format!(
                "{url} cannot be reached ({why}): is the shop up? `faultline status` tells"
            ))
        }
    }
}

fn ours(lab: &Lab) -> Shelves {
    Shelves {
        plentiful: catalogue::plentiful(),
        scarce: catalogue::scarce(),
        administrator: Some((shop::ADMIN_EMAIL.to_owned(), lab.secrets.administrator())),
    }
}

/// The first page of what somebody else sells. Whether it sells out is not known, so it may.
async fn theirs(gateway: &str) -> anyhow::Result<Shelves> {
    let url = format!("{gateway}/api/v1/products?limit=100");
    let answer = client()?.get(&url).send().await?;
    let list: Value = answer.json().await.unwrap_or_default();
    let items = list["items"].as_array().into_iter().flatten();
    let products: Vec<_> = items
        .filter_map(|item| item["id"].as_str()?.parse().ok())
        .collect();
    if products.is_empty() {
        return refuse(format!(
            "{url} lists no products: is it a Faultline shop, with something to sell?"
        ));
    }
    Ok(Shelves {
        scarce: products.clone(),
        plentiful: products,
        administrator: None,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the load looks from outside; it has no edge and no policy"
)]
fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()
}

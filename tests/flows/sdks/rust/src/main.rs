//! A shop whose orders and refunds fail; the sentry crate tells Amber of it.
//!
//! Usage: `shop DSN order|refund`. It prints the id of the event.

use std::{env, fmt, panic, process};

use anyhow::Context;
use sentry::protocol::{Attachment, Map};
use sentry::{Breadcrumb, ClientOptions, Level, User};

#[derive(Debug)]
struct NoPrice {
    item: String,
}

impl fmt::Display for NoPrice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "no price for {}", self.item)
    }
}

impl std::error::Error for NoPrice {}

#[derive(Debug)]
struct CartFailed {
    cause: NoPrice,
}

impl fmt::Display for CartFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the cart has no price")
    }
}

impl std::error::Error for CartFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

fn price_of(item: &str) -> Result<u32, NoPrice> {
    match item {
        "tea" => Ok(3),
        _ => Err(NoPrice { item: item.to_owned() }),
    }
}

fn pay(items: &[&str]) -> Result<u32, CartFailed> {
    let prices: Result<Vec<u32>, NoPrice> = items.iter().map(|item| price_of(item)).collect();
    prices.map(|each| each.iter().sum()).map_err(|cause| CartFailed { cause })
}

#[inline(never)]
fn check_out() -> anyhow::Result<u32> {
    pay(&["tea", "coffee"]).context("the order failed")
}

#[inline(never)]
fn refund(paid: &[u32]) -> u32 {
    paid.iter().copied().reduce(u32::max).expect("nothing was paid")
}

fn describe(scope: &mut sentry::Scope) {
    scope.set_user(Some(User {
        id: Some("42".into()),
        email: Some("reader@example.org".into()),
        username: Some("reader".into()),
        ..Default::default()
    }));
    scope.set_tag("cart", "large");
    scope.set_tag("region", "eu");
    scope.add_attachment(Attachment {
        buffer: b"2 x coffee\n".to_vec(),
        filename: "cart.txt".into(),
        content_type: Some("text/plain".into()),
        ty: None,
    });
}

fn leave_breadcrumbs() {
    sentry::add_breadcrumb(Breadcrumb {
        category: Some("cart".into()),
        message: Some("a book was put into the cart".into()),
        data: Map::from([("items".into(), 2.into())]),
        ..Default::default()
    });
    sentry::add_breadcrumb(Breadcrumb {
        category: Some("checkout".into()),
        message: Some("pay was pressed".into()),
        level: Level::Warning,
        ..Default::default()
    });
}

fn main() {
    let words: Vec<String> = env::args().collect();
    let options = ClientOptions::new().dsn(&words[1]).release("shop@1.4.2").environment("staging");
    let guard = sentry::init(options);
    sentry::configure_scope(describe);
    leave_breadcrumbs();
    if words[2] == "order" {
        if let Err(problem) = check_out() {
            sentry::integrations::anyhow::capture_anyhow(&problem);
        }
    } else {
        let _ = panic::catch_unwind(|| refund(&[]));
    }
    let sent = sentry::last_event_id().expect("no event was captured");
    if !guard.close(None) {
        eprintln!("the sentry crate could not send the event");
        process::exit(1);
    }
    println!("{}", sent.simple());
}

//! Migrations are compiled in: a changed file must rebuild the service.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

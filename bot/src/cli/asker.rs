//! Asks a running server over its private socket, or does it in this process when none is running.

use crate::app::App;
use crate::control::Connection;
use crate::desk::{Answer, Ask};
use crate::policy::Person;
use std::path::Path;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Whoever answers.
pub enum Asker {
    /// The server on the folder.
    Server(Box<Connection>),
    /// This process, which opened the folder itself.
    Own(Box<Own>),
}

/// The folder, opened by this process.
pub struct Own {
    app: App,
    person: Person,
    stop: CancellationToken,
    working: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Asker {
    /// Connects to the server on the folder, or opens the folder.
    ///
    /// # Errors
    /// When the folder can't be opened.
    pub async fn open(dir: &Path) -> anyhow::Result<Self> {
        if let Some(connection) = Connection::open(dir).await {
            return Ok(Self::Server(Box::new(connection)));
        }
        super::trace::to_file(dir)?;
        let app = App::open(dir).await?;
        let person = Person::named(&crate::user::current(), &app.config);
        Ok(Self::Own(Box::new(Own { app, person, stop: CancellationToken::new(), working: None })))
    }

    /// Asks.
    ///
    /// # Errors
    /// When the server went away.
    pub async fn ask(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        match self {
            Self::Server(connection) => connection.ask(&ask).await,
            Self::Own(own) => Ok(own.app.desk.answer(&own.person, ask).await),
        }
    }

    /// Lets the agents work in this process when no server does; whether they work here.
    pub fn work_here(&mut self) -> bool {
        match self {
            Self::Server(_) => false,
            Self::Own(own) => {
                if own.working.is_none() {
                    own.working = Some(own.app.work(own.stop.clone()));
                }
                true
            }
        }
    }

    /// Ends what works in this process.
    ///
    /// # Errors
    /// Why the agents stopped by themselves.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Self::Own(own) = self {
            own.stop.cancel();
            if let Some(working) = own.working {
                working.await??;
            }
        }
        Ok(())
    }
}

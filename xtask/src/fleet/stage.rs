//! Measurements of a fleet of one size.

use std::time::{Duration, Instant, SystemTime};

use harness::load::AnswerKind::{self, Application, Maintenance};
use mesh::Mesh;
use mesh::service::Service;

use super::clients::{Clients, Tally};
use super::costs::{ProcessorTime, SidecarMemory};
use super::metrics::{self, Istiod};
use super::pulls::Pulls;
use super::series::Series;
use super::sidecars::Fleet;
use super::switch::Switch;
use super::timeline::{self, Milestone};
use crate::process_usage::processor_time;

/// Requests in a second of all clients together. More would take processor time from
/// the switch.
const REQUESTS_PER_SECOND: u32 = 2000;
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);

/// Measurements of a fleet of one size.
pub struct Stage {
    pub size: usize,
    /// Time between two requests of a client.
    pub interval: Duration,
    /// Memory of sidecars that have not had the module yet.
    pub before: SidecarMemory,
    /// Memory of the same sidecars with the module in standby.
    pub with_module: SidecarMemory,
    pub commands: Commands,
    /// Where the time of the first switch went.
    pub timeline: Vec<Milestone>,
    pub pulls: Pulls,
    pub tally: Tally,
    /// Requests that reached the application.
    pub received: usize,
    /// Processor time of clients and application for an answer, in microseconds.
    pub answer_us: f64,
}

/// Switches by command.
pub struct Commands {
    pub first: Series,
    pub apply: Series,
    pub reload: Series,
    pub delete: Series,
    pub on: Series,
    pub off: Series,
}

impl Commands {
    fn new() -> Self {
        Self {
            first: Series::new("`apply`, first ever"),
            apply: Series::new("`apply`, module in use"),
            reload: Series::new("`apply`, module pulled"),
            delete: Series::new("`delete`"),
            on: Series::new("`patch` to on"),
            off: Series::new("`patch` to off"),
        }
    }

    pub fn all(&self) -> [&Series; 6] {
        [&self.first, &self.apply, &self.reload, &self.delete, &self.on, &self.off]
    }
}

/// Fleet under its clients.
struct Running<'a> {
    mesh: &'a Mesh,
    fleet: &'a Fleet,
    clients: Clients,
}

impl Stage {
    /// Measures the fleet, whose sidecars from `new` on have not been measured before.
    /// Repeats each switch `rounds` times.
    pub async fn measure(
        mesh: &Mesh,
        service: &Service,
        fleet: &Fleet,
        new: usize,
        rounds: usize,
    ) -> Self {
        let size = fleet.sidecars.len();
        let interval = interval(size);
        // Otherwise sidecars answer from the plugin of the previous size.
        fleet.until_installed("maintenance", false).await;
        until_drained(fleet).await;
        let received = service.received("/");
        let log = mesh.registry.log().len();
        let own_time = processor_time(std::process::id());
        let clients = Clients::start(&fleet.addresses(), interval);
        let running = Running { mesh, fleet, clients };
        running.clients.until_all_receive(Application, Instant::now()).await;
        let before = SidecarMemory::of(&fleet.sidecars[new..]);

        let mut commands = Commands::new();
        let maintenance_on = || service.apply("maintenance-mode");
        let maintenance_off = || service.delete("maintenance-mode");
        let timeline = running.switch_first(&mut commands.first, maintenance_on).await;
        running.switch(&mut commands.delete, Application, maintenance_off).await;
        for _ in 0..rounds {
            running.switch(&mut commands.apply, Maintenance, maintenance_on).await;
            running.switch(&mut commands.delete, Application, maintenance_off).await;
        }
        until_drained(fleet).await;
        running.switch(&mut commands.reload, Maintenance, maintenance_on).await;
        running.switch(&mut commands.delete, Application, maintenance_off).await;

        service.apply("standby");
        fleet.until_installed("maintenance-standby", true).await;
        for _ in 0..rounds {
            let patch_on = || service.patch_standby(r#"{"enabled":true}"#);
            running.switch(&mut commands.on, Maintenance, patch_on).await;
            let patch_off = || service.patch_standby(r#"{"enabled":false}"#);
            running.switch(&mut commands.off, Application, patch_off).await;
        }
        let with_module = SidecarMemory::of(&fleet.sidecars[new..]);
        service.delete("standby");

        let tally = running.clients.stop().await;
        let own_time = processor_time(std::process::id()) - own_time;
        Self {
            size,
            interval,
            before,
            with_module,
            commands,
            timeline,
            pulls: Pulls::read(&mesh.registry.log()[log..]),
            answer_us: own_time / tally.answers(),
            tally,
            received: service.received("/") - received,
        }
    }

    /// Answers of the previous kind after a switch.
    pub fn relapses(&self) -> usize {
        self.commands.all().iter().map(|series| series.relapses).sum()
    }

    /// Checks that nothing was lost, answered wrongly, or forwarded during maintenance.
    ///
    /// # Errors
    /// Describes what went wrong.
    pub fn check(&self) -> Result<(), String> {
        const SHOWN: usize = 5;
        let Tally { application, lost, mixed, .. } = &self.tally;
        for error in lost.iter().chain(mixed).take(SHOWN) {
            eprintln!("{error}");
        }
        let relapses = self.relapses();
        let (received, pulled) = (self.received, self.pulls.layers);
        if !lost.is_empty() || !mixed.is_empty() {
            return Err(format!("{} requests lost, {} answers mixed", lost.len(), mixed.len()));
        }
        if relapses > 0 {
            return Err(format!("{relapses} answers after a switch were as before it"));
        }
        if received != *application {
            return Err(format!(
                "{received} requests reached the application, {application} answers came from it"
            ));
        }
        if pulled != self.size {
            return Err(format!("{} sidecars pulled the module {pulled} times", self.size));
        }
        Ok(())
    }
}

impl Running<'_> {
    /// Measures the first switch ever, and where its time goes.
    async fn switch_first(&self, series: &mut Series, command: impl Fn()) -> Vec<Milestone> {
        let before = self.conversion_ms().await;
        let start = SystemTime::now();
        self.switch(series, Maintenance, command).await;
        let conversions = self.conversion_ms().await;
        let conversions: Vec<_> =
            conversions.iter().zip(before).map(|(now, before)| now - before).collect();
        let istiod = self.mesh.plane.istiod().log();
        timeline::read(&istiod, &self.fleet.sidecars, &conversions, start)
    }

    /// Runs a command that switches maintenance on or off, and adds its times and costs
    /// to the series.
    async fn switch(&self, series: &mut Series, to: AnswerKind, command: impl Fn()) {
        let istiod = self.mesh.plane.istiod();
        let pushes = Istiod::now(istiod.monitoring()).await;
        let processor = ProcessorTime::now(&self.fleet.sidecars, istiod.id());
        let start = Instant::now();
        command();
        let command_time = start.elapsed();
        let answers = self.clients.until_all_receive(to, start).await;
        let elapsed = start.elapsed();
        let processor = ProcessorTime::now(&self.fleet.sidecars, istiod.id()).since(&processor);
        let pushes = Istiod::now(istiod.monitoring()).await.since(&pushes);
        let switch = Switch::evaluate(start, &answers, to);
        eprintln!(
            "{} sidecars, {}: the first after {} ms, the last after {} ms; {} lost so far",
            answers.len(),
            series.command,
            switch.first.as_millis(),
            switch.last.as_millis(),
            self.clients.lost(),
        );
        series.add(answers.len(), command_time, elapsed, &switch, &processor, &pushes);
    }

    async fn conversion_ms(&self) -> Vec<f64> {
        let mut all = Vec::new();
        for sidecar in &self.fleet.sidecars {
            all.push(metrics::conversion_ms(sidecar.proxy.status()).await);
        }
        all
    }
}

async fn until_drained(fleet: &Fleet) {
    eprintln!("waiting until the replaced listeners are gone");
    fleet.until_drained().await;
}

/// Time between two requests of a client, of which there are `size`.
fn interval(size: usize) -> Duration {
    let size = u32::try_from(size).expect("a small number");
    SHORTEST_INTERVAL.max(Duration::from_secs(1) * size / REQUESTS_PER_SECOND)
}

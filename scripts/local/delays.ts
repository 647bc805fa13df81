/** How long the played AWS takes. ASSUMED: AWS publishes no figure; each comment names the reason for the choice. */
export const delays = {
  /** ECS → EventBridge → SQS. ASSUMED: users measured 80 ms at the 90th percentile (Amazon Key team, 2026). */
  eventMs: 150,
  /** SQS → the function's poller. ASSUMED: the poller waits in a long poll. */
  queueMs: 50,
  /** SendCommand → the first line of the script. ASSUMED: 1 to 3 s, from experience. */
  commandMs: 2_000,

  /** Task placed → its containers run. ASSUMED: a warm image; AWS takes one second to minutes. */
  taskStartMs: 1_000,
  /** The containers are gone → STOPPED. Faster clock: 25 s lie between the two in an event that AWS sent in 2024. */
  taskStoppedMs: 500,
  /** Between two passes of the service scheduler. ASSUMED. */
  schedulerMs: 200,
  /** Between two container health checks. Faster clock: AWS's default is 30 s, its least 5 s (ECS: HealthCheck). */
  healthMs: 1_000,
  /** ASSUMED: task definitions set a start period, in which a failed check does not count (ECS: HealthCheck). */
  healthStartMs: 15_000,
  /** A new task without a health check has RUNNING for this long before an old one is stopped (ECS: 40 s). */
  settledMs: 40_000,
  /** Spot warning → the agent sets its instance DRAINING: it polls once a second (amazon-ecs-agent, app/agent.go). */
  spotDrainMs: 1_000,
  /** An instance ends without a word → ECS knows. Faster clock, ASSUMED: AWS takes a minute or more. */
  hostLostMs: 2_000,
  /** An Elastic IP is associated with another instance → it leads there. ASSUMED: AWS publishes no figure. */
  addressMs: 1_000,
  /** A successor is in service → its predecessor is ended. Faster clock, ASSUMED: an instance refresh looks every few seconds. */
  predecessorMs: 2_000,
  /** An agent's connection is dead → it notices. At most 54 s to its next ping and 60 s for the answer (scripts/local/ssm/ssm-agent.ts). */
  agentMs: 114_000,
  /** An instance boots → its SSM agent has registered. Faster clock: half a minute to two minutes (ngen-datastream, pull request 361). */
  registerMs: 1_500,
};

export type Delays = typeof delays;

/** What AWS alone adds between a change in ECS and the sync's first line. */
export const controlPlaneDelay = ({ eventMs, queueMs, commandMs }: Delays): number => eventMs + queueMs + commandMs;

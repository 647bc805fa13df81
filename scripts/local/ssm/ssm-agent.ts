import type { Timers } from '../timers';

/** The agent's unit in an Ubuntu image, where it is a snap. */
export const agentUnit = 'snap.amazon-ssm-agent.amazon-ssm-agent.service';

/**
 * The agent's connection, by which Systems Manager reaches it. When its instance gets another address the connection is dead, and the
 * agent notices after up to 114 s: it pings every 54 s and waits 60 s (amazon-ssm-agent: agent/session/config/config.go). What is sent
 * meanwhile is delivered then (SSM: SendCommand, TimeoutSeconds).
 */
export function agentConnection(timers: Timers, unnoticedMs: number) {
  let losses = 0;
  let isDead = false;
  const waiting: (() => void)[] = [];
  const connect = (): void => {
    isDead = false;
    for (const go of waiting.splice(0)) go();
  };
  return {
    lose: (): void => {
      losses += 1;
      const mine = losses;
      isDead = true;
      timers.after(unnoticedMs, () => mine === losses && connect());
    },
    connect,
    up: (): Promise<void> => (isDead ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
  };
}

import { parseServersState } from '../../lib/sync/replies';
import type { Agenda } from './agenda';

/** A server as the model of HAProxy has it. */
export type Running = {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** `<address>:<port>` */
  readonly at: string;
  maintenance: boolean;
  up: boolean;
  weight: number;
  checked: boolean;
  changedAt: number;
  /** Its check passed since it was last put into service. */
  passed: boolean;
  /** Since when what answers at its address does, or does not. */
  answersSince: number | undefined;
  silentSince: number | undefined;
};

/** As with `tcp`: two checks 250 ms apart admit a server; two failed ones, or three refused requests, take it out. */
const rise = 500;
const fall = 2_000;

const columns =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change ' +
  'srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id ' +
  'srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

export const addressOf = ({ address, port }: Pick<Running, 'address' | 'port'>): string => `${address}:${port}`;
export const takesRequests = ({ maintenance, up, weight }: Running): boolean => !maintenance && up && weight > 0;

/** HAProxy as far as its servers go. */
export class Haproxy {
  readonly servers = new Map<string, Running>();
  structure = '';
  private named: readonly string[] = [];

  /** @param answering returns the addresses at which something answers */
  constructor(
    private readonly agenda: Agenda,
    private readonly answering: () => ReadonlySet<string>,
  ) {}

  backends(): readonly string[] {
    return this.named;
  }

  /** What `show servers state` prints. */
  show(): string {
    const line = (s: Running) => {
      const since = Math.floor((this.agenda.now - s.changedAt) / 1_000);
      const states = `${s.up ? 2 : 0} ${s.maintenance ? 1 : 0} ${s.weight} 1 ${since} 6 3 4 ${s.checked ? 6 : 2}`;
      return `1 ${s.backend} 1 ${s.name} ${s.address} ${states} 0 0 0 - ${s.port} - 0 0 - - 0`;
    };
    return ['1', `# ${columns}`, ...[...this.servers.values()].map(line), ''].join('\n');
  }

  /** Does what a command says, and answers as HAProxy does. */
  tell(command: string): string {
    const [verb, kind, id = '', ...rest] = command.split(' ');
    const server = this.servers.get(id);
    if (verb === 'add') {
      if (server !== undefined) return 'Already exists a server with the same name in backend.';
      if (!this.named.includes(id.split('/')[0] ?? '')) return 'No such backend.';
      this.servers.set(id, newcomer(id, rest, this.agenda.now));
      return 'New server registered.';
    }
    if (server === undefined) return 'No such server.';
    if (verb === 'del') {
      if (!server.maintenance) return 'Only servers in maintenance mode can be deleted.';
      this.servers.delete(id);
      return 'Server deleted.';
    }
    if (verb === 'enable' && kind === 'health') server.checked = true;
    else if (verb !== 'set' || !set(server, rest, this.agenda.now)) return 'Unknown command.';
    return '';
  }

  /** A new worker: servers as the state file has them, and up unless it says otherwise. */
  reload(structure: string, named: readonly string[], files: readonly string[], state: string): void {
    const before = new Map(this.servers);
    const given = new Map(parseServersState(state).map((s) => [`${s.backend}/${s.name}`, s]));
    [this.named, this.structure] = [named, structure];
    this.servers.clear();
    for (const text of files) {
      const backend = /^backend (\S+)$/m.exec(text)?.[1];
      for (const [, words = ''] of text.matchAll(/^ {4}server (.*)$/gm)) {
        const [name = '', ...rest] = words.split(' ');
        const id = `${backend}/${name}`;
        const known = given.get(id);
        const was = before.get(id);
        const fresh = { ...newcomer(id, rest, this.agenda.now), maintenance: false, checked: true, up: true };
        const up = known?.up ?? true;
        const passed = up && was?.passed === true && was.at === fresh.at;
        this.servers.set(id, { ...fresh, up, passed, maintenance: known?.maintenance ?? false });
      }
    }
  }

  /** Lets checks see what happened since the last moment. */
  check(): void {
    const open = this.answering();
    const { now, since } = this.agenda;
    for (const server of this.servers.values()) {
      if (server.maintenance || !server.checked) continue;
      const answers = open.has(server.at);
      server.answersSince = answers ? (server.answersSince ?? since) : undefined;
      server.silentSince = answers ? undefined : (server.silentSince ?? since);
      if (now - (server.answersSince ?? now) >= rise) Object.assign(server, { up: true, passed: true });
      if (now - (server.silentSince ?? now) >= fall) server.up = false;
    }
  }
}

function newcomer(id: string, [at = '', ...options]: readonly string[], now: number): Running {
  const [backend = '', name = ''] = id.split('/');
  const [address = '', port] = at.split(':');
  const weight = Number(options[options.lastIndexOf('weight') + 1] ?? 1);
  const state = { maintenance: true, up: false, checked: false, passed: false, changedAt: now };
  const where = { backend, name, address, port: Number(port), at, weight: Number.isNaN(weight) ? 1 : weight };
  return { ...where, ...state, answersSince: undefined, silentSince: undefined };
}

function set(server: Running, [what, value]: readonly string[], now: number): boolean {
  if (what === 'weight') server.weight = Number(value);
  else if (what === 'state' && value === 'maint')
    Object.assign(server, { maintenance: true, up: false, changedAt: now });
  else if (what === 'state' && value === 'ready' && server.maintenance) {
    const unknown = { passed: false, answersSince: undefined, silentSince: undefined };
    Object.assign(server, { maintenance: false, up: true, changedAt: now, ...unknown });
  } else if (what === 'health')
    Object.assign(server, { up: value === 'up', passed: server.passed && value === 'up', answersSince: undefined });
  else return what === 'state' && value === 'ready';
  return true;
}

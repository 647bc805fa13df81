import type { WantedServer } from '../../lib/haproxy/backend';
import type { Worker } from '../../lib/sync/haproxy/worker';
import type { RunningServer } from '../../lib/sync/replies';

export const wanted = (name: string, more: Partial<WantedServer> = {}): WantedServer => ({
  ...{ backend: 'web', name, address: '10.0.1.7', port: 1, options: 'check' },
  ...more,
});

/** Up and admitted, unless said otherwise. */
export const running = (name: string, more: Partial<RunningServer> = {}): RunningServer => ({
  ...wanted(name),
  ...{ maintenance: false, up: true, weight: 100, admitted: true, unchangedSeconds: 0, line: '' },
  ...more,
});

type Reply = string | ((command: string) => string);

/** A worker that answers each command by what it begins with, else with an empty line; `sent` are the commands, each with its first line. */
export function worker(answers: Readonly<Record<string, Reply>>) {
  const sent: string[] = [];
  const tell = async (command: string) => {
    sent.push(command.split('\n', 1)[0] ?? '');
    const reply = Object.entries(answers).find(([start]) => command.startsWith(start))?.[1] ?? '\n';
    return typeof reply === 'string' ? reply : reply(command);
  };
  const tellTogether = async (commands: readonly string[]) => (await Promise.all(commands.map(tell))).join('');
  const played: Worker = { pid: 7, structure: undefined, tell, tellTogether };
  return { ...played, sent };
}

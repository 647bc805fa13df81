import { parseJson } from '../../../lib/settings';
import type { Moment } from '../../local/world';

type Stage = { readonly name: string; readonly at: number; readonly ms: number; readonly text: string };

const names = ['ECS event', 'queue', 'reconcile', 'generation', 'nudge', 'sync'] as const;
const changes: readonly Moment['kind'][] = ['task-pending', 'task-running', 'stop-ordered', 'task-stopped', 'host'];

/** The way of a change, and how long each part took since the one before it. */
export function createLoop() {
  const last = new Map<(typeof names)[number], Stage>();
  const light = (name: (typeof names)[number], at: number, ms: number, text = '') =>
    last.set(name, { name, at, ms: Math.max(0, Math.round(ms)), text });
  const since = (name: (typeof names)[number], at: number) => at - (last.get(name)?.at ?? at);
  return {
    moment: ({ kind, at, text }: Moment): void => {
      if (changes.includes(kind)) light('ECS event', at, 0, text);
      const [, message = ''] = /^the queue gets (.*)/.exec(text) ?? [];
      if (kind === 'event') light('queue', at, message.startsWith('ECS') ? since('ECS event', at) : 0, message);
      if (kind === 'command') light('nudge', at, since('reconcile', at), 'Run Command starts the sync');
      if (kind === 'synced') light('sync', at, since('nudge', at), syncText(text));
    },
    published: (at: number, durationMs: number, generation: number, reason: string): void => {
      light('reconcile', at, durationMs, reason);
      const text = `number ${generation}`;
      if (generation > 0 && last.get('generation')?.text !== text) light('generation', at, 0, text);
    },
    stages: (): readonly Stage[] => names.map((name) => last.get(name) ?? { name, at: 0, ms: 0, text: '' }),
  };
}

/** The sync ends with a line of JSON. */
function syncText(text: string): string {
  const { generation, failed } = (parseJson(text.replace(/^[^{]*/, '')) ?? {}) as {
    generation?: number;
    failed?: string;
  };
  if (failed !== undefined) return `failed: ${failed}`;
  return generation === undefined ? text : `generation ${generation} is applied`;
}

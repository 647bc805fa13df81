import { printable } from '../../../lib/printable';
import type { Terminal } from '../../terminal/terminal';
import { wrapped } from '../../terminal/wrap';
import type { Planned } from './changes';
import type { ServiceChange, TaskChange } from './service';

type Look = Pick<Terminal, 'paint' | 'columns'>;
type Sign = '+' | '-' | '~';

/** Longer lists are cut. */
const mostLines = 10;

/** For people, by services. */
export function printed(planned: Planned, look: Look): string {
  const { services, certificates, faults, otherForm } = planned;
  const line = (sign: Sign, words: string) => `  ${look.paint(colours[sign], sign)} ${fitted(words, look, 4)}`;
  const blocks = [
    [fitted(verdict(planned), look, 0)],
    ...services.map((each) => serviceBlock(each, line, look)),
    certificates.length > 0
      ? [
          'certificates',
          ...certificates.map(({ names, what }) => line(certificateSigns[what], `${names.join(', ')}: ${what}`)),
        ]
      : [],
    planned.action === 'publish' ? [fitted(planned.reload ? byReload : atRunTime, look, 0)] : [],
    otherForm.length > 0 ? [fitted(inOtherForm(otherForm), look, 0)] : [],
    faults.length > 0
      ? [
          look.paint('red', `${faults.length === 1 ? '1 fault' : `${faults.length} faults`}; all else goes on:`),
          ...cutOff(faults.map((each) => line('-', each))),
        ]
      : [],
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

const colours = { '+': 'green', '-': 'red', '~': 'yellow' } as const;
const certificateSigns = { new: '+', renewed: '~', gone: '-' } as const;

const fitted = (words: string, { columns }: Look, indent: number): string => wrapped(printable(words), columns, indent);

function verdict({ action, generation, refuses, services }: Planned): string {
  const now = generation === 0 ? 'nothing was ever published' : `generation ${generation} is published`;
  if (action === 'keep') return `Nothing to change: ${now}, and that is what ECS runs.`;
  if (action === 'refuse')
    return `The next run would refuse a part: ${refuses}. It fails, and is repeated in seconds; all that is certain is published.`;
  const count = services.length === 1 ? '1 service changes' : `${services.length} services change`;
  return `The next run, within five minutes, would publish generation ${generation + 1}: ${count} (${now}).`;
}

const byReload = 'HAProxy makes one reload, which loses no request: services, ports or labels change its structure.';
const atRunTime = 'HAProxy takes this at run time, without a reload.';

const inOtherForm = (files: readonly string[]): string =>
  `After your next deploy: this clone writes ${files.length === 1 ? 'one file' : `${files.length} files`} in another form than` +
  ` the one that is deployed (another release, or other settings, such as errorPages): ${cutOff(files)
    .map((each) => each.trim())
    .join(', ')}.`;

function serviceBlock(
  change: ServiceChange,
  line: (sign: Sign, words: string) => string,
  look: Look,
): readonly string[] {
  const { service, what, definition, joins, leaves, moves, routes, labels } = change;
  const by = definition === undefined ? '' : `, as the labels of ${definition} say`;
  const lines = [
    ...routes.new.map((route) => line('+', `route ${route}${by}`)),
    ...routes.gone.map((route) => line('-', `route ${route}${what === 'gone' ? ': no task claims it' : by}`)),
    ...labels.map(({ label, container, from = 'none', to = 'none' }) =>
      line('~', `label ${label} of container ${container}: ${from} → ${to}${by}`),
    ),
  ];
  const tasks = (sign: Sign, does: string, all: readonly TaskChange[]) =>
    cutOff(all.map(({ task, at, why }) => line(sign, `task ${task.slice(0, 8)} ${does} ${at}: ${why}`)));
  const all = [
    ...cutOff(lines),
    ...tasks('+', 'joins at', joins),
    ...tasks('-', 'gets no new request at', leaves),
    ...tasks('~', 'serves at', moves),
  ];
  const title = `${service}${what === 'changed' ? '' : `: ${what === 'new' ? 'new' : 'not served any more'}`}`;
  const nothing = '  only what Sluice remembers of ended tasks';
  return [look.paint('bold', printable(title)), ...(all.length > 0 ? all : [nothing])];
}

function cutOff(lines: readonly string[]): readonly string[] {
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), `    and ${lines.length - mostLines} more`];
}

import type { Chart } from '../measure/outcome';
import { type Sample, workerChanges } from './samples';
import type { Soaked } from './soak';

const mostPoints = 240;

export function chartsOf({ samples }: Soaked): readonly Chart[] {
  const every = Math.ceil(samples.length / mostPoints);
  const kept = samples.filter((_, index) => index % every === 0);
  const marks = { label: 'another worker serves', at: workerChanges(samples) };
  const line = (label: string, value: (sample: Sample) => number) => ({
    label,
    points: kept.map((sample) => [sample.seconds, value(sample)] as const),
  });
  const inMegabytes = (kilobytes: number) => Math.round(kilobytes / 102.4) / 10;
  return [
    {
      title: 'Memory of HAProxy (PSS)',
      unit: 'MB',
      lines: [
        line('worker that serves', ({ workerKilobytes }) => inMegabytes(workerKilobytes)),
        line('master', ({ masterKilobytes }) => inMegabytes(masterKilobytes)),
        line('old workers', ({ oldKilobytes }) => inMegabytes(oldKilobytes)),
      ],
      marks,
    },
    {
      title: 'File descriptors of HAProxy',
      unit: 'descriptors',
      lines: [
        line('worker that serves', ({ workerDescriptors }) => workerDescriptors),
        line('all processes', ({ descriptors }) => descriptors),
      ],
      marks,
    },
  ];
}
